"""How often something may be done: so many times by each, within a time that moves along."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# Beyond as many, those whose time is over are forgotten.
REMEMBERED = 4096


class Limit:
    """Counted before the deed, so that doing many at once is no way around it."""

    def __init__(
        self, times: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._times = times
        self._seconds = seconds
        self._clock = clock
        self._guard = threading.Lock()
        self._done: dict[Hashable, deque[float]] = {}

    def take(self, key: Hashable) -> bool:
        """Count one more; False, and nothing is counted, when there were enough."""
        now = self._clock()
        with self._guard:
            if len(self._done) > REMEMBERED:
                self._forget(now)
            done = self._done.setdefault(key, deque())
            while done and done[0] <= now - self._seconds:
                done.popleft()
            if len(done) >= self._times:
                return False
            done.append(now)
            return True

    def give_back(self, key: Hashable) -> None:
        """What was counted last did not count after all."""
        with self._guard:
            if done := self._done.get(key):
                done.pop()

    def _forget(self, now: float) -> None:
        since = now - self._seconds
        over = [key for key, done in self._done.items() if not done or done[-1] <= since]
        for key in over:
            del self._done[key]
