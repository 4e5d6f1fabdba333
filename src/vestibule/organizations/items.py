"""How organizations lie in the table: keys and attributes."""

from __future__ import annotations

from vestibule.organizations.model import Membership, Organization
from vestibule.platform.values import from_wire, to_wire, wire_names
from vestibule.profiles import items as people

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.operations import Item

ORGANIZATION: Final = "ORGANIZATION"
MEMBER_PREFIX: Final = "MEMBER#"
# In the person's own partition, so that one Query says where they belong, waiting or not.
MEMBERSHIP: Final = people.MEMBERSHIP
CLAIM: Final = "CLAIM"
ORGANIZATIONS: Final = "ORGANIZATIONS"
INDEX: Final = "gsi1"

_WIRE_NAMES: Final = wire_names(Organization)
_MEMBER_NAMES: Final = wire_names(Membership)


def organization_key(organization_id: str) -> tuple[str, str]:
    return f"ORG#{organization_id}", ORGANIZATION


def member_key(organization_id: str, user_id: str) -> tuple[str, str]:
    return f"ORG#{organization_id}", f"{MEMBER_PREFIX}{user_id}"


def membership_key(user_id: str) -> tuple[str, str]:
    """Where the person's own partition says which organization they belong to."""
    return people.person_key(user_id), MEMBERSHIP


def domain_claim(domain: str) -> tuple[str, str]:
    """The key of the claim that one organization holds on a domain."""
    return f"DOMAIN#{domain}", CLAIM


def from_organization(organization: Organization) -> Item:
    pk, sk = organization_key(organization.id)
    return {
        "pk": pk,
        "sk": sk,
        "gsi1pk": ORGANIZATIONS,
        "gsi1sk": f"{organization.created_at}#{organization.id}",
        **to_wire(organization, _WIRE_NAMES),
    }


def to_organization(item: Item) -> Organization:
    """Read an item. Attributes that this version does not know are passed over."""
    known = from_wire(item, _WIRE_NAMES)
    return Organization(**known | {"features": tuple(known.get("features", ()))})


def from_membership(membership: Membership) -> Item:
    pk, sk = member_key(membership.organization_id, membership.user_id)
    return {"pk": pk, "sk": sk, **to_wire(membership, _MEMBER_NAMES)}


def to_membership(item: Item) -> Membership:
    return Membership(**from_wire(item, _MEMBER_NAMES))


def pointer(membership: Membership) -> Item:
    pk, sk = membership_key(membership.user_id)
    return {"pk": pk, "sk": sk, "organizationId": membership.organization_id}


def claim(domain: str, organization_id: str, at: str, *, verified: bool) -> Item:
    pk, sk = domain_claim(domain)
    return {
        "pk": pk,
        "sk": sk,
        "organizationId": organization_id,
        "verified": verified,
        "claimedAt": at,
    }
