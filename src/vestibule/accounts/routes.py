"""The account routes: requests in, rules asked, answers out."""

from __future__ import annotations

from vestibule.accounts import errors
from vestibule.platform.authorization import ADMIN, SELF
from vestibule.platform.http.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServiceUnavailable,
)
from vestibule.platform.http.refusals import answering, suspended
from vestibule.platform.http.response import no_content, ok
from vestibule.platform.http.routes import Routes
from vestibule.profiles.model import full_view
from vestibule.profiles.preferences import to_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.accounts.service import AccountService
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response
    from vestibule.profiles.model import Profile

_BODIES: Final = "vestibule.accounts.bodies"


def routes(service: AccountService) -> Routes:
    table = Routes(answering=answering(errors.AccountsError, _REFUSALS))
    handlers = _Handlers(service)
    _add_own_routes(table, handlers)
    table.add(
        "PUT",
        "/users/{userId}/role",
        handlers.give_role,
        rule=ADMIN,
        summary="Give somebody else another role: it counts at once, and is in their next token.",
        body=f"{_BODIES}:RoleBody",
        answers={200: f"{_BODIES}:ProfileChanged"},
        refusals=(404, 409),
    )
    table.add(
        "POST",
        "/users/{userId}/suspend",
        handlers.suspend,
        rule=ADMIN,
        summary="Suspend somebody: signed out everywhere, and refused whatever changes something.",
        answers={200: f"{_BODIES}:ProfileChanged"},
        refusals=(404, 409),
    )
    table.add(
        "POST",
        "/users/{userId}/reactivate",
        handlers.reactivate,
        rule=ADMIN,
        summary="End a suspension.",
        answers={200: f"{_BODIES}:ProfileChanged"},
        refusals=(404, 409),
    )
    return table


def _add_own_routes(table: Routes, handlers: _Handlers) -> None:
    table.add(
        "GET",
        "/me/preferences",
        handlers.preferences,
        rule=SELF,
        summary="Show how you want to be written to and shown things.",
        answers={200: f"{_BODIES}:PreferencesShown"},
    )
    table.add(
        "PUT",
        "/me/preferences",
        handlers.change_preferences,
        rule=SELF,
        summary="Change your preferences: what is left out stays.",
        body=f"{_BODIES}:PreferencesBody",
        answers={200: f"{_BODIES}:PreferencesShown"},
        refusals=(404,),
    )
    table.add(
        "GET",
        "/me/export",
        handlers.export,
        rule=SELF,
        summary="Give you everything we hold of you.",
        answers={200: f"{_BODIES}:Export"},
    )
    table.add(
        "POST",
        "/me/sign-out",
        handlers.sign_out,
        rule=SELF,
        summary="End all your sessions. An access token already given lives until it expires.",
        answers={204: None},
    )


class _Handlers:
    def __init__(self, service: AccountService) -> None:
        self._service = service

    def preferences(self, request: Request) -> Response:
        return ok({"preferences": to_view(self._service.preferences(request.user_id))})

    def change_preferences(self, request: Request) -> Response:
        from vestibule.accounts import bodies  # noqa: PLC0415 - msgspec, which no reading route needs

        changes = bodies.to_changes(request.body(bodies.PreferencesBody))
        return ok(
            {"preferences": to_view(self._service.change_preferences(request.user_id, changes))}
        )

    def export(self, request: Request) -> Response:
        return ok(self._service.export(request.user_id, origin=request.origin))

    def sign_out(self, request: Request) -> Response:
        self._service.sign_out(request.user_id, origin=request.origin)
        return no_content()

    def give_role(self, request: Request) -> Response:
        from vestibule.accounts import bodies  # noqa: PLC0415 - as above

        role = request.body(bodies.RoleBody).role
        profile = self._service.give_role(request.path["userId"], role, by=request.user_id)
        return _changed("Role updated successfully", profile)

    def suspend(self, request: Request) -> Response:
        profile = self._service.suspend(request.path["userId"], by=request.user_id)
        return _changed("Account suspended successfully", profile)

    def reactivate(self, request: Request) -> Response:
        profile = self._service.reactivate(request.path["userId"], by=request.user_id)
        return _changed("Account reactivated successfully", profile)


def _changed(message: str, profile: Profile) -> Response:
    return ok({"message": message, "profile": full_view(profile)}, version=profile.version)


def _unknown_role(error: errors.UnknownRole) -> ApiError:
    return InvalidRequest.of("role", "enum", f"Must be one of: {', '.join(error.known)}.")


_REFUSALS: Final[Mapping[type[Any], Callable[[Any], ApiError]]] = {
    errors.PersonNotFound: lambda _: NotFound("There is no such profile."),
    errors.UnknownRole: _unknown_role,
    errors.OwnAccount: lambda _: Conflict(
        "Not your own account: ask another admin, so that nobody locks themselves out."
    ),
    errors.CallerNotAdmin: lambda _: Forbidden(),
    errors.CallerSuspended: suspended,
    errors.Raced: lambda _: ServiceUnavailable(
        "Too many changes to this profile at once: try again in a moment."
    ),
}
