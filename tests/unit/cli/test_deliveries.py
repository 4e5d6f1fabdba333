"""Looking at dead letters changes nothing, and sending them back loses and doubles none."""

from __future__ import annotations

import json
from threading import Event as Flag
from typing import Any

import pytest

from fakes.sqs import FakeSqs
from vestibule.delivery import events, letters
from vestibule.platform.aws import AwsUnavailable
from vestibule_cli.dead_letters import UNKNOWN
from vestibule_cli.deliveries import HIDDEN_SECONDS, Deliveries, Redrive, Tally
from vestibule_cli.failures import Failure, Misuse

AT = "2026-11-20T09:41:00.123456Z"


def told(type_: str = events.USER_CONFIRMED, subject: str = "ann") -> dict[str, Any]:
    return events.to_message(events.make(type_, subject, AT, {"userId": subject}))


def dead(event: Any, queue: str = "mail", **fields: Any) -> str:
    plain = {"reason": "refused", "detail": "status 400", "attempts": 3}
    return letters.write(
        letters.Letter(event, queue=queue, first_at=AT, last_at=AT, **{**plain, **fields})
    )


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs("mail", "analytics", "retry")


@pytest.fixture
def deliveries(sqs: FakeSqs) -> Deliveries:
    return Deliveries(sqs.urls, sqs)


def redriven(deliveries: Deliveries, queue: str | None = None, **options: Any) -> Tally:
    work = Redrive(deliveries, **options)
    work.run(deliveries.lanes(queue))
    return work.tally


def test_status_counts_what_each_queue_holds_and_its_dead_letters(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    sqs.put("mail", told())
    sqs.put("mail-dlq", dead(told()))
    sqs.put("mail-dlq", dead(told()))
    sqs.call("ReceiveMessage", {"QueueUrl": sqs.urls["mail-dlq"], "VisibilityTimeout": 9})

    status = deliveries.status(deliveries.lanes())

    none = {"waiting": 0, "inFlight": 0, "delayed": 0}
    assert status == [
        {"queue": "mail", **none, "waiting": 1, "deadLetters": 2},
        {"queue": "analytics", **none, "deadLetters": 0},
        {"queue": "retry", **none, "deadLetters": 0},
    ]
    assert deliveries.hidden(deliveries.lanes("mail")) == 2


def test_each_of_many_letters_is_seen_once_and_none_is_taken_away(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    put = [sqs.put("mail-dlq", dead(told(subject=f"p{number}"))) for number in range(25)]
    put.append(sqs.put("retry-dlq", dead(told(events.USER_ERASED), "retry")))

    seen = deliveries.letters(deliveries.lanes())

    assert sorted(letter.id for letter in seen) == sorted(put)
    assert sqs.visible("mail-dlq") + sqs.visible("retry-dlq") == put


def test_looking_comes_to_an_end_though_letters_come_back_meanwhile(
    sqs: FakeSqs, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = [sqs.put("mail-dlq", dead(told(subject=f"p{number}"))) for number in range(3)]
    receive = sqs.ReceiveMessage

    def slow(key: str, payload: Any) -> dict[str, Any]:
        sqs.seconds += HIDDEN_SECONDS
        return receive(key, payload)

    monkeypatch.setattr(sqs, "ReceiveMessage", slow)

    assert [letter.id for letter in deliveries.letters(deliveries.lanes("mail"))] == put


def test_a_letter_tells_why_it_is_there(sqs: FakeSqs, deliveries: Deliveries) -> None:
    letter_id = sqs.put("mail-dlq", dead(told()))

    shown = deliveries.find(letter_id).full_view()

    assert shown == {
        "id": letter_id,
        "queue": "mail",
        "type": "user.confirmed",
        "subject": "ann",
        "reason": "refused",
        "detail": "status 400",
        "attempts": 3,
        "firstAt": AT,
        "lastAt": AT,
        "obstacle": None,
        "event": told(),
    }


def test_what_the_queue_itself_moved_has_been_processed_by_nobody(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    shown = deliveries.find(sqs.put("mail-dlq", told())).view()

    assert (shown["reason"], shown["type"], shown["attempts"]) == (
        "not processed",
        "user.confirmed",
        None,
    )
    assert shown["firstAt"].startswith("2026-")


def test_what_the_bus_could_not_put_into_a_queue_tells_the_bus_own_reason(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    wrapped = {"source": "vestibule", "detail-type": "user.confirmed", "detail": told()}
    sqs.put("mail-dlq", wrapped, ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="no way")

    (letter,) = deliveries.letters(deliveries.lanes("mail"))
    redriven(deliveries)

    assert (letter.letter.reason, letter.letter.detail) == (
        "not_queued",
        "NO_PERMISSIONS: no way",
    )
    assert sqs.bodies("mail") == [told()]


def test_an_unknown_letter_or_queue_is_named_with_what_to_do(deliveries: Deliveries) -> None:
    with pytest.raises(Failure, match=r"no dead letter x.*`vestibule deliveries list`"):
        deliveries.find("x")
    with pytest.raises(Misuse, match=r"unknown queue 'post'; allowed: analytics, mail, retry"):
        deliveries.lanes("post")
    assert [lane.key for lane in deliveries.lanes("mail-dlq")] == ["mail"]


def test_events_go_back_to_their_queues_as_they_were(sqs: FakeSqs, deliveries: Deliveries) -> None:
    sinks_own = told(events.USER_UPDATED) | {"sink": "numbers", "attempts": 2}
    arrival = {"kind": "arrival", "userId": "ann"}
    sqs.put("mail-dlq", dead(dead_in_dead := json.loads(dead(told()))))
    sqs.put("analytics-dlq", dead(sinks_own, "analytics"))
    sqs.put("retry-dlq", dead(arrival, "retry"))
    sqs.put("retry-dlq", dead({"notificationType": "Bounce"}, "retry"))

    tally = redriven(deliveries)

    assert dead_in_dead["event"] == told()
    assert sqs.bodies("mail") == [told()]
    assert sqs.bodies("analytics") == [sinks_own]
    assert sqs.bodies("retry") == [arrival, {"notificationType": "Bounce"}]
    assert tally.sent == {"mail": 1, "analytics": 1, "retry": 2}
    assert sqs.ids("mail-dlq") + sqs.ids("analytics-dlq") + sqs.ids("retry-dlq") == []


def test_a_second_redrive_sends_nothing(sqs: FakeSqs, deliveries: Deliveries) -> None:
    sqs.put("mail-dlq", dead(told()))
    redriven(deliveries)

    assert redriven(deliveries).total == 0
    assert len(sqs.sent) == 1


def test_one_type_or_queue_alone_is_sent_and_the_others_may_be_seen_at_once(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    others = [sqs.put("mail-dlq", dead(told(events.MAIL_SENT, f"p{n}"))) for n in range(12)]
    sqs.put("mail-dlq", dead(told(events.USER_UPDATED)))
    elsewhere = sqs.put("retry-dlq", dead(told(), "retry"))

    tally = redriven(deliveries, "mail", only="user.*")

    assert (tally.sent, tally.passed_over) == ({"mail": 1}, 12)
    assert sqs.visible("mail-dlq") == others
    assert sqs.visible("retry-dlq") == [elsewhere]


@pytest.mark.parametrize(
    ("queue", "event", "why"),
    [
        ("mail", "no json {", "not JSON"),
        ("mail", ["a", "list"], "not a JSON object"),
        ("mail", told() | {"type": "user.abducted"}, "not known"),
        ("mail", told() | {"schemaVersion": 99}, "version 99"),
        ("retry", told(events.USER_UPDATED), "nothing to do here"),
        ("retry", {"DDBStreamBatchInfo": {}}, "records of the table's stream"),
    ],
    ids=["text", "list", "type", "version", "wrong queue", "stream"],
)
def test_what_no_consumer_would_know_is_left_and_named(
    sqs: FakeSqs, deliveries: Deliveries, queue: str, event: Any, why: str
) -> None:
    bad = sqs.put(f"{queue}-dlq", dead(event, queue))
    sqs.put("mail-dlq", dead(told()))

    tally = redriven(deliveries)

    assert [(left.letter.id, why in left.why) for left in tally.left] == [(bad, True)]
    assert sqs.visible(f"{queue}-dlq") == [bad]
    assert tally.total == 1


def test_a_type_is_named_even_where_nobody_knows_it(sqs: FakeSqs, deliveries: Deliveries) -> None:
    sqs.put("mail-dlq", dead({"type": "user.abducted"}))
    sqs.put("mail-dlq", "{")
    sqs.put("retry-dlq", dead({"kind": "arrival"}, "retry"))

    types = [letter.type for letter in deliveries.letters(deliveries.lanes())]

    assert sorted(types) == ["arrival", UNKNOWN, "user.abducted"]


def test_what_fails_again_at_once_is_not_sent_for_ever(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    sqs.put("mail-dlq", dead(told()))
    again: list[str] = []
    work = Redrive(deliveries, told=lambda _: again.append(sqs.put("mail-dlq", dead(told()))))

    work.run(deliveries.lanes())

    assert (work.tally.total, work.tally.again) == (1, {"mail": 1})
    assert sqs.visible("mail-dlq") == again


@pytest.mark.parametrize(("operation", "copies"), [("SendMessage", 0), ("DeleteMessage", 1)])
def test_cut_off_anywhere_a_letter_is_never_lost_and_doubled_at_most_once(
    sqs: FakeSqs, deliveries: Deliveries, operation: str, copies: int
) -> None:
    for name in ("ann", "ben", "eve"):
        sqs.put("mail-dlq", dead(told(subject=name)))
    sqs.away(operation)

    with pytest.raises(AwsUnavailable):
        redriven(deliveries)

    assert (len(sqs.bodies("mail")), len(sqs.ids("mail-dlq"))) == (copies, 3)
    sqs.seconds += HIDDEN_SECONDS
    redriven(deliveries)
    sent = [event["subject"] for event in sqs.bodies("mail")]
    assert sorted(sent) == sorted(["ann", "ben", "eve", *["ann"] * copies])
    assert sqs.ids("mail-dlq") == []


def test_asked_to_stop_it_ends_after_the_letter_at_hand(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    put = [sqs.put("mail-dlq", dead(told(subject=f"p{number}"))) for number in range(5)]
    stop = Flag()

    def told_of(tally: Tally) -> None:
        if tally.total == 2:
            stop.set()

    tally = redriven(deliveries, stop=stop, told=told_of)

    assert tally.total == 2
    assert sqs.visible("mail-dlq") == put[2:]


class Clock(Flag):
    """A flag whose waiting moves the time."""

    def __init__(self, sqs: FakeSqs) -> None:
        super().__init__()
        self._sqs = sqs

    def wait(self, timeout: float | None = None) -> bool:
        self._sqs.seconds += timeout or 0
        return False


def test_a_rate_spreads_them_over_the_seconds(sqs: FakeSqs, deliveries: Deliveries) -> None:
    for number in range(21):
        sqs.put("mail-dlq", dead(told(subject=f"p{number}")))

    tally = redriven(deliveries, rate=2, stop=Clock(sqs), monotonic=lambda: sqs.seconds)

    assert tally.total == 21
    assert sqs.seconds == pytest.approx(10)


def test_letters_that_might_be_somebody_elses_by_now_are_not_sent(
    sqs: FakeSqs, deliveries: Deliveries
) -> None:
    put = [sqs.put("mail-dlq", dead(told(subject=f"p{number}"))) for number in range(3)]
    stalls = iter([HIDDEN_SECONDS])

    def stall(_tally: Tally) -> None:
        sqs.seconds += next(stalls, 0)

    tally = redriven(deliveries, told=stall, monotonic=lambda: sqs.seconds)

    assert tally.total == len(put)
    assert len(sqs.sent) == len(put)
