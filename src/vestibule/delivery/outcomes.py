"""What became of one message: done, to be tried later, or never to be tried again."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_DONE: Final = "done"
_LATER: Final = "later"
_DEFERRED: Final = "deferred"
_NEVER: Final = "never"


@frozen
class Outcome:
    """Make one with the functions below. `reason` is one word of a fixed set, for counting."""

    kind: str
    reason: str = ""
    detail: str = ""
    """For people: it names no person and quotes no answer."""
    seconds: float | None = None
    attempts: int | None = None
    """How often it has really been tried, where that is known better than the queue knows it."""
    longest: float | None = None
    """Seconds beyond which the usual pause does not grow."""

    @property
    def is_done(self) -> bool:
        return self.kind == _DONE

    @property
    def is_never(self) -> bool:
        return self.kind == _NEVER

    @property
    def is_deferred(self) -> bool:
        """Not tried at all, for a reason that has nothing to do with the message."""
        return self.kind == _DEFERRED


DONE: Final = Outcome(_DONE)


def later(
    reason: str,
    detail: str = "",
    *,
    seconds: float | None = None,
    attempts: int | None = None,
    longest: float | None = None,
) -> Outcome:
    """Tried in vain. It comes back after `seconds`, or after the usual growing pause."""
    return Outcome(_LATER, reason, detail, seconds, attempts, longest)


def deferred(reason: str, seconds: float, detail: str = "") -> Outcome:
    """Not tried: the peer is left alone for so long."""
    return Outcome(_DEFERRED, reason, detail, seconds)


def never(reason: str, detail: str = "", *, attempts: int | None = None) -> Outcome:
    """Another try would end the same: it becomes a dead letter."""
    return Outcome(_NEVER, reason, detail, None, attempts)
