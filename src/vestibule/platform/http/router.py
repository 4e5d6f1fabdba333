"""From the gateway's event to its answer: match, identify, authorize, call, log, count."""

from __future__ import annotations

import time
from json.encoder import encode_basestring_ascii as quote

from vestibule.platform import logs, metrics, tracing
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.budget import seconds_left
from vestibule.platform.http import identity
from vestibule.platform.http.errors import (
    ApiError,
    Detail,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
)
from vestibule.platform.http.request import Caller, Request
from vestibule.platform.http.response import COMMON_HEADERS, Response
from vestibule.platform.http.routes import SIGNED
from vestibule.platform.ids import is_sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from vestibule.platform.authorization import Records
    from vestibule.platform.budget import Budget
    from vestibule.platform.http.routes import Route

_UNMATCHED = "unmatched"
_LONGEST_ID = 128
_LONGEST_NAME = 64
_NOTHING: dict[str, str] = {}
# Seconds. A person waits no longer for an answer, and the gateway 29 at most.
_PATIENCE = 8.0
_LAST_WORDS = 1.0  # what one clean answer takes at the end
# When even the last except clause has failed.
_LAST_RESORT = '{"error":"Internal error","details":[],"requestId":""}'

log = logs.logger(__name__)


class _Target:
    """A route with what each call of it needs worked out before."""

    __slots__ = ("ids", "name", "quoted", "route")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.name = route.name
        self.quoted = quote(route.name)
        self.ids = tuple(_parameters(route.resource))


class _Call:
    """What is known of one invocation so far, for its line in the log."""

    __slots__ = ("caller", "refusal", "request_id", "target")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.target: _Target | None = None
        self.caller: Caller | None = None
        self.refusal: str | None = None


class Api:
    """Answers whatever it is invoked with, and never raises: the gateway would print it."""

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        records: Records,
        signed_callers: identity.SignedCallers,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`budget` is begun anew with each call, with what the function's own time allows."""
        self._table: dict[str, dict[str, _Target]] = {}
        for route in routes:
            self._table.setdefault(route.resource, {})[route.method] = _Target(route)
        self._records = records
        self._signed_callers = signed_callers
        self._budget = budget
        self._patience: float | None = None
        self._clock = clock
        self._is_cold = True

    def __call__(self, event: object, context: object = None) -> dict[str, Any]:
        try:
            return self._answer(event, context)
        except Exception:  # noqa: BLE001 - the outermost edge: an exception here would reach strangers
            return {
                "statusCode": 500,
                "headers": {**COMMON_HEADERS, "Content-Type": "application/json"},
                "body": _LAST_RESORT,
                "isBase64Encoded": False,
            }

    def _answer(self, event: object, context: object) -> dict[str, Any]:
        started = self._clock()
        metrics.forget()
        if self._budget is not None:
            if self._patience is None:  # the function's time-out, the same at each call
                left = seconds_left(context, reserve=_LAST_WORDS)
                self._patience = min(_PATIENCE, left)
            self._budget.begin(self._patience)
        call = _Call(_request_id(event, context))
        trace = tracing.trace_id()
        logs.bind_safe(
            f',"requestId":"{call.request_id}"' + (f',"traceId":"{trace}"' if trace else "")
        )
        try:
            answer = self._route(event, call).render()
        except Exception as error:  # noqa: BLE001 - the edge where every error becomes one answer
            answer = _refuse(error, call).render()
        self._report(call, answer["statusCode"], (self._clock() - started) * 1000)
        return answer

    def _route(self, event: object, call: _Call) -> Response:
        if not isinstance(event, dict):
            raise InvalidRequest(error="This is not a call of the API: the event is no object.")
        resource = event.get("resource")
        context = event.get("requestContext")
        parameters = event.get("pathParameters") or _NOTHING
        if not isinstance(context, dict) or not isinstance(parameters, dict):
            context, parameters = {}, _NOTHING
        if resource == SIGNED:
            call.caller = self._signed_callers.find(context)
            resource, parameters = self._match(parameters.get("proxy"))
        methods = self._table.get(resource) if isinstance(resource, str) else None
        if methods is None:
            raise NotFound
        target = methods.get(str(event.get("httpMethod")))
        if target is None:
            raise MethodNotAllowed(methods)
        call.target = target
        if call.caller is None:
            call.caller = identity.from_token(context)
        path = _path(target, parameters) if target.ids else _NOTHING
        target.route.rule.enforce(call.caller, path, self._records)
        return target.route.handler(self._request(event, context, target.route, path, call))

    def _request(
        self,
        event: dict[str, Any],
        context: dict[str, Any],
        route: Route,
        path: dict[str, str],
        call: _Call,
    ) -> Request:
        sender = context.get("identity") or _NOTHING
        return Request(
            route.method,
            route.resource,
            path=path,
            query=_query(event),
            headers=event.get("headers") or _NOTHING,
            body=event.get("body"),
            body_is_binary=bool(event.get("isBase64Encoded")),
            caller=call.caller,
            source_ip=sender.get("sourceIp") or "",
            user_agent=sender.get("userAgent") or "",
            url_path=context.get("path") or event.get("path") or "",
        )

    def _match(self, proxy: object) -> tuple[str | None, dict[str, str]]:
        """Find the route of a signed call by the path behind /signed."""
        if not isinstance(proxy, str):
            return None, _NOTHING
        if f"/{proxy}" in self._table and "{" not in proxy:
            return f"/{proxy}", _NOTHING
        given = proxy.split("/")
        for resource in self._table:
            template = resource[1:].split("/")
            if len(template) == len(given) and all(
                word == text or (text and word[0] == "{")
                for word, text in zip(template, given, strict=True)
            ):
                pairs = zip(template, given, strict=True)
                return resource, {word[1:-1]: text for word, text in pairs if word[0] == "{"}
        return None, _NOTHING

    def _report(self, call: _Call, status: int, milliseconds: float) -> None:
        target = call.target
        cold, self._is_cold = self._is_cold, False
        members = (
            f',"route":{target.quoted},"method":"{target.route.method}"'
            if target
            else f',"route":"{_UNMATCHED}","method":null'
        )
        caller = call.caller
        if caller is not None and caller.is_person:
            members += f',"userId":"{caller.user_id}"'
        if call.refusal is not None:
            members += f',"refusal":"{call.refusal}"'
        line = log.safe_line(
            "ERROR" if status >= 500 else "INFO",
            "request",
            f'{members},"status":{status},"durationMs":{milliseconds:.2f},'
            f'"coldStart":{"true" if cold else "false"}',
        )
        name = target.name if target else _UNMATCHED
        logs.write(line + metrics.request_line(name, status, milliseconds))


def _refuse(error: Exception, call: _Call) -> Response:
    """Make the one answer that a stranger may read; what happened inside goes to the log."""
    call.refusal = type(error).__name__
    if isinstance(error, AwsUnavailable):
        log.warning(
            "an AWS service is away",
            service=error.service,
            operation=error.operation,
            error_code=error.code,
            status=error.status,
        )
        error = ServiceUnavailable()
    elif not isinstance(error, ApiError):
        log.failure("a request failed", error)
        error = ApiError()
    body = {**error.view(), "requestId": call.request_id}
    return Response(error.status, body, headers=error.headers)


def _request_id(event: object, context: object) -> str:
    """Give the gateway's id, else Lambda's: safe to write anywhere."""
    found = None
    if isinstance(event, dict) and isinstance(event.get("requestContext"), dict):
        found = event["requestContext"].get("requestId")
    for candidate in (found, getattr(context, "aws_request_id", None)):
        if isinstance(candidate, str) and _is_plain(candidate, "-="):
            return candidate
    return ""


def _path(target: _Target, given: Mapping[str, Any]) -> dict[str, str]:
    path = {}
    for name in target.ids:
        value = given.get(name)
        if name == "userId":
            if not isinstance(value, str) or not is_sub(value):
                message = "Must be a person's id: a UUID in lower case, such as an answer gave it."
                raise InvalidRequest.of(name, "uuid", message)
        elif not isinstance(value, str) or not _is_plain(value, "-_"):
            message = "Must be an id such as an answer gave it: letters, digits, '-' and '_'."
            raise InvalidRequest.of(name, "id", message)
        path[name] = value
    return path


def _query(event: dict[str, Any]) -> dict[str, str]:
    single = event.get("queryStringParameters")
    if not single:
        return _NOTHING
    repeated = [
        Detail(name[:_LONGEST_NAME], "repeated", "Must be given once.")
        for name, values in (event.get("multiValueQueryStringParameters") or {}).items()
        if len(values) > 1
    ]
    if repeated:
        raise InvalidRequest(*repeated)
    return {name: value or "" for name, value in single.items()}


def _parameters(resource: str) -> Iterable[str]:
    return [word[1:-1] for word in resource.split("/") if word[:1] == "{"]


def _is_plain(text: str, also: str) -> bool:
    for letter in also:
        text = text.replace(letter, "")
    return 0 < len(text) <= _LONGEST_ID and text.isascii() and text.isalnum()
