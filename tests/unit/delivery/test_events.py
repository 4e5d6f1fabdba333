"""An event says the same each time it is told, and what is none is named for what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vestibule.delivery import events
from vestibule.delivery.events import UnknownEvent, make, parse, write
from vestibule.platform.values import replace

AT = "2026-11-20T09:41:00.123456Z"


def an_event(**members: Any) -> events.Event:
    return replace(make("user.confirmed", "u1", AT, {"userId": "u1"}), **members)


def message(**members: Any) -> dict[str, Any]:
    return {**events.to_message(an_event()), **members}


def test_an_event_is_read_as_it_was_written() -> None:
    event = an_event(data={"userId": "u1", "name": "Zoë", "origin": {"utm_source": "x"}, "n": 3})

    assert parse(write(event)) == event
    assert parse(json.loads(write(event))) == event


def test_an_event_has_the_members_of_the_contract() -> None:
    assert events.to_message(an_event()) == {
        "id": "661d548b70a4ca8ecee0fb0edd182d8b",
        "type": "user.confirmed",
        "schemaVersion": 1,
        "time": AT,
        "subject": "u1",
        "sequence": 1795167660123456,
        "data": {"userId": "u1"},
    }


def test_the_same_fact_has_the_same_id_and_no_other_fact_has_it() -> None:
    told = [
        ("user.updated", "u1", "2"),
        ("user.updated", "u1", "3"),
        ("user.updated", "u2", "2"),
        ("user.suspended", "u1", "2"),
    ]

    ids = [make(kind, subject, AT, {}, which).id for kind, subject, which in told]

    assert len(set(ids)) == len(ids)
    assert make("user.updated", "u1", "2027-01-01T00:00:00.000000Z", {"a": 1}, "2").id == ids[0]
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_the_later_change_has_the_higher_sequence() -> None:
    moments = (AT, "2026-11-20T09:41:00.123457Z", "2026-11-21T00:00:00.000000Z")

    sequences = [make("user.updated", "u1", moment, {}).sequence for moment in moments]

    assert sequences == sorted(set(sequences))


@pytest.mark.parametrize("type_", ["user.promoted", "", "security.", "SECURITY.x"])
def test_nobody_makes_an_event_of_a_type_that_is_not_in_the_catalogue(type_: str) -> None:
    with pytest.raises(ValueError, match="no type of event"):
        make(type_, "u1", AT, {})


def test_every_kind_of_security_event_is_of_one_make() -> None:
    event = make("security.breaker_opened", "s1", AT, {})

    assert event.schema_version == events.VERSIONS[events.SECURITY]
    assert parse(write(event)) == event


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "no 'id'"),
        (message(sequence="7"), "'sequence' is not a whole number"),
        (message(sequence=True), "'sequence' is not a whole number"),
        (message(data=[]), "'data' is not an object"),
        (message(type=None), "'type' is not text"),
        (message(type="user.promoted"), "type 'user.promoted' are not known"),
        (message(schemaVersion=2), "version 2 of 'user.confirmed' is not known here, only 1 to 1"),
        (message(schemaVersion=0), "version 0"),
    ],
)
def test_what_is_no_known_event_is_named(body: Any, reason: str) -> None:
    with pytest.raises(UnknownEvent) as raised:
        parse(body)

    assert reason in raised.value.reason
    assert str(raised.value) == raised.value.reason


@pytest.mark.parametrize("missing", list(message()))
def test_a_missing_member_is_named(missing: str) -> None:
    body = {name: value for name, value in message().items() if name != missing}

    with pytest.raises(UnknownEvent, match=f"no '{missing}'"):
        parse(body)


def test_what_a_newer_version_added_is_passed_over() -> None:
    assert parse(message(traceId="t1")) == an_event()
