"""The invitation routes: requests in, rules asked, answers out."""

from __future__ import annotations

from vestibule.invitations import errors, items
from vestibule.invitations.model import view
from vestibule.platform.authorization import ORGANIZATION_ADMIN, SIGNED_IN
from vestibule.platform.clock import now
from vestibule.platform.http.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    ServiceUnavailable,
)
from vestibule.platform.http.refusals import answering, draft_refused, suspended
from vestibule.platform.http.response import created, ok
from vestibule.platform.http.routes import PAGE, Parameter, Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.invitations.service import InvitationService
    from vestibule.platform.clock import Clock
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response

_BODIES: Final = "vestibule.invitations.bodies"
_LONGEST_ID: Final = 128
_ID_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_ORGANIZATION: Final = Parameter(
    "organizationId",
    "Only this organization's. Without it: your own organization's, or all to an admin.",
)


def routes(service: InvitationService, clock: Clock = now) -> Routes:
    table = Routes(answering=answering(errors.InvitationsError, _REFUSALS))
    handlers = _Handlers(service, clock)
    table.add(
        "POST",
        "/invitations",
        handlers.create,
        rule=ORGANIZATION_ADMIN,
        summary="Invite somebody. The code is shown once, or mailed and never shown.",
        body=f"{_BODIES}:NewInvitation",
        answers={201: f"{_BODIES}:InvitationMade"},
        locates=(201,),
        refusals=(404, 409),
    )
    table.add(
        "POST",
        "/invitations/accept",
        handlers.accept,
        rule=SIGNED_IN,
        summary="Join the organization that a code invites to, with a proven address.",
        body=f"{_BODIES}:InvitationCode",
        answers={200: f"{_BODIES}:InvitationAccepted"},
        refusals=(404, 409),
    )
    table.add(
        "GET",
        "/invitations",
        handlers.page,
        rule=ORGANIZATION_ADMIN,
        summary="List invitations, oldest first, without their codes.",
        parameters=(_ORGANIZATION, *PAGE),
        answers={200: f"{_BODIES}:InvitationPage"},
        refusals=(404,),
    )
    table.add(
        "DELETE",
        "/invitations/{id}",
        handlers.revoke,
        rule=ORGANIZATION_ADMIN,
        summary="Revoke an invitation: it opens for nobody any more. May be repeated.",
        answers={200: f"{_BODIES}:InvitationRevoked"},
        refusals=(404, 409),
    )
    return table


class _Handlers:
    def __init__(self, service: InvitationService, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def create(self, request: Request) -> Response:
        from vestibule.invitations import bodies  # noqa: PLC0415 - msgspec

        draft = bodies.to_draft(request.body(bodies.NewInvitation))
        made = self._service.create(draft, by=request.user_id)
        body = {
            "message": "Invitation created successfully",
            "invitation": view(made.invitation, self._seconds()),
            "code": made.code,
            "mailed": made.mailed,
        }
        return created(
            {name: value for name, value in body.items() if value is not None},
            location=request.location(made.invitation.id),
        )

    def accept(self, request: Request) -> Response:
        from vestibule.invitations import bodies  # noqa: PLC0415 - msgspec

        code = request.body(bodies.InvitationCode).code
        organization_id = self._service.accept(code, by=request.user_id)
        message = "Invitation accepted successfully"
        return ok({"message": message, "organizationId": organization_id})

    def page(self, request: Request) -> Response:
        asked = _organization_id(request.query.get("organizationId"))
        organization_id = self._service.listed_scope(asked, reader=request.user_id)
        wanted = request.page(partition=items.scope(organization_id), index=items.INDEX)
        page = self._service.page(organization_id, wanted.limit, wanted.start)
        shown = [view(invitation, self._seconds()) for invitation in page.invitations]
        return ok(wanted.body("invitations", shown, page.next_key))

    def revoke(self, request: Request) -> Response:
        invite_id = request.path["id"]
        self._service.revoke(invite_id, by=request.user_id)
        return ok({"message": "Invitation revoked successfully", "id": invite_id})

    def _seconds(self) -> int:
        return int(self._clock().timestamp())


def _organization_id(text: str | None) -> str | None:
    if text is None or (0 < len(text) <= _LONGEST_ID and _ID_LETTERS.issuperset(text)):
        return text
    message = "Must be an organization's id: letters, digits, '-' and '_'."
    raise InvalidRequest.of("organizationId", "id", message)


_REFUSALS: Final[Mapping[type[Any], Callable[[Any], ApiError]]] = {
    errors.DraftRefused: draft_refused,
    errors.InvitationNotFound: lambda _: NotFound("There is no such invitation."),
    errors.InvitationSpent: lambda _: Conflict(
        "This invitation was used: nothing is left to revoke."
    ),
    errors.OrganizationUnknown: lambda _: NotFound("There is no such organization."),
    errors.NotAnInviter: lambda _: Forbidden(
        "Invitations are for administrators and for admins of an organization."
    ),
    errors.BeyondInviter: lambda _: Forbidden(
        "An organization's admin invites members, with the default role: leave out role and "
        "accountType."
    ),
    errors.CallerSuspended: suspended,
    errors.InvitationUseless: lambda _: NotFound(
        "This invitation cannot be used. Please check the code."
    ),
    errors.BelongsAlready: lambda _: Conflict(
        "You belong to an organization, or wait for one: leave it first."
    ),
    errors.AlreadyMailed: lambda _: Conflict(
        "An invitation mailed to this address is still open: revoke it first."
    ),
    errors.TooManyMails: lambda _: ApiError(
        "As many invitations were mailed as may be for now: try again later, "
        "or leave out delivery and hand over the code yourself.",
        status=429,
        headers={"Retry-After": "3600"},
    ),
    errors.Raced: lambda _: ServiceUnavailable("Too many changes at once: try again in a moment."),
}
