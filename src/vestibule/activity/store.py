"""Activity kept in the table."""

from __future__ import annotations

from vestibule.activity import items
from vestibule.activity.model import ActivityPage
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.conditions import absent
from vestibule.platform.operations import Check, TransactionRefused
from vestibule.platform.origin import NOWHERE
from vestibule.profiles.items import TOMBSTONE, person_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from vestibule.activity.model import Activity
    from vestibule.platform.operations import Item
    from vestibule.platform.origin import Origin
    from vestibule.platform.table import Table

log = logs.logger(__name__)


class TableActivity:
    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, user_id: str, limit: int, start: Item | None) -> ActivityPage:
        """Give a person's newest entries."""
        page = self._table.query(
            person_key(user_id),
            sk_prefix=items.PREFIX,
            limit=limit,
            start=start,
            newest_first=True,
        )
        return ActivityPage([items.to_activity(item) for item in page.items], page.next_key)

    def all(self, user_id: str, most: int) -> Iterator[Activity]:
        """Give the newest `most` entries, page by page."""
        start, given = None, 0
        while given < most:
            page = self.page(user_id, min(100, most - given), start)
            yield from page.activities
            given += len(page.activities)
            start = page.next_key
            if start is None:
                return

    def note(
        self,
        user_id: str,
        kind: str,
        at: str,
        *,
        origin: Origin = NOWHERE,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry beside what was done already: none of the erased, who leave no traces.

        It fails open: a log line, and no error.
        """
        put = items.entry(
            user_id, kind, at, ip=origin.ip, user_agent=origin.user_agent, details=details
        )
        try:
            self._table.transact(Check(person_key(user_id), TOMBSTONE, absent()), put)
        except AwsError as error:
            _lost(user_id, kind, error.code)
        except TransactionRefused as refusal:
            if not refusal.reasons[0].is_verdict:
                _lost(user_id, kind, refusal.reasons[0].code)


def _lost(user_id: str, kind: str, code: str) -> None:
    metrics.count("ActivityLost")
    log.warning("activity not kept", user_id=user_id, kind=kind, error_code=code)
