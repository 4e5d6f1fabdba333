"""What an erased person still belongs to, and its end."""

from __future__ import annotations

from vestibule.organizations import items
from vestibule.organizations.errors import Raced
from vestibule.organizations.memberships import leaving
from vestibule.platform.operations import TransactionRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table


class Departures:
    def __init__(self, table: Table) -> None:
        self._table = table

    def leave(self, user_id: str) -> bool:
        """Tell whether there was anything to end. May be repeated; raise Raced when it should."""
        pointer = self._read(items.membership_key(user_id))
        if pointer is None:
            return False
        membership = self._read(items.member_key(pointer["organizationId"], user_id))
        if membership is None:
            return False
        try:
            self._table.transact(*leaving(items.to_membership(membership)))
        except TransactionRefused as refusal:
            raise Raced from refusal
        return True

    def _read(self, key: tuple[str, str]) -> Item | None:
        return self._table.get_many([key], consistent=True).get(key)
