"""How long a message waits before it is looked at again."""

from __future__ import annotations

import random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Random = Callable[[], float]

FIRST: Final = 2.0
LONGEST: Final = 900.0
SHORTEST: Final = 1
"""Visibility has whole seconds, and none at all would be a hot loop."""
_JITTER: Final = 3.0
_QUICK_RETURNS: Final = 20
"""So often a deferred message comes back at once: ten minutes of an outage, in a full queue less.
After that it does not matter much whether it waits a little longer, and a queue gives a message
only so often before its redrive policy takes it away."""


def seconds(attempts: int, fraction: Random = random.random) -> int:
    """Exponential with full jitter, after so many attempts: up to 2 s, 4 s, 8 s ... 15 min."""
    return _whole(_ceiling(attempts) * fraction())


def after(given: float, fraction: Random = random.random) -> int:
    """Not before the `given` time is over, and not all at once when it is."""
    return _whole(given + _JITTER * fraction())


def deferred(wait: float, receives: int, fraction: Random = random.random) -> int:
    """For a message that was not tried: soon after `wait`, unless it has come back too often."""
    often = receives - _QUICK_RETURNS
    if often <= 0:
        return after(wait, fraction)
    # Half of it for certain: here nothing is gained by coming early.
    longest = min(LONGEST, 30.0 * 2 ** min(often, 10))
    return max(after(wait, fraction), _whole(longest * (1 + fraction()) / 2))


def _ceiling(attempts: int) -> float:
    return min(LONGEST, FIRST * 2.0 ** min(max(attempts, 1) - 1, 20))


def _whole(wait: float) -> int:
    return max(SHORTEST, int(wait) + (wait > int(wait)))
