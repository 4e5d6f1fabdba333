"""The table is away while people confirm, on the real stack: is everybody there once, afterwards?

    make faults ARGS=table-away

The functions `triggers` and `maintenance` are told, by AWS_ENDPOINT_URL among their settings, to
reach AWS through a server on loopback. It passes everything on to the emulator, signatures and all,
but while the outage lasts nothing that is meant for DynamoDB: such a request is hung up on, reset,
answered 503, or met with silence, by turns. Everything else is the stack as `vestibule up` runs it:
people sign up and confirm by boto3 with the codes from their inbox, the retry queue and its poller
are the emulator's.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from boto3.dynamodb.conditions import Attr
from botocore import UNSIGNED
from botocore.config import Config

from fakes.fault_server import FaultServer, forward, hang_up, refusal, reset, silence
from faults.figures import Row
from faults.laptop import running
from faults.service import Service
from vestibule_cli.console import wait_until
from vestibule_cli.demo.calls import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.fault_server import Visit
    from faults.laptop import Laptop

FUNCTIONS = ("triggers", "maintenance")
PEOPLE_AT_ONCE = 8
PASSWORD = "A-long-enough-one-1"
ARRIVAL_SECONDS = 30.0
FAULTS = (hang_up, reset, hang_up, refusal("ServiceUnavailable", 503), hang_up, silence)
WHOLE = {"PROFILE": 1, "PREFERENCES": 1, "CONFIRMED": 1, "signup": 1, "claim": 1}


@dataclass
class Counts:
    """What the run has found. `wrong` names everybody of whom there is not exactly one of each."""

    people: int = 0
    failed: list[str] = field(default_factory=list)
    requests_lost: int = 0
    left_waiting: int = 0
    recovered_after: float | None = None
    found: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, dict[str, int]] = field(default_factory=dict)
    dead_letters: int = 0
    arrived: int = 0
    """Whom the user service knows."""


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

    def __init__(self, laptop: Laptop) -> None:
        self._laptop = laptop
        self._outputs = laptop.outputs
        self.port = int(laptop.endpoint.rpartition(":")[2])
        unsigned = Config(
            signature_version=UNSIGNED,
            max_pool_connections=PEOPLE_AT_ONCE,
            retries={"total_max_attempts": 1},
        )
        self._people = boto3.client(
            "cognito-idp",
            config=unsigned,
            region_name=self._outputs["region"],
            endpoint_url=laptop.endpoint,
        )

    def reach_aws_through(self, port: int) -> None:
        functions = self._laptop.operator("lambda")
        for name in map(self._laptop.function, FUNCTIONS):
            settings = functions.get_function_configuration(FunctionName=name)
            variables = settings["Environment"]["Variables"]
            variables["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": variables}
            )

    def dead_letters(self) -> int:
        return self._laptop.waiting("retry-dlq")

    def arrived(self) -> set[str]:
        """The subs that the user service knows."""
        return {one.sub for one in Service(self._outputs["user_service_url"]).known()}

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
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for item in self._laptop.items(Attr("pk").exists()):
            kind, _, key = item["pk"].partition("#")
            if item["sk"].startswith("DELIVERY#"):
                continue  # what became of telling others comes later
            if kind == "USER":
                found[key][item.get("type", item["sk"])] += 1
            elif item["sk"] == "CLAIM":
                found[item["userId"]]["claim"] += 1
        return dict(found)


def run(people: int, seconds: float, *, hidden: int | None = None, patience: float = 240) -> Counts:
    """Let so many people confirm in a little more than so many seconds of outage.

    `hidden` is for how long the queue hides a message whose handling failed, if not as shipped.
    """
    with running() as laptop:
        stack = Stack(laptop)
        table = Table(stack.port)
        with FaultServer(table.step) as server:
            stack.reach_aws_through(server.port)
            if hidden is not None:
                laptop.hide_messages_for("retry", hidden)
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
        wait_until(lambda: stack.arrived() >= subs, ARRIVAL_SECONDS)
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
        counts.arrived = len(subs & stack.arrived())
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
        self._table.is_away = True
        time.sleep(self._seconds)
        self._table.is_away = False
        self._returned = time.monotonic()

    def _confirm(self, at: float, email: str, code: str) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        try:
            self._stack.confirm(email, code)
        except Exception as error:  # noqa: BLE001 - any failure is the person's
            self._counts.failed.append(f"{type(error).__name__}: {error}")


def as_row(key: str, counts: Counts) -> Row:
    """How it looks beside the other faults. How long confirming took says nothing here: the
    triggers themselves wait for the table."""
    return Row(
        key,
        "the table is away",
        hits=counts.left_waiting and counts.requests_lost,
        confirmed=counts.people - len(counts.failed),
        failed=len(counts.failed),
        in_service=counts.arrived,
        missing=counts.people - counts.arrived,
        duplicates=len(counts.wrong),
        letters=Counter({"retry: any": counts.dead_letters}) if counts.dead_letters else Counter(),
        last=counts.recovered_after,
        troubles=[*counts.failed, *(f"{sub}: {items}" for sub, items in counts.wrong.items())],
    )
