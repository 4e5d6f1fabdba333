"""The sinks as the secret describes them now."""

from __future__ import annotations

import time

from vestibule.delivery.analytics.sinks import SinksBroken, parse
from vestibule.delivery.secrets import KEPT_SECONDS, SecretAway, SecretFault, SecretMissing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Final

    from vestibule.delivery.analytics.sinks import Sink
    from vestibule.delivery.secrets import SecretValue

SETTING: Final = "ANALYTICS_SECRET"
SINKS_UNKNOWN: Final = "sinks_unknown"


class SinksUnknown(Exception):
    """Who is to be told can't be found out now. The text names the setting and the rule."""


class SecretSinks:
    def __init__(
        self,
        secret: SecretValue | None,
        *,
        allowed_hosts: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a secret, and while it has no value, there are none."""
        self._secret = secret
        self._allowed_hosts = allowed_hosts
        self._monotonic = monotonic
        self._read_text: str | None = None
        self._sinks: tuple[Sink, ...] = ()
        self._missing_until = float("-inf")

    def current(self) -> tuple[Sink, ...]:
        """Raise SinksUnknown."""
        if self._secret is None or self._monotonic() < self._missing_until:
            return ()
        try:
            return self._parsed(self._secret.text())
        except SecretMissing:
            self._missing_until = self._monotonic() + KEPT_SECONDS
            return ()
        except SinksBroken as error:
            raise SinksUnknown(f"what {SETTING} names is malformed, {error}") from None
        except (SecretFault, SecretAway) as error:
            raise SinksUnknown(str(error)) from None

    def renewed(self, sink: Sink) -> Sink | None:
        """Give what the sink has become since it was read; None if it is still the same.

        Raise SinksUnknown.
        """
        try:
            if self._secret is None or not self._secret.renewed():
                return None
        except (SecretFault, SecretAway) as error:
            raise SinksUnknown(str(error)) from None
        found = {one.name: one for one in self.current()}.get(sink.name)
        return found if found != sink else None

    def _parsed(self, text: str) -> tuple[Sink, ...]:
        if text != self._read_text:
            self._sinks = parse(text, self._allowed_hosts)
            self._read_text = text
        return self._sinks
