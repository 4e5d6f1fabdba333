"""A queue as its consumer sees it."""

from __future__ import annotations

import json

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.aws import AwsClient

_DEADLINE: Final = 3.0
_MOST_ENTRIES: Final = 10
"""What one call of a batch may hold."""


@frozen
class Message:
    id: str
    receipt: str
    body: str
    receives: int
    """How often the queue has given it, this time included."""
    sent: int = 0
    """Milliseconds since 1970; so is the next."""
    first_received: int = 0

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Message:
        """Read one record of the batch that a queue gives to a function."""
        attributes = record.get("attributes") or {}
        return cls(
            id=str(record.get("messageId", "")),
            receipt=str(record.get("receiptHandle", "")),
            body=str(record.get("body", "")),
            receives=int(attributes.get("ApproximateReceiveCount", 1)),
            sent=int(attributes.get("SentTimestamp", 0)),
            first_received=int(attributes.get("ApproximateFirstReceiveTimestamp", 0)),
        )


class Queue:
    """All methods raise AwsError."""

    def __init__(self, client: AwsClient, url: str) -> None:
        self._client = client
        self.url = url

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    def hide(self, waits: Sequence[tuple[Message, int]]) -> dict[str, str]:
        """Let messages that were received come back, each after so many seconds from now.

        Give the queue's reason for each that it did not hide, by the message's id.
        """
        return {
            name: reason
            for start in range(0, len(waits), _MOST_ENTRIES)
            for name, reason in self._hide(waits[start : start + _MOST_ENTRIES])
        }

    def _hide(self, waits: Sequence[tuple[Message, int]]) -> Iterator[tuple[str, str]]:
        entries = [
            {
                "Id": str(place),
                "ReceiptHandle": message.receipt,
                "VisibilityTimeout": seconds,
            }
            for place, (message, seconds) in enumerate(waits)
        ]
        answer = self._client.call(
            "ChangeMessageVisibilityBatch",
            {"QueueUrl": self.url, "Entries": entries},
            deadline=_DEADLINE,
        )
        for failed in answer.get("Failed") or ():
            message, _seconds = waits[int(failed["Id"])]
            yield message.id, str(failed.get("Code", ""))

    def send(self, body: str, *, seconds: int = 0) -> None:
        """Add a message, to be given after so many seconds (900 at most)."""
        message: dict[str, Any] = {"QueueUrl": self.url, "MessageBody": body}
        if seconds:
            message["DelaySeconds"] = seconds
        self._client.call("SendMessage", message, deadline=_DEADLINE)

    def send_json(self, content: Mapping[str, Any], *, seconds: int = 0) -> None:
        self.send(json.dumps(content, separators=(",", ":")), seconds=seconds)
