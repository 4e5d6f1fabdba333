"""Mails as SES tells a queue of them, which hears of them in any order and may hear twice."""

from __future__ import annotations

import json
from typing import Any

from vestibule_cli.demo.codes import MailQueue

ANN = "ann@mail.example.com"


class Queue:
    """Gives each batch once, and knows what was taken off it."""

    def __init__(self, *batches: list[str]) -> None:
        self._batches = list(batches)
        self.deleted: list[str] = []

    def receive_message(self, **_options: Any) -> dict[str, Any]:
        bodies = self._batches.pop(0) if self._batches else []
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in bodies]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803 - boto3's
        del QueueUrl
        self.deleted.append(ReceiptHandle)


def notice(message_id: str, second: int, code: str, to: str = ANN) -> str:
    mail = {
        "messageId": message_id,
        "timestamp": f"2026-11-20T12:00:{second:02d}.000Z",
        "destination": [to],
    }
    content = f"To: {to}\r\nSubject: x\r\n\r\nYour code: {code}\r\n"
    message = json.dumps({"mail": mail, "content": content})
    return json.dumps({"Type": "Notification", "Message": message})


def test_the_newest_mail_comes_first_in_whatever_order_the_queue_tells() -> None:
    queue = Queue([notice("b", 2, "222222"), notice("c", 3, "333333")], [notice("a", 1, "111111")])
    codes = MailQueue(queue, "q")

    assert codes.sent_to(ANN) == ["333333", "222222"]
    assert codes.sent_to(ANN) == ["333333", "222222", "111111"]


def test_a_mail_told_twice_is_one() -> None:
    queue = Queue([notice("a", 1, "111111")], [notice("a", 1, "111111")])
    codes = MailQueue(queue, "q")

    assert codes.sent_to(ANN) == ["111111"]
    assert codes.sent_to(ANN.upper()) == ["111111"]
    assert len(queue.deleted) == 2


def test_the_same_code_in_two_mails_is_two() -> None:
    queue = Queue([notice("a", 1, "111111"), notice("b", 2, "111111")])

    assert MailQueue(queue, "q").sent_to(ANN) == ["111111", "111111"]


def test_what_is_no_mail_with_a_code_to_this_person_is_passed_over() -> None:
    other = notice("a", 1, "111111", to="bob@mail.example.com")
    unlike = ["no JSON", "[]", json.dumps({"mail": {}}), notice("b", 2, "none")]
    queue = Queue([other, *unlike])

    assert MailQueue(queue, "q").sent_to(ANN) == []
    assert queue.deleted == [other, *unlike]
