"""The organization routes: requests in, rules asked, answers out."""

from __future__ import annotations

from vestibule.organizations import errors, items
from vestibule.organizations.model import member_view, view
from vestibule.platform.authorization import (
    ADMIN,
    MEMBER,
    ORGANIZATION_ADMIN,
    ORGANIZATION_ADMIN_OR_SELF,
)
from vestibule.platform.http.errors import (
    ApiError,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
)
from vestibule.platform.http.refusals import answering, draft_refused, suspended
from vestibule.platform.http.response import created, ok
from vestibule.platform.http.routes import IF_MATCH, PAGE, Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.organizations.service import OrganizationService
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response

_BODIES: Final = "vestibule.organizations.bodies"


def routes(service: OrganizationService) -> Routes:
    table = Routes(answering=answering(errors.OrganizationsError, _REFUSALS))
    handlers = _Handlers(service)
    table.add(
        "POST",
        "/organizations",
        handlers.create,
        rule=ADMIN,
        summary="Make an organization, with a first admin if one is named.",
        body=f"{_BODIES}:NewOrganization",
        answers={201: f"{_BODIES}:OrganizationWritten"},
        locates=(201,),
        refusals=(409,),
    )
    table.add(
        "GET",
        "/organizations",
        handlers.page,
        rule=ADMIN,
        summary="List all organizations, oldest first.",
        parameters=PAGE,
        answers={200: f"{_BODIES}:OrganizationPage"},
    )
    table.add(
        "GET",
        "/organizations/{id}",
        handlers.show,
        rule=MEMBER,
        summary="Show an organization to its members.",
        answers={200: f"{_BODIES}:OrganizationShown"},
        refusals=(404,),
    )
    table.add(
        "PUT",
        "/organizations/{id}",
        handlers.change,
        rule=ORGANIZATION_ADMIN,
        summary="Change an organization: what is left out stays.",
        body=f"{_BODIES}:OrganizationChange",
        parameters=(IF_MATCH,),
        answers={200: f"{_BODIES}:OrganizationWritten"},
        refusals=(404, 412),
    )
    _add_member_routes(table, handlers)
    return table


def _add_member_routes(table: Routes, handlers: _Handlers) -> None:
    table.add(
        "GET",
        "/organizations/{id}/members",
        handlers.members,
        rule=MEMBER,
        summary="List an organization's members to its members; who waits to admins alone.",
        parameters=PAGE,
        answers={200: f"{_BODIES}:MemberPage"},
        refusals=(404,),
    )
    table.add(
        "POST",
        "/organizations/{id}/members/{userId}/accept",
        handlers.accept,
        rule=ORGANIZATION_ADMIN,
        summary="Let somebody in who waits. May be repeated.",
        answers={200: f"{_BODIES}:MemberWritten"},
        refusals=(404, 409),
    )
    table.add(
        "PUT",
        "/organizations/{id}/members/{userId}",
        handlers.assign,
        rule=ORGANIZATION_ADMIN,
        summary="Make a member an admin of the organization, or a plain member again.",
        body=f"{_BODIES}:MemberRole",
        answers={200: f"{_BODIES}:MemberWritten"},
        refusals=(404, 409),
    )
    table.add(
        "DELETE",
        "/organizations/{id}/members/{userId}",
        handlers.remove,
        rule=ORGANIZATION_ADMIN_OR_SELF,
        summary="Remove a member, or refuse somebody who waits; or leave. The last admin stays.",
        answers={200: f"{_BODIES}:MemberRemoved"},
        refusals=(404, 409),
    )


class _Handlers:
    def __init__(self, service: OrganizationService) -> None:
        self._service = service

    def create(self, request: Request) -> Response:
        from vestibule.organizations import bodies  # noqa: PLC0415 - msgspec

        wanted = bodies.to_wanted(request.body(bodies.NewOrganization))
        organization = self._service.create(wanted, by=request.user_id)
        return created(
            {
                "message": "Organization created successfully",
                "organization": view(organization),
            },
            location=request.location(organization.id),
            version=organization.version,
        )

    def page(self, request: Request) -> Response:
        wanted = request.page(partition=items.ORGANIZATIONS, index=items.INDEX)
        page = self._service.page(wanted.limit, wanted.start)
        shown = [view(organization) for organization in page.organizations]
        return ok(wanted.body("organizations", shown, page.next_key))

    def show(self, request: Request) -> Response:
        organization = self._service.show(request.path["id"], reader=request.user_id)
        return ok({"organization": view(organization)}, version=organization.version)

    def change(self, request: Request) -> Response:
        from vestibule.organizations import bodies  # noqa: PLC0415 - msgspec

        version = request.if_match()
        draft = bodies.to_draft(request.body(bodies.OrganizationChange))
        organization = self._service.change(
            request.path["id"], draft, by=request.user_id, version=version
        )
        body = {"message": "Organization updated successfully", "organization": view(organization)}
        return ok(body, version=organization.version)

    def members(self, request: Request) -> Response:
        organization_id = request.path["id"]
        partition, _ = items.organization_key(organization_id)
        wanted = request.page(partition=partition, prefix=items.MEMBER_PREFIX)
        page = self._service.members(
            organization_id, wanted.limit, wanted.start, reader=request.user_id
        )
        shown = [member_view(member, page.names.get(member.user_id)) for member in page.members]
        return ok(wanted.body("members", shown, page.next_key))

    def accept(self, request: Request) -> Response:
        member = self._service.accept(
            request.path["id"], request.path["userId"], by=request.user_id
        )
        return ok({"message": "Member accepted successfully", "member": member_view(member, None)})

    def assign(self, request: Request) -> Response:
        from vestibule.organizations import bodies  # noqa: PLC0415 - msgspec

        role = request.body(bodies.MemberRole).role
        path = request.path
        member = self._service.assign(path["id"], path["userId"], role, by=request.user_id)
        return ok({"message": "Member updated successfully", "member": member_view(member, None)})

    def remove(self, request: Request) -> Response:
        user_id = request.path["userId"]
        self._service.remove(request.path["id"], user_id, by=request.user_id)
        return ok({"message": "Member removed successfully", "userId": user_id})


_REFUSALS: Final[Mapping[type[Any], Callable[[Any], ApiError]]] = {
    errors.DraftRefused: draft_refused,
    errors.OrganizationNotFound: lambda _: NotFound("There is no such organization."),
    errors.MemberNotFound: lambda _: NotFound("There is no such member."),
    errors.NotOrganizationAdmin: lambda _: Forbidden("Only the organization's admins may do this."),
    errors.OnlyAdmins: lambda _: Forbidden(
        "Plan and features are changed by administrators alone: leave them out."
    ),
    errors.CallerSuspended: suspended,
    errors.CallerNotAdmin: lambda _: Forbidden(),
    errors.VersionDiffers: lambda _: PreconditionFailed(),
    errors.LastAdmin: lambda _: Conflict(
        "An organization keeps one admin at least: make somebody else one first."
    ),
    errors.MemberElsewhere: lambda _: Conflict("This person belongs to another organization."),
    errors.MemberSuspended: lambda _: Conflict(
        "This person is suspended: an administrator has to reactivate them first."
    ),
    errors.DomainTaken: lambda _: Conflict("Another organization holds this domain."),
    errors.Raced: lambda _: ServiceUnavailable(
        "Too many changes to this organization at once: try again in a moment."
    ),
}
