"""The `relay` function: its settings, examples and one line, and what it answers the stream."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW
from fakes.catalogue import checked
from fakes.table import FakeTable
from vestibule.delivery import events
from vestibule.delivery.relay import Entry, NotRelayed, Refused, Relay, Relayed, TableShelf
from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

EXAMPLES = Path(__file__).parents[3] / "examples" / "events"
TOLD = {
    "arrival": ["user.confirmed", "user.role_assigned"],
    "changes": ["user.signed_in", "user.updated", "user.role_assigned"],
    "erasure": ["user.erased"],
    "vpc": ["vpc.requested"],
}


class Bus:
    def __init__(self) -> None:
        self.accepted: list[Entry] = []
        self.is_away = False

    def put(self, entries: Sequence[Entry], until: float) -> list[Refused]:
        del until
        if self.is_away:
            return [Refused(entry, "NoAnswer") for entry in entries]
        self.accepted += entries
        return []


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "AWS_REGION": "us-east-1",
        "BUS_NAME": "vestibule-test",
        "ENVIRONMENT": "test",
        "TABLE_NAME": "vestibule-test",
        "USER_POOL_ID": "us-east-1_test",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("vestibule.functions.relay")


@pytest.fixture
def bus(function: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    shelf = TableShelf(FakeTable(), lambda: NOW)
    monkeypatch.setattr(function, "relay", Relay(made, shelf, lambda: NOW, sleep=lambda _: None))
    return made


class Context:
    aws_request_id = "r1"

    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def example(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EXAMPLES / f"relay-{name}.json").read_text(encoding="utf-8"))
    return read


def test_every_example_is_known() -> None:
    assert {path.stem.removeprefix("relay-") for path in EXAMPLES.glob("relay-*")} == set(TOLD)


@pytest.mark.parametrize("name", sorted(TOLD))
def test_an_example_becomes_its_events(function: ModuleType, bus: Bus, name: str) -> None:
    assert function.handler(example(name), None) is None

    assert [entry.event.type for entry in bus.accepted] == TOLD[name]
    for entry in bus.accepted:
        assert events.parse(entry.detail) == checked(entry.event)


def test_an_invocation_is_one_line_and_counts(
    function: ModuleType, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    function.handler(example("arrival"), Context(30_000))

    line, counts = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (line["message"], line["records"], line["events"]) == ("relayed", 5, 2)
    assert (line["putAside"], line["rounds"], line["requestId"]) == (0, 1, "r1")
    assert counts["EventsRelayed"] == 2
    assert counts["RelayOldestSeconds"] == 0
    assert "jo@example.test" not in json.dumps(line)
    assert len(bus.accepted) == 2


def test_a_bus_that_is_away_brings_the_batch_again(
    function: ModuleType, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    bus.is_away = True

    with pytest.raises(NotRelayed):
        function.handler(example("arrival"), None)

    line, counts = (json.loads(text) for text in capsys.readouterr().out.splitlines())
    assert (line["message"], line["level"], line["records"]) == ("not relayed", "ERROR", 5)
    assert counts["RelayFailed"] == 2


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize("event", [{}, {"Records": []}])
def test_nothing_to_tell_is_told(function: ModuleType, event: dict[str, Any]) -> None:
    assert function.handler(event, None) is None


@pytest.mark.parametrize(
    ("left", "seconds"), [(30_000, 20.0), (12_000, 7.0), (None, 20.0)], ids=["all", "some", "free"]
)
def test_it_leaves_time_to_say_that_it_failed(
    function: ModuleType, monkeypatch: pytest.MonkeyPatch, left: int | None, seconds: float
) -> None:
    given: list[float] = []

    def relayed(_records: object, seconds: float) -> Relayed:
        given.append(seconds)
        return Relayed(records=0, events=0, aside=0, rounds=0, oldest_seconds=0)

    monkeypatch.setattr(function, "relay", SimpleNamespace(relay=relayed))

    function.handler({}, None if left is None else Context(left))

    assert given == [seconds]


@pytest.mark.parametrize(
    "name", ["vestibule-dev", "arn:aws:events:us-east-1:123456789012:event-bus/vestibule"]
)
def test_a_bus_is_named_or_given_by_its_arn(function: ModuleType, name: str) -> None:
    settings = function.RelaySettings.from_environment({"BUS_NAME": name})

    assert settings.bus_name == name


@pytest.mark.parametrize("name", [None, "", "two words", "x" * 1601, "bus\n"])
def test_a_bus_that_is_none_stops_the_start(function: ModuleType, name: str | None) -> None:
    environment = {} if name is None else {"BUS_NAME": name}

    with pytest.raises(SettingsError, match=r"^BUS_NAME: "):
        function.RelaySettings.from_environment(environment)
