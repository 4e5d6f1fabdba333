"""The capacity model: its page is current, and its storm loses nobody."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = "capacity"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def model(script: ModuleType) -> Any:
    return script.Model(ROOT)


def test_the_committed_page_is_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0, "run python bench/capacity.py"


def test_the_committed_picture_is_that_of_this_storm(
    script: ModuleType, model: Any, tmp_path: Path
) -> None:
    drawn = tmp_path / "storm.svg"
    script.draw(model, drawn)

    def lines(path: Path) -> list[str]:
        return re.findall(r' d="(M [^"]*)"', path.read_text())

    assert lines(drawn) == lines(ROOT / "docs/capacity.svg")


def test_mail_binds_new_people_first(model: Any) -> None:
    (first, quota), (second, next_quota), *_ = model.allowed("a new person")

    assert (quota, first) == ("mail", 7)
    assert (next_quota, second) == ("cognito_creation", 25)


def test_our_own_throttle_is_the_stacks(model: Any) -> None:
    assert model.allowed("an API call")[0] == (100, "stage")


def test_every_quota_that_binds_first_is_among_those_to_ask_for(
    script: ModuleType, model: Any
) -> None:
    first = {model.allowed(step)[0][1] for step in script.STEPS}

    assert first <= set(script.ORDER)


@pytest.mark.parametrize("which", [0, 1])
def test_whoever_wants_in_gets_in_or_waits(script: ModuleType, model: Any, which: int) -> None:
    storm, limits = script.Storm(), model.limits()[which]

    course = script.simulate(storm, limits)

    assert sum(course.wanting) == pytest.approx(sum(course.admitted) + course.waiting[-1])
    assert max(course.admitted) <= min(limits.creation / 2, limits.mails)
    told = sum(course.admitted[: -script.CODE_DELAY]) - course.users[-1]
    assert told <= limits.peer * storm.seconds


def test_a_storm_is_the_same_each_time(script: ModuleType, model: Any) -> None:
    once, twice = (script.simulate(script.Storm(), model.limits()[0]) for _ in range(2))

    assert once == twice


def test_a_queue_that_still_holds_something_is_not_called_empty(script: ModuleType) -> None:
    course = script.Course()

    assert course.over([0, 0, 0]) == 0
    assert course.over([0, 5, 0, 0]) == pytest.approx(2 / 60)
    assert course.over([0, 5, 5]) is None
