"""Role, status and preferences kept in the table."""

from __future__ import annotations

from vestibule.accounts.errors import CallerNotAdmin, CallerSuspended, PersonNotFound, Raced
from vestibule.platform.conditions import present
from vestibule.platform.operations import Check, TransactionRefused, Update
from vestibule.profiles import items
from vestibule.profiles.conditions import NOT_SUSPENDED, still_admin
from vestibule.profiles.model import OPERATOR
from vestibule.profiles.store import TableProfileStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.platform.operations import Operation
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Person, Profile

_KEPT: Final = {
    "CLAIM": "claim",
    "INVITATION": "reservedInvitation",
    "SIGNUP": "signUp",
    "SUPPRESSED": "setAside",
}
# The keys, and what a code could be guessed against.
_NOT_TOLD: Final = frozenset({"pk", "sk", "codeHash", "writeId"})


class TableAccountStore:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._profiles = TableProfileStore(table)

    def person(self, user_id: str) -> Person:
        return self._profiles.person(user_id)

    def kept_of_address(self, address: str, user_id: str) -> Mapping[str, Any]:
        page = self._table.query(items.claim_key(address), consistent=True)
        kept = {
            _KEPT[item["sk"]]: {key: one for key, one in item.items() if key not in _NOT_TOLD}
            for item in page.items
            if item["sk"] in _KEPT
        }
        return kept if kept.get("claim", {}).get("userId") in {None, user_id} else {}

    def told_of(self, user_id: str) -> Mapping[str, Any]:
        person = items.person_key(user_id)
        # As text these two enclose what was told of somebody, and whom it has reached.
        page = self._table.query(
            person, sk_between=(items.CONFIRMED, f"{items.DELIVERY_PREFIX}~"), consistent=True
        )
        return {
            item["sk"]: {key: one for key, one in item.items() if key not in _NOT_TOLD}
            for item in page.items
        }

    def write(self, changed: Profile, *, replaces: Profile, by: str) -> None:
        operations: list[Operation] = [items.rewriting(replaces, changed)]
        if by != OPERATOR:
            operations.append(still_admin(by))
        try:
            self._table.transact(*operations)
        except TransactionRefused as refusal:
            if refusal.reasons[-1].is_verdict and by != OPERATOR:
                raise CallerNotAdmin(by) from refusal
            raise Raced(changed.user_id) from refusal

    def write_preferences(self, user_id: str, changes: Mapping[str, Any]) -> None:
        key = items.person_key(user_id)
        try:
            self._table.transact(
                Check(key, items.PROFILE, present() & NOT_SUSPENDED),
                Update(key, items.PREFERENCES, changes),
            )
        except TransactionRefused as refusal:
            if refusal.reasons[0].item is None:
                raise PersonNotFound(user_id) from refusal
            raise CallerSuspended(user_id) from refusal
