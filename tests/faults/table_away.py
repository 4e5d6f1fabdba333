"""The table is away while people confirm, on the real stack: is everybody there once, afterwards?

    make faults ARGS="--people 200 --seconds 30"

The functions `triggers` and `maintenance` are told, by AWS_ENDPOINT_URL among their settings, to
reach AWS through a server on loopback. It passes everything on to the emulator, signatures and all,
but while the outage lasts nothing that is meant for DynamoDB: such a request is hung up on, reset,
answered 503, or met with silence, by turns. Everything else is the stack as `vestibule up` runs it:
people sign up and confirm by boto3 with the codes from their inbox, the retry queue and its poller
are the emulator's.
"""
# ruff: noqa: T201 - run by hand, its figures are printed

from __future__ import annotations

import argparse
import itertools
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.conditions import Attr
from botocore import UNSIGNED
from botocore.config import Config

from fakes.fault_server import FaultServer, forward, hang_up, refusal, reset, silence
from vestibule_cli.demo.calls import call
from vestibule_cli.local.emulator import ROOT_CREDENTIALS
from vestibule_cli.project import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fakes.fault_server import Visit

FUNCTIONS = ("triggers", "maintenance")
PEOPLE_AT_ONCE = 8
PASSWORD = "A-long-enough-one-1"
FAULTS = (hang_up, reset, hang_up, refusal("ServiceUnavailable", 503), hang_up, silence)
WHOLE = {"PROFILE": 1, "PREFERENCES": 1, "signup": 1, "claim": 1}


@dataclass
class Counts:
    """What the run prints. `wrong` names everybody of whom there is not exactly one of each."""

    people: int = 0
    away: float = 0.0
    while_away: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    requests_lost: int = 0
    left_waiting: int = 0
    recovered_after: float | None = None
    found: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, dict[str, int]] = field(default_factory=dict)
    dead_letters: int = 0

    def rows(self) -> list[tuple[str, object]]:
        return [
            ("people confirmed", self.people - len(self.failed)),
            ("confirmations failed", len(self.failed)),
            ("seconds the table was away", f"{self.away:.1f}"),
            ("confirmed meanwhile", self.while_away),
            ("slowest confirmation, seconds", f"{self.slowest:.2f}"),
            ("requests to the table that were lost", self.requests_lost),
            ("people unknown after the last confirmation", self.left_waiting),
            ("seconds from its return until all were known", _or_never(self.recovered_after)),
            *((f"{what} found", self.found[what]) for what in WHOLE),
            ("people not there exactly once", len(self.wrong)),
            ("messages in the dead-letter queue", self.dead_letters),
        ]


def _or_never(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"


class Table:
    """What stands between the functions and AWS."""

    def __init__(self, emulator_port: int) -> None:
        self.is_away = False
        self.lost = 0
        self._forward = forward(emulator_port)
        self._faults = itertools.cycle(FAULTS)
        self._lock = threading.Lock()

    def step(self, visit: Visit) -> bool:
        target = visit.request.headers.get("x-amz-target", "")
        if not (self.is_away and target.startswith("dynamodb")):
            return self._forward(visit)
        with self._lock:
            self.lost += 1
            fault = next(self._faults)
        return fault(visit)


class Stack:
    """A running stack, as people and its operator see it."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs
        self.port = int(outputs["aws_endpoint_url"].rpartition(":")[2])
        self._place = {
            "region_name": outputs["region"],
            "endpoint_url": outputs["aws_endpoint_url"],
        }
        unsigned = Config(
            signature_version=UNSIGNED,
            max_pool_connections=PEOPLE_AT_ONCE,
            retries={"total_max_attempts": 1},
        )
        self._people = boto3.client("cognito-idp", config=unsigned, **self._place)
        self._functions = self._operator("lambda")
        self._queues = self._operator("sqs")

    def _operator(self, service: str) -> Any:
        return boto3.client(service, **self._place, **ROOT_CREDENTIALS)

    def reach_aws_through(self, port: int) -> None:
        for name in (self._outputs["functions"][key] for key in FUNCTIONS):
            settings = self._functions.get_function_configuration(FunctionName=name)
            variables = settings["Environment"]["Variables"]
            variables["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
            self._functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": variables}
            )

    def hide_messages_for(self, seconds: int) -> None:
        self._queues.set_queue_attributes(
            QueueUrl=self._outputs["queues"]["retry"],
            Attributes={"VisibilityTimeout": str(seconds)},
        )

    def dead_letters(self) -> int:
        name = "ApproximateNumberOfMessages"
        found = self._queues.get_queue_attributes(
            QueueUrl=self._outputs["queues"]["retry-dlq"], AttributeNames=[name]
        )
        return int(found["Attributes"][name])

    def sign_up(self, email: str) -> tuple[str, str]:
        """Give the new person's sub and the code that was mailed to them."""
        attributes = {"email": email, "name": "Ann Example", "locale": "en"}
        made = self._people.sign_up(
            ClientId=self._outputs["user_pool_client_id"],
            Username=email,
            Password=PASSWORD,
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
        )
        mails = call("GET", f"{self._outputs['inbox_url']}.json").body["mails"]
        return made["UserSub"], next(mail["code"] for mail in mails if email in mail["to"])

    def confirm(self, email: str, code: str) -> None:
        self._people.confirm_sign_up(
            ClientId=self._outputs["user_pool_client_id"], Username=email, ConfirmationCode=code
        )

    def people(self) -> dict[str, Counter[str]]:
        """How many of each item there are, by sub."""
        table = boto3.resource("dynamodb", **self._place, **ROOT_CREDENTIALS).Table(
            self._outputs["table_name"]
        )
        items, start = [], {}
        while True:
            page = table.scan(ConsistentRead=True, FilterExpression=Attr("pk").exists(), **start)
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for item in items:
            kind, _, key = item["pk"].partition("#")
            if kind == "USER":
                found[key][item.get("type", item["sk"])] += 1
            elif item["sk"] == "CLAIM":
                found[item["userId"]]["claim"] += 1
        return dict(found)


@contextmanager
def running() -> Iterator[Stack]:
    """A stack made from a copy of the sources: who edits them meanwhile changes nothing here."""
    with tempfile.TemporaryDirectory(prefix="vestibule-faults-") as place:
        folder = Path(place) / "project"
        _copy_project(folder)
        try:
            yield Stack(json.loads(_vestibule(folder, "up", "--detach", "--json")))
        finally:
            _vestibule(folder, "down")


def _copy_project(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("src/vestibule", "site", "infra/policies"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    (folder / "requirements").mkdir()
    for name in ("stack.yaml", "policy.yaml", "openapi.json", "requirements/runtime.lock"):
        shutil.copy(CHECKOUT / name, folder / name)


def _vestibule(folder: Path, command: str, *options: str) -> str:
    state = str(folder / ".vestibule")
    done = subprocess.run(
        [sys.executable, "-m", "vestibule_cli.main", command, *options, "--state", state],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"vestibule {command}: {done.stderr}")
    return done.stdout


def run(people: int, seconds: float, *, hidden: int | None = None, patience: float = 240) -> Counts:
    """Let so many people confirm in a little more than so many seconds of outage.

    `hidden` is for how long the queue hides a message whose handling failed, if not as shipped.
    """
    with running() as stack:
        table = Table(stack.port)
        with FaultServer(table.step) as server:
            stack.reach_aws_through(server.port)
            if hidden is not None:
                stack.hide_messages_for(hidden)
            return _Rehearsal(stack, table, seconds).counts(people, patience)


class _Rehearsal:
    def __init__(self, stack: Stack, table: Table, seconds: float) -> None:
        self._stack = stack
        self._table = table
        self._seconds = seconds
        self._counts = Counts()
        self._returned = 0.0

    def counts(self, people: int, patience: float) -> Counts:
        counts, stack = self._counts, self._stack
        emails = [f"{secrets.token_hex(8)}@example.com" for _ in range(people)]
        with ThreadPoolExecutor(PEOPLE_AT_ONCE) as pool:
            told = dict(zip(emails, pool.map(stack.sign_up, emails), strict=True))
        subs = {sub for sub, _ in told.values()}
        counts.people = people
        self._confirm_while_away({email: code for email, (_, code) in told.items()})
        counts.left_waiting = len(subs - stack.people().keys())
        given_up = time.monotonic() + patience
        while (found := stack.people()).keys() < subs and time.monotonic() < given_up:
            time.sleep(0.5)
        if found.keys() >= subs:
            counts.recovered_after = time.monotonic() - self._returned
        time.sleep(min(2.0, self._seconds))  # whatever comes twice comes now
        found = stack.people()
        counts.wrong = {
            sub: dict(found.get(sub, {}))
            for sub in subs | found.keys()
            if sub not in subs or found.get(sub) != WHOLE
        }
        counts.found = sum(found.values(), Counter())
        counts.requests_lost = self._table.lost
        counts.dead_letters = stack.dead_letters()
        return counts

    def _confirm_while_away(self, codes: Mapping[str, str]) -> None:
        """One in ten before, one in ten after; the others are spread over the outage."""
        pause = self._seconds / (len(codes) * 0.8)
        began = time.monotonic()
        leaves = began + pause * len(codes) * 0.1
        coming = list(enumerate(codes.items()))
        with ThreadPoolExecutor(PEOPLE_AT_ONCE + 1) as pool:
            outage = pool.submit(self._go_away, leaves)
            for number, (email, code) in coming:
                pool.submit(self._confirm, began + number * pause, email, code)
            outage.result()

    def _go_away(self, leaves: float) -> None:
        time.sleep(max(0.0, leaves - time.monotonic()))
        left = time.monotonic()
        self._table.is_away = True
        time.sleep(self._seconds)
        self._table.is_away = False
        self._returned = time.monotonic()
        self._counts.away = self._returned - left

    def _confirm(self, at: float, email: str, code: str) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        was_away, began = self._table.is_away, time.monotonic()
        try:
            self._stack.confirm(email, code)
        except Exception as error:  # noqa: BLE001 - any failure is the person's
            self._counts.failed.append(f"{type(error).__name__}: {error}")
        self._counts.slowest = max(self._counts.slowest, time.monotonic() - began)
        self._counts.while_away += was_away


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0, help="that the table is away")
    arguments = parser.parse_args()
    counts = run(arguments.people, arguments.seconds)
    for says, figure in counts.rows():
        print(f"{says:46} {figure:>6}")
    for words in counts.failed:
        print(words, file=sys.stderr)
    for sub, items in counts.wrong.items():
        print(f"{sub}: {items}", file=sys.stderr)
    is_good = not (counts.failed or counts.wrong or counts.dead_letters)
    return 0 if is_good and counts.left_waiting else 1


if __name__ == "__main__":
    sys.exit(main())
