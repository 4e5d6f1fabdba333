"""What a policy must not say, though each value alone is right: rules that meet or never apply."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vestibule.platform import cidr
from vestibule.policy import addresses
from vestibule.policy.model import ADMIN, ROLES, UNUSABLE_RANGES
from vestibule_cli.yaml_file import KEY, Place, oneof

if TYPE_CHECKING:
    from vestibule_cli.policy_file import PolicyFile

Problem = tuple[Place, str]
SMALLEST_VPC = 28


def problems(policy: "PolicyFile") -> Iterator[Problem]:
    """Each with the place of what to change."""
    for rule in _RULES:
        yield from rule(policy)


def _repetitions(policy: "PolicyFile") -> Iterator[Problem]:
    lists: dict[Place, Iterable[str]] = {
        ("sign_up", "blocked_domains"): policy.sign_up.blocked_domains,
        ("sign_up", "allowed_domains"): policy.sign_up.allowed_domains,
        ("roles", "additional"): policy.roles.additional,
        ("roles", "admins"): policy.roles.admins,
        ("roles", "raised_by_crm"): policy.roles.raised_by_crm,
        ("organizations", "public_mail_domains"): policy.organizations.public_mail_domains,
        ("vpcs", "allowed_cidrs"): policy.vpcs.allowed_cidrs,
        ("vpcs", "allowed_regions"): policy.vpcs.allowed_regions or (),
        **{
            ("organizations", "named", key, "domains"): each.domains
            for key, each in policy.organizations.named.items()
        },
        **{("business_hours", role, "days"): h.days for role, h in policy.business_hours.items()},
    }
    for place, values in lists.items():
        seen: set[str] = set()
        for number, value in enumerate(values):
            if value in seen:
                yield (*place, number), f"{value} stands here a second time"
            seen.add(value)


def _covered_domains(policy: "PolicyFile") -> Iterator[Problem]:
    """A name below another one of a list whose names cover all names below them."""
    for place, domains in (
        (("sign_up", "blocked_domains"), policy.sign_up.blocked_domains),
        (("organizations", "public_mail_domains"), policy.organizations.public_mail_domains),
    ):
        listed = frozenset(domains)
        for number, domain in enumerate(domains):
            above = domain.partition(".")[2]
            # Hundreds may be listed: each is compared with all the others only if one covers it.
            if addresses.lies_in(above, listed):
                parent = _covering(above, domains)
                yield (*place, number), f"{domain} is covered by {parent} already: leave it out"


def _sign_up_rules(policy: "PolicyFile") -> Iterator[Problem]:
    for number, domain in enumerate(policy.sign_up.allowed_domains):
        blocked = _covering(domain, policy.sign_up.blocked_domains)
        if blocked:
            place = ("sign_up", "allowed_domains", number)
            yield place, f"{domain} is blocked by sign_up.blocked_domains ({blocked}): keep one"


def _role_rules(policy: "PolicyFile") -> Iterator[Problem]:
    roles = policy.roles
    for number, role in enumerate(roles.additional):
        if role in ROLES:
            yield ("roles", "additional", number), f"{role} is known without being named"
    if roles.default not in roles.known:
        yield ("roles", "default"), oneof("role", roles.default, roles.known)
    elif roles.default == ADMIN:
        yield ("roles", "default"), "must not be admin: everybody would be one"
    for domain, role in roles.by_domain.items():
        place = ("roles", "by_domain", domain)
        if role not in roles.known:
            yield place, oneof("role", role, roles.known)
        yield from _unreachable(policy, place, domain)
        yield from _anybodys(policy, (*place, KEY), domain)
    for number, role in enumerate(roles.raised_by_crm):
        if role not in roles.known:
            yield ("roles", "raised_by_crm", number), oneof("role", role, roles.known)
    for number, address in enumerate(roles.admins):
        yield from _unreachable(policy, ("roles", "admins", number), addresses.domain_of(address))


def _hours_rules(policy: "PolicyFile") -> Iterator[Problem]:
    for role, hours in policy.business_hours.items():
        if role not in policy.roles.known:
            place = ("business_hours", role, KEY)
            yield place, oneof("role", role, policy.roles.known)
        if hours.start == hours.until:
            place = ("business_hours", role, "until")
            yield place, "must differ from `from`. For no limit leave the role out"


def _organization_rules(policy: "PolicyFile") -> Iterator[Problem]:
    organizations = policy.organizations
    holders: dict[str, str] = {}
    for key, named in organizations.named.items():
        here = ("organizations", "named", key)
        for number, domain in enumerate(named.domains):
            place = (*here, "domains", number)
            holder = holders.setdefault(domain, key)
            if holder != key:
                yield place, f"{domain} belongs to {holder} already: a domain has one organization"
            yield from _anybodys(policy, place, domain)
            yield from _unreachable(policy, place, domain)
        if named.plan is not None:
            yield from _unknown("plan", (*here, "plan"), named.plan, organizations.features)
    for account_type, plan in organizations.plans.items():
        yield from _unknown(
            "plan", ("organizations", "plans", account_type), plan, organizations.features
        )
    if organizations.default is not None:
        yield from _unknown(
            "organization", ("organizations", "default"), organizations.default, organizations.named
        )


def _vpc_rules(policy: "PolicyFile") -> Iterator[Problem]:
    vpcs = policy.vpcs
    if "per_user" in vpcs.model_fields_set and vpcs.per_user > vpcs.in_all:
        yield ("vpcs", "per_user"), f"must not exceed vpcs.in_all, which is {vpcs.in_all}"
    ranges = [cidr.parse(text) for text in vpcs.allowed_cidrs]
    unusable = [cidr.parse(text) for text in UNUSABLE_RANGES]
    for number, range_ in enumerate(ranges):
        place = ("vpcs", "allowed_cidrs", number)
        if range_.length > SMALLEST_VPC:
            yield place, f"no VPC fits into {range_}: the smallest is a /{SMALLEST_VPC}"
        if any(each.contains(range_) for each in unusable):
            yield place, f"AWS gives addresses of {range_} to nobody"
        wider = [each for each in ranges if each.contains(range_) and each != range_]
        if wider:
            yield place, f"{range_} is covered by {wider[0]} already: leave it out"


def _unknown(
    kind: str, place: Place, value: str, allowed: Mapping[str, object]
) -> Iterator[Problem]:
    if value not in allowed:
        yield place, oneof(kind, value, allowed)


def _unreachable(policy: "PolicyFile", place: Place, domain: str) -> Iterator[Problem]:
    """A rule for people who are refused at sign-up."""
    blocked = _covering(domain, policy.sign_up.blocked_domains)
    allowed = policy.sign_up.allowed_domains
    if blocked:
        yield place, f"nobody at {domain} can sign up: sign_up.blocked_domains has {blocked}"
    elif allowed and domain not in allowed:
        yield place, f"nobody at {domain} can sign up: sign_up.allowed_domains lacks it"


def _anybodys(policy: "PolicyFile", place: Place, domain: str) -> Iterator[Problem]:
    """A rule that would take everybody with free mail for one company's people."""
    public = _covering(domain, policy.organizations.public_mail_domains)
    if public:
        listed = f"organizations.public_mail_domains has {public}"
        yield place, f"anybody can have an address at {domain}: {listed}"


def _covering(domain: str, domains: Iterable[str]) -> str | None:
    """The first of the domains that is this one or lies above it."""
    return next((each for each in domains if addresses.lies_in(domain, {each})), None)


_RULES: tuple[Callable[["PolicyFile"], Iterator[Problem]], ...] = (
    _repetitions,
    _covered_domains,
    _sign_up_rules,
    _role_rules,
    _hours_rules,
    _organization_rules,
    _vpc_rules,
)
