"""Calls to AWS services in the three ways they speak: JSON, REST and query.

boto3 would take longer to import than the whole stack takes to start.
"""

import http.client
import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.credentials import Credentials
from vestibule.platform.signing import Signer

__all__ = ["Aws", "AwsRefused", "AwsUnavailable", "found"]

T = TypeVar("T")
TIMEOUT = 60
HTTP_ERROR = 400


@dataclass(frozen=True)
class _Target:
    prefix: str
    version: str = "1.1"


TARGETS = {
    "cognito-identity": _Target("AWSCognitoIdentityService"),
    "cognito-idp": _Target("AWSCognitoIdentityProviderService"),
    "dynamodb": _Target("DynamoDB_20120810", "1.0"),
    "logs": _Target("Logs_20140328"),
    "sqs": _Target("AmazonSQS", "1.0"),
}
QUERY_VERSIONS = {"iam": "2010-05-08"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def parsed(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Aws:
    """One endpoint, region and identity. Threads may share it; what fails is not tried again."""

    def __init__(self, endpoint_url: str, region: str, credentials: Credentials) -> None:
        parts = urlsplit(endpoint_url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._authority = parts.netloc
        self.region = region
        self._credentials = credentials
        self._signers: dict[str, Signer] = {}
        # One to each request under way; closed with this object.
        self._idle: list[http.client.HTTPConnection] = []
        weakref.finalize(self, _close, self._idle)

    def json(self, service: str, operation: str, **payload: Any) -> dict[str, Any]:
        target = TARGETS[service]
        headers = {
            "content-type": f"application/x-amz-json-{target.version}",
            "x-amz-target": f"{target.prefix}.{operation}",
        }
        reply = self._send(service, "POST", "/", "", headers, json.dumps(payload).encode())
        return _checked(service, operation, reply)

    def rest(
        self,
        service: str,
        method: str,
        path: str,
        payload: Mapping[str, Any] | bytes | None = None,
        **query: str,
    ) -> dict[str, Any]:
        reply = self.exchange(service, method, path, payload, headers=None, **query)
        return _checked(service, f"{method} {path}", reply)

    def exchange(
        self,
        service: str,
        method: str,
        path: str,
        payload: Mapping[str, Any] | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Reply:
        """Like `rest`, for an answer whose headers or bytes matter; refusals are not raised."""
        body = payload if isinstance(payload, bytes) else b""
        if payload is not None and not isinstance(payload, bytes):
            body = json.dumps(payload).encode()
        given = {"content-type": "application/json", **(headers or {})}
        return self._send(service, method, path, urlencode(query, quote_via=quote), given, body)

    def query(self, service: str, operation: str, **parameters: str) -> ET.Element:
        """The answer's XML, its tags without a namespace."""
        values = {"Action": operation, "Version": QUERY_VERSIONS[service], **parameters}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        reply = self._send(service, "POST", "/", "", headers, urlencode(values).encode())
        root = ET.fromstring(reply.body)  # noqa: S314 - from the endpoint we chose
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        if reply.status >= HTTP_ERROR:
            raise AwsRefused(
                service,
                operation,
                status=reply.status,
                code=root.findtext(".//Code", ""),
                message=root.findtext(".//Message", ""),
            )
        return root

    def _send(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        service: str,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        signer = self._signers.setdefault(service, Signer(self.region, service))
        signed = signer.sign(
            method,
            path,
            query,
            {"host": self._authority, **headers},
            body,
            credentials=self._credentials,
            moment=datetime.now(UTC),
        )
        url = f"{path}?{query}" if query else path
        try:
            return self._exchange(method, url, body, signed)
        except (OSError, http.client.HTTPException) as error:
            raise AwsUnavailable(
                service, f"{method} {path}", message=f"{self._authority} does not answer: {error}"
            ) from error

    def _exchange(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            kept = self._idle.pop()
        except IndexError:
            return self._over(self._connection(), method, url, body, headers)
        try:
            return self._over(kept, method, url, body, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            # Closed over there while it was idle: the request never arrived.
            return self._over(self._connection(), method, url, body, headers)

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)

    def _over(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        try:
            connection.request(method, url, body, dict(headers))
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, given, answer.read())
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return reply


def _close(connections: list[http.client.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def _checked(service: str, operation: str, reply: Reply) -> dict[str, Any]:
    try:
        body = reply.parsed()
    except ValueError as error:
        raise AwsUnavailable(
            service, operation, status=reply.status, message="the answer is not JSON"
        ) from error
    if reply.status < HTTP_ERROR:
        return dict(body)
    kind = body.get("__type") or reply.headers.get("x-amzn-errortype", "")
    raise AwsRefused(
        service,
        operation,
        status=reply.status,
        code=str(kind).rpartition("#")[2].partition(":")[0],
        message=str(body.get("message") or body.get("Message") or ""),
        body=body,
    )


def found(code: str, call: Callable[[], T]) -> T | None:
    """What the call returns, or None if it is refused with this code."""
    try:
        return call()
    except AwsRefused as error:
        if error.code != code:
            raise
        return None
