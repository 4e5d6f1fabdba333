"""Commands that are pointed to AWS, up to where they would call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from vestibule_cli import package
from vestibule_cli.account import Account
from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.doctor import quotas
from vestibule_cli.main import main
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ACCOUNT = "123456789012"
ARN = "arn:aws:dynamodb:us-east-1"
OUTPUTS: dict[str, Any] = {
    "api_gateway_id": "abc",
    "api_gateway_invoke_url": "https://abc.execute-api.us-east-1.amazonaws.com/api",
    "cognito_user_pool_client_id": "client",
    "cognito_user_pool_id": "us-east-1_Pool",
    "dynamodb_table_arn": f"{ARN}:{ACCOUNT}:table/vestibule-dev",
    "dynamodb_table_name": "vestibule-dev",
    "identity_pool_id": "us-east-1:pool",
    "lambda_function_names": {"api": "vestibule-dev-api"},
    "primary_region": "us-east-1",
    "queue_urls": {"retry": "https://sqs/retry"},
    "signed_url": "https://abc/signed",
}
# In terraform's place: it plans what lies in the file, and gives out what lies in the other.
SCRIPT = """\
#!/bin/sh
if [ "$1" = show ]; then cat "$HERE/plan"; fi
if [ "$1" = output ]; then cat "$HERE/outputs"; fi
if [ "$1" = apply ]; then echo '{"type": "apply_complete", "@message": "made it"}'; fi
"""


@pytest.fixture(autouse=True)
def _deployments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_DEPLOYMENTS", str(tmp_path / "deployments"))
    monkeypatch.setenv("VESTIBULE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(Account, "id", ACCOUNT)


@pytest.fixture(name="terraform")
def a_script_in_terraforms_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "terraform"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("VESTIBULE_TERRAFORM_MIRROR", "")
    outputs = {name: {"value": value} for name, value in OUTPUTS.items()}
    (tmp_path / "outputs").write_text(json.dumps(outputs))
    planned(tmp_path, "aws_sns_topic", "create")
    (tmp_path / "a.zip").touch()
    return tmp_path


def planned(folder: Path, kind: str, *actions: str) -> None:
    resource = {"address": f"{kind}.this", "type": kind, "change": {"actions": actions}}
    (folder / "plan").write_text(json.dumps({"resource_changes": [resource]}))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def deploy(folder: Path, verb: str, *arguments: str) -> Result:
    backend = ["--backend-config", "bucket=states", "--package", str(folder / "a.zip")]
    return run("deploy", verb, "--environment", "dev", *backend, *arguments)


@pytest.mark.parametrize("name", ["mail", "reset", "up", "down"])
def test_what_aws_has_nothing_like_says_so_in_one_line(name: str) -> None:
    refused = run(name, "--environment", "dev")

    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "AWS" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--aws-profile", "work"], "--environment, too"),
        (["--environment-suffix", "-pr1"], "--environment, too"),
        (["--environment", "dev", "--state", "x"], "give one"),
        (["--environment", "DEV"], "lower-case"),
    ],
)
def test_options_that_name_no_deployment_are_a_misuse(options: list[str], words: str) -> None:
    refused = run("users", "list", *options)

    assert refused.exit_code == 2
    assert words in refused.stderr


def test_credentials_of_another_account_touch_nothing() -> None:
    arn = f"{ARN}:999999999999:table/vestibule-dev"
    deployed = Deployed.of({**OUTPUTS, "dynamodb_table_arn": arn}, "/p")
    Deployments.chosen().save(Name("dev"), deployed)

    refused = run("users", "list", "--environment", "dev")

    assert refused.exit_code == 1
    assert f"open account {ACCOUNT}, and dev is deployed in account 999999999999" in refused.stderr


def test_outputs_of_a_deployment_are_told_with_where_they_are_from() -> None:
    Deployments.chosen().save(Name("dev"), Deployed.of(OUTPUTS, "/vestibule/dev/policy"))

    shown = run("outputs", "--json", "--environment", "dev")

    assert json.loads(shown.stdout)["table_name"] == "vestibule-dev"
    assert shown.stderr == f"On AWS: vestibule-dev in account {ACCOUNT}, us-east-1.\n"


def test_the_environment_may_be_named_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    Deployments.chosen().save(Name("dev"), Deployed.of(OUTPUTS, "/p"))
    monkeypatch.setenv("VESTIBULE_ENVIRONMENT", "dev")

    assert run("outputs", "table_name").stdout == "vestibule-dev\n"
    here = run("outputs", "table_name", "--state", "/nowhere")
    assert "no stack runs on /nowhere" in here.stderr, "a state that is named comes first"


@pytest.mark.usefixtures("terraform")
def test_outputs_that_were_never_saved_are_read_from_the_state() -> None:
    state = Deployments.chosen().folder(Name("dev")) / "terraform.tfstate"
    state.touch()

    shown = run("outputs", "region", "--environment", "dev")

    assert shown.stdout == "us-east-1\n"
    assert Deployments.chosen().find(Name("dev"))


def test_the_demo_on_aws_says_what_it_needs() -> None:
    refused = run("demo", "--environment", "dev")

    assert refused.exit_code == 2
    assert "--mail-queue and --mail-domain" in refused.stderr


def test_a_plan_is_told_in_words_and_in_json(terraform: Path) -> None:
    told = deploy(terraform, "plan")
    in_json = deploy(terraform, "plan", "--json")

    assert told.exit_code == 0, told.stderr
    assert told.stdout == "1 to create.\n"
    assert f"On AWS: vestibule-dev in account {ACCOUNT}." in told.stderr
    facts = json.loads(in_json.stdout)
    assert (facts["name"], facts["account"], facts["create"]) == ("vestibule-dev", ACCOUNT, 1)


def test_a_plan_that_would_lose_data_ends_with_1(terraform: Path) -> None:
    planned(terraform, "aws_dynamodb_table", "delete", "create")

    refused = deploy(terraform, "plan", "--json")

    assert refused.exit_code == 1
    assert len(json.loads(refused.stdout)["refused"]) == 1
    assert "vestibule: refused: aws_dynamodb_table.this: replaced" in refused.stderr


def test_rules_for_user_pools_are_told_and_may_be_let_pass(terraform: Path) -> None:
    document = json.loads((CHECKOUT / "tests/fixtures/plans/unsafe/plan.json").read_text())
    (terraform / "plan").write_text(json.dumps(document))

    refused = deploy(terraform, "plan", "--json", "--except", "mfa=nobody has a phone")

    assert refused.exit_code == 1
    rules = {finding["rule"] for finding in json.loads(refused.stdout)["findings"]}
    assert "case" in rules
    assert "mfa" not in rules
    assert ": case: set username_configuration.case_sensitive = false" in refused.stderr
    assert deploy(terraform, "plan", "--except", "mfa").exit_code == 2


def test_an_apply_saves_what_other_commands_need(terraform: Path) -> None:
    applied = deploy(terraform, "apply", "--json")

    assert applied.exit_code == 0, applied.stderr
    assert json.loads(applied.stdout)["outputs"]["cognito_user_pool_id"] == "us-east-1_Pool"
    assert "made it" in applied.stderr
    assert run("outputs", "table_name", "--environment", "dev").stdout == "vestibule-dev\n"


def test_destroying_without_the_name_ends_with_2(terraform: Path) -> None:
    refused = deploy(terraform, "destroy")

    assert refused.exit_code == 2
    assert "--yes-delete-data vestibule-dev" in refused.stderr


def test_deploying_nothing_in_particular_is_a_misuse() -> None:
    refused = run("deploy", "plan")

    assert refused.exit_code == 2
    assert "--environment" in refused.stderr


def test_two_places_for_one_state_are_a_misuse(terraform: Path) -> None:
    assert deploy(terraform, "plan", "--local-state").exit_code == 2


@pytest.mark.parametrize(
    ("allowed", "level"), [(None, "warn"), (9.0, "fail"), (15.0, "warn"), (20.0, "ok")]
)
def test_a_quota_is_judged_by_what_the_load_takes(allowed: float | None, level: str) -> None:
    assert quotas._judged("x", allowed, 10).level == level


def test_the_package_is_built_for_what_the_variables_ask_for(
    terraform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[package.Target, str]] = []

    def build(target: package.Target, out: Path, *, root: Path) -> package.Package:
        del root
        built.append((target, out.name))
        return package.Package(terraform / "a.zip", "digest", 1, compiled=True)

    monkeypatch.setattr(package, "build", build)
    options = ["--var", "runtime=python3.12", "--var", "architecture=x86_64"]

    done = run(
        "deploy", "plan", "--environment", "dev", "--backend-config", "bucket=states", *options
    )

    assert done.exit_code == 0, done.stderr
    assert built == [(package.Target("3.12", "x86_64"), "vestibule-python3.12-x86_64.zip")]
