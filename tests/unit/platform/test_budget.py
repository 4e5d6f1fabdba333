"""Nothing inside takes longer than Cognito waits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from vestibule.platform.aws import AwsClient, AwsUnavailable
from vestibule.platform.budget import WHOLE, Budget, BudgetedClient, seconds_left
from vestibule.platform.credentials import Credentials


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def client(budget: Budget, reserve: float = 0.0, **settings: Any) -> BudgetedClient:
    return BudgetedClient(
        "dynamodb",
        budget=budget,
        reserve=reserve,
        region="us-east-1",
        credentials=lambda: Credentials("k", "s"),
        **settings,
    )


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    given: list[float] = []

    def call(
        _self: object, _operation: str, _payload: object, *, deadline: float
    ) -> dict[str, Any]:
        given.append(deadline)
        return {}

    monkeypatch.setattr(AwsClient, "call", call)
    return given


def test_a_budget_runs_out_and_begins_anew() -> None:
    clock = Clock()
    budget = Budget(clock)
    clock.now += WHOLE - 1
    assert budget.left() == pytest.approx(1)
    clock.now += 5
    assert budget.left() == 0
    budget.begin()
    assert budget.left() == pytest.approx(WHOLE)


@pytest.mark.parametrize(
    ("gone", "asked", "given"),
    [(0.0, None, 2.0), (0.0, 0.7, 0.7), (2.0, None, 0.4), (2.0, 0.7, 0.4)],
)
def test_a_call_has_what_is_left_and_no_more(
    deadlines: list[float], gone: float, asked: float | None, given: float
) -> None:
    clock = Clock()
    budget = Budget(clock)
    clock.now += gone

    client(budget, reserve=0.8, deadline=2.0).call("GetItem", {}, deadline=asked)

    assert deadlines == [pytest.approx(given)]


def test_without_time_left_a_call_is_not_even_tried(deadlines: list[float]) -> None:
    clock = Clock()
    budget = Budget(clock)
    clock.now += WHOLE - 0.5

    with pytest.raises(AwsUnavailable):
        client(budget, reserve=0.8).call("GetItem", {})

    assert deadlines == []


def test_an_invocation_ends_before_the_function_is_cut_off() -> None:
    assert WHOLE < 4.0


@pytest.mark.parametrize(
    ("milliseconds", "reserve", "left"),
    [(12_000, 0.0, 12.0), (12_000, 5.0, 7.0), (3_000, 5.0, 0.0), (None, 5.0, 55.0)],
    ids=["all of it", "a part kept back", "none to keep back", "called by hand"],
)
def test_an_invocation_has_what_lambda_allows_but_for_what_is_kept_back(
    milliseconds: int | None, reserve: float, left: float
) -> None:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)

    assert seconds_left(None if milliseconds is None else context, reserve=reserve) == left
