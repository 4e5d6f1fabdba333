"""JSON to a `Policy`. What is unknown is passed over, what is absent takes its neutral value.

A value that `vestibule policy check` would refuse breaks the whole: half a policy would let in whom
the other half refuses. How values fit each other is for the check alone.
"""

from __future__ import annotations

import json
import os

from vestibule.policy import addresses
from vestibule.policy.model import (
    ACCOUNT_TYPES,
    ADMIN,
    LINK,
    MOST_VPCS,
    REFUSE,
    ROLES,
    WARN,
    Hours,
    NamedOrganization,
    Policy,
    VpcRules,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Final

VERSION: Final = 1
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORKDAYS: Final = DAYS[:5]
LATEST: Final = 24 * 60
_LONGEST_KEY: Final = 32
_KEY_BEGINS: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_KEY_LETTERS: Final = _KEY_BEGINS | frozenset("0123456789_-")
_SHIPPED: Final = os.path.join(os.path.dirname(__file__), "shipped.json")  # noqa: PTH118, PTH120 - pathlib costs

_shipped: Policy | None = None


class PolicyBroken(ValueError):
    """A copy of the policy that cannot be used; the text says where and why."""


def shipped() -> Policy:
    """The policy that came with the package."""
    global _shipped  # noqa: PLW0603 - the file never changes under a running function
    if _shipped is None:
        with open(_SHIPPED, encoding="utf-8") as file:  # noqa: PTH123 - same
            _shipped = policy(file.read())
    return _shipped


def policy(text: str) -> Policy:
    """Raise PolicyBroken unless all of it can be used."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyBroken(f"not JSON: {error}") from error
    root = _Part("", content)
    version = root.values.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise PolicyBroken(f"version: must be {VERSION}, got {version!r:.40}")
    if len(root.values) == 1:
        raise PolicyBroken("the policy: says nothing, and would lift every rule there is")
    return _policy(root)


def is_key(text: str) -> bool:
    """Whether it can name a role, a plan, a feature or an organization."""
    return (
        0 < len(text) <= _LONGEST_KEY and text[0] in _KEY_BEGINS and _KEY_LETTERS.issuperset(text)
    )


def minutes(text: str) -> int:
    """`07:30` is 450. Raise ValueError for what is no time of a day; `24:00` is its end."""
    hour, separator, minute = text.partition(":")
    digits = hour + minute
    if not (separator and len(hour) == len(minute) == 2 and digits.isascii() and digits.isdigit()):
        raise ValueError("must be a time such as 07:30")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > LATEST:
        raise ValueError("must be between 00:00 and 24:00")
    return total


def _policy(root: _Part) -> Policy:
    sign_up, roles, triggers = root.part("sign_up"), root.part("roles"), root.part("triggers")
    organizations = root.part("organizations")
    raised_by_crm = roles.keys("raised_by_crm")
    known = frozenset((*ROLES, *roles.keys("additional")))
    plans = organizations.pairs("plans")
    features, by_domain = organizations.part("features"), roles.part("by_domain")
    _require(plans.values(), is_key, "organizations.plans", _KEY)
    _require(features.values, is_key, features.place, _KEY)
    _require(by_domain.values, addresses.is_domain, by_domain.place, _DOMAIN)
    _require(raised_by_crm, known.__contains__, "roles.raised_by_crm", "a role")
    _require(organizations.part("named").values, is_key, "organizations.named", _KEY)
    named = {
        key: _organization(organizations.part("named").part(key), key, plans)
        for key in organizations.part("named").values
    }
    return Policy(
        blocked_domains=sign_up.domains("blocked_domains"),
        allowed_domains=sign_up.domains("allowed_domains"),
        invitation_required=sign_up.switch("invitation_required", default=False),
        roles=known,
        default_role=roles.choice("default", known - {ADMIN}, "user"),
        admins=frozenset(roles.texts("admins", _is_address, "an address in lower case")),
        role_domains={
            domain: by_domain.choice(domain, known, "user") for domain in by_domain.values
        },
        raised_by_crm=raised_by_crm,
        business_hours={
            role: _hours(root.part("business_hours").part(role))
            for role in root.part("business_hours").values
        },
        organizations=named,
        default_organization=organizations.choice("default", frozenset(named), "") or None,
        public_mail_domains=organizations.domains("public_mail_domains"),
        plans=plans,
        features={plan: features.keys(plan) for plan in features.values},
        default_department=organizations.text("default_department", "") or None,
        welcome_mail=triggers.switch("welcome_mail", default=True),
        profile_creation=triggers.switch("profile_creation", default=True),
        federation=root.choice("federation", frozenset({LINK, REFUSE}), REFUSE),
        vpcs=_vpcs(root.part("vpcs")),
    )


def _organization(part: _Part, key: str, plans: Mapping[str, str]) -> NamedOrganization:
    plan = part.text("plan", "") or plans.get(ACCOUNT_TYPES[1]) or "free"
    _require((plan,), is_key, f"{part.place}.plan", _KEY)
    name, domains = part.text("name", key), part.domains("domains")
    return NamedOrganization(id=key, name=name, domains=domains, plan=plan)


def _hours(part: _Part) -> Hours:
    days = part.texts("days") or WORKDAYS
    if unknown := set(days).difference(DAYS):
        raise PolicyBroken(f"{part.place}.days: {sorted(unknown)} are no days")
    try:
        start, end = minutes(part.text("from", "")), minutes(part.text("until", ""))
    except ValueError as error:
        raise PolicyBroken(f"{part.place}: {error}") from error
    if start == end:
        raise PolicyBroken(f"{part.place}: `from` and `until` must differ")
    return Hours(
        time_zone=part.text("time_zone", "UTC"),
        days=frozenset(DAYS.index(day) for day in days),
        start=start,
        end=end,
    )


def is_region(text: str) -> bool:
    """Whether it looks like the name of a region, such as us-east-1."""
    area, _, number = text.rpartition("-")
    return (
        "-" in area and is_key(area) and area[-1] != "-" and number.isascii() and number.isdigit()
    )


def _vpcs(part: _Part) -> VpcRules:
    usual = VpcRules()
    return VpcRules(
        per_user=part.count("per_user", usual.per_user, MOST_VPCS),
        in_all=part.count("in_all", usual.in_all, MOST_VPCS),
        allowed_cidrs=part.texts("allowed_cidrs", _is_range, "ranges such as 10.0.0.0/8")
        or usual.allowed_cidrs,
        allowed_regions=part.texts("allowed_regions", is_region, "regions such as us-east-1"),
        overlap=part.choice("overlap", frozenset({REFUSE, WARN}), REFUSE),
    )


def _is_range(text: str) -> bool:
    from vestibule.platform import cidr  # noqa: PLC0415 - few policies name ranges

    try:
        cidr.parse(text)
    except cidr.CidrBroken:
        return False
    return True


_KEY: Final = "1 to 32 lower-case letters, digits, - and _, a letter first"
_DOMAIN: Final = "a domain such as example.com, in lower case"


def _is_address(text: str) -> bool:
    return addresses.normalized(text) == text


def _require(values: Iterable[str], rule: Callable[[str], bool], place: str, words: str) -> None:
    for value in values:
        if not rule(value):
            raise PolicyBroken(f"{place}: must be {words}, got {value!r:.80}")


class _Part:
    """A mapping of the document, which knows where it stands. null counts as absent."""

    __slots__ = ("place", "values")

    def __init__(self, place: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise PolicyBroken(f"{place or 'the policy'}: must be a mapping")
        self.place = place
        self.values: Mapping[str, Any] = values

    def part(self, key: str) -> _Part:
        value = self.values.get(key)
        return _Part(self._at(key), {} if value is None else value)

    def text(self, key: str, default: str) -> str:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise PolicyBroken(f"{self._at(key)}: must be text")
        return value

    def choice(self, key: str, allowed: frozenset[str], default: str) -> str:
        value = self.text(key, default)
        if value != default and value not in allowed:
            raise PolicyBroken(f"{self._at(key)}: must be one of {', '.join(sorted(allowed))}")
        return value

    def switch(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise PolicyBroken(f"{self._at(key)}: must be true or false")
        return value

    def count(self, key: str, default: int, most: int) -> int:
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise PolicyBroken(f"{self._at(key)}: must be a whole number from 0 to {most}")
        return value

    def keys(self, key: str) -> tuple[str, ...]:
        return self.texts(key, is_key, _KEY)

    def domains(self, key: str) -> frozenset[str]:
        return frozenset(self.texts(key, addresses.is_domain, _DOMAIN))

    def texts(
        self, key: str, rule: Callable[[str], bool] = bool, words: str = "text"
    ) -> tuple[str, ...]:
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise PolicyBroken(f"{self._at(key)}: must be a list of text")
        _require(value, rule, self._at(key), words)
        return tuple(value)

    def pairs(self, key: str) -> dict[str, str]:
        part = self.part(key)
        return {name: part.text(name, "") for name in part.values}

    def _at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key
