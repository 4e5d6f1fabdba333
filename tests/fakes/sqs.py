"""SQS in memory, as its API tells it: hidden messages, receipts, counts, redrive policies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from vestibule.platform.aws import AwsClient, AwsError, AwsUnavailable

ACCOUNT = "https://sqs.test/1"
LEAST = 10


@dataclass
class Held:
    id: str
    body: str
    sent_at: int
    hidden_until: float = 0.0
    receives: int = 0
    attributes: dict[str, str] = field(default_factory=dict)


class FakeSqs(AwsClient):
    """Queues `KEY` with dead letters in `KEY-dlq`. `seconds` is its clock."""

    def __init__(self, *keys: str) -> None:
        super().__init__("sqs", region="us-east-1")
        self.seconds = 0.0
        self.sent: list[tuple[str, str]] = []
        self.failing: dict[str, AwsError] = {}
        """Operations that fail, once each."""
        self._held: dict[str, list[Held]] = {}
        self._dead = {f"{key}-dlq" for key in keys}
        self._number = 0
        for key in keys:
            self._held[key] = []
            self._held[f"{key}-dlq"] = []
        self.urls = {key: f"{ACCOUNT}/vestibule-{key}" for key in self._held}

    def put(self, key: str, content: Any, **attributes: str) -> str:
        """Let a message lie there, text as it is and all else as JSON; give its id."""
        body = content if isinstance(content, str) else json.dumps(content)
        self._number += 1
        made = Held(f"m{self._number}", body, 1_790_000_000_000 + self._number)
        made.attributes = attributes
        self._held[key].append(made)
        return made.id

    def bodies(self, key: str) -> list[Any]:
        return [json.loads(held.body) for held in self._held[key]]

    def ids(self, key: str) -> list[str]:
        return [held.id for held in self._held[key]]

    def visible(self, key: str) -> list[str]:
        return [held.id for held in self._held[key] if held.hidden_until <= self.seconds]

    def call(
        self, operation: str, payload: Any, *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        if operation in self.failing:
            raise self.failing.pop(operation)
        key = payload["QueueUrl"].removeprefix(f"{ACCOUNT}/vestibule-")
        answer: dict[str, Any] = getattr(self, operation)(key, payload)
        return answer

    def away(self, operation: str) -> None:
        self.failing[operation] = AwsUnavailable("sqs", operation)

    def GetQueueAttributes(self, key: str, _payload: Any) -> dict[str, Any]:  # noqa: N802 - SQS's
        visible = len(self.visible(key))
        attributes = {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(self._held[key]) - visible),
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        if key not in self._dead:
            arn = f"arn:aws:sqs:us-east-1:1:vestibule-{key}-dlq"
            policy = {"deadLetterTargetArn": arn, "maxReceiveCount": 20}
            attributes["RedrivePolicy"] = json.dumps(policy)
        return {"Attributes": attributes}

    def ReceiveMessage(self, key: str, payload: Any) -> dict[str, Any]:  # noqa: N802 - same
        messages = []
        for held in self._held[key]:
            if held.hidden_until > self.seconds or len(messages) == LEAST:
                continue
            held.hidden_until = self.seconds + payload["VisibilityTimeout"]
            held.receives += 1
            message = {
                "MessageId": held.id,
                "ReceiptHandle": f"{held.id}:{held.receives}",
                "Body": held.body,
                "Attributes": {"SentTimestamp": str(held.sent_at)},
            }
            told = {name: {"StringValue": value} for name, value in held.attributes.items()}
            messages.append(message | ({"MessageAttributes": told} if told else {}))
        return {"Messages": messages} if messages else {}

    def ChangeMessageVisibilityBatch(self, key: str, payload: Any) -> dict[str, Any]:  # noqa: N802
        assert 0 < len(payload["Entries"]) <= LEAST
        for entry in payload["Entries"]:
            if (held := self._by_receipt(key, entry["ReceiptHandle"])) is not None:
                held.hidden_until = self.seconds + entry["VisibilityTimeout"]
        return {}

    def SendMessage(self, key: str, payload: Any) -> dict[str, Any]:  # noqa: N802 - same
        self.put(key, payload["MessageBody"])
        self.sent.append((key, payload["MessageBody"]))
        return {}

    def DeleteMessage(self, key: str, payload: Any) -> dict[str, Any]:  # noqa: N802 - same
        held = self._by_receipt(key, payload["ReceiptHandle"])
        if held is not None:
            self._held[key].remove(held)
        return {}

    def _by_receipt(self, key: str, receipt: str) -> Held | None:
        """The message, while nobody has received it since."""
        return next((one for one in self._held[key] if f"{one.id}:{one.receives}" == receipt), None)
