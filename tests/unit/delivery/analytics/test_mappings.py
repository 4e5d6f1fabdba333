"""What each kind of sink is sent, as its documentation asks for it, and what it answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from vestibule.delivery.analytics import mappings
from vestibule.delivery.analytics.facts import Fact
from vestibule.delivery.analytics.sinks import Sink, parse

FACT = Fact(
    id="5b0d5a7e31bd4b53a29d6f6bb6a8f2c1",
    name="user_role_assigned",
    milliseconds=1795167660123,
    subject="u1",
    person="u1",
    organization="o1",
    properties={"role": "manager", "language": "de"},
)
NOBODYS = Fact("1" * 32, "user_signup_started", 1, "s1", None, None, {})


def sink(kind: str, **members: Any) -> Sink:
    told = {"name": "one", "kind": kind, "url": "https://sink.example/in", "key": "k", **members}
    (made,) = parse(json.dumps({"sinks": [told]}))
    return made


def body(made: Sink, *facts: Fact) -> Any:
    return json.loads(mappings.call_for(made, facts).body)


def test_mixpanel_imports_a_list_of_events_with_insert_ids() -> None:
    call = mappings.call_for(sink("mixpanel"), [FACT, NOBODYS])

    assert json.loads(call.body)[0] == {
        "event": "user_role_assigned",
        "properties": {
            "time": 1795167660123,
            "distinct_id": "u1",
            "$insert_id": "5b0d5a7e31bd4b53a29d6f6bb6a8f2c1",
            "role": "manager",
            "language": "de",
            "organization_id": "o1",
        },
    }
    assert json.loads(call.body)[1]["properties"]["distinct_id"] == "s1"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == f"Basic {base64.b64encode(b'k:').decode()}"


def test_a_service_account_of_mixpanel_has_a_password_of_its_own() -> None:
    headers = mappings.call_for(sink("mixpanel", key="name:secret"), [FACT]).headers

    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"name:secret"


def test_amplitude_takes_events_with_the_key_in_the_body() -> None:
    assert body(sink("amplitude"), FACT) == {
        "api_key": "k",
        "options": {"min_id_length": 1},
        "events": [
            {
                "event_type": "user_role_assigned",
                "user_id": "u1",
                "time": 1795167660123,
                "insert_id": "5b0d5a7e31bd4b53a29d6f6bb6a8f2c1",
                "event_properties": {
                    "role": "manager",
                    "language": "de",
                    "organization_id": "o1",
                },
            }
        ],
    }


def test_a_plain_sink_gets_plain_events() -> None:
    call = mappings.call_for(sink("plain"), [FACT])

    assert json.loads(call.body) == {
        "events": [
            {
                "id": "5b0d5a7e31bd4b53a29d6f6bb6a8f2c1",
                "name": "user_role_assigned",
                "time": 1795167660123,
                "subject": "u1",
                "properties": {"role": "manager", "language": "de", "organization_id": "o1"},
            }
        ]
    }
    assert call.headers["x-api-key"] == "k"
    assert "x-api-key" not in mappings.call_for(sink("plain", key=None), [FACT]).headers


@pytest.mark.parametrize("kind", ["mixpanel", "amplitude", "plain"])
def test_a_sink_with_a_pseudonym_key_never_hears_the_sub(kind: str) -> None:
    made = sink(kind, pseudonymKey="p")

    call = mappings.call_for(made, [FACT])

    assert b'"u1"' not in call.body
    assert made.known_as("u1").encode() in call.body


def test_mixpanel_names_the_events_it_refuses_and_takes_the_rest() -> None:
    answer = {
        "code": 400,
        "num_records_imported": 1,
        "failed_records": [
            {"index": 1, "field": "properties.time", "message": "is no time: ann@example.test"}
        ],
    }

    found = mappings.refused(sink("mixpanel"), 400, json.dumps(answer).encode())

    assert found == {1: mappings.MALFORMED}
    assert mappings.takes_the_rest(sink("mixpanel"), 400)


def test_amplitude_names_the_events_it_refuses_and_takes_none() -> None:
    answer = {
        "code": 400,
        "events_with_invalid_fields": {"ann@example.test": [0, 2]},
        "events_with_missing_fields": {"event_type": [3]},
    }

    found = mappings.refused(sink("amplitude"), 400, json.dumps(answer).encode())

    assert found == {0: mappings.MALFORMED, 2: mappings.MALFORMED, 3: mappings.MISSING}
    assert not mappings.takes_the_rest(sink("amplitude"), 400)


@pytest.mark.parametrize("kind", ["mixpanel", "amplitude", "plain"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b'{"failed_records": 3, "events_with_invalid_fields": []}',
        b'{"failed_records": [3, {"index": "0"}, {"index": true}, {"index": -1}]}',
        b'{"events_with_invalid_fields": {"time": ["0", true, -1], "x": 3}}',
    ],
)
def test_an_answer_of_another_make_refuses_nothing_by_name(kind: str, answer: bytes) -> None:
    assert mappings.refused(sink(kind), 400, answer) == {}


def test_only_an_answer_about_the_content_is_read() -> None:
    answer = json.dumps({"failed_records": [{"index": 0}]}).encode()

    assert mappings.refused(sink("mixpanel"), 500, answer) == {}
