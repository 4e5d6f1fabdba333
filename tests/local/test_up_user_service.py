"""People who sign up on the laptop's stack arrive in the user service beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from fakes.fault_server import FaultServer, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
USERS = "/api/v1/users"


class Stack:
    outputs: dict[str, Any]
    told_own: str
    samples_beside_own: list[int]
    in_own: str
    kept: subprocess.CompletedProcess[str]

    def __init__(self, state: Path) -> None:
        self.state = state

    def up(self, *options: str) -> None:
        done = self.run("up", "--detach", "--json", *options)
        assert done.returncode == 0, done.stderr
        self.outputs = json.loads(done.stdout)
        self.cognito = boto3.client(
            "cognito-idp",
            endpoint_url=self.outputs["aws_endpoint_url"],
            region_name=self.outputs["region"],
            config=Config(signature_version=UNSIGNED),
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vestibule_cli.main", *arguments, "--state", str(self.state)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def sign_up(self) -> str:
        """Tell the sub of somebody who has just confirmed an address."""
        address = f"person-{time.time_ns()}@example.test"
        client_id = self.outputs["user_pool_client_id"]
        sub: str = self.cognito.sign_up(
            ClientId=client_id,
            Username=address,
            Password="a-long-enough-password",
            UserAttributes=[
                {"Name": "email", "Value": address},
                {"Name": "name", "Value": "Ann Example"},
            ],
        )["UserSub"]
        code = self.run("mail", "--code", address).stdout.strip()
        self.cognito.confirm_sign_up(ClientId=client_id, Username=address, ConfirmationCode=code)
        return sub

    def call(self, path: str, method: str = "GET", content: Any = None) -> Any:
        place = self.outputs["user_service_url"].removesuffix(USERS)
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{place}{path}", method=method, data=body)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as told:  # noqa: S310 - same
            return json.load(told)

    def arrived(self, sub: str) -> list[dict[str, Any]]:
        try:
            users = self.call(f"{USERS}?limit=1000")["users"]
        except OSError:
            return []
        return [user for user in users if user["cognitoSub"] == sub]

    def service_pids(self) -> list[int]:
        database = str(self.state / "user_service.db").encode()
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if database in _read(path)
        ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def own() -> Iterator[FaultServer]:
    """Somebody's own user service."""
    with FaultServer(answer({}, 201, checksum=False)) as server:
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, own: FaultServer) -> Iterator[Stack]:
    """A stack that told somebody's own service first, and tells the sample now."""
    stack = Stack(tmp_path_factory.mktemp("user-service") / "state")
    stack.up("--user-service", f"http://127.0.0.1:{own.port}/mine")
    stack.told_own = stack.outputs["user_service_url"]
    stack.samples_beside_own = stack.service_pids()
    stack.in_own = stack.sign_up()
    deadline = time.monotonic() + 20
    while not own.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    stack.kept = stack.run("up", "--detach", "--user-service", "sample")
    stack.run("down")
    stack.up("--user-service", "sample")
    yield stack
    stack.run("down")
    assert stack.service_pids() == []


def test_who_confirms_arrives_once(stack: Stack, eventually: Callable[..., Any]) -> None:
    sub = stack.sign_up()

    (user,) = eventually(lambda: stack.arrived(sub))

    assert user["fullName"] == "Ann Example"
    assert (user["status"], user["role"], user["createdBy"]) == ("ACTIVE", "USER", "vestibule")


def test_who_confirms_while_it_is_down_arrives_afterwards(
    stack: Stack, eventually: Callable[..., Any]
) -> None:
    stack.call("/control", "PUT", {"down": True})
    sub = stack.sign_up()
    assert eventually(lambda: stack.call("/control")["counts"].get("down"))
    assert stack.call("/control")["counts"]["down"] < 5

    stack.call("/control", "DELETE")

    assert len(eventually(lambda: stack.arrived(sub), 20)) == 1


def test_a_service_that_died_is_started_again(stack: Stack, eventually: Callable[..., Any]) -> None:
    (pid,) = stack.service_pids()
    os.kill(pid, signal.SIGKILL)
    sub = stack.sign_up()

    assert len(eventually(lambda: stack.arrived(sub), 20)) == 1
    assert stack.service_pids() != [pid]


def test_ones_own_service_takes_its_place(stack: Stack, own: FaultServer) -> None:
    assert stack.told_own == f"http://127.0.0.1:{own.port}/mine"
    assert stack.samples_beside_own == []
    assert [json.loads(request.body)["cognitoSub"] for request in own.requests] == [stack.in_own]
    assert stack.arrived(stack.in_own) == []


def test_a_running_stack_does_not_promise_another_service(stack: Stack) -> None:
    assert stack.kept.returncode == 2
    assert "--user-service" in stack.kept.stderr
