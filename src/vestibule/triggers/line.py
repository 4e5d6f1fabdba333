"""What handlers have to say goes into the one line that each event gets."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Final

_facts: Final[ContextVar[dict[str, object] | None]] = ContextVar("facts", default=None)


def note(**facts: object) -> None:
    """Add to the line of the event being handled, if one is. No person's words, and no address."""
    line = _facts.get()
    if line is not None:
        line.update(facts)


class Line:
    """`with Line() as facts`: what is noted inside is in `facts`, and in no other event's line."""

    def __enter__(self) -> dict[str, object]:
        facts: dict[str, object] = {}
        self._token: Token[dict[str, object] | None] = _facts.set(facts)
        return facts

    def __exit__(self, *_: object) -> None:
        _facts.reset(self._token)
