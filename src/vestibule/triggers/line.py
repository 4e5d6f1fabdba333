"""What handlers have to say goes into the one line that each event gets.

What they noticed of attacks waits there until the event is decided.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Final

    from vestibule.security.recorder import Sighting

_facts: Final[ContextVar[dict[str, object] | None]] = ContextVar("facts", default=None)
_left: Final[ContextVar[list[Sighting] | None]] = ContextVar("left", default=None)


def leave(sighting: Sighting) -> None:
    """Leave something to be written down when the event being handled, if one is, is decided."""
    left = _left.get()
    if left is not None:
        left.append(sighting)


def note(**facts: object) -> None:
    """Add to the line of the event being handled, if one is. No person's words, and no address."""
    line = _facts.get()
    if line is not None:
        line.update(facts)


class Line:
    """`with Line() as facts`: what is noted inside is in `facts`, and in no other event's line.

    `left` holds what was left there.
    """

    def __init__(self) -> None:
        self.left: list[Sighting] = []

    def __enter__(self) -> dict[str, object]:
        facts: dict[str, object] = {}
        self._token: Token[dict[str, object] | None] = _facts.set(facts)
        self._left_token: Token[list[Sighting] | None] = _left.set(self.left)
        return facts

    def __exit__(self, *_: object) -> None:
        _facts.reset(self._token)
        _left.reset(self._left_token)
