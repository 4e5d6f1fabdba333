"""The profile routes: requests in, rules asked, answers out."""

from __future__ import annotations

from vestibule.platform.authorization import SELF, SELF_OR_ADMIN, SIGNED_IN
from vestibule.platform.http.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
)
from vestibule.platform.http.refusals import answering, suspended
from vestibule.platform.http.response import created, ok
from vestibule.platform.http.routes import IF_MATCH, PAGE, Routes
from vestibule.profiles import errors, items, preferences
from vestibule.profiles.model import DEFAULT_ROLE, full_view, public_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response
    from vestibule.profiles.model import Draft
    from vestibule.profiles.ports import OwnOrganization
    from vestibule.profiles.service import ProfileService

_BODIES: Final = "vestibule.profiles.bodies"
_CHANGE_ADDRESS: Final = (
    "Must be your account's own address, or be left out. To change it, change it at your sign-in "
    "account and confirm the code sent there; your profile follows when you next sign in."
)


def routes(service: ProfileService, organizations: OwnOrganization) -> Routes:
    table = Routes(answering=answering(errors.ProfilesError, _REFUSALS))
    handlers = _Handlers(service, organizations)
    table.add(
        "POST",
        "/profiles",
        handlers.create,
        rule=SELF,
        summary="Create your profile, or complete the one that waits for you.",
        body=f"{_BODIES}:ProfileBody",
        answers={201: f"{_BODIES}:ProfileWritten"},
        locates=(201,),
        refusals=(409,),
    )
    table.add(
        "GET",
        "/profiles",
        handlers.page,
        rule=SIGNED_IN,
        summary="List everybody, public fields only, oldest profile first.",
        parameters=PAGE,
        answers={200: f"{_BODIES}:ProfilePage"},
    )
    table.add(
        "GET",
        "/profiles/{userId}",
        handlers.show,
        rule=SIGNED_IN,
        summary="Show a profile: all of it to its owner and to admins, public fields to others.",
        answers={200: f"{_BODIES}:ProfileShown"},
        refusals=(404,),
    )
    table.add(
        "PUT",
        "/profiles/{userId}",
        handlers.change,
        rule=SELF_OR_ADMIN,
        summary="Change a profile: what is left out stays, null clears.",
        body=f"{_BODIES}:ProfileBody",
        parameters=(IF_MATCH,),
        answers={200: f"{_BODIES}:ProfileWritten"},
        refusals=(404, 412),
    )
    table.add(
        "DELETE",
        "/profiles/{userId}",
        handlers.erase,
        rule=SELF_OR_ADMIN,
        summary="Erase a person for good: profile, preferences and sign-in account.",
        answers={200: f"{_BODIES}:ProfileErased"},
        refusals=(404, 409),
    )
    table.add(
        "GET",
        "/me",
        handlers.me,
        rule=SELF,
        summary="Show what we hold of you.",
        answers={200: f"{_BODIES}:Me"},
    )
    return table


class _Handlers:
    def __init__(self, service: ProfileService, organizations: OwnOrganization) -> None:
        self._service = service
        self._organizations = organizations

    def create(self, request: Request) -> Response:
        profile = self._service.create(request.user_id, _draft(request))
        return created(
            {"message": "Profile created successfully", "profile": full_view(profile)},
            location=request.location(profile.user_id),
            version=profile.version,
        )

    def page(self, request: Request) -> Response:
        wanted = request.page(partition=items.PEOPLE, index=items.PEOPLE_INDEX)
        page = self._service.page(wanted.limit, wanted.start)
        return ok(wanted.body("profiles", page.profiles, page.next_key))

    def show(self, request: Request) -> Response:
        shown = self._service.show(request.path["userId"], reader=request.user_id)
        if not shown.private:
            return ok({"profile": public_view(shown.profile)})
        view = full_view(shown.profile, shown.last_seen)
        return ok({"profile": view}, version=shown.profile.version)

    def change(self, request: Request) -> Response:
        user_id, version = request.path["userId"], request.if_match()
        profile = self._service.change(
            user_id, _draft(request), by=request.user_id, version=version, origin=request.origin
        )
        body = {"message": "Profile updated successfully", "profile": full_view(profile)}
        return ok(body, version=profile.version)

    def erase(self, request: Request) -> Response:
        user_id = request.path["userId"]
        self._service.erase(user_id, by=request.user_id)
        return ok({"message": "Profile deleted successfully", "userId": user_id})

    def me(self, request: Request) -> Response:
        person = self._service.me(request.user_id)
        profile = person.profile
        held = person.preferences or preferences.Preferences()
        belonging = self._organizations.belonging(request.user_id, person.belongs_to)
        return ok(
            {
                "profile": None if profile is None else full_view(profile, person.last_seen),
                "preferences": preferences.to_view(held),
                **belonging,
                "role": DEFAULT_ROLE if profile is None else profile.role,
            }
        )


def _draft(request: Request) -> Draft:
    from vestibule.profiles import bodies  # noqa: PLC0415 - msgspec, which no reading route needs

    return bodies.to_draft(request.body(bodies.ProfileBody))


_REFUSALS: Final[Mapping[type[Any], Callable[[Any], ApiError]]] = {
    errors.ProfileExists: lambda _: Conflict("You have a profile already. Change it with PUT."),
    errors.AccountErased: lambda _: Conflict(
        "This account was erased and cannot be opened again. Sign up anew for another one."
    ),
    errors.ProfileNotFound: lambda _: NotFound("There is no such profile."),
    errors.AccountMissing: lambda _: Forbidden("There is no active sign-in account behind this."),
    errors.CallerSuspended: suspended,
    errors.AdminErasesOwn: lambda _: Conflict(
        "An admin is erased by another admin: ask one, or take another role first."
    ),
    errors.CallerNotAdmin: lambda _: Forbidden(),
    errors.VersionDiffers: lambda _: PreconditionFailed(),
    errors.AddressDiffers: lambda _: InvalidRequest.of("email", "unchangeable", _CHANGE_ADDRESS),
    errors.Raced: lambda _: ServiceUnavailable(
        "Too many changes to this profile at once: try again in a moment."
    ),
}
