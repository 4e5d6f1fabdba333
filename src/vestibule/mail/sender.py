"""Sends one mail by SES, at most once for each time it is asked to.

SES has no token to recognize a repetition by. So a request is sent again only where the first
can't have been accepted: nothing was connected yet, or SES said that it was asked too often.
"""

from __future__ import annotations

import json
import time

from vestibule.platform import clock
from vestibule.platform.connection import AnswerTooLarge, BrokenAnswer
from vestibule.platform.credentials import Credentials, from_environment
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.host import Host, NotConnected
from vestibule.platform.retry import THROTTLED, pause, reason_to_retry
from vestibule.platform.signing import Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any, Final, Protocol

    from vestibule.mail.letters import Letter
    from vestibule.platform.connection import Answer

    class Sender(Protocol):
        def send(self, to: str, letter: Letter) -> None:
            """Raise MailNotSent. After it a mail may have gone nevertheless."""


# Takes every mail like any other address, and delivers none. SES bills it and counts no bounce.
NOBODY: Final = "success@simulator.amazonses.com"
LONGEST_WAIT: Final = 2.5
_PATH: Final = "/v2/email/outbound-emails"
_MOST_TRIES: Final = 3


class MailNotSent(Exception):
    """SES did not say that it took the mail."""


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
        self._host = Host(Endpoint.parse(endpoint_url or _address(region)))
        self._signer = Signer(region, "ses")
        self._left = left
        self._credentials = credentials
        self._now = now
        self._sleep = sleep

    def send(self, to: str, letter: Letter) -> None:
        until = time.monotonic() + min(LONGEST_WAIT, self._left())
        body = json.dumps(self._request(to, letter), separators=(",", ":")).encode()
        tries = 0
        while True:
            tries += 1
            try:
                return _check(self._exchange(body, until))
            except (NotConnected, _NotAccepted) as failure:
                wait = pause(tries)
                if tries >= _MOST_TRIES or time.monotonic() + wait >= until:
                    raise MailNotSent(str(failure)) from failure
                self._sleep(wait)
            except (OSError, BrokenAnswer, AnswerTooLarge) as error:
                raise MailNotSent(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Close what is kept open between mails; the sender stays usable."""
        self._host.close()

    def _request(self, to: str, letter: Letter) -> Mapping[str, Any]:
        request: dict[str, Any] = {
            "FromEmailAddress": self._from,
            "Destination": {"ToAddresses": [to]},
            "Content": {
                "Simple": {
                    "Subject": _content(letter.subject),
                    "Body": {"Html": _content(letter.html), "Text": _content(letter.text)},
                }
            },
        }
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


class _NotAccepted(Exception):
    """SES certainly has no such mail, and may take it a moment later."""


def _check(answer: Answer) -> None:
    if 200 <= answer.status < 300:
        return
    code = answer.headers.get("x-amzn-errortype", "").partition(":")[0]
    said = f"SES answered {answer.status} {code}".rstrip()
    if reason_to_retry(answer.status, code, {}) == THROTTLED:
        raise _NotAccepted(said)
    raise MailNotSent(said)


def _content(text: str) -> Mapping[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _address(region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://email.{region}.{domain}"
