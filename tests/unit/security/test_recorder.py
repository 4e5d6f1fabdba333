"""What is of high severity is written down, no faster than we like, and in nobody's way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fakes.arrivals import NOW
from fakes.people import new_sub
from fakes.table import FakeTable
from vestibule.platform import metrics
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.security.model import BREAKER_OPENED, INVALID_TOKEN_DETECTED
from vestibule.security.recorder import Recorder, Sighting

if TYPE_CHECKING:
    from vestibule.platform.operations import Item

AT = "2026-03-04T05:06:07.000008Z"


class House:
    def __init__(self) -> None:
        metrics.forget()
        self.now = 100.0
        self.table = FakeTable()
        self.recorder = Recorder(self.table, lambda: NOW, lambda: self.now)

    def kept(self) -> list[Item]:
        return self.table.all_items()


@pytest.fixture
def house() -> House:
    return House()


def counted() -> dict[str, int]:
    return dict(metrics._counts)


def test_an_event_of_high_severity_is_kept_for_a_week(house: House) -> None:
    user_id = new_sub()

    house.recorder.record(BREAKER_OPENED, "user_service", {"failures": 5}, user_id)

    (item,) = house.kept()
    kind, _, name = item.pop("pk").partition("#")
    assert (kind, len(name)) == ("SECURITY", 32)
    assert item == {
        "sk": "EVENT",
        "kind": "breaker_opened",
        "severity": "HIGH",
        "source": "user_service",
        "at": AT,
        "facts": {"failures": 5},
        "userId": user_id,
        "expiresAt": int(NOW.timestamp()) + 7 * 86400,
    }


def test_it_is_a_line_and_counts_too(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.recorder.record(INVALID_TOKEN_DETECTED, "api", {"purpose": "unsubscribe"})

    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["level"]) == ("security event", "WARNING")
    assert (line["securityEvent"], line["source"]) == ("invalid_token_detected", "api")
    assert line["purpose"] == "unsubscribe"
    assert counted() == {"SecurityEventsHigh": 1, "SecurityInvalidTokenDetected": 1}
    assert "userId" not in house.kept()[0]


@pytest.mark.parametrize("kind", ["invite_code_invalid", "sign_in_suspended", "anything"])
def test_what_is_less_severe_is_a_line_alone(house: House, kind: str) -> None:
    house.recorder.record(kind, "api")

    assert house.kept() == []
    assert house.table.calls == []
    assert sum(counted().values()) == 2


def test_whoever_provokes_them_makes_us_write_once_a_second(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(50):
        house.recorder.record(INVALID_TOKEN_DETECTED, "api")
        house.now += 0.01

    assert len(house.kept()) == 1
    assert counted()["SecurityEventsPassedOver"] == 49
    assert len(capsys.readouterr().out.splitlines()) == 50
    house.now += 0.6
    house.recorder.record(INVALID_TOKEN_DETECTED, "api")
    assert len(house.kept()) == 2


def test_other_kinds_and_sources_are_not_silenced_by_it(house: House) -> None:
    house.recorder.record(INVALID_TOKEN_DETECTED, "api")
    house.recorder.record(INVALID_TOKEN_DETECTED, "mailer")
    house.recorder.record(BREAKER_OPENED, "api")

    assert len(house.kept()) == 3


def test_what_is_remembered_is_bounded(house: House) -> None:
    for number in range(1000):
        house.recorder.remember(Sighting(BREAKER_OPENED, f"s{number}"))
        house.recorder.write()

    assert len(house.kept()) == 1000
    assert len(house.recorder._written) <= 256


def test_several_at_once_are_one_round_trip(house: House) -> None:
    house.recorder.remember(Sighting(INVALID_TOKEN_DETECTED, "api"))
    house.recorder.remember(Sighting(BREAKER_OPENED, "api"))
    house.recorder.write()
    house.recorder.write()

    assert len(house.kept()) == 2
    assert house.table.calls == ["TransactWriteItems"]


@pytest.mark.parametrize("failure", [AwsUnavailable, AwsRefused, KeyError("x")])
def test_a_table_that_is_away_stops_nobody(
    house: House, failure: type[AwsUnavailable], capsys: pytest.CaptureFixture[str]
) -> None:
    house.table.fail_next(failure)

    house.recorder.record(BREAKER_OPENED, "api")

    assert house.kept() == []
    assert counted()["SecurityEventsLost"] == 1
    assert "security event not kept" in capsys.readouterr().out
