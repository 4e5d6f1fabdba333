"""The fault run at a size that fits into `make test`; `make faults` runs all of it."""

from __future__ import annotations

import pytest

from faults.table_away import WHOLE, run

pytestmark = pytest.mark.emulator

PEOPLE = 20


def test_nobody_who_confirms_while_the_table_is_away_fails_is_lost_or_comes_twice() -> None:
    counts = run(PEOPLE, 5.0, hidden=2, patience=60)

    assert counts.failed == []
    assert counts.left_waiting > 0  # else this run has shown nothing
    assert counts.wrong == {}
    assert counts.found == dict.fromkeys(WHOLE, PEOPLE)
    assert counts.dead_letters == 0
