"""Organizations, members and invitations with defaults, kept as if they had always been there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.people import CREATED, address, keep, new_sub, profile
from vestibule.invitations import codes
from vestibule.invitations import items as invites
from vestibule.invitations.model import Invitation
from vestibule.invitations.store import TableInvitationStore
from vestibule.organizations import items, memberships
from vestibule.organizations.model import Membership, Organization
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace
from vestibule.policy.model import Policy
from vestibule.profiles.model import OPERATOR
from vestibule.profiles.store import TableProfileStore

if TYPE_CHECKING:
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile

NOW = datetime(2026, 2, 3, 4, 5, 6, 7, UTC)
SECONDS = int(NOW.timestamp())
DAY = 24 * 3600
POLICY = Policy(
    plans={"standard": "free", "business": "team"},
    features={"free": ("profiles",), "team": ("profiles", "members", "invitations")},
    public_mail_domains=frozenset({"gmail.com"}),
)


def rules() -> Policy:
    return POLICY


def organization(**fields: Any) -> Organization:
    plain = Organization(
        id=new_id(),
        name="Acme",
        plan="free",
        created_by=new_sub(),
        created_at=CREATED,
        features=("profiles",),
    )
    return replace(plain, **fields)


def keep_organization(table: Table, **fields: Any) -> Organization:
    made = organization(**fields)
    table.transact(*memberships.opening(made))
    return made


def keep_member(
    table: Table,
    organization_id: str,
    *,
    role: str = "member",
    status: str = "active",
    **fields: Any,
) -> str:
    """Give the id of a person with a profile who belongs, or waits, there."""
    belongs = organization_id if status == "active" else None
    person = keep(table, profile(**{"organization_id": belongs, **fields}))
    table.transact(
        *memberships.joining(person.user_id, organization_id, role=role, status=status, at=CREATED)
    )
    return person.user_id


def keep_person(table: Table, **fields: Any) -> str:
    return keep(table, profile(**fields)).user_id


def keep_claimant(table: Table, **fields: Any) -> str:
    """Somebody who holds an address of their own."""
    return keep_person(table, **{"email": address(), "email_verified": True, **fields})


def organization_of(table: Table, organization_id: str) -> Organization:
    item = table.get(*items.organization_key(organization_id))
    assert item is not None
    return items.to_organization(item)


def membership_of(table: Table, organization_id: str, user_id: str) -> Membership | None:
    item = table.get(*items.member_key(organization_id, user_id))
    return None if item is None else items.to_membership(item)


def profile_of(table: Table, user_id: str) -> Profile:
    found = TableProfileStore(table).person(user_id).profile
    assert found is not None
    return found


def invitation(code: codes.Code, **fields: Any) -> Invitation:
    plain = Invitation(
        id=new_id()[:16],
        code_hash=code.hash,
        role="manager",
        created_by=OPERATOR,
        created_at=CREATED,
        valid_until=SECONDS + DAY,
    )
    return replace(plain, **fields)


def keep_invitation(table: Table, style: str = codes.LONG, **fields: Any) -> tuple[str, Invitation]:
    """Give the code as it was shown, and the invitation."""
    code = codes.make(style)
    made = invitation(code, **fields)
    TableInvitationStore(table).add(made, ())
    return code.shown, made


def invitation_now(table: Table, made: Invitation) -> Invitation:
    item = table.get(*invites.invite_key(made.code_hash))
    assert item is not None
    return invites.to_invitation(item)


def reserved_for(table: Table, address: str) -> Any:
    item = table.get(*invites.reservation_key(address))
    return None if item is None else invites.to_reservation(item)
