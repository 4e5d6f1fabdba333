"""Invitations kept in the table."""

from __future__ import annotations

from datetime import datetime

from vestibule.invitations import items
from vestibule.invitations.errors import AlreadyMailed, Raced, TooManyMails
from vestibule.invitations.model import BY_EMAIL, KEPT_SECONDS, OPEN, REVOKED, InvitationPage
from vestibule.platform.conditions import absent, equals
from vestibule.platform.operations import Put, TransactionRefused, Update
from vestibule.profiles.model import OPERATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.invitations.model import Invitation
    from vestibule.platform.operations import Check, Item, Operation
    from vestibule.platform.table import Table


class TableInvitationStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, invitation: Invitation, checks: Sequence[Check]) -> None:
        forgotten_at = invitation.valid_until + KEPT_SECONDS
        kept = [
            items.from_invitation(invitation, forgotten_at=forgotten_at),
            *items.entries(invitation, forgotten_at=forgotten_at),
        ]
        mailed: Sequence[Operation] = ()
        if invitation.delivery == BY_EMAIL:
            mailed = (*self._mailed(invitation), *self._counted(invitation))
        self._commit(*checks, *(Put(item, condition=absent()) for item in kept), *mailed)

    def _counted(self, invitation: Invitation) -> Sequence[Operation]:
        if invitation.email is None or invitation.created_by == OPERATOR:
            return ()
        from vestibule.invitations import mail_limits  # noqa: PLC0415 - few are mailed

        counted = mail_limits.counters(
            invitation.created_by, invitation.email, invitation.organization_id
        )
        now = int(datetime.fromisoformat(invitation.created_at).timestamp())
        counting = mail_limits.counting(self._table, counted, now)
        if counting is None:
            raise TooManyMails(invitation.created_by)
        return counting

    def _mailed(self, invitation: Invitation) -> Sequence[Operation]:
        if invitation.email is None:
            return ()
        pk, sk = items.mailed_key(invitation.email, invitation.organization_id)
        before = self._table.get(pk, sk, consistent=True)
        free = absent()
        if before is not None:
            other = self._table.get(*items.invite_key(before["codeHash"]), consistent=True)
            made = int(datetime.fromisoformat(invitation.created_at).timestamp())
            if other is not None and items.to_invitation(other).status_at(made) == OPEN:
                raise AlreadyMailed(other["inviteId"])
            free = absent() | equals("codeHash", before["codeHash"])
        marker = {
            "pk": pk,
            "sk": sk,
            "codeHash": invitation.code_hash,
            "expiresAt": invitation.valid_until,
        }
        return (Put(marker, condition=free),)

    def accept(self, code: str, user_id: str, now: datetime, current: str | None) -> str:
        from vestibule.invitations.acceptance import Acceptance  # noqa: PLC0415 - once a person

        return Acceptance(self._table).accept(code, user_id, now, current)

    def find(self, invite_id: str) -> Invitation | None:
        entry = self._table.get(*items.entry_key(invite_id), consistent=True)
        if entry is None:
            return None
        item = self._table.get(*items.invite_key(entry["codeHash"]), consistent=True)
        return None if item is None else items.to_invitation(item)

    def page(self, organization_id: str | None, limit: int, start: Item | None) -> InvitationPage:
        partition = items.scope(organization_id)
        page = self._table.query(partition, index=items.INDEX, limit=limit, start=start)
        # The index says nothing of the code's hash: it would leave with the token of the next page.
        entries = self._in_order([(item["pk"], item["sk"]) for item in page.items])
        found = self._in_order([items.invite_key(entry["codeHash"]) for entry in entries])
        return InvitationPage([items.to_invitation(item) for item in found], page.next_key)

    def revoke(self, invitation: Invitation, checks: Sequence[Check], *, by: str, at: str) -> None:
        revoked = Update(
            *items.invite_key(invitation.code_hash),
            changes={"status": REVOKED, "revokedBy": by, "revokedAt": at},
            condition=equals("status", OPEN) & equals("uses", invitation.uses),
        )
        self._commit(*checks, revoked)

    def _in_order(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        found = self._table.get_many(keys) if keys else {}
        return [found[key] for key in keys if key in found]

    def _commit(self, *operations: Operation) -> None:
        try:
            self._table.transact(*operations)
        except TransactionRefused as refusal:
            raise Raced from refusal
