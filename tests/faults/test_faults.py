"""Every fault with few people, on four stacks side by side; `make faults` plays them with many.

How fast people sign up and arrive is not looked at here: with so few it says nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from faults.laptop import can_find_workers, kill_workers, running
from faults.play import Play
from faults.strikes import FAULTS

if TYPE_CHECKING:
    from faults.figures import Row

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.timeout(400),  # the first test waits for all that the others look at
    pytest.mark.skipif(not can_find_workers(), reason="there is no /proc to find workers by"),
]

PEOPLE = 20
# One after the other within a group. Most of the time they wait for a breaker or a queue.
GROUPS = (
    ("down",),
    ("latency", "consumer-killed", "stopped"),
    ("cut-off", "errors", "resets", "lost-answers"),
    ("relay-killed", "bus-refuses", "three-times", "key-rotated", "poison"),
)
# Else those whose worker was killed come back after a minute and a half.
HIDDEN_SECONDS = 6


def play(keys: tuple[str, ...]) -> dict[str, Row]:
    rows = {}
    with running() as laptop:
        laptop.hide_messages_for("user-service", HIDDEN_SECONDS)
        for key in keys:
            # The breakers of its workers are closed.
            kill_workers(laptop, "user_service")
            rows[key] = Play(FAULTS[key], laptop, people=PEOPLE).run(FAULTS[key].brief, 70.0)
    return rows


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    with ThreadPoolExecutor(len(GROUPS)) as pool:
        return {key: row for found in pool.map(play, GROUPS) for key, row in found.items()}


@pytest.mark.parametrize("key", FAULTS)
def test_everybody_arrives_once_and_nobody_is_kept_from_signing_up(
    rows: dict[str, Row], key: str
) -> None:
    row = rows[key]

    assert row.misses() == [], row.troubles
    assert row.confirmed == row.in_service == PEOPLE


def test_the_suite_has_shown_every_fault() -> None:
    assert sorted(key for group in GROUPS for key in group) == sorted(FAULTS)
