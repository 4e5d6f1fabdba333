"""Which request is completed by what, between the door and the emulator."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from vestibule_cli.local import asgi
from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local.asgi import Reply
from vestibule_cli.local.completions import (
    alarms,
    base_path,
    identity_pool,
    mapping,
    method_settings,
    rest_api,
    sent_mails,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.local.asgi import App, Receive, Scope, Send

CONTROL_BODY_LIMIT = 64 * 1024 * 1024
# API Gateway's own limit for a request.
GATEWAY_BODY_LIMIT = 10 * 1024 * 1024
GATEWAY_PATH = re.compile(r"^/restapis/([^/]+)/([^/]+)/_user_request_(?:/|$)")
API_PATH = re.compile(r"^/restapis/([^/]+)$")
GATEWAY_HEADER = "gatewayresponse.header."
FAILURE_TEXT = {
    403: "User is not authorized to access this resource",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    502: "Internal server error",
    503: "Service Unavailable",
}
FAILURE_KIND = {
    403: "ACCESS_DENIED",
    413: "REQUEST_TOO_LARGE",
    429: "THROTTLED",
    502: "DEFAULT_5XX",
    503: "DEFAULT_5XX",
}


class Completions:
    """An ASGI app around the emulator's."""

    def __init__(self, emulator: App, region: str) -> None:
        self._emulator = emulator
        self._region = region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._emulator(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if found := GATEWAY_PATH.match(path):
            await self._gateway(found[1], found[2], scope, receive, send)
        elif method == "PUT" and (found := API_PATH.match(path)):
            await self._put_rest_api(found[1], scope, receive, send)
        elif method == "POST" and path == "/restapis" and _mode(scope) == "import":
            await self._import_rest_api(scope, receive, send)
        elif method == "POST" and path == sent_mails.PATH:
            await self._send_mail(scope, receive, send)
        elif method == "POST" and path == "/" and _is_monitoring(scope):
            await self._monitoring(scope, receive, send)
        elif action := identity_pool.guarded(scope["headers"]):
            await self._identity_pool(action, scope, receive, send)
        elif base_path.is_creation(method, path):
            body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
            # Signed over what the client sent: the emulator does not compare the body's hash.
            reply = await asgi.ask(self._emulator, scope, base_path.with_root_named(body), receive)
            await reply.send(send)
        elif method_settings.STAGES.match(path):
            body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
            reply = await asgi.ask(self._emulator, scope, body, receive)
            method_settings.escape(reply)
            await reply.send(send)
        else:
            await self._emulator(scope, receive, send)

    # The data plane

    async def _gateway(
        self, api_id: str, stage: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            body = await asgi.read_body(receive, GATEWAY_BODY_LIMIT)
        except asgi.BodyTooLarge:
            await gateway_failure(api_id, stage, 413).send(send)
            return
        except asgi.Disconnected:
            return
        reply = await asgi.ask(self._emulator, scope, body, receive)
        if failed := _failed(reply):
            request_id = (reply.header(b"x-amzn-requestid") or b"").decode()
            reply = gateway_failure(api_id, stage, failed, request_id)
        await reply.send(send)

    # REST APIs by document

    async def _put_rest_api(self, api_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
        # The emulator does not know this call, and says so only to those who may make it.
        reply = await asgi.ask(self._emulator, scope, body, receive)
        if reply.status == 404:
            reply = await self._import(api_id, body, 200)
        await reply.send(send)

    async def _import_rest_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
        reply = await asgi.ask(self._emulator, scope, body, receive)
        if reply.status == 201:
            api_id = json.loads(reply.body)["id"]
            reply = await self._import(api_id, body, 201)
            if reply.status != 201:
                await self._control("DELETE", f"/restapis/{api_id}")
        await reply.send(send)

    async def _import(self, api_id: str, body: bytes, success: int) -> Reply:
        try:
            await self._control("GET", f"/restapis/{api_id}")
            document = rest_api.parse(body)
            found = await rest_api.Importer(self._control, api_id, document).run()
        except rest_api.BadDocument as error:
            refusal = {"__type": "BadRequestException", "message": str(error)}
            return json_reply(400, refusal, "BadRequestException")
        except internals.GatewayRefused as error:
            return json_reply(error.status, error.answer, str(error.answer.get("__type", "")))
        return json_reply(success, found)

    async def _control(self, method: str, path: str, content: Any = None) -> Any:
        return await internals.gateway_control(self._region, method, path, content)

    # SES

    async def _send_mail(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
        reply = await asgi.ask(self._emulator, scope, body, receive)
        headers, tags = sent_mails.stamp(body)
        if reply.status == 200 and (headers or tags):
            internals.stamp_mail(sent_mails.message_id(reply.body), headers, tags)
        await reply.send(send)

    # Identity pools

    async def _identity_pool(self, action: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
        asked = _Asked(self._emulator, self._region, scope, body)
        await (await identity_pool.answer(asked, action, body)).send(send)

    # CloudWatch

    async def _monitoring(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await asgi.read_body(receive, CONTROL_BODY_LIMIT)
        reply = await asgi.ask(self._emulator, scope, body, receive)
        action = alarms.action_of(body) if reply.status == 200 else ""
        if action == "PutMetricAlarm":
            internals.complete_alarm(self._region, *alarms.forgotten(body))
        if action == "DescribeAlarms":
            found = await internals.alarms(self._region, alarms.as_json_request(body))
            reply.body = alarms.as_xml(found, str(uuid.uuid4()))
            reply.set(b"content-type", b"text/xml")
        await reply.send(send)


class _Asked:
    """One request, and what else the emulator says about what it asks for."""

    def __init__(self, emulator: App, region: str, scope: Scope, body: bytes) -> None:
        self._emulator = emulator
        self._region = region
        self._scope = scope
        self._body = body

    async def as_caller(self, action: str) -> Reply:
        headers = [
            (name, f"{identity_pool.TARGET}{action}".encode())
            if name == b"x-amz-target"
            else (name, value)
            for name, value in self._scope["headers"]
        ]
        return await asgi.ask(self._emulator, {**self._scope, "headers": headers}, self._body)

    async def as_root(self, service: str, action: str, **request: Any) -> Mapping[str, Any] | None:
        credential = f"{internals.ACCOUNT_ID}/20000101/{self._region}/{service}/aws4_request"
        headers = {
            "host": "127.0.0.1",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{service}.{action}",
            "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, "
            "Signature=0",
        }
        scope = {
            **self._scope,
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        reply = await asgi.ask(self._emulator, scope, json.dumps(request).encode())
        found: dict[str, Any] = json.loads(reply.body)
        return found if reply.status == 200 else None


def gateway_failure(api_id: str, stage: str, status: int, request_id: str = "") -> Reply:
    """What the gateway itself answers, as its document configures it."""
    request_id = request_id or str(uuid.uuid4())
    configured = internals.gateway_response(api_id, stage, FAILURE_KIND[status]) or {}
    message = FAILURE_TEXT[status]
    context = {
        "requestId": request_id,
        "error.message": message,
        "error.messageString": json.dumps(message),
        "error.responseType": FAILURE_KIND[status],
    }
    template = (configured.get("responseTemplates") or {}).get("application/json")
    body = mapping.render(template or '{"message":$context.error.messageString}', context)
    reply = Reply(status, [(b"content-type", b"application/json")], body.encode())
    for name, value in (configured.get("responseParameters") or {}).items():
        if name.startswith(GATEWAY_HEADER):
            key = name.removeprefix(GATEWAY_HEADER).lower().encode()
            reply.set(key, mapping.parameter(value, context).encode())
    reply.set(b"x-amzn-requestid", request_id.encode())
    return reply


def json_reply(status: int, content: Any, error_type: str = "") -> Reply:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    if error_type:
        headers.append((b"x-amzn-errortype", error_type.encode()))
    return Reply(status, headers, json.dumps(content).encode())


def _failed(reply: Reply) -> int | None:
    """The status of an answer that the gateway has to give in its own words."""
    if mark := reply.header(internals.GATEWAY_MARK.encode()):
        return int(mark)
    # The role's policies are checked before the API is looked at, and answered raw.
    if reply.status == 403 and reply.body.startswith(b'{"__type"'):
        return 403
    return None


def _mode(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    return parse_qs(query.decode("latin-1")).get("mode", [""])[0]


def _is_monitoring(scope: Scope) -> bool:
    is_query = asgi.header(scope, b"content-type").startswith("application/x-www-form-urlencoded")
    return is_query and "/monitoring/aws4_request" in asgi.header(scope, b"authorization")
