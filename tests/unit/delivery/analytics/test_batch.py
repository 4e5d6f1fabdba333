"""Batches of events to several sinks at once, over real connections on loopback."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fault_server import FaultServer, answer, hang_up, reset
from fakes.people import new_sub
from fakes.queues import FakeQueue, batch, posted
from fakes.table import FakeTable
from vestibule.delivery import events
from vestibule.delivery.analytics.batch import Analytics, read
from vestibule.delivery.analytics.knowledge import KEPT_SECONDS, TableKnowledge
from vestibule.delivery.analytics.mappings import MALFORMED
from vestibule.delivery.analytics.source import SecretSinks
from vestibule.delivery.analytics.telling import Teller
from vestibule.delivery.consumer import Consumer, Whole
from vestibule.delivery.secrets import SecretValue
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.profiles import items
from vestibule.profiles.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Staged = Callable[["Secrets | None"], "Stage"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

AT = "2026-11-20T09:41:00.123456Z"
OK = answer({"status": "ok"}, checksum=False)


class Secrets:
    """Secrets Manager with one secret."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.reads = 0
        self.raises: Exception | None = None

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, payload["SecretId"]) == ("GetSecretValue", "analytics")
        self.reads += 1
        if self.raises is not None:
            raise self.raises
        if self.text is None:
            raise AwsRefused("secretsmanager", operation, code="ResourceNotFoundException")
        return {"SecretString": self.text}


class Stage:
    """Analytics with everything around it."""

    def __init__(self, secrets: Secrets | None) -> None:
        self.table = FakeTable()
        self.queue, self.letters = FakeQueue("analytics"), FakeQueue("analytics-dlq")
        self.opened: list[str] = []
        secret = None
        if secrets is not None:
            secret = SecretValue(secrets, "analytics", "ANALYTICS_SECRET")  # type: ignore[arg-type]
        source = SecretSinks(secret)
        self.teller = Teller(source, breaker_opened=self.opened.append)
        self.analytics = Analytics(source, TableKnowledge(self.table), self.teller, self.queue)
        self.consumer = Consumer(
            Whole(self.analytics.tell),
            self.queue,
            self.letters,
            receives=20,
            read=read,
            needs=0.0,
        )

    def take(self, event: dict[str, Any]) -> list[str]:
        """Give the ids of the messages that stay in the queue."""
        failed = self.consumer.take(event)["batchItemFailures"]
        return [one["itemIdentifier"] for one in failed]

    def somebody(self, *, agrees: bool = True, erased: bool = False) -> str:
        user_id = new_sub()
        wishes = Preferences(marketing_emails=agrees)
        self.table.put(items.from_preferences(user_id, wishes))
        if erased:
            self.table.put(items.tombstone(user_id, by=user_id, at=AT))
        return user_id


@pytest.fixture
def staged() -> Iterator[Staged]:
    stages: list[Stage] = []

    def make(secrets: Secrets | None) -> Stage:
        stages.append(Stage(secrets))
        return stages[-1]

    yield make
    for stage in stages:
        stage.teller.close()


def sinks(**ports: int | tuple[int, dict[str, Any]]) -> Secrets:
    """Describe sinks on loopback, plain ones unless told otherwise."""
    told = []
    for name, given in ports.items():
        port, more = given if isinstance(given, tuple) else (given, {})
        url = f"http://127.0.0.1:{port}/in"
        told.append({"name": name, "kind": "plain", "url": url, **more})
    return Secrets(json.dumps({"sinks": told}))


def signed_in(user_id: str, number: int = 0) -> dict[str, Any]:
    made = events.make("user.signed_in", user_id, AT, {"userId": user_id}, str(number))
    return events.to_message(made)


def subjects(server: FaultServer) -> list[list[str]]:
    """Who each request told of."""
    return [
        [one["subject"] for one in json.loads(request.body)["events"]]
        for request in server.requests
    ]


def test_a_batch_is_one_request_to_each_sink_and_leaves_the_queue(staged: Staged) -> None:
    with FaultServer(OK) as one, FaultServer(OK) as two:
        stage = staged(sinks(one=one.port, two=two.port))
        people = [stage.somebody() for _ in range(5)]

        assert stage.take(batch(*map(signed_in, people))) == []

        assert subjects(one) == subjects(two) == [people]
        assert stage.table.calls.count("BatchGetItem") == 1
        assert stage.queue.sent == stage.letters.sent == []


@pytest.mark.parametrize("fault", [answer({}, 503, checksum=False), hang_up, reset])
def test_a_sink_that_fails_gets_a_message_of_its_own_and_nobody_hears_it_twice(
    staged: Staged, fault: Any
) -> None:
    with FaultServer(OK) as fine, FaultServer(fault, OK) as broken:
        stage = staged(sinks(fine=fine.port, broken=broken.port))
        who = stage.somebody()

        assert stage.take(batch(signed_in(who))) == []
        (again,), (seconds,) = stage.queue.bodies, stage.queue.delays
        assert again == {**signed_in(who), "sink": "broken", "attempts": 1}
        assert 1 <= seconds <= 2
        assert stage.take(batch(again)) == []

        assert subjects(fine) == [[who]]
        assert subjects(broken)[-1] == [who]
        assert len(stage.queue.sent) == 1
        assert stage.letters.sent == []


def test_what_one_sink_goes_on_failing_waits_longer_each_time(staged: Staged) -> None:
    with FaultServer(answer({}, 500, checksum=False)) as broken:
        stage = staged(sinks(broken=broken.port))
        again = {**signed_in(stage.somebody()), "sink": "broken", "attempts": 1}
        message = posted(again, receives=3)

        assert stage.take({"Records": [message]}) == [message["messageId"]]

        assert stage.queue.sent == []
        assert stage.queue.hidden[message["receiptHandle"]] <= 16


def test_the_last_try_ends_in_a_dead_letter_that_names_the_sink(staged: Staged) -> None:
    with FaultServer(answer({}, 500, checksum=False)) as broken:
        stage = staged(sinks(broken=broken.port))
        again = {**signed_in(stage.somebody()), "sink": "broken", "attempts": 1}

        assert stage.take({"Records": [posted(again, receives=20)]}) == []

        (letter,) = stage.letters.bodies
        assert letter["event"] == again
        assert letter["reason"] == "gave_up"
        assert letter["detail"] == "unavailable: broken: status 500"
        assert letter["attempts"] == 21


def test_what_a_sink_refuses_for_good_becomes_its_dead_letter_and_no_other_sinks(
    staged: Staged,
) -> None:
    with FaultServer(OK) as fine, FaultServer(answer({}, 404, checksum=False)) as wrong:
        stage = staged(sinks(fine=fine.port, wrong=wrong.port))

        stage.take(batch(signed_in(stage.somebody())))
        (again,), (seconds,) = stage.queue.bodies, stage.queue.delays
        stage.take(batch(again))

        assert seconds == 0
        (letter,) = stage.letters.bodies
        assert (letter["reason"], letter["detail"]) == ("refused", "wrong: status 404")
        assert letter["event"]["sink"] == "wrong"
        assert len(fine.requests) == 1
        # Sent back as it is, the letter is for this sink alone again.
        stage.take(batch(letter))
        assert len(fine.requests) == 1


def test_the_event_stays_when_its_message_for_one_sink_cannot_be_queued(staged: Staged) -> None:
    with FaultServer(answer({}, 500, checksum=False)) as broken:
        stage = staged(sinks(broken=broken.port))
        stage.queue.is_away = True
        event = batch(signed_in(stage.somebody()))

        assert stage.take(event) == [event["Records"][0]["messageId"]]
        assert stage.letters.sent == []


def test_an_event_that_is_told_of_again_is_told_to_no_sink_twice(staged: Staged) -> None:
    with FaultServer(OK) as one, FaultServer(OK) as two:
        stage = staged(sinks(one=one.port, two=two.port))
        who = stage.somebody()

        for _ in range(3):
            assert stage.take(batch(signed_in(who), signed_in(who))) == []

        assert subjects(one) == subjects(two) == [[who]]


def test_what_was_told_is_forgotten_a_month_later(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))
        event = signed_in(stage.somebody())
        stage.take(batch(event))

    item = stage.table.get(f"ONCE#analytics#{event['id']}", "one") or {}
    told_at = datetime.fromisoformat(item["at"]).timestamp()
    assert item["expiresAt"] == int(told_at) + KEPT_SECONDS


def test_a_sink_that_was_not_told_yet_hears_what_the_others_know(staged: Staged) -> None:
    with FaultServer(OK) as fine, FaultServer(answer({}, 500, checksum=False), OK) as broken:
        stage = staged(sinks(fine=fine.port, broken=broken.port))
        stage.queue.is_away = True
        event = batch(signed_in(stage.somebody()))
        assert len(stage.take(event)) == 1
        stage.queue.is_away = False

        assert stage.take(event) == []

        assert (len(fine.requests), len(broken.requests)) == (1, 2)
        assert stage.queue.sent == []


def test_what_could_not_be_noted_is_done_all_the_same(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))
        event = batch(signed_in(stage.somebody()))

        def away(*_operations: object) -> None:
            raise AwsUnavailable("dynamodb", "TransactWriteItems")

        stage.table.transact = away  # type: ignore[method-assign]

        assert stage.take(event) == []
        assert len(one.requests) == 1


def test_who_may_not_be_told_of_is_not_noted(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))

        stage.take(batch(signed_in(stage.somebody(agrees=False))))

    assert all(not item["pk"].startswith("ONCE#") for item in stage.table.all_items())


def test_one_fact_that_a_sink_refuses_does_not_cost_the_others(staged: Staged) -> None:
    with FaultServer(answer({}, 400, checksum=False), answer({}, 422, checksum=False), OK) as one:
        stage = staged(sinks(one=one.port))
        people = [stage.somebody() for _ in range(3)]

        stage.take(batch(*map(signed_in, people)))

        assert subjects(one) == [people, *[[who] for who in people]]
        assert [body["subject"] for body in stage.queue.bodies] == [people[0]]


def test_mixpanel_keeps_what_is_right_of_a_batch(staged: Staged) -> None:
    told = {"failed_records": [{"index": 1, "field": "event", "message": "x"}, {"index": 99}]}
    with FaultServer(answer(told, 400, checksum=False)) as mixpanel:
        stage = staged(sinks(m=(mixpanel.port, {"kind": "mixpanel", "key": "k"})))
        people = [stage.somebody() for _ in range(3)]

        stage.take(batch(*map(signed_in, people)))

        assert len(mixpanel.requests) == 1
        assert [body["subject"] for body in stage.queue.bodies] == [people[1]]


def test_amplitude_is_told_the_rest_once_more(staged: Staged) -> None:
    told = {"events_with_invalid_fields": {"time": [0]}}
    with FaultServer(answer(told, 400, checksum=False), OK) as amplitude:
        stage = staged(sinks(a=(amplitude.port, {"kind": "amplitude", "key": "k"})))
        people = [stage.somebody() for _ in range(3)]

        stage.take(batch(*map(signed_in, people)))

        second = json.loads(amplitude.requests[1].body)["events"]
        assert [one["user_id"] for one in second] == people[1:]
        assert [body["subject"] for body in stage.queue.bodies] == [people[0]]


def test_who_did_not_agree_is_told_of_only_where_nobody_asks_for_consent(staged: Staged) -> None:
    with FaultServer(OK) as asking, FaultServer(OK) as free:
        stage = staged(sinks(asking=asking.port, free=(free.port, {"requiresConsent": False})))
        agrees, declines, erased = (
            stage.somebody(),
            stage.somebody(agrees=False),
            stage.somebody(erased=True),
        )
        unknown = new_sub()

        people = (agrees, declines, erased, unknown)
        assert stage.take(batch(*map(signed_in, people))) == []

        assert subjects(asking) == [[agrees]]
        assert subjects(free) == [[agrees, declines, unknown]]


def test_a_consent_withdrawn_meanwhile_is_obeyed(staged: Staged) -> None:
    with FaultServer(answer({}, 500, checksum=False)) as broken:
        stage = staged(sinks(broken=broken.port))
        who = stage.somebody()
        stage.take(batch(signed_in(who)))
        stage.table.put(items.from_preferences(who, Preferences()))

        assert stage.take(batch(*stage.queue.bodies)) == []
        assert len(broken.requests) == 1


def test_nobodys_facts_need_nobodys_consent(staged: Staged) -> None:
    begun = events.make("user.signup_started", "s1", AT, {"signupId": "s1", "origin": {}})
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))

        stage.take(batch(events.write(begun)))

        assert subjects(one) == [["s1"]]


def test_after_five_failures_a_sink_is_left_alone_and_the_others_are_not(staged: Staged) -> None:
    with FaultServer(OK) as fine, FaultServer(answer({}, 500, checksum=False)) as broken:
        stage = staged(sinks(fine=fine.port, broken=broken.port))
        for number in range(8):
            stage.take(batch(signed_in(stage.somebody(), number)))

        assert len(broken.requests) == 5
        assert len(fine.requests) == 8
        assert stage.opened == ["analytics:broken"]
        assert [body["attempts"] for body in stage.queue.bodies] == [*[1] * 5, *[0] * 3]
        assert stage.queue.delays[-1] > 20


@pytest.mark.parametrize("secrets", [None, Secrets(None), Secrets(""), Secrets('{"sinks": []}')])
def test_without_sinks_events_are_done_with(staged: Staged, secrets: Secrets | None) -> None:
    stage = staged(secrets)

    for _ in range(2):
        assert stage.take(batch(signed_in(new_sub()))) == []

    assert stage.table.calls == []
    assert secrets is None or secrets.reads == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "what ANALYTICS_SECRET names is malformed, must be JSON"),
        ('{"sinks": [{}]}', "what ANALYTICS_SECRET names is malformed, sinks[0]"),
    ],
)
def test_a_malformed_secret_keeps_events_until_it_is_mended_or_they_are_dead(
    staged: Staged, text: str, said: str
) -> None:
    secrets = Secrets(text)
    stage = staged(secrets)
    first, last = posted(signed_in(new_sub())), posted(signed_in(new_sub()), receives=20)

    assert stage.take({"Records": [first, last]}) == [first["messageId"]]

    (letter,) = stage.letters.bodies
    assert letter["reason"] == "gave_up"
    assert said in letter["detail"]


@pytest.mark.parametrize(
    "error",
    [
        AwsUnavailable("secretsmanager", "GetSecretValue"),
        AwsRefused("secretsmanager", "GetSecretValue", code="AccessDeniedException"),
    ],
)
def test_a_secret_that_cannot_be_read_is_not_taken_for_none(
    staged: Staged, error: Exception
) -> None:
    secrets = Secrets("")
    secrets.raises = error
    event = batch(signed_in(new_sub()))

    assert staged(secrets).take(event) == [event["Records"][0]["messageId"]]


def test_a_table_that_is_away_tells_nobody_anything(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))
        event = batch(signed_in(stage.somebody()))
        stage.table.fail_next(AwsUnavailable)

        assert stage.take(event) == [event["Records"][0]["messageId"]]
        assert one.requests == []


def test_a_new_key_is_fetched_once_the_old_one_is_refused(staged: Staged) -> None:
    with FaultServer(answer({}, 401, checksum=False), OK) as one:
        secrets = sinks(one=(one.port, {"key": "old"}))
        stage = staged(secrets)
        who = stage.somebody()
        secrets.text = (secrets.text or "").replace("old", "new")
        assert stage.analytics._source.current()[0].key == "new"
        secrets.text = secrets.text.replace("new", "newest")

        assert stage.take(batch(signed_in(who))) == []

        assert [request.headers["x-api-key"] for request in one.requests] == ["new", "newest"]
        assert stage.queue.sent == []


def test_a_key_that_stays_refused_is_not_tried_for_ever(staged: Staged) -> None:
    with FaultServer(answer({}, 401, checksum=False)) as one:
        stage = staged(sinks(one=(one.port, {"key": "wrong"})))

        stage.take(batch(*[signed_in(stage.somebody()) for _ in range(3)]))

        assert len(one.requests) == 1
        assert len(stage.queue.sent) == 3


def test_a_message_for_a_sink_that_is_gone_is_done_with(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))

        assert stage.take(batch({**signed_in(stage.somebody()), "sink": "gone"})) == []
        assert one.requests == []


def test_what_is_no_event_is_a_dead_letter_and_costs_the_others_nothing(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))
        who = stage.somebody()

        assert stage.take(batch("{", signed_in(who), {"type": "user.confirmed"})) == []

        assert subjects(one) == [[who]]
        assert [body["reason"] for body in stage.letters.bodies] == ["unknown_event"] * 2


def test_a_query_stands_behind_the_path_and_a_bare_host_has_one_too(staged: Staged) -> None:
    with FaultServer(OK) as one:
        secrets = Secrets(
            json.dumps(
                {
                    "sinks": [
                        {
                            "name": name,
                            "kind": "plain",
                            "url": f"http://127.0.0.1:{one.port}{path}",
                        }
                        for name, path in (("a", "/import?strict=1"), ("b", "?x=1"), ("c", ""))
                    ]
                }
            )
        )
        stage = staged(secrets)

        stage.take(batch(signed_in(stage.somebody())))

        asked = [request.raw.split(b" ", 2)[1] for request in one.requests]
        assert asked == [b"/import?strict=1", b"/?x=1", b"/"]


def test_a_sink_that_moves_is_told_at_its_new_place(staged: Staged) -> None:
    with FaultServer(answer({}, 401, checksum=False)) as old, FaultServer(OK) as new:
        secrets = sinks(one=(old.port, {"key": "k"}))
        stage = staged(secrets)
        assert stage.analytics._source.current()
        secrets.text = sinks(one=(new.port, {"key": "k"})).text

        assert stage.take(batch(signed_in(stage.somebody()))) == []

        assert (len(old.requests), len(new.requests)) == (1, 1)
        assert stage.queue.sent == []


def test_a_refused_key_whose_secret_cannot_be_read_stays_refused(staged: Staged) -> None:
    with FaultServer(answer({}, 403, checksum=False)) as one:
        secrets = sinks(one=(one.port, {"key": "k"}))
        stage = staged(secrets)
        assert stage.analytics._source.current()
        secrets.raises = AwsUnavailable("secretsmanager", "GetSecretValue")

        assert stage.take(batch(signed_in(stage.somebody()))) == []

        assert len(one.requests) == 1
        assert len(stage.queue.sent) == 1


def test_one_of_two_facts_that_fails_is_enough_to_keep_the_message(staged: Staged) -> None:
    told = {"failed_records": [{"index": 0, "field": "time", "message": "of ann@example.test"}]}
    with FaultServer(answer(told, 400, checksum=False)) as mixpanel:
        stage = staged(sinks(m=(mixpanel.port, {"kind": "mixpanel", "key": "k"})))
        again = {**signed_in(stage.somebody()), "sink": "m", "attempts": 1}

        assert stage.take(batch(again)) == []

        (letter,) = stage.letters.bodies
        assert (letter["reason"], letter["detail"]) == (
            "fact_refused",
            f"m: {MALFORMED}",
        )


def test_without_time_left_no_sink_is_taken_for_slow(staged: Staged) -> None:
    with FaultServer(OK) as one:
        stage = staged(sinks(one=one.port))
        stage.teller._left = lambda: 0.5

        for number in range(6):
            assert stage.take(batch(signed_in(stage.somebody(), number))) == []

        assert one.requests == []
        assert len(stage.queue.sent) == 6
        assert stage.opened == []
