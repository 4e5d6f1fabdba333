"""What an invitation is, and whom it opens for."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item

OPEN: Final = "open"
REVOKED: Final = "revoked"
SPENT: Final = "spent"
EXPIRED: Final = "expired"
# How the code reaches whom it is for: shown to the inviter, or mailed to the bound address alone.
BY_CODE: Final = "code"
BY_EMAIL: Final = "email"
DEFAULT_DAYS: Final = 7
LONGEST_DAYS: Final = 90
# One who is to be an admin of the whole place is somebody, and soon.
ADMIN_DAYS: Final = 7
MOST_USES: Final = 1000
HOLD_SECONDS: Final = 24 * 3600
# How long one that opens nothing any more is still listed.
KEPT_SECONDS: Final = 30 * 24 * 3600


@frozen
class Invitation:
    id: str  # public: it says nothing of the code
    code_hash: str
    role: str
    created_by: str
    created_at: str
    valid_until: int  # epoch seconds
    email: str | None = None  # the one address it opens for
    organization_id: str | None = None
    account_type: str | None = None
    delivery: str = BY_CODE
    max_uses: int = 1
    uses: int = 0
    taken: int = 0  # uses, and places held for who has still to confirm
    status: str = OPEN  # open or revoked; what else it may be follows from the rest
    holds: Mapping[str, int] = {}  # marks of addresses, and until when
    by_admin: bool = False  # made by an admin of the whole place, or by an operator
    is_offered: bool = False  # somebody used a place to sign up, and has not said whether they join

    @property
    def is_of_place(self) -> bool:
        """Whether it stands on the word of an admin of all, not on an organization's admin's."""
        return self.by_admin or self.organization_id is None

    def status_at(self, now: int) -> str:
        if self.status == REVOKED:
            return REVOKED
        if self.uses >= self.max_uses:
            return SPENT
        return OPEN if now < self.valid_until else EXPIRED

    def welcomes(self, address: str, now: int) -> bool:
        """Whether the code opens for that address now, places apart."""
        return self.status_at(now) == OPEN and self.email in {None, address}


@frozen
class Reservation:
    """A place of an invitation, held for one address until its owner has shown it to be theirs."""

    address: str
    code_hash: str
    invite_id: str
    role: str
    delivery: str
    reserved_at: str
    expires_at: int  # epoch seconds
    organization_id: str | None = None
    account_type: str | None = None
    created_by: str = ""
    by_admin: bool = False
    is_bound: bool = False  # made out to this address

    @property
    def is_of_place(self) -> bool:
        return self.by_admin or self.organization_id is None

    @property
    def gives_role(self) -> bool:
        """Anybody may have brought a code for everybody in this person's name.

        One made out to the address gives its role however the code got there: whom a role is given
        to is for its maker to say. To belong somewhere is for the person.
        """
        return self.is_bound or self.is_of_place

    def is_live(self, now: int) -> bool:
        return now < self.expires_at

    @property
    def proves_address(self) -> bool:
        """Whether whoever has the code can read that address's mail: it went nowhere else."""
        return self.delivery == BY_EMAIL


@frozen
class Invited:
    """What a mail says to the person it invites. It holds the code: never log it."""

    email: str
    code: str
    account_type: str | None = None
    language: str | None = None


@frozen
class Draft:
    """An invitation as somebody asks for it. None leaves a field to the rules."""

    email: str | None = None
    role: str | None = None
    organization_id: str | None = None
    account_type: str | None = None
    max_uses: int | None = None
    delivery: str = BY_CODE
    code_style: str = "long"
    days: int = DEFAULT_DAYS
    language: str | None = None  # of the mail


@frozen
class Made:
    """A new invitation with the one sight of its code: None when it went by mail."""

    invitation: Invitation
    code: str | None
    mailed: bool | None = None  # None: nothing was to be mailed


@frozen
class InvitationPage:
    invitations: Sequence[Invitation]
    next_key: Item | None


def expiry(invitation: Invitation) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415 - few routes show a moment

    until = datetime.fromtimestamp(invitation.valid_until, UTC)
    return until.isoformat().replace("+00:00", "Z")


def view(invitation: Invitation, now: int) -> dict[str, Any]:
    """What inviters see: everything but the code, which only its hash is kept of."""
    shown = {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "organizationId": invitation.organization_id,
        "accountType": invitation.account_type,
        "delivery": invitation.delivery,
        "status": invitation.status_at(now),
        "maxUses": invitation.max_uses,
        "uses": invitation.uses,
        "createdBy": invitation.created_by,
        "createdAt": invitation.created_at,
        "expiresAt": expiry(invitation),
    }
    return {field: value for field, value in shown.items() if value is not None}
