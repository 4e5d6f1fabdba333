"""Addresses that nothing more is mailed to: they bounced for good, or somebody complained."""

from __future__ import annotations

from vestibule.platform.clock import now, timestamp
from vestibule.policy.addresses import normalized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

SUPPRESSED: Final = "SUPPRESSED"
BOUNCE: Final = "bounce"
COMPLAINT: Final = "complaint"
# A mailbox may come back, and its owner sign up again. Who complained is never written to again.
BOUNCE_DAYS: Final = 180
_DAY_SECONDS: Final = 86_400


def key(address: str) -> tuple[str, str]:
    """Where it is kept that a normalized address is set aside."""
    return f"EMAIL#{address}", SUPPRESSED


def is_standing(item: Mapping[str, Any] | None, at: float) -> bool:
    """Whether what the table holds still counts at this moment: expired items linger there."""
    return item is not None and item.get("expiresAt", at + 1) > at


class Suppressions:
    def __init__(self, table: Table, clock: Clock = now) -> None:
        self._table = table
        self._clock = clock

    def holds(self, address: str) -> bool:
        found = normalized(address)
        item = None if found is None else self._table.get(*key(found))
        return is_standing(item, self._clock().timestamp())

    def add(self, address: str, reason: str, kind: str) -> bool:
        """Set an address aside; False for what is none. A complaint outlives any bounce."""
        found = normalized(address)
        if found is None:
            return False
        moment = self._clock()
        pk, sk = key(found)
        item: Item = {"reason": reason, "kind": kind, "at": timestamp(moment)}
        if reason == BOUNCE:
            standing = self._table.get(pk, sk, consistent=True)
            if standing is not None and standing.get("reason") == COMPLAINT:
                return True
            item["expiresAt"] = int(moment.timestamp()) + BOUNCE_DAYS * _DAY_SECONDS
        self._table.put({"pk": pk, "sk": sk, **item})
        return True
