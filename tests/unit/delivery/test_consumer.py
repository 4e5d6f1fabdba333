from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import new_sub
from fakes.queues import SENT_AT, FakeQueue, failures, record
from vestibule.delivery import events, letters
from vestibule.delivery.consumer import OLDEST, Consumer
from vestibule.delivery.events import UnknownEvent
from vestibule.delivery.outcomes import DONE, Outcome, deferred, later, never
from vestibule.platform.budget import Budget

if TYPE_CHECKING:
    from vestibule.delivery.events import Event
    from vestibule.delivery.queue import Message

TIME = "2026-09-21T00:00:00.000000Z"
NOW = datetime.fromtimestamp(SENT_AT / 1000 + 60, UTC)


def event(name: str = "Jo") -> Event:
    return events.make(events.USER_CONFIRMED, new_sub(), TIME, {"name": name})


class Handler:
    """Gives one outcome after the other; the last one stays."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)
        self.handled: list[Event] = []

    def __call__(self, event: Event, _message: Message) -> Outcome:
        self.handled.append(event)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Bench:
    def __init__(self, *outcomes: Outcome | Exception, **settings: Any) -> None:
        self.handler = Handler(*outcomes)
        self.queue = FakeQueue()
        self.dead = FakeQueue("user-service-dlq")
        self.buried: list[tuple[Any, str]] = []
        self.consumer = Consumer(
            self.handler,
            self.queue,
            self.dead,
            **{
                "receives": 100,
                "now": lambda: NOW,
                "buried": lambda event, outcome: self.buried.append((event, outcome.reason)),
                **settings,
            },
        )

    def take(self, *records: dict[str, Any], context: object = None) -> list[str]:
        return failures(self.consumer.take({"Records": list(records)}, context))


def test_what_is_done_leaves_the_queue() -> None:
    bench = Bench(DONE)
    first, second = event(), event()

    assert bench.take(record(first, name="a"), record(second, name="b")) == []

    assert bench.handler.handled == [first, second]
    assert bench.queue.hidden == {}
    assert bench.dead.sent == []


def test_what_is_to_come_later_is_hidden_and_stays() -> None:
    bench = Bench(later("unavailable"), DONE, later("throttled", seconds=100))

    left = bench.take(*(record(event(), name=name) for name in "abc"))

    assert left == ["a", "c"]
    assert 1 <= bench.queue.hidden["a-receipt"] <= 2
    assert 100 <= bench.queue.hidden["c-receipt"] <= 104
    assert bench.dead.sent == []


def test_the_pause_grows_with_the_tries_and_not_with_the_receives() -> None:
    bench = Bench(later("unavailable", attempts=1))

    bench.take(*(record(event(), name=str(n), receives=50) for n in range(50)))

    assert max(bench.queue.hidden.values()) <= 2


def test_a_peer_that_always_says_soon_is_not_asked_without_end() -> None:
    bench = Bench(later("unavailable", seconds=1, attempts=30))

    bench.take(*(record(event(), name=str(n)) for n in range(100)))

    assert max(bench.queue.hidden.values()) > 60


def test_who_was_not_tried_comes_back_when_the_breaker_may_close() -> None:
    bench = Bench(deferred("breaker_open", 20))

    assert bench.take(record(event(), receives=9)) == ["m1"]
    assert 20 <= bench.queue.hidden["m1-receipt"] <= 24


def test_what_never_succeeds_becomes_a_dead_letter_with_its_history() -> None:
    bench = Bench(never("refused", "status 422", attempts=3))
    poison = event()

    assert bench.take(record(poison, receives=7)) == []

    assert bench.dead.bodies == [
        {
            "event": json.loads(events.write(poison)),
            "reason": "refused",
            "detail": "status 422",
            "queue": "user-service",
            "attempts": 3,
            "firstAt": "2026-09-21T14:13:21.000000Z",
            "lastAt": "2026-09-21T14:14:20.000000Z",
        }
    ]
    assert bench.buried == [(poison, "refused")]


def test_a_dead_letter_that_cannot_be_sent_keeps_the_message() -> None:
    bench = Bench(never("refused"))
    bench.dead.is_away = True

    assert bench.take(record(event())) == ["m1"]

    assert bench.queue.hidden.keys() == {"m1-receipt"}
    assert bench.buried == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("not JSON", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"id": "x"}', "has no 'type'"),
        (json.dumps({**events.to_message(event()), "schemaVersion": 2}), "version 2"),
        (json.dumps({**events.to_message(event()), "type": "user.cloned"}), "user.cloned"),
    ],
)
def test_what_is_no_event_this_code_knows_becomes_a_dead_letter_at_once(
    body: str, detail: str
) -> None:
    bench = Bench(DONE)

    assert bench.take(record(body)) == []

    (letter,) = bench.dead.bodies
    assert letter["reason"] == "unknown_event"
    assert detail in letter["detail"]
    assert bench.handler.handled == []
    assert bench.buried == []


def test_a_handler_that_breaks_keeps_its_message_and_no_other() -> None:
    bench = Bench(RuntimeError("broken"), DONE)

    assert bench.take(record(event(), name="a"), record(event(), name="b")) == ["a"]
    assert bench.queue.hidden.keys() == {"a-receipt"}


@pytest.mark.parametrize(
    "last", [later("unavailable", "status 503"), deferred("open", 3), OSError()]
)
def test_the_last_time_the_queue_gives_it_it_becomes_a_dead_letter(
    last: Outcome | Exception,
) -> None:
    """After that the redrive policy would move it, without a reason."""
    bench = Bench(last)

    assert bench.take(record(event(), receives=99)) == ["m1"]
    assert bench.take(record(event(), receives=100)) == []

    (letter,) = bench.dead.bodies
    assert letter["reason"] == "gave_up"


def test_a_message_that_the_queue_may_drop_becomes_a_dead_letter() -> None:
    bench = Bench(later("unavailable", "status 503"))
    old = str(int((NOW.timestamp() - OLDEST - 1) * 1000))

    assert bench.take(record(event(), SentTimestamp=old)) == []

    (letter,) = bench.dead.bodies
    assert letter["detail"] == "unavailable: status 503"


def test_a_letter_sent_back_as_it_is_is_opened_again() -> None:
    bench = Bench(never("refused"))
    first = event()
    bench.take(record(first))
    bench.handler.outcomes = [DONE]

    assert bench.take(record(bench.dead.sent[0])) == []

    assert bench.handler.handled == [first, first]


def test_messages_the_time_does_not_suffice_for_are_given_back_untouched() -> None:
    class Context:
        aws_request_id = "r"

        def get_remaining_time_in_millis(self) -> int:
            return 20_000

    moments = iter([0.0, 0.0, 0.0, 6.0, 6.0])
    bench = Bench(DONE, budget=Budget(lambda: next(moments, 6.0)))

    left = bench.take(*(record(event(), name=name) for name in "abc"), context=Context())

    assert left == ["b", "c"]
    assert len(bench.handler.handled) == 1
    assert all(1 <= seconds <= 6 for seconds in bench.queue.hidden.values())


def test_the_queue_is_called_once_for_all_that_comes_back() -> None:
    bench = Bench(later("unavailable"))

    bench.take(*(record(event(), name=name) for name in "abc"))

    assert bench.queue.hides == 1
    assert len(bench.queue.hidden) == 3


def test_the_queue_is_not_called_when_nothing_comes_back() -> None:
    bench = Bench(DONE)

    bench.take(record(event()))

    assert bench.queue.hides == 0


def test_a_queue_that_does_not_answer_hides_by_its_own_time() -> None:
    bench = Bench(later("unavailable"))
    bench.queue.is_away = True

    assert bench.take(record(event())) == ["m1"]


def test_other_messages_than_events_may_be_read() -> None:
    def read(content: Any) -> str:
        if "kind" not in content:
            raise UnknownEvent("no kind")
        return str(content["kind"])

    bench = Bench(DONE, read=read)

    bench.take(record({"kind": "arrival"}), record({"other": 1}))

    assert bench.handler.handled == ["arrival"]
    assert [letter["reason"] for letter in bench.dead.bodies] == ["unknown_event"]


def test_an_invocation_without_records_does_nothing() -> None:
    assert Bench(DONE).take() == []


def test_a_letter_reads_as_it_was_written() -> None:
    letter = letters.Letter({"id": "1"}, "refused", "status 422", "q", 3, TIME, TIME)

    assert letters.read(letters.write(letter)) == letter
    assert letters.read('{"id": "1"}') == letters.Letter({"id": "1"}, "not processed")
    assert letters.read("what?") == letters.Letter("what?", "not processed")
    assert letters.read('{"event": 1, "reason": "r", "attempts": "x"}').attempts == 0
