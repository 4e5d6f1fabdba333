"""The retry queue: messages of several makes, each for somebody else."""

from __future__ import annotations

from vestibule.delivery.events import USER_CONFIRMED, USER_ERASED, UnknownEvent, parse
from vestibule.delivery.outcomes import DONE
from vestibule.platform import logs
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.queue import Message

    Taker = Callable[[Any], Outcome]

ARRIVAL: Final = "arrival"
FEEDBACK: Final = "feedback"
GREETING: Final = "greeting"
_EVENTS: Final = frozenset({USER_CONFIRMED, USER_ERASED})
# What SES and its topics call their own.
_OF_SES: Final = frozenset({"notificationType", "eventType"})
# What SES sends to a topic, once, when it is to have events from then on: no JSON, no event.
_GREETING: Final = "Successfully validated SNS topic for Amazon SES event publishing."

log = logs.logger(__name__)


@frozen
class Work:
    kind: str
    content: Any
    """An event, or the message as it came."""


def read(content: Any) -> Work:
    """Raise UnknownEvent."""
    if content == _GREETING:
        return Work(GREETING, content)
    if isinstance(content, dict):
        if content.get("kind") == ARRIVAL:
            return Work(ARRIVAL, content)
        is_enveloped = content.get("Type") == "Notification"
        if is_enveloped and content.get("Message") == _GREETING:
            return Work(GREETING, content)
        if is_enveloped or not _OF_SES.isdisjoint(content):
            return Work(FEEDBACK, content)
    event = parse(content)
    if event.type not in _EVENTS:
        raise UnknownEvent(f"events of type {event.type!r} have nothing to do here")
    return Work(event.type, event)


class Inbox:
    def __init__(self, takers: Mapping[str, Callable[[], Taker]]) -> None:
        """By kind, what makes the one who takes it: made when its first message comes."""
        self._makers = takers
        self._takers: dict[str, Taker] = {}

    def handle(self, work: Work, _message: Message) -> Outcome:
        if work.kind == GREETING:
            log.info("SES may publish to its topic")
            return DONE
        taker = self._takers.get(work.kind)
        if taker is None:
            taker = self._takers[work.kind] = self._makers[work.kind]()
        return taker(work.content)
