"""Queues in memory, and the records that a queue gives to a function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule.delivery import events
from vestibule.delivery.queue import Queue
from vestibule.platform.aws import AwsClient, AwsRefused, AwsUnavailable
from vestibule.platform.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.delivery.events import Event
    from vestibule.delivery.queue import Message

SENT_AT = 1_790_000_000_000


class FakeQueue(Queue):
    """Keeps the promises of `Queue`."""

    def __init__(self, name: str = "user-service", *, is_away: bool = False) -> None:
        super().__init__(AwsClient("sqs", region="us-east-1"), f"https://sqs.test/1/{name}")
        self.is_away = is_away
        self.sent: list[str] = []
        self.delays: list[int] = []
        self.hidden: dict[str, int] = {}
        self.hides = 0

    def hide(self, waits: Sequence[tuple[Message, int]]) -> dict[str, str]:
        self._answer()
        self.hides += 1
        self.hidden |= {message.receipt: seconds for message, seconds in waits}
        return {}

    def send(self, body: str, *, seconds: int = 0) -> None:
        self._answer()
        self.sent.append(body)
        self.delays.append(seconds)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.sent]

    def _answer(self) -> None:
        if self.is_away:
            raise AwsUnavailable("sqs", "(made)")


class Vault(AwsClient):
    """Secrets Manager, giving one text after the other; the last one stays."""

    def __init__(
        self,
        *texts: str,
        is_away: bool = False,
        earlier: str | None = None,
        refuses: str | None = None,
    ) -> None:
        super().__init__("secretsmanager", region="us-east-1")
        self.texts = list(texts)
        self.earlier = earlier
        self.is_away = is_away
        self.refuses = refuses
        self.asked: list[Any] = []

    def call(
        self, operation: str, payload: Any, *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        is_earlier = payload.get("VersionStage") == "AWSPREVIOUS"
        if not is_earlier:
            self.asked.append((operation, payload["SecretId"]))
        if self.is_away:
            raise AwsUnavailable("secretsmanager", operation)
        if self.refuses is not None:
            raise AwsRefused("secretsmanager", operation, code=self.refuses)
        if is_earlier and self.earlier is not None:
            return {"SecretString": self.earlier}
        if is_earlier or not self.texts:
            raise AwsRefused("secretsmanager", operation, code="ResourceNotFoundException")
        return {"SecretString": self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]}


def record(
    content: Event | dict[str, Any] | str, *, name: str = "m1", receives: int = 1, **attributes: str
) -> dict[str, Any]:
    """One record of a batch, as Lambda is given it."""
    if isinstance(content, events.Event):
        content = events.write(content)
    return {
        "messageId": name,
        "receiptHandle": f"{name}-receipt",
        "body": content if isinstance(content, str) else json.dumps(content),
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(SENT_AT),
            "ApproximateFirstReceiveTimestamp": str(SENT_AT + 1000),
            **attributes,
        },
        "eventSource": "aws:sqs",
    }


def posted(content: Event | dict[str, Any] | str, *, receives: int = 1) -> dict[str, Any]:
    """One record of a batch, as new as its name."""
    times = {"SentTimestamp": "0", "ApproximateFirstReceiveTimestamp": "0"}
    return record(content, name=new_id(), receives=receives, **times)


def batch(*contents: Event | dict[str, Any] | str) -> dict[str, Any]:
    return {"Records": [posted(content) for content in contents]}


def failures(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]
