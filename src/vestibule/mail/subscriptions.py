"""Which mails people want: what their preferences say, and the links that change it."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.conditions import absent
from vestibule.platform.operations import Check, TransactionRefused, Update
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from vestibule.mail.unsubscribe import Tokens, Wish
    from vestibule.platform.table import Table

    class Links(Protocol):
        def tokens(self) -> Tokens | None:
            """Give None where no key is set: no link is valid there."""

        def report_forged(self) -> None:
            """Tell that somebody brought a token that we never signed."""


log = logs.logger(__name__)


class Subscriptions:
    def __init__(self, table: Table, links: Links | None) -> None:
        self._table = table
        self._links = links

    def wish(self, token: str) -> Wish | None:
        """Read what a link asks for. None for whatever is wrong with it: one end for all of it."""
        from vestibule.mail.unsubscribe import InvalidToken  # noqa: PLC0415 - few calls come here

        tokens = self._links.tokens() if self._links else None
        try:
            if tokens is not None:
                return tokens.read(token)
            reason, forged = "no key is set here", False
        except InvalidToken as error:
            reason, forged = str(error), error.forged
        metrics.count("UnsubscribeTokenInvalid")
        log.info("an unsubscribe link is not valid", reason=reason)
        if forged and self._links is not None:
            self._links.report_forged()
        return None

    def end(self, wish: Wish) -> None:
        """Turn mails of a kind off. May be repeated, and by somebody erased.

        Somebody suspended, or without a profile yet, may say so too.
        """
        person = items.person_key(wish.user_id)
        is_erased = False
        try:
            self._table.transact(
                Check(person, items.TOMBSTONE, absent()),
                Update(person, items.PREFERENCES, {wish.preference: False}),
            )
        except TransactionRefused:
            is_erased = True
        metrics.count("Unsubscribed")
        log.info("unsubscribed", user_id=wish.user_id, category=wish.category, is_erased=is_erased)
