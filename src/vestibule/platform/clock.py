from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the moment, aware and in UTC."""


def now() -> datetime:
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write a moment with its microseconds, always: such texts sort as the moments do."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; a timestamp needs an aware moment")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
