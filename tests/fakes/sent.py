"""A queue that keeps what is sent to it, and the records by which it gives messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule.delivery.queue import Queue
from vestibule.platform.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vestibule.delivery.queue import Message


class SentQueue(Queue):
    """Keeps the promises of `Queue`."""

    def __init__(self, name: str = "queue") -> None:
        self.url = f"https://sqs.example/000000000000/{name}"
        self.sent: list[tuple[dict[str, Any], int]] = []
        self.hidden: dict[str, int] = {}
        self.refuses: Exception | None = None

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for body, _ in self.sent]

    def send(self, body: str, *, seconds: int = 0) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.sent.append((json.loads(body), seconds))

    def hide(self, waits: Sequence[tuple[Message, int]]) -> dict[str, str]:
        self.hidden |= {message.receipt: seconds for message, seconds in waits}
        return {}


def record(body: str | Mapping[str, Any], *, receives: int = 1) -> dict[str, Any]:
    """Write a message as the queue gives it; its receipt is its id."""
    message_id = new_id()
    return {
        "messageId": message_id,
        "receiptHandle": message_id,
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
    }


def batch(*bodies: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"Records": [record(body) for body in bodies]}
