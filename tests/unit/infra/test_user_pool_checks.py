"""The checks on user pools: a plan that breaks none, one that breaks all, and each rule alone."""

import copy
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "infra/checks/user_pool.py"
PLANS = ROOT / "tests/fixtures/plans"
POOL, CLIENT = "aws_cognito_user_pool", "aws_cognito_user_pool_client"
# A new pool can break all but these.
OF_A_CHANGE = {"pool-replaced", "trigger-removed"}


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("user_pool", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["user_pool"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def plan(name: str) -> Any:
    return json.loads((PLANS / name / "plan.json").read_text())


def found(checks: ModuleType, document: Any, **options: Any) -> list[tuple[str, str]]:
    options = {"production": True, **options}
    return [(each.address, each.rule) for each in checks.check(checks.read(document, **options))]


def broken(checks: ModuleType, document: Any, **options: Any) -> set[str]:
    return {rule for _, rule in found(checks, document, **options)}


def change(document: Any, kind: str) -> Any:
    return next(each["change"] for each in document["resource_changes"] if each["type"] == kind)


def setting(kind: str, **values: Any) -> Callable[[Any], None]:
    """Give a resource of the safe plan other values."""

    def apply(document: Any) -> None:
        change(document, kind)["after"].update(values)

    return apply


def without(kind: str) -> Callable[[Any], None]:
    def apply(document: Any) -> None:
        document["resource_changes"] = [
            each for each in document["resource_changes"] if each["type"] != kind
        ]

    return apply


def replaced(document: Any) -> None:
    pool = change(document, POOL)
    pool["actions"], pool["before"] = ["delete", "create"], copy.deepcopy(pool["after"])


def deleted(document: Any) -> None:
    pool = change(document, POOL)
    pool["actions"], pool["before"], pool["after"] = ["delete"], pool["after"], None


def trigger_lost(document: Any) -> None:
    pool = change(document, POOL)
    pool["actions"], pool["before"] = ["update"], copy.deepcopy(pool["after"])
    pool["before"]["lambda_config"][0]["post_confirmation"] = "arn:aws:lambda:x:function:triggers"


def slow_trigger(document: Any) -> None:
    for each in document["resource_changes"]:
        if each["address"] == "aws_lambda_function.triggers":
            each["change"]["after"]["timeout"] = 5


def slow_trigger_by_name(document: Any) -> None:
    """As here: the pool names its function's alias, before there is a function."""
    for each in document["resource_changes"]:
        if each["address"] == "aws_lambda_function.slow":
            name = each["change"]["after"]["function_name"]
    pool = change(document, POOL)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}:live"
    pool["after"]["lambda_config"] = [{"pre_sign_up": arn}]


def unowned(document: Any) -> None:
    change(document, "aws_lambda_permission")["after_unknown"]["source_arn"] = False


def composed(document: Any) -> None:
    change(document, POOL)["after"]["password_policy"][0]["require_symbols"] = True


def short(document: Any) -> None:
    change(document, POOL)["after"]["password_policy"][0]["minimum_length"] = 11


def other_pools_firewall(document: Any) -> None:
    change(document, "aws_wafv2_web_acl_association")["after"]["resource_arn"] = "arn:of:another"


PERMISSION = "aws_lambda_permission"
BREAKS: list[tuple[str, Callable[[Any], None]]] = [
    ("pool-replaced", replaced),
    ("pool-replaced", deleted),
    ("deletion-protection", setting(POOL, deletion_protection="INACTIVE")),
    ("deletion-protection", setting(POOL, deletion_protection=None)),
    ("case", setting(POOL, username_configuration=[{"case_sensitive": True}])),
    ("case", setting(POOL, username_configuration=[])),
    ("verify-before-update", setting(POOL, user_attribute_update_settings=[])),
    ("verify-before-update", setting(POOL, auto_verified_attributes=["email", "phone_number"])),
    ("own-sender", setting(POOL, email_configuration=[])),
    (
        "own-sender",
        setting(POOL, email_configuration=[{"email_sending_account": "COGNITO_DEFAULT"}]),
    ),
    ("mfa", setting(POOL, mfa_configuration="OFF")),
    ("mfa", setting(POOL, mfa_configuration=None)),
    ("password-length", short),
    ("password-composition", composed),
    ("token-events", setting(POOL, user_pool_tier="LITE")),
    ("trigger-removed", trigger_lost),
    ("firewall", without("aws_wafv2_web_acl_association")),
    ("firewall", other_pools_firewall),
    ("existence-errors", setting(CLIENT, prevent_user_existence_errors="LEGACY")),
    ("existence-errors", setting(CLIENT, prevent_user_existence_errors=None)),
    ("token-lifetime", setting(CLIENT, access_token_validity=61)),
    ("token-lifetime", setting(CLIENT, id_token_validity=2)),  # hours, without a unit
    ("revocation", setting(CLIENT, enable_token_revocation=False)),
    ("password-flow", setting(CLIENT, explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"])),
    ("callback", setting(CLIENT, callback_urls=["https://*.example.com/"])),
    ("callback", setting(CLIENT, logout_urls=["http://example.com/"])),
    ("callback", setting(CLIENT, default_redirect_uri="http://localhost.example.com/")),
    ("client-writes", setting(CLIENT, write_attributes=["email", "custom:role"])),
    ("client-writes", setting(CLIENT, write_attributes=["custom:isAdmin"])),
    ("client-writes", setting(CLIENT, write_attributes=["email_verified"])),
    ("client-writes", setting(CLIENT, write_attributes=None)),
    ("trigger-timeout", slow_trigger),
    ("trigger-timeout", slow_trigger_by_name),
    ("permission", unowned),
    ("permission", setting(PERMISSION, source_account=None)),
    ("permission", setting(PERMISSION, source_arn="arn:aws:cognito-idp:*:*:userpool/*")),
]


def test_the_safe_plan_breaks_no_rule(checks: ModuleType) -> None:
    assert found(checks, plan("safe")) == []


def test_the_unsafe_plan_breaks_every_rule_that_a_new_pool_can_break(checks: ModuleType) -> None:
    assert broken(checks, plan("unsafe")) == {rule.name for rule in checks.RULES} - OF_A_CHANGE


def test_every_rule_is_broken_by_an_example(checks: ModuleType) -> None:
    assert {name for name, _ in BREAKS} == {rule.name for rule in checks.RULES}


@pytest.mark.parametrize(
    ("rule", "spoil"), BREAKS, ids=[f"{number}-{rule}" for number, (rule, _) in enumerate(BREAKS)]
)
def test_one_fault_breaks_one_rule(
    checks: ModuleType, rule: str, spoil: Callable[[Any], None]
) -> None:
    document = plan("safe")
    spoil(document)

    assert broken(checks, document) == {rule}


@pytest.mark.parametrize(
    "spare",
    [
        setting(CLIENT, generate_secret=True, explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"]),
        setting(CLIENT, callback_urls=["http://127.0.0.1:8000/", "app://back"]),
        setting(CLIENT, write_attributes=["custom:favorite_color", "custom:statusbar"]),
        setting(CLIENT, access_token_validity=1, token_validity_units=[{"access_token": "hours"}]),
        setting(
            CLIENT, prevent_user_existence_errors=None, allowed_oauth_flows=["client_credentials"]
        ),
        setting(PERMISSION, principal="s3.amazonaws.com", source_account=None),
        without(PERMISSION),
    ],
)
def test_what_is_no_fault_is_let_be(checks: ModuleType, spare: Callable[[Any], None]) -> None:
    document = plan("safe")
    spare(document)

    assert broken(checks, document) == set()


def test_migration_may_need_the_password(checks: ModuleType) -> None:
    document = plan("safe")
    setting(CLIENT, explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"])(document)
    change(document, POOL)["after"]["lambda_config"][0]["user_migration"] = "arn:of:a:function:x"

    assert broken(checks, document) == set()


def test_rules_of_production_are_asked_for(checks: ModuleType) -> None:
    document = plan("safe")
    setting(POOL, email_configuration=[])(document)
    without("aws_wafv2_web_acl_association")(document)

    assert broken(checks, document, production=False) == set()
    assert broken(checks, document) == {"own-sender", "firewall"}


def test_an_attribute_may_be_named_as_one_that_decides(checks: ModuleType) -> None:
    named = frozenset({"favorite_color"})

    assert broken(checks, plan("safe"), authorizing=named) == {"client-writes"}


def test_a_new_plan_may_not_know_the_firewalls_pool_but_by_reference(checks: ModuleType) -> None:
    document = plan("safe")
    document["configuration"]["root_module"]["module_calls"]["people"]["module"]["outputs"] = {}

    assert broken(checks, document) == {"firewall"}


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    # Without this environment's packages: it runs on any machine.
    return subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_tells_findings_and_its_exit_code() -> None:
    safe, unsafe = (run(PLANS / name / "plan.json", "--production") for name in ("safe", "unsafe"))

    assert (safe.returncode, safe.stdout) == (0, "")
    assert unsafe.returncode == 1
    assert "aws_lambda_permission.pool: permission: give Cognito's" in unsafe.stdout


def test_a_rule_is_left_out_with_its_reason(tmp_path: Path) -> None:
    document = plan("safe")
    setting(POOL, mfa_configuration="OFF")(document)
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document))

    assert run(file).returncode == 1
    assert run(file, "--except", "mfa=people sign in through a provider that asks").returncode == 0
    assert run(file, "--except", "mfa").returncode == 2
    assert run(file, "--except", "no-such=reason").returncode == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "cannot be read"),
        ("[]", "this is no plan"),
        ('{"values": {}}', "this is no plan"),
        ('{"terraform_version": "1.11.4", "resource_changes": []}', "nothing to check"),
    ],
)
def test_what_cannot_be_checked_is_no_pass(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)

    done = run(file)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
