"""A dead letter as it lies in its queue, and whether its event may be sent once more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vestibule.delivery import events, inbox, letters
from vestibule.delivery.events import UnknownEvent
from vestibule.platform import clock
from vestibule.platform.values import frozen, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

RETRY: Final = "retry"
"""The queue whose messages are not events alone."""
UNKNOWN: Final = "unknown"
NOT_QUEUED: Final = "not_queued"
"""The bus could not put it into the queue."""
_STREAM: Final = "DDBStreamBatchInfo"
_ENVELOPE: Final = frozenset({"source", "detail-type", "detail"})


@frozen
class DeadLetter:
    id: str
    queue: str
    """The key of the queue that it is a dead letter of, and goes back to."""
    letter: letters.Letter
    content: Any
    """What the consumer had to look at."""
    receipt: str

    @classmethod
    def of(cls, queue: str, message: Mapping[str, Any]) -> DeadLetter:
        """Read a message as SQS gives it, with all its attributes."""
        body = str(message.get("Body", ""))
        letter = letters.read(body)
        content = letters.event_of(body)
        if letter.reason == letters.NOT_PROCESSED:
            letter, content = _without_reason(message, letter), _unwrapped(content)
        return cls(message["MessageId"], queue, letter, content, message["ReceiptHandle"])

    @property
    def type(self) -> str:
        if self.queue == RETRY and self.obstacle() is None:
            return inbox.read(self.content).kind
        type_ = self.content.get("type") if isinstance(self.content, dict) else None
        return type_ if isinstance(type_, str) and type_ else UNKNOWN

    def obstacle(self) -> str | None:
        """Say why sending it once more would bring it straight back; None if nothing does."""
        if isinstance(self.content, dict) and _STREAM in self.content:
            return "it names records of the table's stream, and holds no event"
        try:
            if self.queue == RETRY:
                inbox.read(self.content)
            else:
                events.parse(self.content)
        except UnknownEvent as error:
            return error.reason
        return None

    def is_of(self, pattern: str) -> bool:
        """Whether its type is this, or begins so: `user.*`."""
        if pattern.endswith("*"):
            return self.type.startswith(pattern.removesuffix("*"))
        return self.type == pattern

    def view(self) -> dict[str, Any]:
        content = self.content if isinstance(self.content, dict) else {}
        return {
            "id": self.id,
            "queue": self.queue,
            "type": self.type,
            "subject": content.get("subject"),
            "reason": self.letter.reason,
            "detail": self.letter.detail,
            "attempts": self.letter.attempts or None,
            "firstAt": self.letter.first_at or None,
            "lastAt": self.letter.last_at or None,
            "obstacle": self.obstacle(),
        }

    def full_view(self) -> dict[str, Any]:
        return self.view() | {"event": self.content}


def _without_reason(message: Mapping[str, Any], letter: letters.Letter) -> letters.Letter:
    """Fill in what the queue knows of a message that no consumer has written on."""
    sent = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
    first_at = clock.timestamp(datetime.fromtimestamp(sent, UTC)) if sent else ""
    told = {
        name: attribute.get("StringValue", "")
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    if "ERROR_CODE" not in told:
        return replace(letter, first_at=first_at)
    detail = ": ".join(filter(None, (told["ERROR_CODE"], told.get("ERROR_MESSAGE"))))
    return replace(letter, reason=NOT_QUEUED, detail=detail, first_at=first_at)


def _unwrapped(content: Any) -> Any:
    """Give the event out of what the bus wraps around it, where it told a queue's dead letters."""
    if (
        isinstance(content, dict)
        and content.keys() >= _ENVELOPE
        and content["source"] == events.SOURCE
    ):
        return content["detail"]
    return content
