"""Joining, founding and leaving as operations, for whoever writes them with other things at once.

Nobody's joining touches the organization's own item, an admin's apart: a hundred people of one
domain may arrive in the same second.
"""

from __future__ import annotations

from vestibule.organizations import items
from vestibule.organizations.model import ACTIVE, ADMIN, MEMBER, PENDING, Membership
from vestibule.platform.conditions import absent, equals, greater_than, present
from vestibule.platform.operations import Delete, Put, Update
from vestibule.platform.values import replace
from vestibule.profiles import items as people

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.organizations.model import Organization
    from vestibule.platform.operations import Operation
    from vestibule.profiles.model import Profile


def opening(organization: Organization) -> list[Operation]:
    """Make an organization without anybody in it; refused when there is one of that id.

    It claims its domain, refused when another organization did so first.
    """
    operations: list[Operation] = [Put(items.from_organization(organization), condition=absent())]
    if organization.domain is not None:
        claim = items.claim(
            organization.domain,
            organization.id,
            organization.created_at,
            verified=organization.domain_verified,
        )
        operations.append(Put(claim, condition=absent()))
    return operations


def founding(organization: Organization, user_id: str, at: str) -> list[Operation]:
    """Make an organization with its first admin, and claim its domain: of several, one does.

    `belonging` is the caller's to write, in the same transaction.
    """
    founder = Membership(organization.id, user_id, ADMIN, ACTIVE, at)
    return [*opening(replace(organization, admins=1)), *_entering(founder)]


def joining(  # noqa: PLR0913 - what a membership says
    user_id: str,
    organization_id: str,
    *,
    role: str = MEMBER,
    status: str = ACTIVE,
    at: str,
    department: str | None = None,
) -> list[Operation]:
    """Make somebody a member, refused for whoever belongs or waits anywhere already.

    `belonging` is the caller's to write in the same transaction, and only for an active
    membership: who waits belongs nowhere yet.
    """
    membership = Membership(organization_id, user_id, role, status, at, department)
    operations = _entering(membership)
    if membership.is_active_admin:
        key = items.organization_key(organization_id)
        operations.append(Update(*key, increment={"admins": 1}, condition=present()))
    return operations


def admitting(user_id: str, organization_id: str, at: str) -> list[Operation]:
    """Let in whoever waits there to be a member; refused for everybody else.

    `belonging` is the caller's to write, as with `joining`.
    """
    waits = equals("status", PENDING) & equals("role", MEMBER)
    changes = {"status": ACTIVE, "joinedAt": at}
    return [Update(*items.member_key(organization_id, user_id), changes, condition=waits)]


def leaving(membership: Membership, *, keeps_an_admin: bool = False) -> list[Operation]:
    """End a membership as it was read, whoever is left: the last admin may be erased as well.

    With `keeps_an_admin` the last one stays, whoever else leaves at the same moment.
    """
    organization_id, user_id = membership.organization_id, membership.user_id
    as_read = equals("role", membership.role) & equals("status", membership.status)
    operations: list[Operation] = [
        Delete(*items.member_key(organization_id, user_id), condition=as_read),
        Delete(
            *items.membership_key(user_id),
            condition=absent() | equals("organizationId", organization_id),
        ),
    ]
    if membership.is_active_admin:
        key = items.organization_key(organization_id)
        still = greater_than("admins", 1) if keeps_an_admin else present()
        operations.append(Update(*key, increment={"admins": -1}, condition=still))
    return operations


def belonging(profile: Profile, organization_id: str, at: str) -> Update:
    """Let a profile say where its person belongs, unless it says so of somewhere else."""
    changes = {"organizationId": organization_id, "updatedAt": at}
    if profile.status == PENDING:
        changes["status"] = ACTIVE
    return Update(
        *people.profile_key(profile.user_id),
        changes=changes,
        increment={"version": 1},
        condition=equals("version", profile.version)
        & (absent("organizationId") | equals("organizationId", organization_id)),
    )


def departing(profile: Profile, organization_id: str, at: str) -> Update:
    """Let a profile forget where its person belonged or waited."""
    changes = {"updatedAt": at}
    if profile.status == PENDING:
        changes["status"] = ACTIVE
    if profile.status_before == PENDING:  # suspended while they waited
        changes["statusBefore"] = ACTIVE
    belongs_here = profile.organization_id == organization_id
    return Update(
        *people.profile_key(profile.user_id),
        changes=changes,
        remove=("organizationId",) if belongs_here else (),
        increment={"version": 1},
        condition=equals("version", profile.version),
    )


def _entering(membership: Membership) -> list[Operation]:
    return [
        Put(items.from_membership(membership), condition=absent()),
        Put(items.pointer(membership), condition=absent()),
    ]
