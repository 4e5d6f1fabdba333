"""What reconciliation reads and writes in the table: people's marks, and how far it has come."""

from __future__ import annotations

from datetime import datetime, timedelta

from vestibule.delivery.marks import DEAD, DELIVERED
from vestibule.delivery.marks import PREFIX as DELIVERY
from vestibule.delivery.user_service import KIND
from vestibule.platform.conditions import absent, equals, less_than, present
from vestibule.platform.operations import ConditionFailed
from vestibule.platform.values import frozen
from vestibule.profiles import items
from vestibule.profiles.telling import lacks_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Final

    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

# What was only slow has arrived by then. The next time is ever further off: a service that is down
# for a day must not find every person in its queue a hundred times.
FIRST_AGAIN: Final = timedelta(minutes=15)
# No message waits for so long between two tries.
_STILL_TRIED: Final = timedelta(hours=1)
_GROWTH: Final = 4
MOST_AGAINS: Final = 6
_DELIVERY: Final = f"{DELIVERY}{KIND}"
_KINDS: Final = (items.PROFILE, items.CONFIRMED, items.TOMBSTONE, _DELIVERY)
_CURSOR: Final = ("MAINTENANCE#reconcile", "CURSOR")


@frozen
class Marks:
    """What the table has of one person."""

    has_profile: bool = False
    confirmed: Item | None = None
    tombstone: Item | None = None
    delivery: Item | None = None

    @property
    def is_held(self) -> bool:
        """Whether they were told of without an address: telling again would say no more."""
        return lacks_address(self.confirmed)

    def is_overdue(self, now: datetime) -> bool:
        """Whether they should be told of once more."""
        delivery = self.delivery or {}
        if self.confirmed is None or self.is_held or delivery.get("status") in {DELIVERED, DEAD}:
            return False
        times = int(self.confirmed.get("again", 0))
        last = self.confirmed.get("againAt") or self.confirmed.get("at")
        return (
            times < MOST_AGAINS
            and _is_past(last, FIRST_AGAIN * _GROWTH**times, now)
            and (self.delivery is None or _is_past(delivery.get("at"), _STILL_TRIED, now))
        )

    def is_erased_for_long(self, now: datetime) -> bool:
        """Whether erasing them should have come to its end by now."""
        return self.tombstone is not None and _is_past(
            self.tombstone.get("erasedAt"), FIRST_AGAIN, now
        )


class TableMarks:
    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, people: Iterable[str]) -> dict[str, Marks]:
        everybody = {one: items.person_key(one) for one in people}
        keys = [(pk, kind) for pk in everybody.values() for kind in _KINDS]
        found = self._table.get_many(keys, consistent=True)
        return {
            one: Marks(
                has_profile=(pk, items.PROFILE) in found,
                confirmed=found.get((pk, items.CONFIRMED)),
                tombstone=found.get((pk, items.TOMBSTONE)),
                delivery=found.get((pk, _DELIVERY)),
            )
            for one, pk in everybody.items()
        }

    def tell_again(self, user_id: str, confirmed: Item, at: str) -> bool:
        """Let the stream bring them anew: the event has the id it had. False if others did."""
        times = int(confirmed.get("again", 0))
        untouched = equals("again", times) if times else absent("again")
        try:
            self._table.update(
                items.person_key(user_id),
                items.CONFIRMED,
                changes={"againAt": at, "again": times + 1},
                condition=present() & untouched,
            )
        except ConditionFailed:
            return False
        return True


@frozen
class Progress:
    """How far one pass over the pool has come."""

    started_at: str
    token: str | None = None
    """Of the page at hand; None for the first."""
    done: int = 0
    """How many of that page have been looked at."""
    counts: Mapping[str, int] = {}


class LeaseLost(Exception):
    """Another run has taken over."""


class TableCursor:
    """Where the next run goes on, for one at a time."""

    def __init__(self, table: Table, owner: str) -> None:
        self._table = table
        self._owner = owner

    def take(self, now: datetime, seconds: float) -> Progress | None:
        """Begin a run that may last so long; None while another one is at work."""
        moment = int(now.timestamp())
        try:
            item = self._table.update(
                *_CURSOR,
                changes={"leaseOwner": self._owner, "leaseUntil": moment + int(seconds) + 1},
                condition=absent("leaseUntil") | less_than("leaseUntil", moment),
            )
        except ConditionFailed:
            return None
        return Progress(
            started_at=item.get("startedAt", ""),
            token=item.get("token"),
            done=int(item.get("done", 0)),
            counts=_counts(item),
        )

    def keep(self, progress: Progress) -> None:
        """Raise LeaseLost."""
        self._write(_told(progress), remove=() if progress.token else ("token",))

    def release(self, progress: Progress) -> None:
        """End a run in the middle of a pass. Raise LeaseLost."""
        gone = ("leaseOwner", "leaseUntil") if progress.token else _LEASE_AND_TOKEN
        self._write(_told(progress), remove=gone)

    def finish(self, progress: Progress, at: str) -> None:
        """End a pass. Raise LeaseLost."""
        last = {"startedAt": progress.started_at, "finishedAt": at, "counts": progress.counts}
        self._write({"last": last}, remove=(*_LEASE_AND_TOKEN, "startedAt", "done", "counts"))

    def _write(self, changes: Mapping[str, Any], *, remove: Iterable[str]) -> None:
        try:
            self._table.update(
                *_CURSOR,
                changes=changes,
                remove=remove,
                condition=equals("leaseOwner", self._owner),
            )
        except ConditionFailed as failure:
            raise LeaseLost from failure


_LEASE_AND_TOKEN: Final = ("leaseOwner", "leaseUntil", "token")


def _told(progress: Progress) -> dict[str, Any]:
    told: dict[str, Any] = {
        "startedAt": progress.started_at,
        "done": progress.done,
        "counts": dict(progress.counts),
    }
    return told | ({"token": progress.token} if progress.token else {})


def _counts(item: Item) -> dict[str, int]:
    return {name: int(value) for name, value in item.get("counts", {}).items()}


def _is_past(told: Any, span: timedelta, now: datetime) -> bool:
    try:
        return datetime.fromisoformat(told) + span <= now
    except (TypeError, ValueError):
        return True
