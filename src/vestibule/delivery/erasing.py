"""Finishes erasing somebody: account, what is left in the table, VPCs, and the user service."""

from __future__ import annotations

from vestibule.delivery.outcomes import DONE, later, never
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.profiles import items
from vestibule.vpcs.errors import Raced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from vestibule.delivery.events import Event
    from vestibule.delivery.outcomes import Outcome
    from vestibule.platform.table import Table
    from vestibule.profiles.erase import Eraser
    from vestibule.profiles.ports import AccountDirectory

NOT_ERASED: Final = "not_erased"
UNFINISHED: Final = "unfinished"

log = logs.logger(__name__)


class Erasing:
    """All of it may be repeated: who is gone already is no failure anywhere."""

    def __init__(
        self,
        table: Table,
        eraser: Eraser,
        accounts: AccountDirectory,
        forget: Callable[[str], Outcome],
        abandon: Callable[[str], int],
    ) -> None:
        """`forget` has the user service delete somebody, `abandon` ends their VPCs."""
        self._table = table
        self._eraser = eraser
        self._accounts = accounts
        self._forget = forget
        self._abandon = abandon

    def erased(self, event: Event) -> Outcome:
        return self.finish(event.subject)

    def finish(self, user_id: str, *, user_name: str | None = None) -> Outcome:
        """Leave the tombstone alone. `user_name`: what Cognito calls the account, where known."""
        try:
            if self._table.get(items.person_key(user_id), items.TOMBSTONE, consistent=True) is None:
                return never(NOT_ERASED, "no tombstone stands: a message alone erases nobody")
            done = self._eraser.finish(user_id)
            account = done.account
            # Nothing new can come: who is erased asks for nothing any more.
            vpcs = self._abandon(user_id)
            if not account and user_name is not None:
                account = self._accounts.delete(user_name)
        except AwsError as error:
            metrics.count("EraseFailed")
            log.failure("erase not finished", error, user_id=user_id)
            return later(UNFINISHED, f"{error.service} {error.operation}: {error.code}")
        except Raced:
            metrics.count("EraseFailed")
            return later(UNFINISHED, "others wrote the VPCs meanwhile")
        told = self._forget(user_id)
        if not told.is_done:
            metrics.count("EraseFailed")
            log.warning(
                "erased here, and not yet in the user service",
                user_id=user_id,
                account=account,
                items=done.items,
                vpcs=vpcs,
                reason=told.reason,
            )
            return told
        metrics.count("EraseFinished")
        # The proof: docs/maintenance.md says what it holds.
        log.info("erased", user_id=user_id, account=account, items=done.items, vpcs=vpcs)
        return DONE
