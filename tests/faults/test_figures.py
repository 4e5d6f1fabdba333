"""What was promised and is not kept is named, and ends `make faults` with 1."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from faults import suite
from faults.figures import Row, row_of, table

if TYPE_CHECKING:
    from pathlib import Path

POISON = Counter({"user-service: refused": 1})


def row(**changes: Any) -> Row:
    """One at the edge of what is promised."""
    told: dict[str, Any] = {
        "hits": 1,
        "confirmed": 500,
        "in_service": 500,
        "p50": 15.0,
        "p50_without": 10.0,
        "p99": 150.0,
        "p99_without": 100.0,
        "drain": 50.0,
        "load": 1.0,
        "last": 30.0,
    }
    return Row("down", "the service is down", **{**told, **changes})


def test_nothing_is_missed_at_the_edge() -> None:
    assert row().misses() == []
    assert row(letters=POISON, letters_expected=POISON).misses() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hits": 0}, "the fault never struck"),
        ({"failed": 1}, "1 sign-ups failed"),
        ({"missing": 2}, "2 missing in the service"),
        ({"duplicates": 1}, "1 duplicates"),
        ({"strangers": 1}, "1 in the service and nobody's"),
        ({"unmarked": 3}, "3 not marked as delivered"),
        ({"p50": 15.2}, "p50 1.52 times that without it, not 1.5"),
        ({"p99": 151.0}, "p99 1.51 times that without it, not 1.5"),
        ({"letters": POISON}, "dead letters: 1 user-service: refused, not 0"),
        ({"letters_expected": POISON}, "dead letters: 0, not 1 user-service: refused"),
        ({"last": None}, "never all there"),
        ({"drain": 49.0}, "drained 49/s, not 50"),
        ({"load": 1.25}, "1.25 requests while open, not 1"),
    ],
)
def test_what_is_missed_is_named(changes: dict[str, Any], words: str) -> None:
    assert row(**changes).misses() == [words]


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_a_miss_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failed: int, code: int
) -> None:
    monkeypatch.setattr(suite, "played", lambda _key, _people: row(failed=failed))
    monkeypatch.setattr("sys.argv", ["faults", "down"])

    assert suite.main() == code

    told = capsys.readouterr()
    assert ("MISSED: the service is down: 1 sign-ups failed" in told.err) is bool(code)
    assert "500" in told.out


@pytest.mark.parametrize("old", ["", "| old |\n|--|\n\n"])
def test_what_is_recorded_row_by_row_is_read_again_and_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str
) -> None:
    page = tmp_path / "delivery.md"
    page.write_text(f"# People\n\n## Measured\n\nBefore.\n\n{old}## Next\n\n| kept |\n")
    monkeypatch.setattr(suite, "RECORD", tmp_path / "faults.json")
    monkeypatch.setattr(suite, "PAGE", page)
    poison = Row("poison", "one is refused", hits=1, letters=POISON, letters_expected=POISON)

    suite.record([poison])
    suite.record([row()])
    suite.record([row(confirmed=499)])

    recorded = json.loads((tmp_path / "faults.json").read_text())["rows"]
    assert [one["key"] for one in recorded] == ["down", "poison"]
    assert row_of(recorded[1]) == poison
    drawn = table([row(confirmed=499), poison], markdown=True)
    assert page.read_text() == (
        f"# People\n\n## Measured\n\nBefore.\n\n{drawn}\n\n## Next\n\n| kept |\n"
    )
