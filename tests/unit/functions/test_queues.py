"""What functions know of their queues is what stack.yaml says of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

STACK: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "stack.yaml").read_text(encoding="utf-8")
)
QUEUES = {
    function: event["queue"]
    for function, described in STACK["functions"].items()
    for event in described.get("events", ())
    if "queue" in event
}
# Where a function's parts are put together, if it is not the module of its handler.
WIRED = {"maintenance": "vestibule.functions.maintenance_wiring"}
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "DEAD_LETTERS_URL": "https://sqs.example/1/letters",
    "ENVIRONMENT": "test",
    "QUEUE_URL": "https://sqs.example/1/queue",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
}


@pytest.mark.parametrize("function", sorted(QUEUES))
def test_a_function_knows_how_often_its_queue_gives_a_message(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module(WIRED.get(function, f"vestibule.functions.{function}"))

    assert STACK["queues"][QUEUES[function]]["max_receives"] == module.RECEIVES


@pytest.mark.parametrize("function", sorted(QUEUES))
def test_a_message_stays_hidden_as_long_as_its_function_may_take(function: str) -> None:
    described = STACK["functions"][function]

    assert described["timeout"] <= STACK["queues"][QUEUES[function]]["visibility"]


@pytest.mark.parametrize("function", sorted(QUEUES))
def test_no_queue_takes_all_there_is_to_run(function: str) -> None:
    events = STACK["functions"][function]["events"]

    assert all(event["concurrency"] >= 2 for event in events if "queue" in event)


def test_an_outage_of_ten_minutes_fills_no_dead_letters() -> None:
    """A message that is deferred comes back twice a minute, twenty times in all."""
    for queue in ("user-service", "mail", "analytics"):
        assert STACK["queues"][queue]["max_receives"] >= 100
