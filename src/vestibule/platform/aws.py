"""A client for the AWS services that speak JSON over POST.

botocore takes 130 ms before its first request; this takes a tenth of that. A request may be sent
more than once: whoever calls a write makes it recognizable (`table.py` does).
"""

from __future__ import annotations

import json
import time
import zlib

from vestibule.platform import clock
from vestibule.platform.connection import (
    AnswerTooLarge,
    BrokenAnswer,
    Connection,
    StaleConnection,
)
from vestibule.platform.credentials import Credentials, from_environment
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.retry import CONFLICT, blames_the_clock, pause, reason_to_retry
from vestibule.platform.signing import Signer
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any

    from vestibule.platform.connection import Answer

_IDLE_CONNECTIONS = 8


@frozen
class _Protocol:
    target: str
    version: str = "1.1"
    may_be_empty: bool = True


_PROTOCOLS = {
    # An empty answer to GetItem would read as "no such item".
    "dynamodb": _Protocol("DynamoDB_20120810", "1.0", may_be_empty=False),
    "cognito-idp": _Protocol("AWSCognitoIdentityProviderService"),
    "cognito-identity": _Protocol("AWSCognitoIdentityService"),
    "logs": _Protocol("Logs_20140328"),
    "sqs": _Protocol("AmazonSQS", "1.0"),
    "ssm": _Protocol("AmazonSSM"),
    "secretsmanager": _Protocol("secretsmanager"),
    "events": _Protocol("AWSEvents"),
}


class AwsError(Exception):
    """An operation that did not succeed."""

    def __init__(  # noqa: PLR0913 - the facts, by name
        self,
        service: str,
        operation: str,
        *,
        status: int = 0,
        code: str = "",
        message: str = "",
        request_id: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{service} {operation}: {code or 'no answer'} ({status}): {message}")
        self.service = service
        self.operation = operation
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.body: dict[str, Any] = dict(body or {})


class AwsRefused(AwsError):
    """The service's answer, which another try would not change; `body` holds all of it."""


class AwsUnavailable(AwsError):
    """No usable answer within the attempts and the deadline. A write may have happened."""


class AwsClient:
    """Calls one service. Threads may share it: each request has a connection to itself."""

    def __init__(  # noqa: PLR0913 - settings with defaults, by name
        self,
        service: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: Callable[[], Credentials] = from_environment,
        deadline: float = 3.0,
        attempts: int = 4,
        attempt_timeout: float = 1.5,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
        on_retry: Callable[[str, str], None] | None = None,
    ) -> None:
        """Times are in seconds. A conflict with another write counts against `deadline` alone.

        `on_retry` hears the operation and the reason. Raises ValueError for an unsafe endpoint.
        """
        self.service = service
        self.deadline = deadline
        self._protocol = _PROTOCOLS[service]
        self._endpoint = Endpoint.parse(endpoint_url or address(service, region))
        self._signer = Signer(region, service)
        self._credentials = credentials
        self._attempts = attempts
        self._attempt_timeout = attempt_timeout
        self._now = clock.ServiceTime(now)
        self._sleep = sleep
        self._on_retry = on_retry
        self._idle: list[Connection] = []

    def call(
        self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
    ) -> dict[str, Any]:
        """Return the parsed answer, or raise AwsRefused or AwsUnavailable."""
        until = time.monotonic() + (self.deadline if deadline is None else deadline)
        body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
        tries = counted = 0
        while True:
            try:
                return self._try(operation, body, until)
            except _Failure as failure:
                tries += 1
                counted += failure.reason != CONFLICT
                wait = pause(tries)
                if counted >= self._attempts or time.monotonic() + wait >= until:
                    raise self._unavailable(operation, failure, tries) from failure.__cause__
                if self._on_retry is not None:
                    self._on_retry(operation, failure.reason)
                self._sleep(wait)

    def close(self) -> None:
        """Close what is kept open between requests; the client stays usable."""
        while self._idle:
            self._idle.pop().close()

    def _try(self, operation: str, body: bytes, until: float) -> dict[str, Any]:
        try:
            answer = self._exchange(operation, body, until)
            content = _content(answer, may_be_empty=self._protocol.may_be_empty)
        except AnswerTooLarge as error:
            raise AwsRefused(self.service, operation, code="AnswerTooLarge") from error
        except (OSError, BrokenAnswer) as error:
            raise _Failure(f"{type(error).__name__}: {error}") from error
        if 200 <= answer.status < 300:
            return content
        facts = _facts(answer, content)
        if blames_the_clock(facts["code"]) and self._now.learn(answer.headers):
            raise _Failure("this machine's clock was wrong", facts)
        reason = reason_to_retry(answer.status, facts["code"], content)
        if reason is None:
            raise AwsRefused(self.service, operation, **facts)
        raise _Failure(reason, facts)

    def _exchange(self, operation: str, body: bytes, until: float) -> Answer:
        headers = self._sign(operation, body)
        until = min(until, time.monotonic() + self._attempt_timeout)
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = Connection(self._endpoint, until=until)
        try:
            answer = connection.post("/", headers, body, until=until)
        except StaleConnection:
            # Its neighbors have been idle as long. Closing one is no fault, so it is not counted.
            self.close()
            connection = Connection(self._endpoint, until=until)
            answer = connection.post("/", headers, body, until=until)
        if connection.reusable and len(self._idle) < _IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def _sign(self, operation: str, body: bytes) -> dict[str, str]:
        return self._signer.sign(
            "POST",
            "/",
            "",
            {
                "host": self._endpoint.authority,
                "content-type": f"application/x-amz-json-{self._protocol.version}",
                "x-amz-target": f"{self._protocol.target}.{operation}",
            },
            body,
            credentials=self._credentials(),
            moment=self._now(),
        )

    def _unavailable(self, operation: str, failure: _Failure, tries: int) -> AwsUnavailable:
        message = f"gave up after {tries} tries, the last: {failure.reason}"
        if said := failure.facts.get("message"):
            message = f"{message}: {said}"
        return AwsUnavailable(self.service, operation, **failure.facts | {"message": message})


class _Failure(Exception):
    """A try that may go better when repeated."""

    def __init__(self, reason: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = dict(facts or {})


def address(service: str, region: str) -> str:
    """Where the service is on AWS."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"


def _content(answer: Answer, *, may_be_empty: bool) -> dict[str, Any]:
    expected = answer.headers.get("x-amz-crc32")
    if expected is not None and expected != str(zlib.crc32(answer.body)):
        raise BrokenAnswer("its checksum does not match")
    if not answer.body and may_be_empty:
        return {}
    try:
        content = json.loads(answer.body.decode())
    except (ValueError, RecursionError) as error:
        raise BrokenAnswer(f"status {answer.status}, its body is not JSON") from error
    if not isinstance(content, dict):
        raise BrokenAnswer(f"status {answer.status}, its body is not a JSON object")
    return content


def _facts(answer: Answer, content: Mapping[str, Any]) -> dict[str, Any]:
    kind = content.get("__type") or answer.headers.get("x-amzn-errortype") or ""
    return {
        "status": answer.status,
        "code": str(kind).rpartition("#")[2].partition(":")[0],
        "message": str(content.get("message") or content.get("Message") or ""),
        "request_id": answer.headers.get("x-amzn-requestid", ""),
        "body": content,
    }
