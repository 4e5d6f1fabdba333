"""All of a batch reaches the bus or comes again, and what never can does not stop the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW
from fakes.people import LATER, new_sub, profile
from fakes.stream import record
from fakes.table import FakeTable
from vestibule.delivery import relay as relays
from vestibule.delivery.changes import tell
from vestibule.delivery.relay import (
    MOST_BYTES,
    MOST_ENTRIES,
    ROUNDS,
    Aside,
    Entry,
    EventBus,
    NotRelayed,
    Refused,
    Relay,
    TableShelf,
    batches,
)
from vestibule.platform import metrics
from vestibule.platform.aws import AwsError, AwsRefused, AwsUnavailable
from vestibule.platform.values import replace
from vestibule.profiles import items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Bus:
    """Takes entries, except those that `refuses` gives a code for."""

    def __init__(self) -> None:
        self.calls: list[list[Entry]] = []
        self.accepted: list[str] = []
        self.refuses: Callable[[int, Entry], str | None] = lambda _call, _entry: None

    def put(self, entries: Sequence[Entry], until: float) -> list[Refused]:
        del until
        self.calls.append(list(entries))
        codes = [(entry, self.refuses(len(self.calls), entry)) for entry in entries]
        self.accepted += [entry.event.id for entry, code in codes if code is None]
        return [Refused(entry, code) for entry, code in codes if code is not None]


class Time:
    """A clock that sleeping alone moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def relay(bus: Bus, table: FakeTable, time: Time) -> Relay:
    metrics.forget()
    return Relay(bus, TableShelf(table, lambda: NOW), lambda: NOW, time.monotonic, time.sleep)


def a_record(name: str = "Jo Doe") -> dict[str, Any]:
    """Somebody's first profile: one event."""
    return record(None, items.from_profile(profile(new_sub(), name=name)))


def ids(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [event.id for one in records for event in tell(one)]


def counted() -> dict[str, int]:
    return dict(metrics._counts)


def test_every_record_is_told_of_in_its_order(relay: Relay, bus: Bus) -> None:
    records = [a_record() for _ in range(23)]

    done = relay.relay(records, 20)

    assert bus.accepted == ids(records)
    assert [len(call) for call in bus.calls] == [10, 10, 3]
    assert (done.records, done.events, done.aside, done.rounds) == (23, 23, 0, 1)
    assert counted()["EventsRelayed"] == 23


def test_records_that_say_nothing_cost_no_call(relay: Relay, bus: Bus) -> None:
    person = items.from_profile(profile())

    done = relay.relay([record(person, None), record(None, {"pk": "x", "sk": "y"})], 20)

    assert (done.events, done.rounds, bus.calls) == (0, 0, [])


def test_those_that_were_not_accepted_alone_are_sent_again(
    relay: Relay, bus: Bus, time: Time
) -> None:
    records = [a_record() for _ in range(12)]
    slow = set(ids(records)[3:5])
    bus.refuses = lambda call, entry: (
        "ThrottlingException" if call <= 2 and entry.event.id in slow else None
    )

    done = relay.relay(records, 20)

    assert [len(call) for call in bus.calls] == [10, 2, 2]
    assert sorted(bus.accepted) == sorted(ids(records))
    assert done.rounds == 2
    assert time.now > 0


def test_what_is_not_accepted_in_time_fails_the_batch_and_comes_again(
    relay: Relay, bus: Bus
) -> None:
    records = [a_record() for _ in range(3)]
    stuck = ids(records)[1]
    bus.refuses = lambda _call, entry: "InternalFailure" if entry.event.id == stuck else None

    with pytest.raises(NotRelayed, match="1 events not accepted by the bus: InternalFailure"):
        relay.relay(records, 20)

    assert len(bus.calls) == ROUNDS
    assert counted()["RelayFailed"] == 1
    assert counted()["EventsRelayed"] == 2
    bus.refuses = lambda _call, _entry: None
    bus.accepted.clear()
    relay.relay(records, 20)
    assert bus.accepted == ids(records)  # told twice, by the same ids


def test_it_gives_up_when_its_time_is_over(relay: Relay, bus: Bus, time: Time) -> None:
    bus.refuses = lambda _call, _entry: "ThrottlingException"

    with pytest.raises(NotRelayed):
        relay.relay([a_record()], 0.0)

    assert len(bus.calls) == 1
    assert time.now == 0


def broken_record() -> dict[str, Any]:
    broken = a_record("Jo Secret")
    del broken["dynamodb"]["NewImage"]["version"]
    return broken


def test_a_record_that_cannot_be_told_is_put_aside_with_its_reason(
    relay: Relay, bus: Bus, table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, good = broken_record(), a_record()

    done = relay.relay([broken, good], 20)

    assert bus.accepted == ids([good])
    assert (done.events, done.aside) == (1, 1)
    assert counted()["RelayPutAside"] == 1
    (aside,) = table.all_items()
    keys = broken["dynamodb"]["Keys"]
    assert (aside["pk"], aside["sk"]) == (f"UNRELAYED#{broken['eventID']}", "RECORD")
    assert aside["of"] == {"pk": keys["pk"]["S"], "sk": "PROFILE"}
    assert aside["reason"] == "cannot be told: KeyError 'version'"
    assert aside["expiresAt"] == int(NOW.timestamp()) + 30 * 86400
    assert "Secret" not in str(aside)
    assert "Secret" not in capsys.readouterr().out
    assert tell(record(None, aside)) == []


def test_where_an_address_stands_in_a_key_it_is_not_put_aside(
    relay: Relay, table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    item = {"pk": "EMAIL#jo@example.test", "sk": "SIGNUP", "signupId": "s1"}

    relay.relay([record(None, item)], 20)

    (aside,) = table.all_items()
    assert aside["of"] == {"pk": "EMAIL#...", "sk": "SIGNUP"}
    assert "jo@example" not in capsys.readouterr().out


def test_an_event_that_the_bus_never_takes_is_put_aside(
    relay: Relay, bus: Bus, table: FakeTable
) -> None:
    huge, refused, good = a_record(), a_record(), a_record()
    image = huge["dynamodb"]["NewImage"]
    image["role"] = {"S": "x" * MOST_BYTES}
    (hopeless,) = ids([refused])
    bus.refuses = lambda _call, entry: "MalformedDetail" if entry.event.id == hopeless else None

    done = relay.relay([huge, refused, good], 20)

    assert bus.accepted == ids([good])
    assert (done.events, done.aside, done.rounds) == (1, 2, 1)
    reasons = {item["pk"].partition("#")[2]: item["reason"] for item in table.all_items()}
    assert reasons == {
        huge["eventID"]: "larger than the 256 KB that the bus takes",
        refused["eventID"]: "refused by the bus: MalformedDetail",
    }
    assert {item["type"] for item in table.all_items()} == {"user.role_assigned"}


def test_two_events_of_one_record_are_put_aside_both(
    relay: Relay, bus: Bus, table: FakeTable
) -> None:
    before = items.from_profile(profile(role="user"))
    after = {**before, "role": "admin", "name": "Another", "version": 2, "updatedAt": LATER}
    change = record(before, after)
    assert len(ids([change])) == 2
    bus.refuses = lambda _call, _entry: "MalformedDetail"

    relay.relay([change], 20)
    relay.relay([change], 20)

    kept = table.all_items()
    assert {item["pk"] for item in kept} == {f"UNRELAYED#{change['eventID']}"}
    assert sorted(item["sk"] for item in kept) == sorted(ids([change]))
    assert len({item["type"] for item in kept}) == 2


def test_an_invitation_that_was_put_aside_can_be_found(relay: Relay, table: FakeTable) -> None:
    invitation = {"pk": "INVITE#0123", "sk": "INVITE", "state": "accepted"}

    relay.relay([record({**invitation, "state": "open"}, invitation)], 20)

    assert [item["of"] for item in table.all_items()] == [{"pk": "INVITE#0123", "sk": "INVITE"}]


def test_what_is_no_json_is_put_aside(
    relay: Relay, bus: Bus, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritable(_event: object) -> str:
        raise TypeError("Decimal")

    monkeypatch.setattr(relays.events, "write", unwritable)

    relay.relay([a_record()], 20)

    assert bus.calls == []
    assert [item["reason"] for item in table.all_items()] == [
        "cannot be told: TypeError: user.role_assigned is not JSON"
    ]


def test_what_cannot_even_be_put_aside_comes_again(
    relay: Relay, bus: Bus, table: FakeTable
) -> None:
    table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        relay.relay([broken_record(), a_record()], 20)

    assert len(bus.accepted) == 1


@pytest.mark.parametrize(
    ("waited", "told"), [(90, 90), (-5, 0), (None, 0)], ids=["late", "clock ahead", "untold"]
)
def test_the_age_of_the_oldest_is_measured(relay: Relay, waited: int | None, told: int) -> None:
    old, new = a_record(), a_record()
    now = int(NOW.timestamp())
    if waited is None:
        del old["dynamodb"]["ApproximateCreationDateTime"]
    else:
        old["dynamodb"]["ApproximateCreationDateTime"] = now - waited
    new["dynamodb"]["ApproximateCreationDateTime"] = now

    done = relay.relay([new, old], 20)

    assert done.oldest_seconds == counted()["RelayOldestSeconds"] == told


def entries(*sizes: int) -> list[Entry]:
    (event,) = tell(a_record())
    plain = Entry("r", ("p", "s"), event, "")
    return [replace(plain, detail="x" * (size - plain.size)) for size in sizes]


def test_a_call_takes_no_more_than_the_bus_does() -> None:
    half = MOST_BYTES // 2
    made = entries(half, half, 1000, half, half, *[100] * 21)

    found = list(batches(made))

    assert [one for batch in found for one in batch] == made
    assert [len(batch) for batch in found] == [2, 2, 10, 10, 2]
    assert all(sum(one.size for one in batch) <= MOST_BYTES for batch in found)
    assert all(len(batch) <= MOST_ENTRIES for batch in found)


def test_a_size_is_in_bytes() -> None:
    (event,) = tell(a_record())

    assert Entry("r", ("p", "s"), event, "ü").size == len("vestibule") + len(event.type) + 2


class Client:
    """Answers PutEvents as it is told to."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.payloads: list[Any] = []
        self.deadlines: list[float] = []
        self.now = 0.0
        self.takes = 0.0

    def call(self, operation: str, payload: Any, *, deadline: float) -> dict[str, Any]:
        assert operation == "PutEvents"
        self.deadlines.append(deadline)
        self.now += self.takes
        self.payloads.append(payload)
        answer = self.answers.pop(0)
        if isinstance(answer, AwsError):
            raise answer
        results: dict[str, Any] = answer
        return results


def put(client: Client, count: int = 2, until: float = 20.0) -> list[tuple[Entry, str]]:
    bus = EventBus(client, "the-bus", lambda: client.now)  # type: ignore[arg-type]
    refused = bus.put(some := entries(*[300] * count), until)
    assert all(one.entry in some for one in refused)
    return [(one.entry, one.code) for one in refused]


def test_an_entry_says_where_it_is_from_and_what_it_is() -> None:
    client = Client({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}, {"EventId": "2"}]})

    assert put(client) == []

    first = client.payloads[0]["Entries"][0]
    assert (first["Source"], first["DetailType"]) == ("vestibule", "user.role_assigned")
    assert first["EventBusName"] == "the-bus"
    assert set(first) == {"EventBusName", "Source", "DetailType", "Detail"}


def test_each_entry_s_own_failure_is_seen() -> None:
    results = [{"EventId": "1"}, {"ErrorCode": "InternalFailure", "ErrorMessage": "?"}, {}]

    refused = put(Client({"FailedEntryCount": 2, "Entries": results}), 3)

    assert [code for _, code in refused] == ["InternalFailure", "NoEventId"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (AwsUnavailable("events", "PutEvents"), "NoAnswer"),
        (AwsUnavailable("events", "PutEvents", code="ThrottlingException"), "ThrottlingException"),
        (AwsRefused("events", "PutEvents", code="AccessDeniedException"), "AccessDeniedException"),
        ({}, "NoAnswer"),
        ({"Entries": [{"EventId": "1"}]}, "NoAnswer"),
    ],
)
def test_a_call_that_failed_accepted_nothing(answer: Any, code: str) -> None:
    assert [one for _, one in put(Client(answer))] == [code] * 2


def test_one_that_spoils_the_call_for_the_others_is_found() -> None:
    invalid = AwsRefused("events", "PutEvents", code="ValidationException")
    client = Client(invalid, {"Entries": [{"EventId": "1"}]}, invalid)

    refused = put(client)

    assert [code for _, code in refused] == ["ValidationException"]
    assert [len(one["Entries"]) for one in client.payloads] == [2, 1, 1]


def test_no_call_outlasts_the_time_and_none_begins_after_it() -> None:
    invalid = AwsRefused("events", "PutEvents", code="ValidationException")
    client = Client(invalid, {"Entries": [{"EventId": "1"}]}, {"Entries": [{"EventId": "2"}]})
    client.takes = 2.0

    refused = put(client, 4, until=5.0)

    assert [code for _, code in refused] == ["NoTimeLeft"] * 2
    assert client.deadlines == [3.0, 3.0, 1.0]


def test_a_slow_bus_is_given_up_within_the_batch(table: FakeTable) -> None:
    client = Client(*[{"Entries": [{"EventId": "1"}] * 10}] * 10)
    client.takes = 2.0
    bus = EventBus(client, "the-bus", lambda: client.now)  # type: ignore[arg-type]
    relay = Relay(bus, TableShelf(table), lambda: NOW, lambda: client.now, lambda _seconds: None)

    with pytest.raises(NotRelayed, match="70 events not accepted by the bus: NoTimeLeft"):
        relay.relay([a_record() for _ in range(100)], 5.0)

    assert client.now <= 6.0


def test_what_there_is_no_time_to_put_aside_comes_again(
    bus: Bus, table: FakeTable, time: Time
) -> None:
    class Slow(TableShelf):
        def put(self, aside: Aside) -> None:
            time.now += 3
            super().put(aside)

    relay = Relay(bus, Slow(table, lambda: NOW), lambda: NOW, time.monotonic, time.sleep)

    with pytest.raises(NotRelayed, match="put 3 records aside"):
        relay.relay([broken_record() for _ in range(5)], 5.0)

    assert len(table.all_items()) == 2
