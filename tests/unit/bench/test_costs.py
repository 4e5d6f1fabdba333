"""The cost model: its page is current, and its sums are what they say."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = "costs"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def model(script: ModuleType) -> Any:
    return script.Model(ROOT)


def cost(lines: list[Any], says: str, side: str = "ours") -> float:
    return next(float(getattr(line, side)) for line in lines if line.says == says)


def test_the_committed_page_is_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0, "run python bench/costs.py"


def test_a_month_in_which_nobody_comes_costs_two_dollars_at_most(model: Any) -> None:
    assert 0 < sum(cost for _, cost, _ in model.idle()) <= 2


def test_people_are_free_up_to_ten_thousand_and_cost_a_cent_and_a_half_then(model: Any) -> None:
    assert cost(model.lines(1_000), "Cognito (Essentials)") == 0
    assert cost(model.lines(50_000), "Cognito (Essentials)") == pytest.approx(600)


@pytest.mark.parametrize("users", [1_000, 50_000, 1_000_000])
def test_the_usual_way_costs_more(model: Any, users: int) -> None:
    lines = model.lines(users)

    assert sum(line.ours for line in lines) < sum(line.usual for line in lines)
    assert all(line.ours >= 0 and line.usual >= 0 for line in lines)


def test_more_people_cost_more(model: Any) -> None:
    few, many = (sum(line.ours for line in model.lines(users)) for users in (1_000, 50_000))

    assert few < many


def test_schedules_and_memory_are_those_of_the_stack(model: Any) -> None:
    before, runs = model.idle(), dict(model.schedules())

    assert runs["maintenance"] == pytest.approx(730 * 4)
    assert runs["vpc_builder"] == pytest.approx(730 * 2)
    model.stack["queues"]["more"] = {"dead_letters": "more-dlq"}
    assert sum(cost for _, cost, _ in model.idle()) > sum(cost for _, cost, _ in before)


@pytest.mark.parametrize(
    ("rate", "hours"), [("rate(15 minutes)", 0.25), ("rate(1 hour)", 1), ("rate(2 days)", 48)]
)
def test_rates_are_read(script: ModuleType, rate: str, hours: float) -> None:
    assert script.hours(rate) == pytest.approx(hours)
