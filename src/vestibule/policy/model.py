"""The rules of signing up and in, as policy.yaml or its live copy says them. Nothing here reads."""

from __future__ import annotations

from vestibule.platform.values import frozen
from vestibule.policy import addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Final

ADMIN: Final = "admin"
# Known everywhere; a policy adds its own.
ROLES: Final = (ADMIN, "manager", "user", "guest")
ACCOUNT_TYPES: Final = ("standard", "business", "enterprise")  # each more than the one before
# Why an address is not welcome.
BLOCKED_DOMAIN: Final = "blocked_domain"
NOT_ALLOWED_DOMAIN: Final = "not_allowed_domain"
SHAPE: Final = "shape"
# Why a person has a role.
ADMIN_LIST: Final = "admin_list"
DOMAIN: Final = "domain"
LINK: Final = "link"
REFUSE: Final = "refuse"
WARN: Final = "warn"
# Addresses of networks that the internet does not reach (RFC 1918), and of carriers (RFC 6598).
PRIVATE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
# "This network", loopback, link-local, multicast and beyond: no VPC has them.
UNUSABLE_RANGES: Final = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
# All of them stand in one item of the table.
MOST_VPCS: Final = 1000
# Between a name and the country: co.uk, com.br.
_SECOND_LEVELS: Final = frozenset(
    {"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"}
)
_COUNTRY_CODE: Final = 2


@frozen
class Hours:
    """When a role may sign in, on the clocks of one place."""

    time_zone: str
    days: frozenset[int]  # 0 is Monday
    start: int  # minutes after midnight
    end: int  # as well; not after `start` if the day ends past midnight


@frozen
class NamedOrganization:
    """An organization that policy.yaml names; who proves an address at its domains joins it."""

    id: str
    name: str
    domains: frozenset[str]
    plan: str


@frozen
class VpcRules:
    """How many VPCs there may be, where, and with which addresses."""

    per_user: int = 5
    in_all: int = 100
    allowed_cidrs: tuple[str, ...] = PRIVATE_RANGES
    allowed_regions: tuple[str, ...] = ()  # none: us-east-1 and the region of the stack
    overlap: str = REFUSE


@frozen
class Policy:
    blocked_domains: frozenset[str] = frozenset()
    allowed_domains: frozenset[str] = frozenset()  # none means all
    invitation_required: bool = False

    roles: frozenset[str] = frozenset(ROLES)
    default_role: str = "user"
    admins: frozenset[str] = frozenset()
    role_domains: Mapping[str, str] = {}
    raised_by_crm: tuple[str, ...] = ()  # from the lowest to the highest
    business_hours: Mapping[str, Hours] = {}

    organizations: Mapping[str, NamedOrganization] = {}
    default_organization: str | None = None  # id of a named one
    public_mail_domains: frozenset[str] = frozenset()
    plans: Mapping[str, str] = {}
    features: Mapping[str, tuple[str, ...]] = {}
    default_department: str | None = None

    welcome_mail: bool = True
    profile_creation: bool = True
    federation: str = REFUSE

    vpcs: VpcRules = VpcRules()

    def address_refusal(self, email: str) -> str | None:
        """Why nobody may sign up with this address, or None if it is welcome."""
        address = addresses.normalized(email)
        if address is None:
            return SHAPE
        domain = addresses.domain_of(address)
        # Disposable addresses come under any name below the provider's own.
        if addresses.lies_in(domain, self.blocked_domains):
            return BLOCKED_DOMAIN
        if self.allowed_domains and domain not in self.allowed_domains:
            return NOT_ALLOWED_DOMAIN
        return None

    def role_for(self, email: str) -> tuple[str, str] | None:
        """The role and why, by rules about the address. Ask for a verified address only."""
        address = addresses.normalized(email)
        if address is None:
            return None
        if address in self.admins:
            return ADMIN, ADMIN_LIST
        role = self.role_domains.get(addresses.domain_of(address))
        return None if role is None else (role, DOMAIN)

    def within_business_hours(self, role: str, moment: datetime) -> bool:
        """Whether the role may sign in at this moment. No, if its time zone cannot be read here."""
        hours = self.business_hours.get(role)
        if hours is None:
            return True
        from vestibule.policy import clocks  # noqa: PLC0415 - time zones, where hours are asked for

        return clocks.covers(hours, moment)

    def organization_for(self, domain: str) -> NamedOrganization | None:
        """The named organization of exactly this domain."""
        domain = domain.lower()
        for organization in self.organizations.values():
            if domain in organization.domains:
                return organization
        return None

    def organization_named(self, organization_id: str) -> NamedOrganization | None:
        return self.organizations.get(organization_id)

    def is_public_mail(self, domain: str) -> bool:
        """Whether anybody can have an address there, so that sharing it says nothing."""
        return addresses.lies_in(domain.lower(), self.public_mail_domains)

    def plan_for(self, account_type: str) -> str:
        return self.plans.get(account_type) or self.plans.get(ACCOUNT_TYPES[0]) or "free"

    def features_for(self, plan: str) -> tuple[str, ...]:
        return self.features.get(plan, ())

    def name_from_domain(self, domain: str) -> str:
        """A first name for an organization: `acme-tools.co.uk` is `Acme Tools`.

        An IDN keeps its ASCII form: decoded, it could look like somebody else's name.
        """
        labels = domain.lower().split(".")
        is_country = len(labels[-1]) == _COUNTRY_CODE
        if len(labels) > 2 and is_country and labels[-2] in _SECOND_LEVELS:
            labels.pop()
        label = labels[-2] if len(labels) > 1 else labels[0]
        if label.startswith("xn--"):
            return label
        return " ".join(word.capitalize() for word in label.split("-") if word)
