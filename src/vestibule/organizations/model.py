"""What an organization is, who belongs to it, and who sees which part of it."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item

ADMIN: Final = "admin"
MEMBER: Final = "member"
ACTIVE: Final = "active"
PENDING: Final = "pending"


@frozen
class Organization:
    id: str
    name: str
    plan: str
    created_by: str
    created_at: str
    features: tuple[str, ...] = ()
    domain: str | None = None
    domain_verified: bool = False
    status: str = ACTIVE
    version: int = 1
    admins: int = 0  # active ones; kept with each write that makes or removes one


@frozen
class Membership:
    """A person belongs to one organization at most, waiting included."""

    organization_id: str
    user_id: str
    role: str
    status: str
    joined_at: str
    department: str | None = None

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE

    @property
    def is_active_admin(self) -> bool:
        return self.is_active and self.role == ADMIN


@frozen
class Wanted:
    """A new organization as an admin asks for it."""

    name: str
    domain: str | None = None
    plan: str | None = None
    features: tuple[str, ...] | None = None
    admin: str | None = None


@frozen
class Draft:
    """What somebody wants an organization to say. None leaves a field as it is."""

    name: str | None = None
    plan: str | None = None
    features: tuple[str, ...] | None = None


@frozen
class OrganizationPage:
    organizations: Sequence[Organization]
    next_key: Item | None


@frozen
class MemberPage:
    """Some members, and what they call themselves, by their ids."""

    members: Sequence[Membership]
    names: dict[str, str]
    next_key: Item | None


def view(organization: Organization) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": organization.id,
        "name": organization.name,
        "plan": organization.plan,
        "features": list(organization.features),
        "createdAt": organization.created_at,
        "version": organization.version,
    }
    if organization.domain is not None:
        shown |= {"domain": organization.domain, "domainVerified": organization.domain_verified}
    return shown


def member_view(membership: Membership, name: str | None) -> dict[str, Any]:
    shown = {
        "userId": membership.user_id,
        "name": name,
        "role": membership.role,
        "status": membership.status,
        "joinedAt": membership.joined_at,
        "department": membership.department,
    }
    return {field: value for field, value in shown.items() if value is not None}


def held_view(membership: Membership) -> dict[str, Any]:
    """What their own copy of their data says of somebody's membership."""
    return {"organizationId": membership.organization_id, **member_view(membership, None)}


def own_view(organization: Organization, membership: Membership) -> dict[str, Any]:
    """What somebody is told of their own organization: nothing to those who wait for it."""
    return {**view(organization), "role": membership.role, "joinedAt": membership.joined_at}
