"""What goes wrong, on a stack that runs: each begins, lasts while people sign up, and ends."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faults.laptop import kill_workers
from faults.service import Service
from vestibule.delivery.breaker import OPEN_SECONDS
from vestibule_cli.console import wait_until

if TYPE_CHECKING:
    from faults.laptop import Laptop

SEED = 20
SHARE = 0.3
"""Of the requests that go wrong where not all do."""
BEYOND_DEADLINE = 6.0
"""Seconds; an attempt has five."""
PROBING_SECONDS = 6.0
"""After each half minute: by then whoever waited for it has been tried or put off again."""
PATIENCE = 20.0
POISON = "poison"
REFUSAL = "nobody-tells-the-bus"
DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}],
}


class Stage:
    """A stack, and what a fault has to know of its run."""

    def __init__(
        self,
        laptop: Laptop,
        seconds: float,
        warm: Callable[[], None],
        all_there: Callable[[], bool],
    ) -> None:
        self.laptop = laptop
        self.seconds = seconds
        self.warm = warm
        """Let a few people come who are not timed: they pay for what has just been started."""
        self.all_there = all_there
        """Whether everybody who came has arrived in the service, and no message is left."""
        self.killed = 0
        self.pending = 0
        self.began = time.time()

    @property
    def service(self) -> Service:
        """Asked for each time: a stack that is started again starts another."""
        return Service(self.laptop.outputs["user_service_url"])

    def said(self, function: str, words: str) -> int:
        """How many lines of a function's log since the beginning have these words."""
        pages = self.laptop.operator("logs").get_paginator("filter_log_events")
        events = pages.paginate(
            logGroupName=f"/aws/lambda/{self.laptop.function(function)}",
            startTime=int(self.began * 1000),
        )
        return sum(words in event["message"] for page in events for event in page["events"])


Strike = Callable[[Stage], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """`hits` tells how often it struck: a run in which it never did has shown nothing."""

    key: str
    says: str
    strike: Strike
    hits: Callable[[Stage], int]
    seconds: float = 75.0
    """For how long people sign up meanwhile. Two stacks on two cores can take some ten a second:
    with more at once each would wait for the machine, and not for what went wrong."""
    brief: float = 4.0
    """The same, with few people."""
    middle: Callable[[Stage], None] = lambda _stage: None
    poison: bool = False
    """Whether somebody is among them whom the service refuses."""
    drains: bool = False
    """Whether all who came wait for its end, so that one sees how fast they are delivered."""
    opens: bool = False
    """Whether no request succeeds meanwhile, so that one sees how many are made in vain."""


def switched(**switches: Any) -> Strike:
    """The service's own switches."""

    @contextmanager
    def strike(stage: Stage) -> Iterator[None]:
        stage.service.turn(seed=SEED, **switches)
        yield
        stage.service.mend()

    return strike


@contextmanager
def down_between_probes(stage: Stage) -> Iterator[None]:
    """Away, and not back at the very moment when the breakers try again.

    Then some would find it back and the others half a minute later, and what is to tell how fast
    the backlog is handed over would tell how long the others waited.
    """
    with switched(down=True)(stage):
        yield
        time.sleep(max(0.0, PROBING_SECONDS - time.time() % OPEN_SECONDS))


def counted(name: str) -> Callable[[Stage], int]:
    """What the service itself has counted."""
    return lambda stage: stage.service.counts().get(name, 0)


@contextmanager
def again_and_again(act: Callable[[], None], seconds: float) -> Iterator[None]:
    """Do something four times, evenly over so many seconds; at once if those are over."""
    ended = threading.Event()

    def repeat() -> None:
        for _ in range(4):
            ended.wait(seconds / 5)
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def killed_at_work(stage: Stage) -> Iterator[None]:
    """SIGKILL, four times, for each process of user_service, while messages are in its hands."""

    def kill() -> None:
        if wait_until(lambda: stage.laptop.in_flight("user-service") > 0, PATIENCE):
            stage.killed += kill_workers(stage.laptop, "user_service")

    # A slow service, so that a batch takes a while.
    with switched(latency=0.2)(stage), again_and_again(kill, stage.seconds):
        yield


@contextmanager
def relay_killed(stage: Stage) -> Iterator[None]:
    def kill() -> None:
        stage.killed += kill_workers(stage.laptop, "relay")

    with again_and_again(kill, stage.seconds):
        yield


@contextmanager
def refused_by_bus(stage: Stage) -> Iterator[None]:
    """The relay's role may not put events on the bus: each call ends with AccessDenied."""
    iam = stage.laptop.operator("iam")
    role = (
        stage.laptop.operator("lambda")
        .get_function_configuration(FunctionName=stage.laptop.function("relay"))["Role"]
        .rpartition("/")[2]
    )
    iam.put_role_policy(RoleName=role, PolicyName=REFUSAL, PolicyDocument=json.dumps(DENIED))
    yield
    iam.delete_role_policy(RoleName=role, PolicyName=REFUSAL)


@contextmanager
def told_three_times(stage: Stage) -> Iterator[None]:
    """Every rule of the bus has two more targets, which are the same queue again."""
    events, bus = stage.laptop.operator("events"), stage.laptop.outputs["bus_name"]
    rules = [one["Name"] for one in events.list_rules(EventBusName=bus)["Rules"]]
    added = ["again", "and-again"]
    for rule in rules:
        (target,) = events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        copies = [{**target, "Id": name} for name in added]
        events.put_targets(Rule=rule, EventBusName=bus, Targets=copies)
    yield
    for rule in rules:
        events.remove_targets(Rule=rule, EventBusName=bus, Ids=added)


@contextmanager
def nothing(_stage: Stage) -> Iterator[None]:
    yield


def rotate_key(stage: Stage) -> None:
    """Twice: the second time no worker has come after the first."""
    wait_until(stage.all_there, PATIENCE)
    key = _new_key(stage)
    kill_workers(stage.laptop, "user_service")
    # New ones know the new key alone, and the service the old one.
    stage.warm()
    wait_until(stage.all_there, PATIENCE)
    stage.service.turn(api_key=key)
    stage.service.turn(api_key=_new_key(stage))


def _new_key(stage: Stage) -> str:
    key = secrets.token_urlsafe(24)
    stage.laptop.operator("secretsmanager").put_secret_value(
        SecretId=stage.laptop.outputs["secrets"]["user-service"],
        SecretString=json.dumps({"apiKey": key}),
    )
    return key


@contextmanager
def cut_in_two(stage: Stage) -> Iterator[None]:
    """A service that takes nobody, so that there are people on their way when the stack ends."""
    stage.service.turn(throttled=1.0, retry_after="15")
    yield
    stage.service.mend()


def stop_and_start(stage: Stage) -> None:
    stage.pending = stage.laptop.waiting("user-service")
    stage.laptop.down()
    stage.laptop.up()
    stage.warm()


def kill_and_start(stage: Stage) -> None:
    """What was answered in the last five seconds is not promised to be there."""
    time.sleep(5.0)
    stage.pending = stage.laptop.waiting("user-service")
    stage.laptop.kill()
    stage.laptop.up()
    stage.warm()


def _killed(stage: Stage) -> int:
    return stage.killed


def _pending(stage: Stage) -> int:
    return stage.pending


FAULTS = {
    fault.key: fault
    for fault in (
        Fault(
            "down",
            "the service is down",
            down_between_probes,
            counted("down"),
            seconds=60.0,
            brief=8.0,
            drains=True,
            opens=True,
        ),
        Fault("errors", "30 % are answered 500", switched(errors=SHARE), counted("status_500")),
        Fault("resets", "30 % are reset", switched(resets=SHARE), counted("resets")),
        Fault(
            "lost-answers",
            "30 % of the answers get lost",
            switched(lost_answers=SHARE),
            counted("lost_answers"),
        ),
        Fault(
            "latency",
            "slower than the deadline",
            switched(latency=BEYOND_DEADLINE),
            lambda stage: stage.said("user_service", "timed_out"),
            brief=6.0,
        ),
        Fault("consumer-killed", "user_service killed", killed_at_work, _killed),
        Fault("relay-killed", "relay killed", relay_killed, _killed),
        Fault(
            "bus-refuses",
            "the bus refuses",
            refused_by_bus,
            lambda stage: stage.said("relay", "NotRelayed"),
            seconds=30.0,
            brief=5.0,
            drains=True,
        ),
        Fault(
            "three-times",
            "each event three times",
            told_three_times,
            lambda stage: stage.said("user_service", "DeliveryRepeated"),
        ),
        Fault(
            "key-rotated", "the API key changes", nothing, counted("status_401"), middle=rotate_key
        ),
        Fault(
            "poison",
            "the service refuses one",
            switched(poison=POISON),
            counted("status_422"),
            poison=True,
        ),
        Fault("stopped", "the stack stops and starts", cut_in_two, _pending, middle=stop_and_start),
        Fault("cut-off", "the stack dies, and starts", cut_in_two, _pending, middle=kill_and_start),
    )
}
