"""What the table still holds of an erased person, the tombstone apart."""

from __future__ import annotations

from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.table import Table


class TableRemains:
    def __init__(self, table: Table) -> None:
        self._table = table

    def clear(self, user_id: str) -> int:
        key, start, removed = items.person_key(user_id), None, 0
        while True:
            page = self._table.query(key, start=start, consistent=True)
            for item in page.items:
                if item["sk"] != items.TOMBSTONE:
                    self._table.delete(key, item["sk"])
                    removed += 1
                elif items.SIGN_IN_NAME in item:
                    self._table.update(key, items.TOMBSTONE, remove=(items.SIGN_IN_NAME,))
            start = page.next_key
            if start is None:
                return removed
