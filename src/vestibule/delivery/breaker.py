"""Leaves a peer alone that has failed several times in a row."""

from __future__ import annotations

import math
import time

from vestibule.platform import logs, metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

FAILURES: Final = 5
OPEN_SECONDS: Final = 30.0
_LEAST_SHARE: Final = 1 / 3

log = logs.logger(__name__)


class Breaker:
    """One for each peer, kept as long as the worker lives.

    Closed it permits everything. After `failures` in a row it is open and permits nothing for
    `open_seconds`; then one request, whose outcome closes it or opens it again.

    With `in_step` all workers' breakers end at the clock's multiples of `open_seconds`, the first
    time after a third of them at least, and at every one from then on: else who waits for one
    worker's breaker waits while the others have long found that the peer is back.
    """

    def __init__(  # noqa: PLR0913 - what a breaker goes by, by name
        self,
        name: str,
        *,
        failures: int = FAILURES,
        open_seconds: float = OPEN_SECONDS,
        in_step: bool = False,
        clock: Callable[[], float] = time.time,
        opened: Callable[[str], None] | None = None,
    ) -> None:
        """`opened` hears the name when it opens after having been closed, not at each probe.

        `clock` tells the time of day: a monotonic one may stand still while a worker is frozen
        between two invocations.
        """
        self.name = name
        self._most = failures
        self._open_seconds = open_seconds
        self._in_step = in_step
        self._clock = clock
        self._opened = opened
        self._in_a_row = 0
        self._until: float | None = None

    @property
    def is_open(self) -> bool:
        return self._until is not None

    def permits(self) -> bool:
        """Ask right before each request. One that is permitted is to be told the outcome."""
        if self.remaining() > 0:
            return False
        if self._until is not None:
            # Taken for the probe; should nobody tell how it ended, the next one follows as late.
            self._until = self._next()
        return True

    def remaining(self) -> float:
        """Seconds until a request is permitted."""
        if self._until is None:
            return 0.0
        left = self._until - self._clock()
        # More than it ever was: the clock has been set back.
        return max(0.0, left) if left <= 2 * self._open_seconds else 0.0

    def succeeded(self) -> None:
        if self._until is not None:
            log.info("breaker closed", peer=self.name)
            metrics.count("BreakerClosed")
        self._in_a_row = 0
        self._until = None

    def failed(self) -> None:
        self._in_a_row += 1
        if self._in_a_row < self._most:
            return
        was_closed = self._until is None
        self._until = self._next()
        if was_closed:
            log.warning("breaker opened", peer=self.name, failures=self._in_a_row)
            metrics.count("BreakerOpened")
            if self._opened is not None:
                self._opened(self.name)

    def _next(self) -> float:
        """When a request is permitted that follows one in vain now."""
        now = self._clock()
        if not self._in_step:
            return now + self._open_seconds
        least = now + self._open_seconds * _LEAST_SHARE
        return math.ceil(least / self._open_seconds) * self._open_seconds
