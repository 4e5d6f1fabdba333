"""From the table's stream to the bus: all of a batch is accepted, or the stream brings it again.

What was accepted before a failure is told twice then, with the same ids. What can never be told is
put aside, with its reason: one such record must not keep all that come after it waiting.
"""

from __future__ import annotations

import time

from vestibule.delivery import events
from vestibule.delivery.changes import Unmappable, tell
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError, AwsRefused
from vestibule.platform.clock import now, timestamp
from vestibule.platform.retry import pause
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final, Protocol

    from vestibule.delivery.events import Event
    from vestibule.platform.aws import AwsClient
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

    class Bus(Protocol):
        def put(self, entries: Sequence[Entry], until: float) -> list[Refused]:
            """Hand over a few entries, and name those that were not accepted. Never raises.

            `until`, by the monotonic clock, it is at its end.
            """

    class Shelf(Protocol):
        def put(self, aside: Aside) -> None:
            """Keep what can't be told. Raise AwsError."""


log = logs.logger(__name__)

MOST_ENTRIES: Final = 10
"""What PutEvents takes at once, in number and in bytes."""
MOST_BYTES: Final = 256 * 1024
ROUNDS: Final = 5
RECORD: Final = "RECORD"
"""Sort key of a record put aside of which nothing can be told."""
_CALL_SECONDS: Final = 3.0
NO_TIME: Final = "NoTimeLeft"
# Nothing but another event would be accepted; all else may be the bus's or our own trouble.
_HOPELESS: Final = frozenset({"InvalidArgument", "MalformedDetail", "ValidationException"})
_TOO_LARGE: Final = "larger than the 256 KB that the bus takes"
_LIFETIME_SECONDS: Final = 30 * 24 * 60 * 60
_ADDRESSES: Final = "EMAIL"


class NotRelayed(Exception):
    """Some of a batch was not accepted. Raised so that the stream brings all of it again."""


@frozen
class Entry:
    """An event as the bus gets it, and the stream record that it comes from."""

    record: str
    key: tuple[str, str]
    event: Event
    detail: str

    @property
    def size(self) -> int:
        """Bytes, as PutEvents counts them."""
        told = (events.SOURCE, self.event.type, self.detail)
        return sum(len(text.encode()) for text in told)


@frozen
class Refused:
    entry: Entry
    code: str
    message: str = ""


@frozen
class Aside:
    """What can't be told, and where it is to be found in the table."""

    record: str
    key: tuple[str, str]
    reason: str
    event: Event | None = None
    """Which of what the record says; None if nothing of it can be told."""


@frozen
class Relayed:
    records: int
    events: int
    aside: int
    rounds: int
    oldest_seconds: int


class EventBus:
    def __init__(
        self, client: AwsClient, name: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._name = name
        self._monotonic = monotonic

    def put(self, entries: Sequence[Entry], until: float) -> list[Refused]:
        left = until - self._monotonic()
        if left <= 0:
            return [Refused(entry, NO_TIME) for entry in entries]
        told = [
            {
                "EventBusName": self._name,
                "Source": events.SOURCE,
                "DetailType": entry.event.type,
                "Detail": entry.detail,
            }
            for entry in entries
        ]
        try:
            answer = self._client.call(
                "PutEvents", {"Entries": told}, deadline=min(_CALL_SECONDS, left)
            )
        except AwsRefused as error:
            if error.code in _HOPELESS and len(entries) > 1:
                # One of them spoils the call for the others.
                return [refused for entry in entries for refused in self.put((entry,), until)]
            return [Refused(entry, error.code, error.message) for entry in entries]
        except AwsError as error:
            return [Refused(entry, error.code or "NoAnswer", str(error)) for entry in entries]
        results = answer.get("Entries", [])
        if len(results) != len(entries):
            return [Refused(entry, "NoAnswer", "not a result for each entry") for entry in entries]
        return [
            Refused(entry, result.get("ErrorCode", "NoEventId"), result.get("ErrorMessage", ""))
            for entry, result in zip(entries, results, strict=True)
            if not result.get("EventId")
        ]


class TableShelf:
    """Keeps for a month where a change lies that could not be told, without what it says."""

    def __init__(self, table: Table, clock: Clock = now) -> None:
        self._table = table
        self._clock = clock

    def put(self, aside: Aside) -> None:
        moment = self._clock()
        pk, sk = aside.key
        kind = pk.partition("#")[0]
        # An address is not to be kept here once its owner is gone.
        named = f"{kind}#..." if kind == _ADDRESSES else pk
        item: Item = {
            "pk": f"UNRELAYED#{aside.record}",
            "sk": RECORD if aside.event is None else aside.event.id,
            "of": {"pk": named, "sk": sk},
            "reason": aside.reason,
            "at": timestamp(moment),
            "expiresAt": int(moment.timestamp()) + _LIFETIME_SECONDS,
        }
        if aside.event is not None:
            item["type"] = aside.event.type
        self._table.put(item)


class Relay:
    def __init__(
        self,
        bus: Bus,
        shelf: Shelf,
        clock: Clock = now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bus = bus
        self._shelf = shelf
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep

    def relay(self, records: Sequence[Mapping[str, Any]], seconds: float) -> Relayed:
        """Tell of all the records within `seconds`. Raise NotRelayed, or AwsError."""
        until = self._monotonic() + seconds
        oldest = self._oldest(records)
        metrics.count("RelayOldestSeconds", oldest)
        waiting, aside = _mapped(records)
        told, rounds = 0, 0
        while waiting:
            rounds += 1
            refused = [one for batch in batches(waiting) for one in self._bus.put(batch, until)]
            told += len(waiting) - len(refused)
            hopeless = [one for one in refused if one.code in _HOPELESS]
            aside += map(_hopeless, hopeless)
            failed = [one for one in refused if one.code not in _HOPELESS]
            waiting = [one.entry for one in failed]
            wait = pause(rounds)
            if failed and (rounds == ROUNDS or self._monotonic() + wait >= until):
                self._give_up(failed, told)
            if failed:
                self._sleep(wait)
        metrics.count("EventsRelayed", told)
        for place, one in enumerate(aside):
            if self._monotonic() >= until:
                raise NotRelayed(f"no time left to put {len(aside) - place} records aside")
            self._put_aside(one)
        return Relayed(len(records), told, len(aside), rounds, oldest)

    def _give_up(self, failed: Sequence[Refused], told: int) -> None:
        metrics.count("EventsRelayed", told)
        metrics.count("RelayFailed", len(failed))
        codes = ", ".join(sorted({one.code for one in failed}))
        raise NotRelayed(f"{len(failed)} events not accepted by the bus: {codes}")

    def _put_aside(self, aside: Aside) -> None:
        metrics.count("RelayPutAside")
        kind = None if aside.event is None else aside.event.type
        log.error("not relayed", record=aside.record, reason=aside.reason, event_type=kind)
        self._shelf.put(aside)

    def _oldest(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Seconds that the oldest of them has waited."""
        times = [
            record.get("dynamodb", {}).get("ApproximateCreationDateTime") for record in records
        ]
        made = [float(one) for one in times if isinstance(one, (int, float))]
        return max(0, int(self._clock().timestamp() - min(made))) if made else 0


def batches(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Give them in their order, as many at once as the bus takes."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == MOST_ENTRIES or size + entry.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def _mapped(records: Iterable[Mapping[str, Any]]) -> tuple[list[Entry], list[Aside]]:
    entries: list[Entry] = []
    aside: list[Aside] = []
    for record in records:
        name, key = str(record.get("eventID", "")), _key(record)
        try:
            made = [Entry(name, key, event, _written(event)) for event in tell(record)]
        except Unmappable as error:
            aside.append(Aside(name, key, f"cannot be told: {error}"))
            continue
        entries += (entry for entry in made if entry.size <= MOST_BYTES)
        large = (entry for entry in made if entry.size > MOST_BYTES)
        aside += (Aside(name, key, _TOO_LARGE, entry.event) for entry in large)
    return entries, aside


def _written(event: Event) -> str:
    """Raise Unmappable."""
    try:
        return events.write(event)
    except (TypeError, ValueError) as error:
        raise Unmappable(f"{type(error).__name__}: {event.type} is not JSON") from error


def _hopeless(refused: Refused) -> Aside:
    entry = refused.entry
    return Aside(entry.record, entry.key, f"refused by the bus: {refused.code}", entry.event)


def _key(record: Mapping[str, Any]) -> tuple[str, str]:
    keys = record.get("dynamodb", {}).get("Keys", {})
    pk, sk = (keys.get(name, {}).get("S", "") for name in ("pk", "sk"))
    return pk, sk
