"""One batch of events for all sinks: each sink is told in one call, and fails for itself alone.

An event that comes for the first time is for every sink. For a sink that did not take it, a message
of its own goes into the queue, with the sink's name in it; the event itself is done with. What a
sink took is noted, so however often an event comes, none is told of it twice.
"""

from __future__ import annotations

from vestibule.delivery import backoff, events
from vestibule.delivery.analytics.facts import facts_of
from vestibule.delivery.analytics.source import SINKS_UNKNOWN, SinksUnknown
from vestibule.delivery.outcomes import DONE, later
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.values import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.analytics.facts import Fact
    from vestibule.delivery.analytics.knowledge import Knowledge, TableKnowledge, Telling
    from vestibule.delivery.analytics.sinks import Sink
    from vestibule.delivery.analytics.source import SecretSinks
    from vestibule.delivery.analytics.telling import Teller
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.queue import Message, Queue

SINK: Final = "sink"
ATTEMPTS: Final = "attempts"
TABLE_UNREAD: Final = "table_unread"
NOT_QUEUED: Final = "not_queued"
_MOST_SECONDS: Final = 900

log = logs.logger(__name__)


@frozen
class News:
    """An event as it came, for every sink or for one."""

    event_id: str
    content: Mapping[str, Any]
    facts: tuple[Fact, ...]
    only: str | None
    attempts: int
    """Made when it was still in other messages."""

    def is_for(self, sink: Sink) -> bool:
        return self.only is None or self.only == sink.name


@frozen
class _Item:
    news: News
    message: Message


def read(content: Any) -> News:
    """Raise UnknownEvent."""
    event = events.parse(content)
    only, attempts = content.get(SINK), content.get(ATTEMPTS)
    return News(
        event_id=event.id,
        content=content,
        facts=facts_of(event),
        only=only if isinstance(only, str) else None,
        attempts=attempts if isinstance(attempts, int) else 0,
    )


class Analytics:
    def __init__(
        self, source: SecretSinks, knowledge: TableKnowledge, teller: Teller, queue: Queue
    ) -> None:
        self._source = source
        self._knowledge = knowledge
        self._teller = teller
        self._queue = queue

    def tell(self, batch: Sequence[tuple[News, Message]]) -> dict[str, Outcome]:
        """Give the outcome of each message, by its id."""
        items = [_Item(news, message) for news, message in batch]
        try:
            sinks = self._source.current()
        except SinksUnknown as error:
            metrics.count("AnalyticsMisconfigured")
            log.warning("sinks unknown", why=str(error))
            return _for_all(items, later(SINKS_UNKNOWN, str(error)))
        if not sinks:
            metrics.count("AnalyticsOff", len(items))
            return _for_all(items, DONE)
        try:
            known = self._read(items, sinks)
        except AwsError as error:
            return _for_all(items, later(TABLE_UNREAD, error.code or "no answer"))
        return self._told(items, sinks, known)

    def _read(self, items: Iterable[_Item], sinks: Sequence[Sink]) -> Knowledge:
        news = [item.news for item in items if item.news.facts]
        people = [fact.person for one in news for fact in one.facts if fact.person is not None]
        due = dict.fromkeys(
            (one.event_id, sink.name) for one in news for sink in sinks if one.is_for(sink)
        )
        return self._knowledge.read(people, due.keys())

    def _told(
        self, items: Sequence[_Item], sinks: Iterable[Sink], known: Knowledge
    ) -> dict[str, Outcome]:
        outcomes = {sink.name: self._told_to(sink, items, known) for sink in sinks}
        self._remember(
            (event_id, sink)
            for sink, by_event in outcomes.items()
            for event_id, outcome in by_event.items()
            if outcome.is_done
        )
        return {item.message.id: self._settled(item, outcomes) for item in items}

    def _told_to(self, sink: Sink, items: Iterable[_Item], known: Knowledge) -> dict[str, Outcome]:
        """Give the worst outcome of each event that there was something to tell of, by its id."""
        due: dict[str, list[Fact]] = {}
        for news in (item.news for item in items if item.news.is_for(sink)):
            if (news.event_id, sink.name) in known.heard:
                metrics.count("AnalyticsRepeated")
                continue
            due[news.event_id] = [
                fact
                for fact in news.facts
                if known.permits(fact.person, requires_consent=sink.requires_consent)
            ]
        facts = [(event_id, fact) for event_id, some in due.items() for fact in some]
        if not facts:
            return {}
        found: dict[str, Outcome] = {}
        outcomes = self._teller.tell(sink, [fact for _, fact in facts])
        for (event_id, _), outcome in zip(facts, outcomes, strict=True):
            if outcome.is_done:
                metrics.count("AnalyticsTold")
                found.setdefault(event_id, DONE)
            elif found.get(event_id, DONE).is_done or outcome.is_never:
                found[event_id] = replace(outcome, detail=f"{sink.name}: {outcome.detail}")
        return found

    def _remember(self, heard: Iterable[Telling]) -> None:
        try:
            self._knowledge.remember(tuple(heard))
        except AwsError as error:
            # Told again they have the same ids, which sinks know.
            log.warning("what was told is not noted", why=error.code or "no answer")

    def _settled(self, item: _Item, outcomes: Mapping[str, Mapping[str, Outcome]]) -> Outcome:
        news = item.news
        if news.only is not None:
            return _carried(item, outcomes.get(news.only, {}).get(news.event_id, DONE))
        for sink, by_event in outcomes.items():
            outcome = by_event.get(news.event_id, DONE)
            if outcome.is_done:
                continue
            metrics.count("AnalyticsRequeued")
            again = {**news.content, SINK: sink, ATTEMPTS: int(not outcome.is_deferred)}
            try:
                self._queue.send_json(again, seconds=_delay(outcome))
            except AwsError as error:
                return later(NOT_QUEUED, error.code or "no answer")
        return DONE


def _carried(item: _Item, outcome: Outcome) -> Outcome:
    if outcome.is_done:
        return outcome
    return replace(outcome, attempts=item.news.attempts + item.message.receives)


def _delay(outcome: Outcome) -> int:
    """What the sink refused goes on to its dead letter at once."""
    if outcome.is_never:
        return 0
    if outcome.seconds is None:
        return backoff.seconds(1)
    return min(backoff.after(outcome.seconds), _MOST_SECONDS)


def _for_all(items: Iterable[_Item], outcome: Outcome) -> dict[str, Outcome]:
    return {item.message.id: _carried(item, outcome) for item in items}
