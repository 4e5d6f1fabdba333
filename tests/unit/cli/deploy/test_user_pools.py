"""The rules for user pools, on the plan of a deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.deploy import changes
from vestibule_cli.deploy.user_pools import Rules
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

PLANS = CHECKOUT / "tests/fixtures/plans"


def plan(name: str) -> Any:
    return json.loads((PLANS / name / "plan.json").read_text(encoding="utf-8"))


def broken(name: str, environment: str = "prod", *exceptions: str) -> set[str]:
    rules = Rules.of(CHECKOUT, environment, exceptions)
    return {finding.rule for finding in rules.broken(plan(name))}


def test_a_sound_plan_breaks_none() -> None:
    assert broken("safe") == set()


def test_a_finding_names_the_resource_the_rule_and_what_to_do() -> None:
    found = Rules.of(CHECKOUT, "dev", ()).broken(plan("unsafe"))

    (mfa,) = (finding for finding in found if finding.rule == "mfa")
    assert changes.read({}, (mfa,)).view()["findings"] == [
        {"address": mfa.address, "rule": "mfa", "text": mfa.says}
    ]
    assert str(mfa).startswith("aws_cognito_user_pool.")
    assert 'set mfa_configuration to "OPTIONAL"' in str(mfa)


@pytest.mark.parametrize("environment", ["prod", "prodeu"])
def test_production_is_asked_for_more(environment: str) -> None:
    more = broken("unsafe", environment) - broken("unsafe", "dev")

    assert more == {"own-sender", "firewall"}


def test_a_rule_passes_for_a_reason_and_the_others_stay() -> None:
    assert broken("unsafe") - broken("unsafe", "prod", "mfa=nobody has a phone") == {"mfa"}


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        ("mfa", "say why, as --except mfa=REASON"),
        ("mfa= ", "say why"),
        ("colour=x", "no such rule; there are callback, "),
        ("pool-replaced=I know", "never applied"),
    ],
)
def test_an_exception_without_a_rule_or_a_reason_is_a_misuse(exception: str, words: str) -> None:
    with pytest.raises(Misuse, match=words):
        Rules.of(CHECKOUT, "prod", [exception])


def test_a_plan_without_a_pool_breaks_none() -> None:
    assert Rules.of(CHECKOUT, "prod", ()).broken({"resource_changes": []}) == ()


def test_without_the_checks_nothing_is_planned(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"user_pool\.py is not there"):
        Rules.of(tmp_path, "prod", ())
