"""What the table keeps of a delivery to one person: whether it was done, and how often tried."""

from __future__ import annotations

from vestibule.platform import clock
from vestibule.platform.conditions import absent, less_than, not_equals
from vestibule.platform.operations import Check, TransactionRefused, Update
from vestibule.platform.values import frozen
from vestibule.profiles.items import TOMBSTONE, person_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.table import Table

PREFIX: Final = "DELIVERY#"
DELIVERED: Final = "delivered"
PENDING: Final = "pending"
DEAD: Final = "dead"
"""A dead letter tells why. Whoever repairs leaves it to a person to send it again."""


class PersonErased(Exception):
    """The tombstone stands: nothing is written of the person any more."""


@frozen
class Standing:
    """How it stands with one person's delivery."""

    erased: bool = False
    status: str = ""
    event_id: str = ""
    attempts: int = 0
    sequence: int = 0
    """The highest that was delivered."""

    def is_delivered(self, event_id: str) -> bool:
        return self.status == DELIVERED and self.event_id == event_id


class Marks:
    """Of one kind of delivery. All methods raise AwsError."""

    def __init__(self, table: Table, kind: str, now: Clock = clock.now) -> None:
        self._table = table
        self._sk = f"{PREFIX}{kind}"
        self._now = now

    def of(self, user_id: str) -> Standing:
        pk = person_key(user_id)
        keys = ((pk, TOMBSTONE), (pk, self._sk))
        found = self._table.get_many(keys, consistent=True)
        mark = found.get(keys[1], {})
        return Standing(
            erased=keys[0] in found,
            status=mark.get("status", ""),
            event_id=mark.get("eventId", ""),
            attempts=int(mark.get("attempts", 0)),
            sequence=int(mark.get("sequence", 0)),
        )

    def delivered(self, user_id: str, event_id: str, sequence: int) -> None:
        """Note it, unless something newer was delivered meanwhile. Raise PersonErased."""
        at = clock.timestamp(self._now())
        changes = {"eventId": event_id, "status": DELIVERED, "at": at, "sequence": sequence}
        mark = Update(
            person_key(user_id),
            self._sk,
            changes,
            remove=("reason",),
            increment={"attempts": 1},
            condition=absent("sequence") | less_than("sequence", sequence + 1),
        )
        self._write(user_id, mark)

    def tried(self, user_id: str, event_id: str, reason: str, *, status: str = PENDING) -> None:
        """Note a try in vain, unless it was delivered meanwhile. Raise PersonErased."""
        at = clock.timestamp(self._now())
        changes: dict[str, Any] = {
            "eventId": event_id,
            "status": status,
            "at": at,
            "reason": reason,
        }
        mark = Update(
            person_key(user_id),
            self._sk,
            changes,
            increment={"attempts": int(status == PENDING)},
            condition=not_equals("status", DELIVERED),
        )
        self._write(user_id, mark)

    def _write(self, user_id: str, mark: Update) -> None:
        alive = Check(person_key(user_id), TOMBSTONE, absent())
        try:
            self._table.transact(alive, mark)
        except TransactionRefused as refused:
            if refused.reasons[0].is_verdict:
                raise PersonErased from refused
