"""The sample user service in a process of its own, told by the code that the function runs."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import LATER, new_sub
from fakes.queues import SENT_AT, FakeQueue, Vault, failures, record
from fakes.table import FakeTable
from vestibule.delivery import events
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.consumer import Consumer
from vestibule.delivery.marks import Marks
from vestibule.delivery.outbound import Peer, location
from vestibule.delivery.secrets import SecretValue
from vestibule.delivery.service import Service
from vestibule.delivery.user_service import KIND, UserService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vestibule.delivery.events import Event

PROGRAM = Path(__file__).parents[2] / "examples" / "user_service" / "service.py"
USERS = "/api/v1/users"
PEOPLE = 25
NOW = datetime.fromtimestamp(SENT_AT / 1000 + 60, UTC)


class Sample:
    """The service, and the consumer that tells it."""

    def __init__(self, url: str) -> None:
        self.at = location(url)
        self.peer = Peer(self.at, attempt_seconds=1.0)
        self.queue, self.dead = FakeQueue(), FakeQueue("dead")
        self.vault = Vault("k1")
        self.forget()

    def forget(self) -> None:
        """Be a new worker that finds an empty table."""
        service = Service(
            self.peer,
            # Faults by dice are not meant to open it here.
            Breaker(KIND, failures=1000),
            SecretValue(self.vault, "arn:key", "USER_SERVICE_SECRET"),
        )
        self.users = UserService(service, Marks(FakeTable(), KIND))
        self.consumer = Consumer(
            self.users.handle, self.queue, self.dead, receives=100, needs=0.0, now=lambda: NOW
        )

    def call(self, method: str, path: str, content: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.at.endpoint.authority, timeout=10)
        body = None if content is None else json.dumps(content)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def turn(self, **switches: Any) -> None:
        status, told = self.call("PUT", "/control", switches)
        assert status == 200, told

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.call("GET", "/control")[1]["counts"]
        return counts

    def subs(self) -> list[str]:
        return [user["cognitoSub"] for user in self.call("GET", f"{USERS}?limit=1000")[1]["users"]]

    def deliver(self, *people: Event) -> int:
        """Deliver as the queue would, without its pauses; tell in how many rounds."""
        waiting = {event.id: event for event in people}
        for rounds in range(1, 100):
            batch = [record(event, name=name, receives=rounds) for name, event in waiting.items()]
            left = failures(self.consumer.take({"Records": batch}))
            waiting = {name: waiting[name] for name in left}
            if not waiting:
                return rounds
        raise AssertionError(f"{len(waiting)} never arrived")


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[Sample]:
    process = subprocess.Popen(
        [sys.executable, PROGRAM, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "USER_SERVICE_API_KEY": "k1",
            **environment,
        },
    )
    with process:
        assert process.stdout is not None
        sample = Sample(process.stdout.readline().strip())
        try:
            yield sample
        finally:
            sample.peer.close()
            process.terminate()


@pytest.fixture(scope="module")
def service() -> Iterator[Sample]:
    with running() as one:
        yield one


@pytest.fixture
def sample(service: Sample) -> Sample:
    service.call("DELETE", "/control")
    service.turn(api_key="k1")
    service.vault.texts = ["k1"]
    service.dead.sent.clear()
    service.forget()
    return service


def people(number: int = PEOPLE, **data: str) -> list[Event]:
    facts = {"email": "ann@example.test", "name": "Ann", **data}
    return [events.make(events.USER_CONFIRMED, new_sub(), LATER, facts) for _ in range(number)]


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"errors": 0.3},
        {"errors": 0.3, "error_status": 503, "retry_after": "1"},
        {"throttled": 0.3, "retry_after": "Tue, 14 Nov 2023 22:13:20 GMT"},
        {"resets": 0.3},
        {"lost_answers": 0.3},
        {"duplicates": 0.5},
        {"errors": 0.2, "resets": 0.2, "lost_answers": 0.2, "duplicates": 0.3},
        {"slow_body": 0.01},
    ],
    ids=str,
)
def test_everybody_arrives_once_whatever_the_dice_say(
    sample: Sample, switches: dict[str, Any]
) -> None:
    sample.turn(seed=11, **switches)
    told = people()

    rounds = sample.deliver(*told)

    arrived = sample.subs()
    assert sorted(arrived[:PEOPLE]) == sorted(event.subject for event in told)
    assert len(set(arrived)) == len(arrived)
    assert sample.dead.sent == []
    trouble = {"errors", "throttled", "resets", "lost_answers"} & switches.keys()
    assert (rounds > 1) == bool(trouble)


def test_a_worker_that_died_after_the_write_doubles_nobody(sample: Sample) -> None:
    told = people(5)
    sample.deliver(*told)
    stored = sample.counts["stored"]

    sample.forget()
    sample.deliver(*told)

    assert sample.counts["stored"] == stored
    assert len(sample.subs()) == len(set(sample.subs()))


@pytest.mark.parametrize(
    ("switches", "reason"),
    [
        ({"html": True}, "answer_web_page"),
        ({"redirect": "http://127.0.0.1:9/"}, "redirected"),
        ({"endless_body": True}, "answer_too_large"),
        ({"poison": "ann@"}, "refused"),
        ({"api_key": "another"}, "refused"),
    ],
    ids=str,
)
def test_what_stays_wrong_is_one_dead_letter_each(
    sample: Sample, switches: dict[str, Any], reason: str
) -> None:
    sample.turn(**switches)

    assert sample.deliver(*people(3)) == 1

    assert [letter["reason"] for letter in sample.dead.bodies] == [reason] * 3


def test_one_poisoned_person_holds_up_nobody(sample: Sample) -> None:
    sample.turn(poison="poison")
    (poisoned,) = people(1, email="poison@example.test")
    good = people(5)

    sample.deliver(*good[:2], poisoned, *good[2:])

    assert {event.subject for event in good} <= set(sample.subs())
    assert [letter["event"]["subject"] for letter in sample.dead.bodies] == [poisoned.subject]


@pytest.mark.parametrize(
    "switches", [{"latency": 20.0}, {"slow_body": 20.0}, {"down": True}], ids=str
)
def test_a_service_that_does_not_answer_in_time_is_asked_again(
    sample: Sample, switches: dict[str, Any]
) -> None:
    (told,) = people(1)
    sample.turn(**switches)
    began = time.monotonic()
    assert failures(sample.consumer.take({"Records": [record(told)]})) == ["m1"]
    assert time.monotonic() - began < 15, "it was waited for"

    sample.call("DELETE", "/control")
    sample.deliver(told)

    assert sample.subs().count(told.subject) == 1


def test_a_rotated_key_is_taken_over(sample: Sample) -> None:
    first, second = people(2)
    sample.deliver(first)

    sample.turn(api_key="k2")
    sample.vault.texts = ["k2"]

    assert sample.deliver(second) == 1
    assert sample.dead.sent == []


def test_turning_all_off_leaves_the_key_that_was_rotated(sample: Sample) -> None:
    (told,) = people(1)
    sample.turn(api_key="k2", errors=1.0)
    sample.vault.texts = ["k2"]

    assert sample.call("DELETE", "/control")[0] == 200

    assert sample.deliver(told) == 1
    assert told.subject in sample.subs()


def test_somebody_erased_is_forgotten_with_what_was_answered(sample: Sample) -> None:
    (told,) = people(1)
    sample.deliver(told)

    assert sample.users.erase(told.subject).is_done
    assert sample.users.erase(told.subject).is_done

    assert told.subject not in sample.subs()


def test_it_answers_this_machine_and_no_web_page(sample: Sample) -> None:
    assert sample.call("GET", "/control", Origin="http://evil.example")[0] == 403
    assert sample.call("GET", USERS, Host="evil.example")[0] == 403
    assert sample.call("POST", USERS, {"cognitoSub": "x"})[0] == 401
    assert sample.call("DELETE", f"{USERS}/x")[0] == 401


@pytest.mark.parametrize(
    "content", [{"colour": 1}, {"errors": 2}, {"errors": True}, {"down": 1}, {"html": "x"}, 5, None]
)
def test_a_switch_that_is_none_is_refused(sample: Sample, content: Any) -> None:
    assert sample.call("PUT", "/control", content)[0] == 400


@pytest.mark.parametrize("content", [[], {}, {"cognitoSub": "x"}, {"cognitoSub": 1, "email": ""}])
def test_a_person_that_is_none_is_refused(sample: Sample, content: Any) -> None:
    assert sample.call("POST", USERS, content, **{"X-API-Key": "k1"})[0] == 400


def test_a_key_that_comes_with_another_body_is_refused(sample: Sample) -> None:
    headers = {"X-API-Key": "k1", "Idempotency-Key": new_sub()}
    person = {"cognitoSub": new_sub(), "email": "a@b.test", "fullName": "A"}

    assert sample.call("POST", USERS, person, **headers)[0] == 201
    assert sample.call("POST", USERS, {**person, "fullName": "B"}, **headers)[0] == 422


def test_it_ends_with_who_started_it_and_keeps_its_people(tmp_path: Path) -> None:
    database = tmp_path / "users.db"
    with running("--database", database, "--until-input-ends") as one:
        one.deliver(*people(3))
        kept = one.subs()
    process = subprocess.Popen(
        [sys.executable, PROGRAM, "--database", database, "--until-input-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline()
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0

    connection = sqlite3.connect(database)
    found = connection.execute("SELECT cognito_sub FROM users").fetchall()
    connection.close()
    assert sorted(sub for (sub,) in found) == sorted(kept)
