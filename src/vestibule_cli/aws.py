"""Calls to AWS services in the three ways they speak: JSON, REST and query.

boto3 would take longer to import than the whole stack takes to start. What may have been done is
never sent again: only reads are.
"""

import http.client
import json
import ssl
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from vestibule.platform.aws import AwsClient, AwsRefused, AwsUnavailable, address
from vestibule.platform.credentials import Credentials
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.signing import Signer

__all__ = ["Aws", "AwsRefused", "AwsUnavailable", "found"]

T = TypeVar("T")
TIMEOUT = 60
HTTP_ERROR = 400
QUERY_VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
# How operations begin that can be done twice without harm.
READS = ("BatchGet", "Describe", "Filter", "Get", "List", "Query", "Scan")


def is_read(operation: str) -> bool:
    return operation.startswith(READS)


@dataclass(frozen=True)
class Target:
    method: str
    path: str
    query: str = ""
    is_read: bool = False

    @property
    def url(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def parsed(self) -> Any:
        return json.loads(self.body) if self.body else {}


class Aws:
    """One region and identity. Threads may share it. Only a lost read is sent again."""

    def __init__(
        self,
        endpoint_url: str,
        region: str,
        credentials: Credentials | Callable[[], Credentials],
    ) -> None:
        """Without an endpoint each service has its own in the region, over TLS."""
        self._endpoint_url = endpoint_url
        self.region = region
        self._credentials = credentials if callable(credentials) else lambda: credentials
        self._signers: dict[str, Signer] = {}
        # One to each request under way, by host; closed with this object.
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}
        self._readers: dict[str, AwsClient] = {}
        weakref.finalize(self, _close, self._idle, self._readers)

    def json(self, service: str, operation: str, **payload: Any) -> dict[str, Any]:
        if is_read(operation):
            if service not in self._readers:
                self._readers[service] = self._client(service)
            return self._readers[service].call(operation, payload)
        # Neither tried again nor sent over a kept connection, whose end could not be told from one
        # that came after the service had done it.
        writer = self._client(service, attempts=1)
        try:
            return writer.call(operation, payload)
        finally:
            writer.close()

    def listed(
        self, service: str, operation: str, member: str, **payload: Any
    ) -> Iterator[dict[str, Any]]:
        """Everything under `member`, page after page."""
        token: dict[str, str] = {}
        while True:
            answer = self.json(service, operation, **payload, **token)
            yield from answer.get(member, [])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

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
        target = Target(method, path, urlencode(query, quote_via=quote), is_read=method == "GET")
        return self._send(service, target, given, body)

    def query(self, service: str, operation: str, **parameters: str) -> ET.Element:
        """The answer's XML, its tags without a namespace."""
        values = {"Action": operation, "Version": QUERY_VERSIONS[service], **parameters}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        target = Target("POST", "/", is_read=is_read(operation))
        reply = self._send(service, target, headers, urlencode(values).encode())
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

    def _client(self, service: str, **options: Any) -> AwsClient:
        return AwsClient(
            service,
            region=self.region,
            endpoint_url=self._endpoint_url or None,
            credentials=self._credentials,
            deadline=TIMEOUT,
            attempt_timeout=TIMEOUT,
            **options,
        )

    def _send(self, service: str, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        endpoint = Endpoint.parse(self._endpoint_url or address(service, self.region))
        signer = self._signers.setdefault(service, Signer(self.region, service))
        signed = signer.sign(
            target.method,
            target.path,
            target.query,
            {"host": endpoint.authority, **headers},
            body,
            credentials=self._credentials(),
            moment=datetime.now(UTC),
        )
        try:
            return self._exchange(endpoint, target, body, signed)
        except (OSError, http.client.HTTPException) as error:
            raise AwsUnavailable(
                service,
                f"{target.method} {target.path}",
                message=f"{endpoint.authority} does not answer: {error}",
            ) from error

    def _exchange(
        self, endpoint: Endpoint, target: Target, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        idle = self._idle.setdefault(endpoint.authority, [])
        if target.is_read and idle:
            # Perhaps closed over there while it was idle, perhaps after it read the request.
            with suppress(ConnectionError, IndexError):
                return self._over(idle.pop(), idle, target, body, headers)
        return self._over(_connection(endpoint), idle, target, body, headers)

    def _over(
        self,
        connection: http.client.HTTPConnection,
        idle: list[http.client.HTTPConnection],
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Reply:
        try:
            connection.request(target.method, target.url, body, dict(headers))
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, given, answer.read())
        except BaseException:
            connection.close()
            raise
        if target.is_read:
            idle.append(connection)
        else:
            connection.close()
        return reply


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    if endpoint.scheme == "http":
        return http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=TIMEOUT)
    # It checks the certificate, and that it is this host's.
    trusted = ssl.create_default_context()
    return http.client.HTTPSConnection(
        endpoint.host, endpoint.port, timeout=TIMEOUT, context=trusted
    )


def _close(
    idle: dict[str, list[http.client.HTTPConnection]], clients: dict[str, AwsClient]
) -> None:
    for connection in (each for kept in idle.values() for each in kept):
        connection.close()
    for client in clients.values():
        client.close()


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
