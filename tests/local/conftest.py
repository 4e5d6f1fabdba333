from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from fakes.zipped import zipped
from vestibule.platform.aws import AwsClient
from vestibule.platform.credentials import Credentials
from vestibule.platform.table import Table
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Command = Callable[..., Any]
    Terminal = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = Path(__file__).with_name("emulator_process.py")
ROOT = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
REGION = "us-east-1"
PASSWORD = "A-long-enough-one-1"


class EmulatorProcess:
    def __init__(
        self, state: Path, environment: dict[str, str] | None = None, **options: Any
    ) -> None:
        self.state = state
        self._clients: dict[Any, Any] = {}
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps({"state": str(state), **options})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.ready: dict[str, Any] = self._read()
        self.url: str = self.ready.get("url", "")
        self.pid = self._process.pid

    def ask(self, command: str) -> Any:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        return [mail for mail in self.ask("mails") if address in mail["to"]]

    def code_for(self, address: str) -> str:
        code: str = self.mails_to(address)[-1]["code"]
        return code

    def stop(self) -> list[str]:
        """Processes that the emulator had not ended when it said that it had stopped."""
        children = self.ask("stop") if self._process.poll() is None else []
        self._close()
        return list(children)

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def wait(self) -> int:
        return self._process.wait(timeout=20)

    def client(self, name: str, *, signed: bool = True, **options: Any) -> Any:
        """Kept: making one costs more than most tests."""
        key = (name, signed, *sorted(options.items()))
        if key not in self._clients:
            self._clients[key] = self._new_client(name, signed=signed, **options)
        return self._clients[key]

    def _new_client(self, name: str, *, signed: bool, **options: Any) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},
            signature_version=None if signed else UNSIGNED,
            max_pool_connections=50,
        )
        return boto3.client(
            name, endpoint_url=self.url, region_name=REGION, config=config, **{**ROOT, **options}
        )

    def role(self, name: str) -> str:
        """A role that may do everything, for tests that are not about roles."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        arn: str = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
            ),
        )["Role"]["Arn"]
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
        return arn

    def function(self, name: str, source: str, **settings: Any) -> str:
        """A function of one module, whose handler is `code.handler`."""
        made = self.client("lambda").create_function(
            FunctionName=name,
            Role=self.role(f"{name}-role"),
            Handler="code.handler",
            Runtime="python3.13",
            Code={"ZipFile": zipped(source)},
            **settings,
        )
        arn: str = made["FunctionArn"]
        return arn

    def invoke(self, name: str, event: Any) -> Any:
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def pool(self, name: str, client: dict[str, Any] | None = None, **settings: Any) -> Pool:
        cognito = self.client("cognito-idp")
        pool_id = cognito.create_user_pool(
            **{
                "PoolName": name,
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
                "UsernameConfiguration": {"CaseSensitive": False},
                "UserAttributeUpdateSettings": {
                    "AttributesRequireVerificationBeforeUpdate": ["email"]
                },
                **settings,
            }
        )["UserPool"]["Id"]
        client_id = cognito.create_user_pool_client(
            **{
                "UserPoolId": pool_id,
                "ClientName": name,
                "ExplicitAuthFlows": [
                    "ALLOW_USER_SRP_AUTH",
                    "ALLOW_USER_PASSWORD_AUTH",
                    "ALLOW_REFRESH_TOKEN_AUTH",
                ],
                **(client or {}),
            }
        )["UserPoolClient"]["ClientId"]
        return Pool(self, pool_id, client_id)

    def _read(self) -> Any:
        line = self._process.stdout.readline()
        assert line, "the emulator's process ended"
        return json.loads(line)

    def _close(self) -> None:
        self._process.wait(timeout=20)
        self._process.stdin.close()
        self._process.stdout.close()


class Pool:
    """A user pool and what a person does in it."""

    def __init__(self, emulator: EmulatorProcess, pool_id: str, client_id: str) -> None:
        self.emulator = emulator
        self.id = pool_id
        self.client_id = client_id
        self.admin = emulator.client("cognito-idp")
        self.person = emulator.client("cognito-idp", signed=False)

    def sign_up(self, address: str, **attributes: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.person.sign_up(
            ClientId=self.client_id,
            Username=address,
            Password=PASSWORD,
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
        )
        return answer

    def confirm(self, address: str) -> None:
        code = self.emulator.code_for(address.lower())
        self.person.confirm_sign_up(
            ClientId=self.client_id, Username=address, ConfirmationCode=code
        )

    def join(self, address: str) -> dict[str, str]:
        """Sign up, confirm and sign in."""
        self.sign_up(address)
        self.confirm(address)
        return self.sign_in(address)

    def sign_in(self, address: str) -> dict[str, str]:
        tokens: dict[str, str] = self.person.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": address, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return tokens

    def attributes(self, address: str) -> dict[str, str]:
        user = self.admin.admin_get_user(UserPoolId=self.id, Username=address)
        return {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., EmulatorProcess]]:
    """Start emulators of a test's own; what still runs at its end is ended."""
    started: list[EmulatorProcess] = []

    def start_one(state: Path = tmp_path / "a state", **options: Any) -> EmulatorProcess:
        process = EmulatorProcess(state, **options)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.stop()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One for all tests that make their own pools, tables and functions on it."""
    process = EmulatorProcess(
        tmp_path_factory.mktemp("emulator") / "state",
        environment={"AWS_PROFILE": "a-developer", "SECRET_OF_THE_DEVELOPER": "seen"},
    )
    yield process
    process.stop()


@pytest.fixture(scope="session")
def running_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of `running_stack`, for --state."""
    state = str(tmp_path_factory.mktemp("running") / "a state")
    started = vestibule("up", "--detach", "--json", "--state", state)
    assert started.returncode == 0, started.stdout + started.stderr
    yield state
    vestibule("down", "--state", state)


@pytest.fixture(scope="session")
def running_stack(running_state: str) -> dict[str, Any]:
    """One for all tests that need it whole, and leave it as usable as they found it.

    Others were there before: people, organizations, VPCs. A test names its own by what it made, and
    leaves neither a policy nor a switch behind that would change what the next one sees.
    """
    outputs: dict[str, Any] = json.loads(
        vestibule("outputs", "--json", "--state", running_state).stdout
    )
    return outputs


@pytest.fixture(scope="session")
def place(running_stack: dict[str, Any]) -> Place:
    return Place.from_outputs(running_stack, ROOT_CREDENTIALS)


@pytest.fixture(scope="session")
def table(running_stack: dict[str, Any]) -> Iterator[Table]:
    """The operator's own look into the table."""
    client = AwsClient(
        "dynamodb",
        region=running_stack["region"],
        endpoint_url=running_stack["aws_endpoint_url"],
        credentials=lambda: Credentials(*ROOT_CREDENTIALS.values()),
    )
    yield Table(client, running_stack["table_name"])
    client.close()


@pytest.fixture(scope="session")
def command(running_state: str) -> Command:
    """Run a command on `running_stack` and read the JSON that it prints."""

    def run(*arguments: str) -> Any:
        done = vestibule(*arguments, "--json", "--state", running_state)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def terminal(running_state: str) -> Terminal:
    """Run a command on `running_stack` as a person does, and give all that comes of it."""
    return lambda *arguments: vestibule(*arguments, "--state", running_state)


def vestibule(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """The first true value of a check; its last one when the time is over."""

    def wait(check: Callable[[], Any], seconds: float = 10.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := check()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    return wait
