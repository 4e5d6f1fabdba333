"""How long one invocation may still take.

A function that is cut off answers in the runtime's own words: a gateway error without our shape, or
what Cognito shows on the login page. So everything inside ends before that.
"""

from __future__ import annotations

import time

from vestibule.platform.aws import AwsClient, AwsUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

WHOLE: Final = 3.2
"""Seconds for a trigger: Cognito waits 5, the function is cut off after 4, and the rest of those is
for parsing, logging and a slow start."""
_UNTOLD: Final = 60.0


def seconds_left(context: object, *, reserve: float = 0.0) -> float:
    """Give what Lambda still allows this invocation, without `reserve` of it, never less than none.

    Called by hand, it has a minute.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    whole = _UNTOLD if remaining is None else remaining() / 1000
    return max(0.0, whole - reserve)


class Budget:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self.begin()

    def begin(self, seconds: float = WHOLE) -> None:
        self._until = self._monotonic() + seconds

    def left(self) -> float:
        """Seconds, never less than none."""
        return max(0.0, self._until - self._monotonic())


class BudgetedClient(AwsClient):
    """A client that keeps within the invocation's budget, and leaves `reserve` seconds of it."""

    def __init__(
        self, service: str, *, budget: Budget, reserve: float = 0.0, **settings: Any
    ) -> None:
        super().__init__(service, **settings)
        self._budget = budget
        self._reserve = reserve

    def call(
        self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
    ) -> dict[str, Any]:
        longest = self.deadline if deadline is None else deadline
        left = self._budget.left() - self._reserve
        if left <= 0:
            raise AwsUnavailable(self.service, operation, message="no time left for it")
        return super().call(operation, payload, deadline=min(longest, left))
