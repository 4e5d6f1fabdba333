"""What somebody becomes by arriving: a role, with where it comes from, and an organization."""

from __future__ import annotations

from vestibule.organizations.model import ACTIVE, ADMIN, MEMBER, PENDING
from vestibule.platform.values import frozen
from vestibule.policy.addresses import domain_of
from vestibule.policy.model import ADMIN_LIST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.invitations.model import Reservation
    from vestibule.platform.operations import Item
    from vestibule.policy.model import NamedOrganization, Policy

INVITATION: Final = "invitation"
DEFAULT: Final = "default"
_BUSINESS: Final = frozenset({"business", "enterprise"})


@frozen
class Place:
    """Where somebody belongs from now on. `founds` is the domain of an organization to be made.

    `is_named` tells that policy.yaml names the organization, so that the first to come opens it.
    """

    organization_id: str | None = None
    role: str = MEMBER
    status: str = ACTIVE
    founds: str | None = None
    is_named: bool = False

    @property
    def is_active(self) -> bool:
        return self.organization_id is not None and self.status == ACTIVE


NOWHERE: Final = Place()


def role(
    policy: Policy, proven_email: str | None, reservation: Reservation | None
) -> tuple[str, str]:
    """Give the role and its source: admin list, else invitation, else domain, else default.

    An invitation with the default role says nothing: the domain's stands.
    """
    by_address = policy.role_for(proven_email) if proven_email is not None else None
    if by_address is not None and by_address[1] == ADMIN_LIST:
        return by_address
    gives = reservation is not None and reservation.gives_role
    if reservation is not None and gives and reservation.role != policy.default_role:
        return reservation.role, INVITATION
    return by_address or (policy.default_role, DEFAULT)


def named_organization(policy: Policy, proven_email: str | None) -> NamedOrganization | None:
    """Give the organization that policy.yaml names for whoever has proven this address."""
    if proven_email is None:
        return None
    return policy.organization_for(domain_of(proven_email))


def default_organization(policy: Policy) -> NamedOrganization | None:
    """Give the organization for everybody who belongs nowhere else."""
    if policy.default_organization is None:
        return None
    return policy.organization_named(policy.default_organization)


def is_business_domain(policy: Policy, domain: str) -> bool:
    return not policy.is_public_mail(domain)


def place(
    policy: Policy,
    proven_email: str | None,
    account_type: str,
    reservation: Reservation | None,
    domain_claim: Item | None,
) -> Place:
    """Say where to. The domain's claim is not asked for at public mail domains.

    Only an invitation that was mailed to the address makes a member: whoever confirms an address
    says nothing of a code that somebody else may have brought. Any other one has to be brought by
    its person, signed in; made out to the address, it keeps them free for that. One of an
    organization's admin takes nobody away from the organization that their own domain is known to
    be of.
    """
    invited = _invited(reservation)
    if invited is not None and reservation is not None and reservation.is_of_place:
        return invited
    if named := named_organization(policy, proven_email):
        return Place(named.id, is_named=True)
    if invited is not None and not _is_proven(policy, proven_email, domain_claim):
        return invited
    if proven_email is not None:
        by_domain = _by_domain(policy, domain_of(proven_email), account_type, domain_claim)
        if by_domain is not NOWHERE:
            return by_domain
    everybodys = default_organization(policy)
    return NOWHERE if everybodys is None else Place(everybodys.id, is_named=True)


def _invited(reservation: Reservation | None) -> Place | None:
    """Say where an invitation made out to the address leads by itself: nowhere unless mailed."""
    if reservation is None or reservation.organization_id is None or not reservation.is_bound:
        return None
    return Place(reservation.organization_id) if reservation.proves_address else NOWHERE


def _is_proven(policy: Policy, proven_email: str | None, claim: Item | None) -> bool:
    """Whether the address's domain was shown to be some organization's."""
    if proven_email is None or not is_business_domain(policy, domain_of(proven_email)):
        return False
    return claim is not None and claim.get("verified") is True


def _by_domain(policy: Policy, domain: str, account_type: str, claim: Item | None) -> Place:
    if not is_business_domain(policy, domain):
        return NOWHERE
    if claim is not None and claim.get("verified") is True:
        return Place(claim["organizationId"])
    if account_type not in _BUSINESS:
        return NOWHERE
    if claim is not None:
        return Place(claim["organizationId"], status=PENDING)
    return Place(role=ADMIN, founds=domain)
