"""Commands pointed to AWS, where the emulator of a running stack plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from fakes import end_to_end
from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.emulator


class Aws:
    """A deployment on what plays AWS, as the commands know it."""

    def __init__(self, stack: dict[str, Any], folder: Path) -> None:
        self.stack = stack
        self.deployments = Deployments(folder)
        self.made = terraforms(stack)
        self.environment = {
            "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
            "AWS_REGION": stack["region"],
            "VESTIBULE_DEPLOYMENTS": str(folder),
            **{name.upper(): value for name, value in ROOT_CREDENTIALS.items()},
        }
        self.save("play")

    def save(self, name: str, **changes: Any) -> None:
        deployed = Deployed.of({**self.made, **changes}, self.stack["policy_parameter"])
        self.deployments.save(Name(name), deployed)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.stack["aws_endpoint_url"],
            region_name=self.stack["region"],
            **ROOT_CREDENTIALS,
        )

    def run(
        self, *arguments: str, name: str = "play", given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vestibule_cli.main", *arguments, "--environment", name],
            env={**os.environ, **self.environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def terraforms(stack: dict[str, Any]) -> dict[str, Any]:
    """The stack's facts as Terraform's outputs name them."""
    account, region = stack["account_id"], stack["region"]
    return {
        "api_gateway_id": stack["rest_api_id"],
        "api_gateway_invoke_url": f"https://{stack['rest_api_id']}.example.com/api",
        "cognito_user_pool_client_id": stack["user_pool_client_id"],
        "cognito_user_pool_id": stack["user_pool_id"],
        "dynamodb_table_arn": f"arn:aws:dynamodb:{region}:{account}:table/{stack['table_name']}",
        "dynamodb_table_name": stack["table_name"],
        "event_bus_name": stack["bus_name"],
        "identity_pool_id": stack["identity_pool_id"],
        "lambda_function_names": stack["functions"],
        "primary_region": region,
        "queue_urls": stack["queues"],
        "secret_arns": {},
        "signed_url": stack["signed_url"],
        "sns_topic_arn": None,
    }


@pytest.fixture(scope="module")
def aws(running_stack: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Aws:
    return Aws(running_stack, tmp_path_factory.mktemp("deployments"))


def test_commands_work_there_and_say_where(aws: Aws) -> None:
    made = aws.run("invitations", "create", "--json")
    invitation = json.loads(made.stdout)["invitation"]["id"]

    listed = json.loads(aws.run("invitations", "list", "--json").stdout)["invitations"]
    invoked = aws.run("invoke", "api", "--event", "-", "--json", given="{}")
    logged = aws.run("logs", "api", "--json")

    assert invitation in {one["id"] for one in listed}
    assert json.loads(invoked.stdout)["statusCode"] == 404
    assert json.loads(logged.stdout.splitlines()[0])["function"] == "api"
    where = f"({aws.stack['aws_endpoint_url']}): {aws.stack['table_name']} in account 000000000000"
    for done in (made, invoked, logged):
        assert where in done.stderr


def test_an_invitation_is_mailed_by_the_deployments_own_sender(aws: Aws) -> None:
    invited = aws.run(
        "invitations",
        "create",
        "--email",
        f"ann@{end_to_end.MAIL_DOMAIN}",
        "--delivery",
        "email",
        "--json",
    )

    assert json.loads(invited.stdout)["mailed"] is True, invited.stderr


@pytest.fixture
def _nothing_undelivered(aws: Aws) -> None:
    """Other tests on the same stack have left dead letters, as they meant to."""
    for key, url in aws.stack["queues"].items():
        if key.endswith("-dlq"):
            aws.client("sqs").purge_queue(QueueUrl=url)


@pytest.mark.usefixtures("_nothing_undelivered")
def test_the_end_to_end_suite_passes_with_codes_read_from_a_queue(aws: Aws) -> None:
    with end_to_end.received_mails(aws.client("sqs"), aws.stack["inbox_url"]) as queue:
        # Signing in by a mailed code alone is played elsewhere.
        tested = end_to_end.run(aws.environment, queue, "-k", "not mailed_code", name="play")

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "4 passed" in tested.stdout, tested.stdout


def checks(aws: Aws, name: str) -> dict[str, list[dict[str, str]]]:
    """What the doctor finds, by the name of the check."""
    looked = aws.run("doctor", "--json", name=name)
    found: dict[str, list[dict[str, str]]] = {}
    for check in json.loads(looked.stdout)["checks"]:
        found.setdefault(check["check"], []).append(check)
    failed = any(check["level"] == "fail" for each in found.values() for check in each)
    assert looked.returncode == (1 if failed else 0), looked.stderr
    return found


def levels(found: list[dict[str, str]]) -> set[str]:
    return {check["level"] for check in found}


def test_the_doctor_finds_a_sound_deployment_sound(aws: Aws) -> None:
    found = checks(aws, "play")

    for name in ("credentials", "api", "triggers", "event sources", "secrets"):
        assert levels(found[name]) == {"ok"}, found[name]
    # The emulator has no Service Quotas: that is told, and stops nothing.
    assert levels(found["quotas"]) == {"warn"}


@pytest.fixture(name="ill")
def a_deployment_with_faults(aws: Aws) -> Iterator[str]:
    """The same one, but for a pool, a secret and a queue with faults."""
    cognito, secrets, sqs = map(aws.client, ("cognito-idp", "secretsmanager", "sqs"))
    config = cognito.describe_user_pool(UserPoolId=aws.stack["user_pool_id"])["UserPool"]
    triggers = dict(config["LambdaConfig"])
    del triggers["PreSignUp"]
    unique = str(time.time_ns())
    pool = cognito.create_user_pool(PoolName=unique, LambdaConfig=triggers)["UserPool"]["Id"]
    secret = secrets.create_secret(Name=unique)["ARN"]
    dead = sqs.create_queue(QueueName=f"{unique}-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 3}
    live = sqs.create_queue(QueueName=unique, Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    aws.save(
        "ill",
        cognito_user_pool_id=pool,
        secret_arns={"crm": secret},
        queue_urls={unique: live, f"{unique}-dlq": dead},
    )
    yield unique
    cognito.delete_user_pool(UserPoolId=pool)
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    for url in (live, dead):
        sqs.delete_queue(QueueUrl=url)


def test_the_doctor_names_each_fault_and_what_to_do(aws: Aws, ill: str) -> None:
    found = checks(aws, "ill")

    def failed(name: str) -> str:
        return " ".join(check["text"] for check in found[name] if check["level"] == "fail")

    assert failed("triggers").startswith("PreSignUp: the user pool does not call")
    assert "Cognito may not call" in failed("triggers"), "only the other pool may"
    assert failed("secrets") == "crm has no value: what needs it is off"
    assert failed("dead letters") == f"1 of {ill} could not be delivered"
    assert all(check["advice"] for each in found.values() for check in each if "advice" in check)


def test_the_doctor_looks_at_this_machine_too(running_stack: dict[str, Any]) -> None:
    del running_stack
    looked = subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", "doctor", "--json", "--state", "/nowhere/x"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    found = {check["check"] for check in json.loads(looked.stdout)["checks"]}
    assert found >= {"python", "definition", "policy", "disk", "state", "stack", "terraform"}
