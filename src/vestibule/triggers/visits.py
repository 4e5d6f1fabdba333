"""Sign-ins and password resets, noted in the table."""

from __future__ import annotations

from vestibule.activity import model as activity
from vestibule.platform.operations import Check, TransactionRefused, Update
from vestibule.profiles import items
from vestibule.triggers import arrival_store as store
from vestibule.triggers import history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.operations import Operation
    from vestibule.platform.table import Table
    from vestibule.triggers.arrival import Arrival


class TableVisits:
    """Each note is one transaction, which never writes to somebody erased."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def sign_in(self, arrival: Arrival, *, settled: bool) -> bool:
        conditions: list[Operation] = [store.not_erased(arrival.user_id)]
        if settled:
            profile = items.profile_key(arrival.user_id)
            conditions.append(Check(*profile, store.settled(arrival)))
        return self._note(arrival, activity.LOGIN, ("lastLoginAt", "lastActivityAt"), conditions)

    def password_reset(self, arrival: Arrival) -> bool:
        conditions: list[Operation] = [store.not_erased(arrival.user_id)]
        return self._note(arrival, activity.PASSWORD_RESET, ("lastPasswordResetAt",), conditions)

    def _note(
        self, arrival: Arrival, kind: str, times: tuple[str, ...], conditions: list[Operation]
    ) -> bool:
        try:
            self._table.transact(
                *conditions,
                Update(
                    items.person_key(arrival.user_id),
                    items.LAST_SEEN,
                    changes=dict.fromkeys(times, arrival.at),
                ),
                history.entry(arrival, kind),
            )
        except TransactionRefused as refusal:
            checked = refusal.reasons[: len(conditions)]
            if any(reason.is_verdict for reason in checked):
                return False
            raise
        return True
