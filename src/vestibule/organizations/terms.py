"""What the policy lets an organization have: a plan, features, a domain. All raise DraftRefused."""

from __future__ import annotations

from vestibule.organizations.errors import DraftRefused
from vestibule.policy.addresses import is_domain
from vestibule.policy.model import ACCOUNT_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vestibule.organizations.ports import Rules


def checked_plan(rules: Rules, asked: str | None) -> str:
    if asked is None:
        return rules.plan_for(ACCOUNT_TYPES[0])
    if asked not in rules.features:
        raise DraftRefused("plan", "enum", _one_of(rules.features))
    return asked


def checked_features(rules: Rules, plan: str, asked: tuple[str, ...] | None) -> tuple[str, ...]:
    if asked is None:
        return rules.features_for(plan)
    known = {feature for each in rules.features.values() for feature in each}
    if not known.issuperset(asked):
        raise DraftRefused("features", "enum", _one_of(known))
    return tuple(dict.fromkeys(asked))


def checked_domain(rules: Rules, asked: str | None) -> str | None:
    if asked is None:
        return None
    if not is_domain(asked):
        raise DraftRefused("domain", "domain", "Must be a domain such as example.com.")
    if rules.is_public_mail(asked):
        raise DraftRefused(
            "domain", "public", "Must be the organization's own: anybody can have an address there."
        )
    if rules.organization_for(asked) is not None:
        raise DraftRefused("domain", "named", "The policy gives this domain to an organization.")
    return asked


def _one_of(choices: Iterable[str]) -> str:
    return f"Must be one that the policy names: {', '.join(sorted(choices))}."
