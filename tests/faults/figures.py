"""What a run has found, held against what was promised, and drawn as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SLOWER = 1.5
DRAIN = 50.0
LOAD = 1.0


@dataclass
class Row:
    """One fault. None stands for what it does not show."""

    key: str
    says: str
    hits: int = 0
    confirmed: int = 0
    failed: int = 0
    p50: float | None = None
    """Milliseconds; so are the next three. `without`: at the same time, on a stack without it."""
    p50_without: float | None = None
    p99: float | None = None
    p99_without: float | None = None
    in_service: int = 0
    missing: int = 0
    duplicates: int = 0
    strangers: int = 0
    """Whom the service knows though they are nobody's, or poison."""
    unmarked: int = 0
    """Whom the service knows, and the table does not say so."""
    letters: Counter[str] = field(default_factory=Counter)
    """Dead letters, by queue and reason."""
    letters_expected: Counter[str] = field(default_factory=Counter)
    backlog: int = 0
    drain: float | None = None
    """Users a second, from the first to the last who arrived after the fault."""
    load: float | None = None
    """Requests in 10 s for each worker whose breaker was open."""
    last: float | None = None
    """Seconds from the end of the fault until all were there."""
    troubles: list[str] = field(default_factory=list)

    def misses(self) -> list[str]:
        """Name the figures that are not as promised."""
        return [
            *(["the fault never struck"] if not self.hits else []),
            *_not_none("sign-ups failed", self.failed),
            *_not_none("missing in the service", self.missing),
            *_not_none("duplicates", self.duplicates),
            *_not_none("in the service and nobody's", self.strangers),
            *_not_none("not marked as delivered", self.unmarked),
            *_slower("p50", self.p50, self.p50_without),
            *_slower("p99", self.p99, self.p99_without),
            *self._letters(),
            *(["never all there"] if self.last is None else []),
            *_beyond(f"drained {self.drain or 0:.0f}/s, not {DRAIN:g}", DRAIN, self.drain),
            *_beyond(f"{self.load or 0:.2f} requests while open, not {LOAD:g}", self.load, LOAD),
        ]

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "misses": self.misses()}

    def _letters(self) -> list[str]:
        if self.letters == self.letters_expected:
            return []
        return [f"dead letters: {_listed(self.letters)}, not {_listed(self.letters_expected)}"]


def row_of(content: Mapping[str, Any]) -> Row:
    """Read one that was recorded."""
    told = {name: value for name, value in content.items() if name != "misses"}
    for name in ("letters", "letters_expected"):
        told[name] = Counter(told[name])
    return Row(**told)


HEADINGS = (
    *("fault", "hits", "users", "failed", "p50 ms", "p99 ms", "arrived", "missing", "double"),
    *("dead letters", "drained/s", "load", "last s", ""),
)


def table(rows: Iterable[Row], *, markdown: bool = False) -> str:
    cells = [HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [_line(row, widths, markdown=markdown) for row in cells]
    if markdown:
        lines.insert(1, _line(["-" * width for width in widths], widths, markdown=True))
    return "\n".join(lines)


def _cells(row: Row) -> Sequence[str]:
    return (
        row.says,
        str(row.hits),
        str(row.confirmed),
        str(row.failed),
        _paired(row.p50, row.p50_without),
        _paired(row.p99, row.p99_without),
        str(row.in_service),
        str(row.missing),
        str(row.duplicates),
        _listed(row.letters),
        _or_dash(row.drain, ".0f"),
        _or_dash(row.load, ".2f"),
        _or_dash(row.last, ".1f"),
        "MISSED" if row.misses() else "ok",
    )


def _line(cells: Sequence[str], widths: Sequence[int], *, markdown: bool) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()


def _paired(with_it: float | None, without: float | None) -> str:
    if with_it is None:
        return "-"
    return f"{with_it:.0f}" if not without else f"{with_it:.0f} ({with_it / without:.2f}x)"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _listed(letters: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(letters.items())) or "0"


def _not_none(what: str, count: int) -> list[str]:
    return [f"{count} {what}"] if count else []


def _slower(name: str, with_it: float | None, without: float | None) -> list[str]:
    if not with_it or not without or with_it <= SLOWER * without:
        return []
    return [f"{name} {with_it / without:.2f} times that without it, not {SLOWER:g}"]


def _beyond(words: str, smaller: float | None, larger: float | None) -> list[str]:
    return [words] if smaller is not None and larger is not None and smaller > larger else []
