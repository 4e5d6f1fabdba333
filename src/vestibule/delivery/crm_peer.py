"""Where the CRM is, as its secret says: `{"url": "https://...", "apiKey": "..."}`."""

from __future__ import annotations

import time

from vestibule.delivery.breaker import Breaker
from vestibule.delivery.crm import CrmUnknown
from vestibule.delivery.outbound import Peer, location
from vestibule.delivery.secrets import KEPT_SECONDS, SecretAway, SecretFault, SecretMissing
from vestibule.delivery.service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, Final

    from vestibule.delivery.secrets import SecretValue

SETTING: Final = "CRM_SECRET"
ATTEMPT_SECONDS: Final = 5.0


class CrmPeer:
    def __init__(
        self,
        secret: SecretValue | None,
        *,
        allowed_hosts: Collection[str] = (),
        left: Callable[[], float] | None = None,
        breaker_opened: Callable[[str], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a secret, and while it has no value, nobody is asked."""
        self._secret = secret
        self._allowed_hosts = allowed_hosts
        self._left = left
        self._monotonic = monotonic
        self._breaker = Breaker("crm", opened=breaker_opened)
        self._missing_until = float("-inf")
        self._kept: tuple[tuple[Any, bool], Peer] | None = None

    def service(self) -> Service | None:
        """Raise CrmUnknown."""
        if self._secret is None or self._monotonic() < self._missing_until:
            return None
        try:
            if not self._secret.text().strip():
                return None
            document = self._secret.document()
        except SecretMissing:
            self._missing_until = self._monotonic() + KEPT_SECONDS
            return None
        except (SecretFault, SecretAway) as error:
            raise CrmUnknown(str(error)) from None
        told = (document.get("url"), document.get("apiKey") is not None)
        if self._kept is None or self._kept[0] != told:
            self.close()
            self._kept = (told, self._made(told[0]))
        return Service(self._kept[1], self._breaker, self._secret if told[1] else None)

    def close(self) -> None:
        """Close what is kept open; the CRM can still be asked."""
        if self._kept is not None:
            self._kept[1].close()

    def _made(self, url: Any) -> Peer:
        if not isinstance(url, str):
            raise CrmUnknown(f'what {SETTING} names must hold a "url"')
        try:
            at = location(url, self._allowed_hosts)
        except ValueError as error:
            raise CrmUnknown(f'in what {SETTING} names, "url" {error}') from None
        return Peer(at, attempt_seconds=ATTEMPT_SECONDS, left=self._left)
