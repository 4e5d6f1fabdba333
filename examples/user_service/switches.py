"""What can go wrong with a service, as switches to be turned while it runs."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

DICE = {"errors", "resets", "lost_answers", "throttled", "duplicates"}


@dataclass(frozen=True)
class Switches:
    """Probabilities are from 0 to 1, times in seconds."""

    down: bool = False  # each connection is reset at once
    latency: float = 0.0  # before the request is looked at
    errors: float = 0.0  # probability of `error_status`, nothing is written
    error_status: int = 500
    resets: float = 0.0  # probability of a connection reset, nothing is written
    lost_answers: float = 0.0  # probability that it is written and nobody is told
    throttled: float = 0.0  # probability of 429
    retry_after: str = ""  # goes with every 429 and 503: seconds, or an HTTP date
    duplicates: float = 0.0  # probability that a request is carried out twice
    slow_body: float = 0.0  # how long the answer's body takes
    endless_body: bool = False  # the answer's body never ends
    html: bool = False  # a page with status 200, nothing is written
    redirect: str = ""  # 302 to this address, nothing is written
    poison: str = ""  # who has this in the address is refused with 422
    seed: int | None = None  # of all the dice above


class Faults:
    """The switches as they are set now. Threads may share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._random = random.Random()  # noqa: S311 - dice, not secrets
        self.now = Switches()

    def turn(self, changes: dict[str, Any]) -> Switches:
        """Change some switches. Raise ValueError for one that is none, or can't be set so."""
        known = {field.name: field.default for field in fields(Switches)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name!r} is no switch: {', '.join(known)}")
            if not _fits(known[name], value) or (name in DICE and value > 1):
                raise ValueError(f"{name}: {value!r} is no value for it")
        with self._lock:
            self.now = replace(self.now, **changes)
            if "seed" in changes:
                self._random.seed(changes["seed"])
            return self.now

    def reset(self) -> Switches:
        with self._lock:
            self.now = Switches()
            return self.now

    def strikes(self, probability: float) -> bool:
        if not probability:
            return False
        with self._lock:
            return self._random.random() < probability

    def as_dict(self) -> dict[str, Any]:
        return asdict(self.now)


def _fits(default: Any, value: Any) -> bool:
    if default is None:
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, str):
        return isinstance(value, str) and "\r" not in value and "\n" not in value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, int):
        return isinstance(value, int) and is_number and 400 <= value <= 599
    return is_number and 0 <= value <= 3600
