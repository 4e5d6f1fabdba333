"""EC2 over its query protocol: no SDK, one region a client.

What may have been done is never sent again, unless a token or the call itself makes that harmless.
"""

from __future__ import annotations

import threading
import time
from urllib.parse import urlencode

from vestibule.platform import clock
from vestibule.platform.aws import address
from vestibule.platform.connection import AnswerTooLarge, BrokenAnswer
from vestibule.platform.credentials import from_environment
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.host import Host, NotConnected
from vestibule.platform.retry import THROTTLED, blames_the_clock, pause, reason_to_retry
from vestibule.platform.signing import Signer
from vestibule.vpcs import resources
from vestibule.vpcs.ec2_answers import KINDS, NotAnAnswer, created, listed, parse
from vestibule.vpcs.resources import (
    ANY,
    PASSING,
    AlreadyDone,
    Ec2Error,
    InUse,
    LimitReached,
    NotFound,
    Postponed,
    Refused,
    Throttled,
    Unauthorized,
    Uncertain,
    Unreachable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from vestibule.platform.connection import Answer
    from vestibule.platform.credentials import Credentials
    from vestibule.vpcs.ec2_answers import Node
    from vestibule.vpcs.resources import Resource

VERSION = "2016-11-15"
_KEPT_OPEN = 16
_MOST_PAGES = 50
_LARGEST_ANSWER = 8 * 1024 * 1024
# A new gateway that repeats the token of one that failed would be given the failed one.
_TAKES_A_TOKEN = (resources.NAT_GATEWAY, resources.ROUTE_TABLE)

_ALREADY = frozenset(
    {
        "Gateway.NotAttached",
        "InvalidSubnet.Conflict",
        "Resource.AlreadyAssociated",
        "RouteAlreadyExists",
    }
)
_IN_USE = frozenset({"DependencyViolation", "InvalidIPAddress.InUse", "Resource.InUse"})
_NOT_FOUND = frozenset({"InvalidGatewayID.NotFound", "NatGatewayNotFound"})
_UNAUTHORIZED = frozenset({"Blocked", "OptInRequired", "UnauthorizedOperation"})
# Who signed, and with what, is ours to mend: none of it is a verdict on a network.
_UNPROVEN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "PendingVerification",
        "UnrecognizedClientException",
    }
)
_CONCURRENT = "Concurrent"
_UNFIT_STATES = ("IncorrectState", "InvalidState", "ConcurrentModification")
_THROTTLED = frozenset({"EC2ThrottledException", "Client.RequestLimitExceeded"})


class Ec2Client:
    """Threads may share it: each call has a connection to itself."""

    def __init__(  # noqa: PLR0913 - settings with defaults, by name
        self,
        region: str,
        *,
        endpoint_url: str | None = None,
        credentials: Callable[[], Credentials] = from_environment,
        deadline: float = 15.0,
        attempts: int = 5,
        attempt_timeout: float = 8.0,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Times are in seconds. Raises ValueError for an unsafe endpoint."""
        self.region = region
        self._endpoint = Endpoint.parse(endpoint_url or address("ec2", region))
        self._signer = Signer(region, "ec2")
        self._credentials = credentials
        self._deadline = deadline
        self._attempts = attempts
        self._attempt_timeout = attempt_timeout
        self._now = clock.ServiceTime(now)
        self._sleep = sleep
        self._idle: list[Host] = []
        self._lock = threading.Lock()

    def find(
        self, kind: str, *, tags: Mapping[str, str] | None = None, vpc_id: str | None = None
    ) -> list[Resource]:
        names = KINDS[kind]
        parameters = _filters(tags or {}, {names.vpc_filter: vpc_id} if vpc_id else {})
        if kind == resources.ADDRESS:
            # The one kind that comes on one page, and knows no VPC.
            parameters = _filters(tags or {}, {})
        found: list[Resource] = []
        token = ""
        for _ in range(_MOST_PAGES):
            more = {"NextToken": token} if token else {}
            root = self._call(names.describe, {**parameters, **more}, harmless=True)
            found += listed(kind, root)
            token = root.value("nextToken")
            if not token:
                break
        # Not every place that speaks for EC2 heeds its filters.
        return [one for one in found if _matches(one, tags or {}, vpc_id)]

    def create(
        self, kind: str, tags: Mapping[str, str], *, token: str = "", **settings: str
    ) -> Resource:
        names = KINDS[kind]
        has_token = bool(token) and kind in _TAKES_A_TOKEN
        parameters = dict(settings)
        if has_token:
            parameters["ClientToken"] = token
        parameters["TagSpecification.1.ResourceType"] = names.resource_type
        for number, (key, value) in enumerate(tags.items(), 1):
            parameters[f"TagSpecification.1.Tag.{number}.Key"] = key
            parameters[f"TagSpecification.1.Tag.{number}.Value"] = value
        root = self._call(names.create, parameters, harmless=has_token)
        try:
            return created(kind, root)
        except NotAnAnswer as error:
            raise Uncertain(names.create, message=str(error)) from error

    def alter(self, action: str, **settings: str) -> None:
        self._call(action, settings, harmless=True)

    def delete(self, kind: str, resource_id: str) -> None:
        names = KINDS[kind]
        try:
            self._call(names.delete, {names.id_parameter: resource_id}, harmless=True)
        except Postponed as error:
            # What EC2 says of an address that a gateway, deleted a moment ago, still has.
            if kind == resources.ADDRESS and error.code == "AuthFailure":
                raise InUse(error.operation, error.code, error.message) from error
            raise

    def close(self) -> None:
        """Close what is kept open between calls; the client stays usable."""
        with self._lock:
            hosts, self._idle = self._idle, []
        for host in hosts:
            host.close()

    def _call(self, operation: str, parameters: Mapping[str, str], *, harmless: bool) -> Node:
        """Give the answer's root. `harmless` calls are sent again when their outcome is unknown."""
        until = time.monotonic() + self._deadline
        form = {"Action": operation, "Version": VERSION, **parameters}
        body = urlencode(form).encode()
        tries = 0
        while True:
            tries += 1
            try:
                return self._once(operation, body, until, fresh=not harmless)
            except PASSING as error:
                wait = pause(tries)
                uncertain = isinstance(error, Uncertain)
                if uncertain and not harmless:
                    raise
                if tries >= self._attempts or time.monotonic() + wait >= until:
                    if uncertain and operation.startswith("Describe"):
                        raise Unreachable(operation, error.code, error.message) from error
                    raise
                self._sleep(wait)

    def _once(self, operation: str, body: bytes, until: float, *, fresh: bool) -> Node:
        until = min(until, time.monotonic() + self._attempt_timeout)
        try:
            answer = self._exchange(body, until, fresh=fresh)
        except NotConnected as error:
            raise Unreachable(operation, message=str(error)) from error
        except AnswerTooLarge as error:
            raise Refused(operation, "AnswerTooLarge", "the answer is too large") from error
        except (OSError, BrokenAnswer) as error:
            raise Uncertain(operation, message=f"{type(error).__name__}: {error}") from error
        try:
            root = parse(answer.body)
        except NotAnAnswer as error:
            if answer.status == 429:
                raise Throttled(operation, str(answer.status)) from error
            raise Uncertain(operation, str(answer.status), str(error)) from error
        if answer.status == 200:
            return root
        refusal = _refusal(operation, answer, root)
        if blames_the_clock(refusal.code):
            self._now.learn(answer.headers)
        raise refusal

    def _exchange(self, body: bytes, until: float, *, fresh: bool) -> Answer:
        # A kept connection may be closed over there after the call was read: what must not be
        # repeated gets a new one.
        host = self._host(fresh=fresh)
        try:
            answer = host.post("/", self._signed(body), body, until=until)
        except BaseException:
            host.close()
            raise
        with self._lock:
            if len(self._idle) < _KEPT_OPEN:
                self._idle.append(host)
                return answer
        host.close()
        return answer

    def _host(self, *, fresh: bool) -> Host:
        with self._lock:
            if self._idle and not fresh:
                return self._idle.pop()
        return Host(self._endpoint, largest_answer=_LARGEST_ANSWER)

    def _signed(self, body: bytes) -> dict[str, str]:
        return self._signer.sign(
            "POST",
            "/",
            "",
            {
                "host": self._endpoint.authority,
                "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            },
            body,
            credentials=self._credentials(),
            moment=self._now(),
        )


def _refusal(operation: str, answer: Answer, root: Node) -> Ec2Error:
    error = root.find("Errors/Error")
    code = error.value("Code") if error else ""
    message = error.value("Message") if error else ""
    return kind_of(code, answer.status)(operation, code or str(answer.status), message)


def kind_of(code: str, status: int) -> type[Ec2Error]:  # noqa: PLR0911 - a line for each
    """Say what a refusal means: permanent is only what is a verdict on what was asked for."""
    if code in _THROTTLED:
        return Throttled
    reason = reason_to_retry(status, code, {})
    if reason is not None:
        return Throttled if reason == THROTTLED else Uncertain
    if code in _UNPROVEN or blames_the_clock(code):
        return Postponed
    if code.startswith(_CONCURRENT) or code.endswith(_UNFIT_STATES):
        return Postponed
    if code in _ALREADY:
        return AlreadyDone
    if code in _IN_USE:
        return InUse
    if code in _NOT_FOUND or code.endswith(".NotFound"):
        return NotFound
    if code in _UNAUTHORIZED:
        return Unauthorized
    return LimitReached if code.endswith("LimitExceeded") else Refused


def _filters(tags: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    parameters = {}
    named = {f"tag:{key}": value for key, value in tags.items()} | dict(others)
    for number, (name, value) in enumerate(named.items(), 1):
        parameters[f"Filter.{number}.Name"] = name
        parameters[f"Filter.{number}.Value.1"] = value
    return parameters


def _matches(one: Resource, tags: Mapping[str, str], vpc_id: str | None) -> bool:
    return all(
        key in one.tags and value in {ANY, one.tags[key]} for key, value in tags.items()
    ) and (vpc_id is None or one.vpc_id == vpc_id or one.kind == resources.ADDRESS)
