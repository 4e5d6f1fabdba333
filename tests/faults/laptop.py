"""A stack of its own for a run: started, stopped, killed, and seen as its operator sees it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr
from botocore.config import Config

from vestibule.delivery import letters
from vestibule_cli.console import wait_until
from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.local.state import StateFolder
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDERS = ("src/vestibule", "site", "infra/policies", "examples/user_service")
FILES = ("stack.yaml", "policy.yaml", "openapi.json", "requirements/runtime.lock")
HIDDEN = "ApproximateNumberOfMessagesNotVisible"
COUNTS = ("ApproximateNumberOfMessages", HIDDEN, "ApproximateNumberOfMessagesDelayed")
MARK = "DELIVERY#user-service"


class Laptop:
    """A running stack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / ".vestibule"
        self._clients: dict[str, Any] = {}
        self.outputs: Mapping[str, Any] = {}

    @property
    def endpoint(self) -> str:
        return str(self.outputs["aws_endpoint_url"])

    def function(self, key: str) -> str:
        return str(self.outputs["functions"][key])

    def up(self) -> None:
        self.outputs = json.loads(self._vestibule("up", "--detach", "--json"))

    def down(self) -> None:
        self._vestibule("down")

    def kill(self) -> None:
        """End the process of the stack as a power cut would."""
        holder = StateFolder(self._state).holder()
        if holder is None:
            raise RuntimeError(f"no stack runs on {self._state}")
        os.kill(holder.pid, signal.SIGKILL)
        if not wait_until(lambda: StateFolder(self._state).holder() is None, 10):
            raise RuntimeError(f"process {holder.pid} outlived SIGKILL")

    def operator(self, service: str) -> Any:
        """A client with every permission."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.outputs["region"],
                endpoint_url=self.endpoint,
                config=Config(max_pool_connections=16),
                **ROOT_CREDENTIALS,
            )
        return self._clients[service]

    def items(self, wanted: Any) -> list[dict[str, Any]]:
        """What of the table's items meets a condition."""
        table = boto3.resource(
            "dynamodb",
            region_name=self.outputs["region"],
            endpoint_url=self.endpoint,
            **ROOT_CREDENTIALS,
        ).Table(self.outputs["table_name"])
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = table.scan(ConsistentRead=True, FilterExpression=wanted, **start)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def delivered(self) -> set[str]:
        """The subs of whom the table says that the user service knows them."""
        marks = self.items(Attr("sk").eq(MARK) & Attr("status").eq("delivered"))
        return {item["pk"].partition("#")[2] for item in marks}

    def openings(self) -> list[str]:
        """When breakers of the user service opened."""
        kind = Attr("kind").eq("breaker_opened") & Attr("source").eq("user_service")
        return [item["at"] for item in self.items(Attr("pk").begins_with("SECURITY#") & kind)]

    def waiting(self, queue: str) -> int:
        """How many messages a queue has, hidden ones too."""
        return sum(self._counts(queue).values())

    def in_flight(self, queue: str) -> int:
        """How many of them somebody was given, or are hidden after that."""
        return self._counts(queue)[HIDDEN]

    def _counts(self, queue: str) -> dict[str, int]:
        found = self.operator("sqs").get_queue_attributes(
            QueueUrl=self.outputs["queues"][queue], AttributeNames=list(COUNTS)
        )["Attributes"]
        return {name: int(found[name]) for name in COUNTS}

    def hide_messages_for(self, queue: str, seconds: int) -> None:
        """Set for how long a queue hides what its worker has not come to an end with."""
        self.operator("sqs").set_queue_attributes(
            QueueUrl=self.outputs["queues"][queue],
            Attributes={"VisibilityTimeout": str(seconds)},
        )

    def take_letters(self) -> list[tuple[str, letters.Letter]]:
        """All dead letters with the queues they lie in; they are gone from there afterwards."""
        return [
            (queue, letters.read(body))
            for queue in self.outputs["queues"]
            if queue.endswith("-dlq")
            for body in self._taken(self.outputs["queues"][queue])
        ]

    def _taken(self, url: str) -> Iterator[str]:
        sqs = self.operator("sqs")
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                yield message["Body"]
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _vestibule(self, command: str, *options: str) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "vestibule_cli.main", command, *options),
                *("--state", str(self._state)),
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"vestibule {command}: {done.stderr}")
        return done.stdout


@contextmanager
def running() -> Iterator[Laptop]:
    """A stack made from a copy of the sources: who edits them meanwhile changes nothing here."""
    with tempfile.TemporaryDirectory(prefix="vestibule-faults-") as place:
        folder = Path(place) / "project"
        _copy_project(folder)
        laptop = Laptop(folder)
        try:
            laptop.up()
            yield laptop
        finally:
            laptop.down()


def workers(laptop: Laptop, function: str) -> list[int]:
    """The processes that a function runs in now, found by what was put into their environment."""
    mine = {
        f"AWS_LAMBDA_FUNCTION_NAME={laptop.function(function)}".encode(),
        f"AWS_ENDPOINT_URL={laptop.endpoint}".encode(),
    }
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = set((place / "environ").read_bytes().split(b"\0"))
        except OSError:
            continue  # another person's, or gone
        if mine <= told:
            found.append(int(place.name))
    return found


def kill_workers(laptop: Laptop, function: str) -> int:
    """SIGKILL every process of a function; tell how many there were."""
    pids = workers(laptop, function)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(pids)


def can_find_workers() -> bool:
    return Path("/proc/self/environ").exists()


def _copy_project(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in FOLDERS:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    (folder / "requirements").mkdir()
    for name in FILES:
        shutil.copy(CHECKOUT / name, folder / name)
