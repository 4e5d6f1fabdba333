"""Entering an organization by arriving, as operations for the arrival's own transaction."""

from __future__ import annotations

from vestibule.organizations.memberships import founding, joining, opening
from vestibule.organizations.model import Organization
from vestibule.platform.ids import new_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.operations import Operation
    from vestibule.policy.model import Policy
    from vestibule.triggers.arrival import Arrival
    from vestibule.triggers.placement import Place

# Who opened an organization that policy.yaml names.
POLICY: Final = "policy"


def entering(
    place: Place, arrival: Arrival, policy: Policy, *, account_type: str, opens: bool
) -> tuple[str, list[Operation]]:
    """Give the organization's id and what makes this person belong to it.

    With `opens` the organization is made as well.
    """
    if place.founds is not None:
        organization = _founded(place.founds, arrival, policy, account_type)
        return organization.id, founding(organization, arrival.user_id, arrival.at)
    organization_id = place.organization_id or ""
    department = policy.default_department if place.is_active else None
    operations = joining(
        arrival.user_id,
        organization_id,
        role=place.role,
        status=place.status,
        at=arrival.at,
        department=department,
    )
    if opens:
        operations = [*opening(_named(organization_id, arrival.at, policy)), *operations]
    return organization_id, operations


def _founded(domain: str, arrival: Arrival, policy: Policy, account_type: str) -> Organization:
    plan = policy.plan_for(account_type)
    return Organization(
        id=new_id(),
        name=policy.name_from_domain(domain),
        plan=plan,
        created_by=arrival.user_id,
        created_at=arrival.at,
        features=policy.features_for(plan),
        domain=domain,
        domain_verified=False,
    )


def _named(organization_id: str, at: str, policy: Policy) -> Organization:
    named = policy.organizations[organization_id]
    return Organization(
        id=named.id,
        name=named.name,
        plan=named.plan,
        created_by=POLICY,
        created_at=at,
        features=policy.features_for(named.plan),
    )
