"""Tells one sink of some facts, and says of each what became of it."""

from __future__ import annotations

from vestibule.delivery.analytics import mappings
from vestibule.delivery.analytics.source import SINKS_UNKNOWN, SinksUnknown
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.consumer import TIME_OUT
from vestibule.delivery.outbound import Peer
from vestibule.delivery.outcomes import DONE, later, never
from vestibule.delivery.service import Result, Service

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from vestibule.delivery.analytics.facts import Fact
    from vestibule.delivery.analytics.sinks import Sink
    from vestibule.delivery.analytics.source import SecretSinks
    from vestibule.delivery.outcomes import Outcome

FACT_REFUSED: Final = "fact_refused"
ATTEMPT_SECONDS: Final = 4.0
_LEAST_SECONDS: Final = 1.0
_KEY_REFUSED: Final = frozenset({401, 403})
# One among several may be to blame.
_BLAMES_THE_CONTENT: Final = frozenset({400, 413, 422})


class Teller:
    """Keeps a connection and a breaker for each sink, as long as the worker lives."""

    def __init__(
        self,
        source: SecretSinks,
        *,
        left: Callable[[], float] | None = None,
        breaker_opened: Callable[[str], None] | None = None,
    ) -> None:
        self._source = source
        self._left = left
        self._breaker_opened = breaker_opened
        self._breakers: dict[str, Breaker] = {}
        self._peers: dict[str, Peer] = {}

    def close(self) -> None:
        """Close what is kept open; the sinks can still be told."""
        for peer in self._peers.values():
            peer.close()

    def tell(self, sink: Sink, facts: Sequence[Fact]) -> list[Outcome]:
        """Give an outcome for each fact, in their order."""
        if self._left is not None and self._left() < _LEAST_SECONDS:
            # Cut short, it would be the sink that seems slow.
            return [later(TIME_OUT)] * len(facts)
        result = self._asked(sink, facts)
        answer = result.answer
        if answer is None or result.outcome.is_done:
            return [result.outcome] * len(facts)
        refused = mappings.refused(sink, answer.status, answer.body)
        refused = {place: why for place, why in refused.items() if place < len(facts)}
        if refused:
            return self._without(sink, facts, refused, answer.status)
        if len(facts) > 1 and answer.status in _BLAMES_THE_CONTENT:
            return [self.tell(sink, [fact])[0] for fact in facts]
        return [result.outcome] * len(facts)

    def _without(
        self, sink: Sink, facts: Sequence[Fact], refused: dict[int, str], status: int
    ) -> list[Outcome]:
        rest = [fact for place, fact in enumerate(facts) if place not in refused]
        if mappings.takes_the_rest(sink, status) or not rest:
            others = [DONE] * len(rest)
        else:
            others = self.tell(sink, rest)
        remaining = iter(others)
        return [
            never(FACT_REFUSED, refused[place]) if place in refused else next(remaining)
            for place in range(len(facts))
        ]

    def _asked(self, sink: Sink, facts: Sequence[Fact]) -> Result:
        result = self._exchange(sink, facts)
        if result.answer is not None and result.answer.status in _KEY_REFUSED:
            try:
                renewed = self._source.renewed(sink)
            except SinksUnknown as error:
                return Result(later(SINKS_UNKNOWN, str(error)))
            if renewed is not None:
                return self._exchange(renewed, facts)
        return result

    def _exchange(self, sink: Sink, facts: Sequence[Fact]) -> Result:
        call = mappings.call_for(sink, facts)
        suffix = sink.query if sink.at.path else f"/{sink.query}"
        return self._service(sink).exchange("POST", suffix, call.headers, call.body)

    def _service(self, sink: Sink) -> Service:
        peer = self._peers.get(sink.name)
        if peer is None or peer.at != sink.at:
            if peer is not None:
                peer.close()
            peer = Peer(sink.at, attempt_seconds=ATTEMPT_SECONDS, left=self._left)
            self._peers[sink.name] = peer
        breaker = self._breakers.get(sink.name)
        if breaker is None:
            breaker = Breaker(f"analytics:{sink.name}", opened=self._breaker_opened)
            self._breakers[sink.name] = breaker
        return Service(peer, breaker)
