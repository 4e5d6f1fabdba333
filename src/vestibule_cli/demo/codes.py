"""Where the codes that were mailed to made-up people can be read."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from email import policy as formats
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any, Protocol

from vestibule_cli.demo.calls import call
from vestibule_cli.local.mails import find_code, readable

if TYPE_CHECKING:
    from email.message import EmailMessage

_POLL_SECONDS = 2


class Codes(Protocol):
    def sent_to(self, address: str) -> list[str]:
        """Every code mailed there so far, the newest first."""


class Inbox:
    """The laptop's, which shows every mail."""

    def __init__(self, url: str) -> None:
        self._url = url

    def sent_to(self, address: str) -> list[str]:
        mails = call("GET", f"{self._url}.json").body["mails"]
        return [str(mail["code"]) for mail in mails if address in mail["to"] and mail["code"]]


@dataclass(frozen=True, slots=True, order=True)
class _Received:
    time: str
    """Of the mail, as SES writes it: ISO 8601 in UTC, so that it sorts as text."""
    message_id: str
    code: str
    addresses: frozenset[str]


class MailQueue:
    """A queue that hears, by SNS, of every mail that SES receives for a domain.

    A standard queue tells in any order, and sometimes twice: a mail's own time and id count.
    """

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._received: set[_Received] = set()

    def sent_to(self, address: str) -> list[str]:
        self._read()
        newest_first = sorted(self._received, reverse=True)
        return [mail.code for mail in newest_first if address.lower() in mail.addresses]

    def _read(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=_POLL_SECONDS
        )
        for message in answer.get("Messages", ()):
            mail = _received(message["Body"])
            if mail is not None:
                self._received.add(mail)
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def _received(body: str) -> _Received | None:
    """The mail that SES tells of; None for what is no mail with a code."""
    try:
        notice = json.loads(body)
        if "Message" in notice:
            notice = json.loads(notice["Message"])
        mail = notice["mail"]
        addresses = frozenset(str(each).lower() for each in mail["destination"])
        code = _code(str(notice["content"]))
        if code is None:
            return None
        return _Received(str(mail["timestamp"]), str(mail["messageId"]), code, addresses)
    except (ValueError, KeyError, TypeError):
        return None


def _code(content: str) -> str | None:
    try:
        raw = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raw = content.encode()
    mail: EmailMessage = BytesParser(policy=formats.default).parsebytes(raw)
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        if part is None:
            continue
        text = str(part.get_content())
        if code := find_code(text if kind == "plain" else readable(text)):
            return code
    return None
