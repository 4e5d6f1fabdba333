"""Invitations kept in the table."""

from __future__ import annotations

from datetime import datetime

from vestibule.invitations import items
from vestibule.invitations.errors import AlreadyMailed, Raced
from vestibule.invitations.model import BY_EMAIL, KEPT_SECONDS, OPEN, REVOKED, InvitationPage
from vestibule.platform.conditions import absent, equals, less_than
from vestibule.platform.operations import ConditionFailed, Put, TransactionRefused, Update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from vestibule.invitations.model import Invitation
    from vestibule.platform.operations import Check, Item, Operation
    from vestibule.platform.table import Table


MAILS_AN_HOUR: Final = 10


class TableInvitationStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, invitation: Invitation, checks: Sequence[Check]) -> None:
        forgotten_at = invitation.valid_until + KEPT_SECONDS
        kept = [
            items.from_invitation(invitation, forgotten_at=forgotten_at),
            *items.entries(invitation, forgotten_at=forgotten_at),
        ]
        mailed = self._mailed(invitation) if invitation.delivery == BY_EMAIL else ()
        self._commit(*checks, *(Put(item, condition=absent()) for item in kept), *mailed)

    def count_mail(self, user_id: str, hour: int) -> bool:
        try:
            self._table.update(
                f"ONCE#invitation-mails-{user_id}",
                str(hour),
                changes={"expiresAt": (hour + 2) * 3600},
                increment={"mails": 1},
                condition=absent("mails") | less_than("mails", MAILS_AN_HOUR),
            )
        except ConditionFailed:
            return False
        return True

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

    def accept(self, code: str, user_id: str, now: datetime) -> str:
        from vestibule.invitations.acceptance import Acceptance  # noqa: PLC0415 - once a person

        return Acceptance(self._table).accept(code, user_id, now)

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
