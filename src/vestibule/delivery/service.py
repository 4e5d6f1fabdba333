"""A peer with its breaker and its key: everything between a message and the answer to it."""

from __future__ import annotations

from vestibule.delivery import classify
from vestibule.delivery.outbound import PeerFault
from vestibule.delivery.outcomes import Outcome, deferred, later, never
from vestibule.delivery.secrets import SecretAway, SecretFault
from vestibule.platform import metrics
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Final

    from vestibule.delivery.breaker import Breaker
    from vestibule.delivery.outbound import Peer
    from vestibule.delivery.secrets import SecretValue
    from vestibule.platform.connection import Answer

BREAKER_OPEN: Final = "breaker_open"
SECRET: Final = "secret"  # noqa: S105 - a reason's name
SECRET_AWAY: Final = "secret_away"  # noqa: S105 - same
_KEY_HEADER: Final = "x-api-key"
_KEY_REFUSED: Final = frozenset({401, 403})


@frozen
class Result:
    outcome: Outcome
    answer: Answer | None = None


class Service:
    def __init__(self, peer: Peer, breaker: Breaker, key: SecretValue | None = None) -> None:
        self._peer = peer
        self._breaker = breaker
        self._key = key

    def wait(self) -> Outcome | None:
        """Tell whether the peer is to be left alone now; None when it may be asked."""
        seconds = self._breaker.remaining()
        return deferred(BREAKER_OPEN, seconds) if seconds > 0 else None

    def exchange(
        self,
        method: str,
        suffix: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        also_done: Collection[int] = (),
    ) -> Result:
        """Ask once, and once more with another key if the one that is known is refused.

        To a DELETE any 2xx is a yes, in whatever words.
        """
        if left_alone := self.wait():
            return Result(left_alone)
        try:
            key = None if self._key is None else self._key.key()
            answer = self._ask(method, suffix, headers or {}, body, key)
            if key is not None and answer.status in _KEY_REFUSED:
                other = self._other_key(key)
                if other is not None:
                    answer = self._ask(method, suffix, headers or {}, body, other)
        except SecretFault as error:
            return Result(never(SECRET, str(error)))
        except SecretAway as error:
            return Result(later(SECRET_AWAY, str(error)))
        except PeerFault as error:
            return Result(classify.fault(error))
        outcome = classify.answer(answer, also_done, may_be_page=method == "DELETE")
        return Result(outcome, answer)

    def _ask(
        self, method: str, suffix: str, headers: Mapping[str, str], body: bytes, key: str | None
    ) -> Answer:
        """Raise PeerFault. The breaker hears how it went."""
        given = dict(headers) if key is None else {**headers, _KEY_HEADER: key}
        self._breaker.permits()  # nothing else does between `wait` and here
        try:
            answer = self._peer.request(method, suffix, given, body)
        except PeerFault as error:
            self._tell(classify.fault(error))
            raise
        self._tell(classify.answer(answer))
        return answer

    def _other_key(self, refused: str) -> str | None:
        """Give what the secret has become, or else what it was before its last change."""
        if self._key is None:
            return None
        if self._key.renewed():
            return self._key.key()
        earlier = self._key.earlier_key()
        if earlier == refused:
            return None
        if earlier is not None:
            # The secret has been changed, and the service is about to be told.
            metrics.count("EarlierKeyTried")
        return earlier

    def _tell(self, outcome: Outcome) -> None:
        if outcome.is_done or outcome.is_never:
            self._breaker.succeeded()
        else:
            self._breaker.failed()
