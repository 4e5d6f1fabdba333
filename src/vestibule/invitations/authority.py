"""On whose word an invitation opens: they must still be who may give it, to the last moment."""

from __future__ import annotations

from vestibule.organizations.standing import works_here
from vestibule.platform.operations import Check, TransactionRefused
from vestibule.profiles.conditions import still_admin
from vestibule.profiles.model import OPERATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.invitations.model import Invitation, Reservation
    from vestibule.platform.table import Table


def still_given(invited: Invitation | Reservation) -> list[Check]:
    """Check, in a transaction, that its maker might make it now."""
    maker, organization_id = invited.created_by, invited.organization_id
    if maker == OPERATOR:
        return []
    if invited.is_of_place or organization_id is None:
        return [still_admin(maker)]
    return [*works_here(organization_id, maker)]


def is_still_given(table: Table, invited: Invitation | Reservation) -> bool:
    """Raise TransactionRefused where nobody can say: somebody writes there at this moment."""
    checks = still_given(invited)
    if not checks:
        return True
    try:
        table.transact(*checks)
    except TransactionRefused as refusal:
        if any(reason.is_verdict for reason in refusal.reasons):
            return False
        raise
    return True
