"""Counts become lines that CloudWatch reads as metrics."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform import logs, metrics

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    metrics.forget()
    metrics.configure("Tests", "unit")
    yield
    metrics.forget()
    metrics.configure("Vestibule", "local")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def declared(line: dict[str, Any]) -> dict[str, tuple[str, list[list[str]]]]:
    """Each metric's unit and dimensions; every one must have a value, every dimension a text."""
    found = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Tests"
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], (int, float))
            found[metric["Name"]] = (metric["Unit"], directive["Dimensions"])
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(line[name], str) for name in dimensions)
    return found


def test_a_request_is_counted_by_route_and_class(capsys: pytest.CaptureFixture[str]) -> None:
    logs.write(metrics.request_line("GET /a", 404, 12.345))

    (line,) = lines(capsys)
    both = [["Environment"], ["Environment", "Route", "StatusClass"]]
    assert declared(line) == {"Requests": ("Count", both), "Latency": ("Milliseconds", both)}
    assert abs(line.pop("_aws")["Timestamp"] / 1000 - time.time()) < 5
    assert line == {
        "Environment": "unit",
        "Route": "GET /a",
        "StatusClass": "4xx",
        "Requests": 1,
        "Latency": 12.35,
    }


def test_what_was_counted_meanwhile_goes_with_the_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics.count("ProfileCreated")
    metrics.count("ProfileCreated", 2)
    metrics.count("Retries")
    logs.write(metrics.request_line("POST /a", 201, 1))
    logs.write(metrics.request_line("GET /a", 200, 1))

    first, second = lines(capsys)
    assert declared(first)["ProfileCreated"] == ("Count", [["Environment"]])
    assert (first["ProfileCreated"], first["Retries"]) == (3, 1)
    assert set(declared(second)) == {"Requests", "Latency"}


def test_counts_without_a_request_are_written_when_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics.flush()
    metrics.count("EraseFinished")
    metrics.flush()
    metrics.flush()

    (line,) = lines(capsys)
    assert declared(line) == {"EraseFinished": ("Count", [["Environment"]])}
    assert line["EraseFinished"] == 1


def test_what_was_forgotten_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count("ProfileCreated")
    metrics.forget()
    metrics.flush()

    assert lines(capsys) == []


@pytest.mark.parametrize("name", ["", "Two Words", 'a"b', "a\nb", "é"])
def test_a_name_that_could_spoil_the_line_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a metric"):
        metrics.count(name)


def test_a_trigger_is_counted_by_its_source_with_what_was_counted_meanwhile(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics.count("ProfileCreated")

    logs.write(metrics.trigger_line("PreSignUp_SignUp", 12.345, succeeded=True))
    logs.write(metrics.trigger_line("PreSignUp_SignUp", 1, succeeded=False))

    first, second = lines(capsys)
    by_source = [["Environment", "Source"]]
    assert declared(first) == {
        "CognitoTriggerInvocations": ("Count", by_source),
        "CognitoTriggerDuration": ("Milliseconds", by_source),
        "CognitoTriggerSuccess": ("Count", by_source),
        "ProfileCreated": ("Count", [["Environment"]]),
    }
    assert (first["CognitoTriggerSuccess"], second["CognitoTriggerSuccess"]) == (1, 0)
    assert "ProfileCreated" not in second
