"""Tells of security events: a line and counts for each, an item for those of high severity.

The item reaches the bus by the table's stream. Whoever provokes such events must not be able to
make us write as fast as they call: in each process, one of a kind from one source in a second.
"""

from __future__ import annotations

import time
from collections import deque

from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.ids import new_id
from vestibule.platform.operations import Put
from vestibule.platform.values import frozen
from vestibule.security import items
from vestibule.security.model import HIGH, LOW, severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.table import Table

log = logs.logger(__name__)

SECONDS_BETWEEN: Final = 1.0
_MOST_WAITING: Final = 10
_MOST_REMEMBERED: Final = 256


@frozen
class Sighting:
    """`facts` name no person, no address and nothing that somebody typed."""

    kind: str
    source: str
    """The function or the trigger source that noticed it."""
    facts: Mapping[str, Any] = {}
    user_id: str | None = None

    @property
    def severity(self) -> str:
        return severity(self.kind)


def tell(sighting: Sighting) -> None:
    """Write the line and count: all there is to say of what is not of high severity."""
    write = log.info if sighting.severity == LOW else log.warning
    write(
        "security event",
        security_event=sighting.kind,
        severity=sighting.severity,
        source=sighting.source,
        user_id=sighting.user_id,
        **sighting.facts,
    )
    metrics.count(f"SecurityEvents{sighting.severity.capitalize()}")
    metrics.count(f"Security{''.join(word.capitalize() for word in sighting.kind.split('_'))}")


class Recorder:
    """Writes items for what is of high severity. Never raises: it only tells of what happened."""

    def __init__(
        self,
        table: Table,
        clock: Clock = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._clock = clock
        self._monotonic = monotonic
        self._written: dict[tuple[str, str], float] = {}
        self._waiting: deque[Sighting] = deque(maxlen=_MOST_WAITING)

    def record(
        self,
        kind: str,
        source: str,
        facts: Mapping[str, Any] | None = None,
        user_id: str | None = None,
    ) -> None:
        """Tell of it, and write it at once if it is of high severity."""
        sighting = Sighting(kind, source, facts or {}, user_id)
        tell(sighting)
        self.remember(sighting)
        self.write()

    def remember(self, sighting: Sighting) -> None:
        """Leave it for `write`, if it is of high severity and none like it was just written."""
        if sighting.severity == HIGH and self._is_due(sighting):
            self._waiting.append(sighting)

    def write(self) -> None:
        """Write what waits, in one round trip."""
        waiting = list(self._waiting)
        self._waiting.clear()
        if not waiting:
            return
        moment = self._clock()
        forgotten_at = int(moment.timestamp()) + items.LIFETIME_SECONDS
        puts = [
            items.from_sighting(new_id(), sighting, timestamp(moment), forgotten_at)
            for sighting in waiting
        ]
        try:
            if len(puts) == 1:
                self._table.put(puts[0])
            else:
                self._table.transact(*map(Put, puts))
        except Exception as error:  # noqa: BLE001 - it has been logged: nobody is stopped by this
            metrics.count("SecurityEventsLost", len(puts))
            log.failure("security event not kept", error, kinds=[one.kind for one in waiting])

    def _is_due(self, sighting: Sighting) -> bool:
        like, moment = (sighting.kind, sighting.source), self._monotonic()
        last = self._written.get(like)
        if last is not None and moment - last < SECONDS_BETWEEN:
            metrics.count("SecurityEventsPassedOver")
            return False
        if len(self._written) >= _MOST_REMEMBERED:
            self._written.clear()
        self._written[like] = moment
        return True
