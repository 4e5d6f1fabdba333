"""What PreSignUp alone is told, kept until the address is confirmed."""

from __future__ import annotations

from vestibule.platform.clock import now, timestamp
from vestibule.triggers.arrival_store import origin_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.table import Table

KEPT_SECONDS: Final = 7 * 24 * 3600


class TableOrigins:
    def __init__(self, table: Table, clock: Clock = now) -> None:
        self._table = table
        self._clock = clock

    def keep(self, email: str, origin: Mapping[str, str]) -> None:
        moment = self._clock()
        forgotten_at = int(moment.timestamp()) + KEPT_SECONDS
        self._table.put(origin_item(email, origin, timestamp(moment), forgotten_at))
