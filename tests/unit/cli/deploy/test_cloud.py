"""Deploying, with a script in terraform's place: what it is told, and what a person hears."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli import stack
from vestibule_cli.deploy.cloud import Asked, Cloud, Refused
from vestibule_cli.deploy.terraform import TerraformError, TerraformMissing
from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "123456789012"
OUTPUTS = {
    "api_gateway_id": "abc",
    "api_gateway_invoke_url": "https://abc.execute-api.us-east-1.amazonaws.com/api",
    "cognito_user_pool_client_id": "client",
    "cognito_user_pool_id": "us-east-1_Pool",
    "dynamodb_table_arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/vestibule-dev",
    "dynamodb_table_name": "vestibule-dev",
    "identity_pool_id": "us-east-1:pool",
    "lambda_function_names": {"api": "vestibule-dev-api"},
    "primary_region": "us-east-1",
    "queue_urls": {"retry": "https://sqs/retry"},
    "signed_url": "https://abc/signed",
}
TOPIC = {
    "address": "aws_sns_topic.a",
    "type": "aws_sns_topic",
    "change": {"actions": ["create"]},
}
POOL = {
    "address": "module.identity.aws_cognito_user_pool.this",
    "type": "aws_cognito_user_pool",
    "change": {"actions": ["delete", "create"], "replace_paths": [["schema"]]},
}
# Writes down how it was called, and answers what lies beside it.
# A plan is there even if it failed, as terraform's own is.
SCRIPT = """\
#!/bin/sh
echo "$*" >> "$HERE/calls"
echo "profile=$AWS_PROFILE key=$AWS_ACCESS_KEY_ID" >> "$HERE/environment"
pwd > "$HERE/folder-of-$1"
for each in "$@"; do
  case "$each" in -out=*) echo secret > "${each#-out=}";; esac
done
for each in "$HERE/$1" "$HERE/$1-$2"; do
  if [ -f "$each.fails" ]; then cat "$each.fails" >&2; exit 1; fi
  if [ -f "$each" ]; then cat "$each"; fi
done
"""


@dataclass
class Opened:
    """An account that is open."""

    id: str = ACCOUNT
    profile: str | None = None
    endpoint_url: str = ""
    region: str = "us-east-1"


@dataclass
class Place:
    folder: Path
    cloud: Cloud
    said: list[str] = field(default_factory=list)

    def answers(self, verb: str, content: Any) -> None:
        (self.folder / verb).write_text(json.dumps(content))

    def fails(self, verb: str, words: str) -> None:
        (self.folder / f"{verb}.fails").write_text(words)

    def calls(self, verb: str) -> list[str]:
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[0] == verb]

    def asked(self, **options: Any) -> Cloud:
        return replace(self.cloud, asked=replace(self.cloud.asked, **options))

    def with_account(self, **facts: Any) -> Cloud:
        return replace(self.cloud, account=Opened(**facts))  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    script = tmp_path / "terraform"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    said: list[str] = []
    zip_file = tmp_path / "a.zip"
    zip_file.touch()
    cloud = Cloud(
        Name("dev", "-pr1"),
        Opened(),  # type: ignore[arg-type]
        stack.load(CHECKOUT / "stack.yaml"),
        Deployments(tmp_path / "deployments"),
        Asked(backend=("bucket=states",), package=zip_file),
        report=said.append,
        environment={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "HERE": str(tmp_path),
            "VESTIBULE_TERRAFORM_MIRROR": "",
            "AWS_ACCESS_KEY_ID": "of-somebody",
        },
    )
    made = Place(tmp_path, cloud, said)
    made.answers("output", {name: {"value": value} for name, value in OUTPUTS.items()})
    made.answers("show", {"resource_changes": [TOPIC]})
    return made


def test_an_apply_does_what_was_planned_and_saves_the_outputs(place: Place) -> None:
    deployed = place.cloud.apply(place.cloud.plan())

    (init,), (plan,), (apply,) = (place.calls(verb) for verb in ("init", "plan", "apply"))
    assert "-backend-config=key=vestibule/dev-pr1.tfstate -backend-config=bucket=states" in init
    file = next(word for word in plan.split() if word.startswith("-out=")).removeprefix("-out=")
    assert apply.endswith(file), "the plan that was looked at, no other"
    assert f"-var-file={CHECKOUT}/infra/environments/dev.tfvars" in plan
    assert "-var=environment=dev -var=environment_suffix=-pr1" in plan
    assert f"-var=package_path={place.folder}/a.zip" in plan
    assert (place.folder / "folder-of-plan").read_text().strip() == f"{CHECKOUT}/infra"
    assert place.cloud.deployments.find(place.cloud.name) == deployed
    assert deployed.policy_parameter == "/vestibule/dev-pr1/policy"


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("plan", None),
        ("show", None),
        ("show", {"resource_changes": [{**POOL, "mode": "managed"}]}),
        ("show", {"resource_changes": [{"type": "aws_sns_topic", "change": TOPIC["change"]}]}),
    ],
    ids=["planning fails", "showing fails", "no rule can be checked", "it cannot be read"],
)
def test_no_plan_is_left_behind_where_planning_fails(place: Place, verb: str, answer: Any) -> None:
    if answer is None:
        place.fails(verb, "no")
    else:
        place.answers(verb, answer)

    with pytest.raises((Failure, KeyError)):
        place.cloud.plan()

    assert place.calls("plan"), "it got that far"
    assert list(place.folder.rglob("*.tfplan")) == []


def test_no_plan_is_left_behind_where_nobody_reads_what_is_told(place: Place) -> None:
    planned = place.cloud.plan()
    assert planned[1].is_file()

    def tell(_wanted: object) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        place.cloud.apply(planned, tell)
    assert not planned[1].exists()
    assert place.calls("apply") == []


def test_nothing_to_do_is_not_applied_and_saves_the_outputs(place: Place) -> None:
    place.answers("show", {"resource_changes": []})

    place.cloud.apply(place.cloud.plan())

    assert place.calls("apply") == []
    assert place.cloud.deployments.find(place.cloud.name)


def test_a_plan_that_would_lose_data_is_never_applied(place: Place) -> None:
    place.answers("show", {"resource_changes": [TOPIC, POOL]})
    planned = place.cloud.plan()

    with pytest.raises(Refused) as raised:
        place.cloud.apply(planned)

    first = str(raised.value).splitlines()[0]
    assert first.startswith(f"refused: {POOL['address']}: replaced, because of schema: it holds")
    assert place.calls("apply") == []


def unsafe_by(*rules: str) -> dict[str, Any]:
    """A plan of a new pool that breaks these rules alone."""
    document: dict[str, Any] = json.loads(
        (CHECKOUT / "tests/fixtures/plans/safe/plan.json").read_text()
    )
    (pool,) = (each for each in document["resource_changes"] if each["type"] == POOL["type"])
    settings = {"deletion-protection": "deletion_protection", "mfa": "mfa_configuration"}
    for rule in rules:
        pool["change"]["after"][settings[rule]] = None
    return document


def test_what_breaks_a_rule_for_user_pools_is_never_applied(place: Place) -> None:
    place.answers("show", unsafe_by("deletion-protection", "mfa"))
    planned = place.cloud.plan()

    with pytest.raises(Refused) as raised:
        place.cloud.apply(planned)

    first, second, advice = str(raised.value).splitlines()
    assert re.match(r"refused: \S*aws_cognito_user_pool\.\w+: deletion-protection: set ", first)
    assert re.match(r"refused: \S*aws_cognito_user_pool\.\w+: mfa: set ", second)
    assert "--except RULE=REASON" in advice
    assert place.calls("apply") == []
    assert [each["rule"] for each in planned[2].view()["findings"]] == [
        "deletion-protection",
        "mfa",
    ]


def test_a_rule_that_is_let_pass_stops_nothing(place: Place) -> None:
    place.answers("show", unsafe_by("mfa"))
    cloud = place.asked(exceptions=("mfa=a trial among ourselves",))

    cloud.apply(cloud.plan())

    assert len(place.calls("apply")) == 1


def test_an_exception_that_is_none_is_told_before_anything_is_planned(place: Place) -> None:
    with pytest.raises(Misuse, match="no such rule"):
        place.asked(exceptions=("pool=x",)).plan()
    assert not (place.folder / "calls").exists()


def test_terraforms_own_refusal_is_told_as_ours(place: Place) -> None:
    diagnostic = {
        "summary": "Instance cannot be destroyed",
        "detail": f"Resource {POOL['address']} has\nlifecycle.prevent_destroy set, but the plan",
    }
    failed = {"@level": "error", "type": "diagnostic", "diagnostic": diagnostic}
    place.answers("plan", failed)

    with pytest.raises(Refused, match=f"refused: {POOL['address']} would be destroyed or replaced"):
        place.cloud.plan()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Error acquiring the state lock", "terraform force-unlock ID"),
        ("assume role with MFA enabled, but AssumeRoleTokenProvider", "Before you begin"),
        ("Error: No valid credential sources found", "sign in again"),
        ("S3 bucket does not exist: NoSuchBucket", "infra/bootstrap makes it"),
        ("api error AccessDenied: no", "what a deployer needs"),
        ("api error HostedZoneNotEmpty: no", "records that are not this deployment's"),
    ],
)
def test_known_failures_are_told_with_what_to_do(place: Place, words: str, advice: str) -> None:
    place.fails("init", f"\x1b[31m│\x1b[0m {words}\n")

    with pytest.raises(TerraformError, match=advice) as raised:
        place.cloud.plan()
    assert "\x1b" not in str(raised.value)


def test_without_terraform_it_is_a_misuse(place: Place) -> None:
    cloud = replace(place.cloud, environment={"PATH": "/nowhere"})

    with pytest.raises(TerraformMissing):
        cloud.plan()


def test_without_a_place_for_the_state_both_ways_are_told(place: Place) -> None:
    with pytest.raises(Misuse, match=r"infra/environments/dev\.backend\.hcl.*--local-state"):
        place.asked(backend=()).plan()


def test_a_trials_state_is_a_file_and_is_found_again(place: Place) -> None:
    trial = place.asked(backend=(), local_state=True)
    trial.plan()
    state = trial.deployments.folder(trial.name) / "terraform.tfstate"
    state.touch()

    place.asked(backend=()).plan()

    assert all(f"-backend-config=path={state}" in call for call in place.calls("init"))
    assert len(place.calls("init")) == 2
    assert sum("for trials" in line for line in place.said) == 2
    folder = (place.folder / "folder-of-plan").read_text().strip()
    assert folder.startswith(str(place.folder)), "a copy: the tree's own backend is S3"


def test_a_profile_comes_before_keys_that_lie_in_the_environment(place: Place) -> None:
    place.with_account(profile="work").plan()

    assert set((place.folder / "environment").read_text().splitlines()) == {"profile=work key="}


def test_another_account_than_it_was_deployed_to_is_refused(place: Place) -> None:
    place.cloud.deployments.save(place.cloud.name, Deployed.of(OUTPUTS, "/p"))

    with pytest.raises(Misuse, match=f"account 999, and dev-pr1 is deployed in account {ACCOUNT}"):
        place.with_account(id="999").plan()
    assert place.calls("plan") == []


@pytest.mark.parametrize("options", [{"region": "us-west-2"}, {"variables": ("region=us-west-2",)}])
def test_a_deployment_does_not_move_to_another_region(
    place: Place, options: dict[str, Any]
) -> None:
    place.cloud.deployments.save(place.cloud.name, Deployed.of(OUTPUTS, "/p"))

    asked = place.asked(**options)
    for work in (asked.plan, lambda: asked.destroy("vestibule-dev-pr1")):
        with pytest.raises(Misuse, match="deployed in us-east-1, and this says us-west-2"):
            work()
    assert place.cloud.deployments.find(place.cloud.name) is not None


def test_later_variables_win(place: Place, tmp_path: Path) -> None:
    first, second = tmp_path / "1.tfvars", tmp_path / "2.tfvars"
    first.write_text('runtime = "python3.11"\n')
    second.write_text('runtime      = "python3.12"\n')
    cloud = place.asked(var_files=(first, second))

    assert cloud._setting("runtime") == "python3.12"
    assert place.asked(variables=("runtime=python3.14",))._setting("runtime") == "python3.14"
    assert cloud._setting("architecture") is None


@pytest.mark.parametrize("given", [None, "", "vestibule-dev", "dev-pr1", "VESTIBULE-DEV-PR1"])
def test_destroying_takes_the_exact_name(place: Place, given: str | None) -> None:
    with pytest.raises(Misuse, match="--yes-delete-data vestibule-dev-pr1"):
        place.cloud.destroy(given)
    assert not (place.folder / "calls").exists()


def test_destroying_takes_back_the_protection_of_what_holds_data_first(place: Place) -> None:
    place.cloud.deployments.save(place.cloud.name, Deployed.of(OUTPUTS, "/p"))
    pool, bucket = POOL["address"], 'module.site.aws_s3_bucket.logs["a.b"]'
    (place.folder / "state-list").write_text(f"{pool}\n{bucket}\naws_sns_topic.a\n")

    place.cloud.destroy("vestibule-dev-pr1")

    (apply,), (destroy,) = place.calls("apply"), place.calls("destroy")
    assert f"-target={pool}" in apply
    assert f"-target={bucket}" in apply
    assert "aws_sns_topic" not in apply
    assert "-target" not in destroy
    assert "bucket=states" in place.calls("init")[0], "the state stays where it is"
    folder = (place.folder / "folder-of-destroy").read_text().strip()
    assert folder.startswith(str(place.folder)), "never the tree that deploys"
    assert place.cloud.deployments.find(place.cloud.name) is None


def test_destroying_what_was_never_made_is_no_failure(place: Place) -> None:
    place.fails("state-list", "No state file was found!")

    place.cloud.destroy("vestibule-dev-pr1")

    assert place.calls("apply") == []
