from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the moment, aware and in UTC."""

_DATE_HEADER = "%a, %d %b %Y %H:%M:%S GMT"
_TOLERATED_SKEW = 60.0


def now() -> datetime:
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write a moment with its microseconds, always: such texts sort as the moments do."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; a timestamp needs an aware moment")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


class ServiceTime:
    """The moment as a service tells it, once this machine's clock was found to be wrong."""

    def __init__(self, clock: Clock = now) -> None:
        self._clock = clock
        self._error: timedelta | None = None

    def __call__(self) -> datetime:
        moment = self._clock()
        return moment if self._error is None else moment + self._error

    def learn(self, headers: Mapping[str, str]) -> bool:
        """Take over an answer's time; False if ours is near it, so that the fault is another."""
        here = self()
        try:
            there = here.strptime(headers["date"], _DATE_HEADER).replace(tzinfo=here.tzinfo)
        except (KeyError, ValueError):
            return False
        if abs((there - here).total_seconds()) < _TOLERATED_SKEW:
            return False
        self._error = there - self._clock()
        return True
