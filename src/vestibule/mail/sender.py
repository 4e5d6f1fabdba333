"""Sends one mail by SES, at most once for each time it is asked to.

SES has no token to recognize a repetition by. So a request is sent again only where the first
can't have been accepted: nothing was connected yet, or SES said that it was asked too often.
"""

from __future__ import annotations

import json
import time

from vestibule.platform import clock
from vestibule.platform.aws import address
from vestibule.platform.connection import AnswerTooLarge, BrokenAnswer
from vestibule.platform.credentials import Credentials, from_environment
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.host import Host, NotConnected
from vestibule.platform.retry import THROTTLED, pause, reason_to_retry
from vestibule.platform.signing import Signer
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any, Final, Protocol

    from vestibule.mail.letters import Letter
    from vestibule.mail.settings import MailSettings
    from vestibule.platform.connection import Answer
    from vestibule.platform.settings import Settings

    class Sender(Protocol):
        def send(self, to: str, letter: Letter) -> None:
            """Raise MailNotSent. After it a mail may have gone nevertheless."""

    class StampingSender(Protocol):
        def send(self, to: str, letter: Letter, stamp: Stamp) -> None:
            """Raise MailRefused, MailPutOff or MailNotSent; after the last it may have gone."""


# Takes every mail like any other address, and delivers none. SES bills it and counts no bounce.
NOBODY: Final = "success@simulator.amazonses.com"
LONGEST_WAIT: Final = 2.5
_PATH: Final = "/v2/email/outbound-emails"
_MOST_TRIES: Final = 3


# SES says so of the mail itself, and would of the same mail again. Whatever else it refuses (the
# account, the sender's domain, our rights) is mended by people, and the mail goes then.
_REJECTED: Final = "MessageRejected"
_OF_THE_MAIL: Final = frozenset({_REJECTED, "BadRequestException"})
# Nothing is wrong with such a mail: the sender is not proven, or in the sandbox its reader is not.
_UNVERIFIED: Final = "Email address is not verified"
_LONGEST_TAG: Final = 256
_TAG_LETTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.@"
)


class MailNotSent(Exception):
    """SES did not say that it took the mail."""


class MailRefused(MailNotSent):
    """SES has seen the mail, and will never take it."""


class MailPutOff(MailNotSent):
    """SES certainly has no such mail, and may take it at another time."""


@frozen
class Stamp:
    """What goes with a letter: headers of its own, and tags that SES repeats in what it tells."""

    headers: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}


_UNSTAMPED: Final = Stamp()


class SesSender:
    """One thread at a time. Keeps its connection open between mails."""

    def __init__(  # noqa: PLR0913 - settings, by name
        self,
        from_address: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        configuration_set: str | None = None,
        left: Callable[[], float] = lambda: LONGEST_WAIT,
        credentials: Callable[[], Credentials] = from_environment,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`left` tells how many seconds the invocation still has for this."""
        self._from = from_address
        self._configuration_set = configuration_set
        self._host = Host(Endpoint.parse(endpoint_url or address("email", region)))
        self._signer = Signer(region, "ses")
        self._left = left
        self._credentials = credentials
        self._now = now
        self._sleep = sleep

    def send(self, to: str, letter: Letter, stamp: Stamp = _UNSTAMPED) -> None:
        """Raise MailRefused, MailPutOff, or MailNotSent when the outcome is not known."""
        until = time.monotonic() + min(LONGEST_WAIT, self._left())
        body = json.dumps(self._request(to, letter, stamp), separators=(",", ":")).encode()
        tries = 0
        while True:
            tries += 1
            try:
                return _check(self._exchange(body, until))
            except (NotConnected, _NotAccepted) as failure:
                wait = pause(tries)
                if tries >= _MOST_TRIES or time.monotonic() + wait >= until:
                    raise MailPutOff(str(failure)) from failure
                self._sleep(wait)
            except (OSError, BrokenAnswer, AnswerTooLarge) as error:
                raise MailNotSent(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close what is kept open between mails; the sender stays usable."""
        self._host.close()

    def _request(self, to: str, letter: Letter, stamp: Stamp) -> Mapping[str, Any]:
        simple: dict[str, Any] = {
            "Subject": _content(letter.subject),
            "Body": {"Html": _content(letter.html), "Text": _content(letter.text)},
        }
        if stamp.headers:
            simple["Headers"] = _pairs(stamp.headers)
        request: dict[str, Any] = {
            "FromEmailAddress": self._from,
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": simple},
        }
        if stamp.tags:
            request["EmailTags"] = _pairs({name: _tag(text) for name, text in stamp.tags.items()})
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        return request

    def _exchange(self, body: bytes, until: float) -> Answer:
        headers = self._signer.sign(
            "POST",
            _PATH,
            "",
            {"host": self._host.endpoint.authority, "content-type": "application/json"},
            body,
            credentials=self._credentials(),
            moment=self._now(),
        )
        return self._host.post(_PATH, headers, body, until=until)


def sender_of(settings: Settings, mail: MailSettings, *, left: Callable[[], float]) -> SesSender:
    """Make the sender that a function's settings name."""
    return SesSender(
        mail.from_address or "",
        region=settings.region,
        endpoint_url=settings.endpoint_url,
        configuration_set=mail.configuration_set,
        left=left,
    )


class _NotAccepted(Exception):
    """SES certainly has no such mail, and may take it a moment later."""


def _check(answer: Answer) -> None:
    if 200 <= answer.status < 300:
        return
    code = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
    said = f"SES answered {answer.status} {code}".rstrip()
    if reason_to_retry(answer.status, code, {}) == THROTTLED:
        raise _NotAccepted(said)
    if not 400 <= answer.status < 500:
        raise MailNotSent(said)
    if code == _REJECTED and _message(answer).startswith(_UNVERIFIED):
        # In our words: SES's go on with the address.
        raise MailPutOff(f"{said}: an address is not verified")
    raise (MailRefused if code in _OF_THE_MAIL else MailPutOff)(said)


def _message(answer: Answer) -> str:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("message") or told.get("Message") or "") if isinstance(told, dict) else ""


def _pairs(values: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _tag(text: str) -> str:
    """Write a value as SES takes it; what a person brought along may be anything."""
    letters = (letter if letter in _TAG_LETTERS else "_" for letter in text[:_LONGEST_TAG])
    return "".join(letters) or "none"


def _content(text: str) -> Mapping[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
