from __future__ import annotations

from typing import Any

import pytest

from fakes.queues import record
from vestibule.delivery.queue import Message, Queue
from vestibule.delivery.settings import QueueSettings
from vestibule.platform.aws import AwsClient
from vestibule.platform.settings import SettingsError

URL = "https://sqs.us-east-1.amazonaws.com/1/mail"


class Sqs(AwsClient):
    def __init__(self, *answers: dict[str, Any]) -> None:
        super().__init__("sqs", region="us-east-1")
        self.answers = list(answers)
        self.calls: list[tuple[str, Any]] = []

    def call(
        self, operation: str, payload: Any, *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        self.calls.append((operation, payload))
        return self.answers.pop(0) if self.answers else {}


def message(name: str) -> Message:
    return Message(name, f"{name}-receipt", "text", 1)


def test_a_queue_sends() -> None:
    sqs = Sqs()
    queue = Queue(sqs, URL)

    queue.send("text")
    queue.send_json({"a": 1}, seconds=3)

    assert queue.name == "mail"
    assert sqs.calls == [
        ("SendMessage", {"QueueUrl": URL, "MessageBody": "text"}),
        ("SendMessage", {"QueueUrl": URL, "MessageBody": '{"a":1}', "DelaySeconds": 3}),
    ]


def test_messages_are_hidden_ten_at_a_time_each_for_its_own_time() -> None:
    failed = {"Id": "1", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}
    sqs = Sqs({"Failed": []}, {"Successful": [{"Id": "0"}], "Failed": [failed]})

    refused = Queue(sqs, URL).hide([(message(f"m{n}"), n) for n in range(12)])

    assert refused == {"m11": "ReceiptHandleIsInvalid"}
    (first, one), (second, two) = sqs.calls
    assert first == second == "ChangeMessageVisibilityBatch"
    assert [len(one["Entries"]), len(two["Entries"])] == [10, 2]
    assert two == {
        "QueueUrl": URL,
        "Entries": [
            {"Id": "0", "ReceiptHandle": "m10-receipt", "VisibilityTimeout": 10},
            {"Id": "1", "ReceiptHandle": "m11-receipt", "VisibilityTimeout": 11},
        ],
    }


def test_a_record_is_read_with_what_it_lacks() -> None:
    assert Message.of(record("text", receives=4)).receives == 4
    assert Message.of({"messageId": "a"}) == Message("a", "", "", 1)


def test_the_settings_of_a_queue_name_all_that_is_wrong() -> None:
    good = {"QUEUE_URL": URL, "DEAD_LETTERS_URL": f"{URL}-dlq"}

    assert QueueSettings.from_environment(good) == QueueSettings(URL, f"{URL}-dlq")
    with pytest.raises(SettingsError) as caught:
        QueueSettings.from_environment({"QUEUE_URL": "sqs"})
    assert str(caught.value).splitlines() == [
        "QUEUE_URL: must be a queue's URL, got 'sqs'",
        "DEAD_LETTERS_URL: is not set; must be a queue's URL",
    ]
