"""Who may knock, and how many at a time: the first thing every request meets.

A web page that the developer happens to have open reaches this port too: by its Origin, by a name
that resolves to this machine, or without asking at all, as by an image. None of that gets in.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from vestibule_cli.local import asgi
from vestibule_cli.local.asgi import Reply, Slots
from vestibule_cli.local.completions.routing import (
    CONTROL_BODY_LIMIT,
    GATEWAY_BODY_LIMIT,
    GATEWAY_PATH,
    gateway_failure,
)
from vestibule_cli.local.emulator_internals import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule_cli.local.asgi import App, Message, Receive, Scope, Send

PEOPLE_AT_ONCE = 4
CALLS_AT_ONCE = 4
# API Gateway itself gives up after 29 seconds.
PATIENCE_SECONDS = 29.0
# How long a request may take to arrive. Nothing waits for it meanwhile.
ARRIVAL_SECONDS = 10.0
# So often, at most, does a call that nobody waits for look whether people have left: 50 ms.
LOOKS = 10
LOOK_SECONDS = 0.005
# What anybody may send. It is read before it is known who sends it.
OPEN_BODY_LIMIT = 1024 * 1024
COGNITO_TARGET = "AWSCognitoIdentityProviderService."
# What a person's browser calls and what may fire a trigger. What functions call is never queued,
# so nothing can wait for itself.
USER_FACING = frozenset(
    {
        "SignUp",
        "ConfirmSignUp",
        "ResendConfirmationCode",
        "ForgotPassword",
        "ConfirmForgotPassword",
        "InitiateAuth",
        "RespondToAuthChallenge",
        "GetTokensFromRefreshToken",
        "UpdateUserAttributes",
        "GetUserAttributeVerificationCode",
    }
)
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
LOCALHOST_NAME = re.compile(r"[a-z0-9.-]+\.localhost")
CLOSED_PATHS = {
    "/_ministack/": "this part of the emulator is not open: the inbox has the mails",
    "/_localstack/": "this part of the emulator is not open: the inbox has the mails",
    # It would go round the limits of the way that is open.
    "/_aws/": "this part of the emulator is not open: the API is below /restapis/",
}
# What one page leads to by a link: the hosted pages of Cognito.
LINKED_PATHS = frozenset({"/login", "/logout", "/oauth2/authorize", "/oauth2/login"})
QUERY_KEYS = frozenset({"x-amz-credential", "awsaccesskeyid"})
HEADER_KEY = re.compile(r"(?:Credential=|^AWS )\s*([^/:,\s]+)")
READS = re.compile(
    r"(?:Describe|List|Query|Scan|BatchGet|TransactGet|AdminGet|AdminList"
    r"|Get(?!Id$|Credentials|OpenId|Tokens|UserAttributeVerification))"
)


class Door:
    """An ASGI app in front of the completions."""

    def __init__(
        self,
        inside: App,
        own_ports: set[int],
        is_patient: Callable[[str], bool] = lambda _access_key: False,
    ) -> None:
        """`is_patient` tells by whose key a call comes that nobody waits for."""
        self._inside = inside
        self._is_patient = is_patient
        self._origins = {f"http://{name}:{port}" for name in LOOPBACK_NAMES for port in own_ports}
        self._people = Slots(PEOPLE_AT_ONCE)
        self._calls = Slots(CALLS_AT_ONCE)
        # Counts what may have changed the state: the checkpoint looks at it.
        self.changes = 0

    def allow_origin(self, origin: str) -> None:
        self._origins.add(origin)

    def lets_in(self, origin: str) -> bool:
        """Whether pages of this origin are answered."""
        return origin in self._origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        if reason := self._refusal(scope):
            await self._refuse(reason, scope, send)
            return
        if scope["type"] != "http":
            await self._inside(scope, receive, send)
            return
        if _declared_length(scope) > CONTROL_BODY_LIMIT:
            await failure(scope, 413, "RequestEntityTooLarge", "Request entity too large").send(
                send
            )
            return
        try:
            await self._in_turn(scope, receive, send)
        finally:
            if changes_state(scope):
                self.changes += 1

    def _refusal(self, scope: Scope) -> str | None:
        host = asgi.header(scope, b"host")
        if not is_loopback(host):
            return f"this stack answers to 127.0.0.1 and localhost only, not to {host!r}"
        origin = asgi.header(scope, b"origin")
        if origin and not self.lets_in(origin):
            return (
                f"this stack does not answer pages of {origin}: "
                "`vestibule up --allow-origin` lets in those of a server on this machine"
            )
        is_followed = is_link(scope) and scope["path"] in LINKED_PATHS
        if not origin and is_of_another_page(scope) and not is_followed:
            return "this stack does not answer what pages of others ask for"
        for start, reason in CLOSED_PATHS.items():
            if scope["path"].startswith(start):
                return reason
        return _root_refusal(scope)

    async def _refuse(self, reason: str, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await failure(scope, 403, "AccessDeniedException", reason).send(send)

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        slots = self._slots_for(scope)
        if slots is None and _is_signed(scope):
            await self._give_way(scope)
            await self._answer(scope, receive, send)
            return
        try:
            # Before it takes a place: who sends slowly, or not at all, keeps nobody out.
            body = await asyncio.wait_for(
                asgi.read_body(receive, _body_limit(scope)), ARRIVAL_SECONDS
            )
        except asgi.BodyTooLarge:
            await failure(scope, 413, "RequestEntityTooLarge", "Request entity too large").send(
                send
            )
            return
        except asgi.Disconnected:
            return
        except TimeoutError:
            await failure(scope, 408, "RequestTimeout", "The request did not arrive").send(send)
            return
        receive = asgi.again(body, receive)
        if slots is None:
            await self._answer(scope, receive, send)
            return
        if not await slots.enter(PATIENCE_SECONDS):
            await failure(
                scope, 503, "ServiceUnavailableException", "The stack is busy: try again"
            ).send(send)
            return
        try:
            await self._answer(scope, receive, send)
        finally:
            slots.leave()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._inside(scope, receive, begin)
        except RecursionError:
            # The emulator reads what is nested too deep and falls over.
            if has_begun:
                raise
            await failure(scope, 400, "SerializationException", "The body is nested too deep").send(
                send
            )

    async def _give_way(self, scope: Scope) -> None:
        key = HEADER_KEY.search(asgi.header(scope, b"authorization"))
        if key is None or not self._is_patient(key[1]):
            return
        for _ in range(LOOKS):
            if self._people.is_empty and self._calls.is_empty:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _slots_for(self, scope: Scope) -> Slots | None:
        if GATEWAY_PATH.match(scope["path"]):
            return self._calls
        return self._people if _is_user_facing(scope) else None


def _is_user_facing(scope: Scope) -> bool:
    target = asgi.header(scope, b"x-amz-target")
    return target.startswith(COGNITO_TARGET) and target.partition(".")[2] in USER_FACING


def _is_signed(scope: Scope) -> bool:
    """By its look: what is inside verifies it. Links, as those of S3, carry theirs themselves."""
    if asgi.header(scope, b"authorization"):
        return True
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return any(name.lower() in QUERY_KEYS for name, _value in query)


def _body_limit(scope: Scope) -> int:
    is_open = _is_user_facing(scope) or not _is_signed(scope)
    return OPEN_BODY_LIMIT if is_open else GATEWAY_BODY_LIMIT


def is_loopback(host: str) -> bool:
    """`name.localhost` too: names below localhost never leave the machine (RFC 6761)."""
    name = re.sub(r":[0-9]+$", "", host.strip().lower())
    return name in LOOPBACK_NAMES or LOCALHOST_NAME.fullmatch(name) is not None


def is_of_another_page(scope: Scope) -> bool:
    """Whether a browser asks on behalf of another page than ours.

    One on another port of this machine is another one too. Browsers call that same-site.
    """
    return asgi.header(scope, b"sec-fetch-site") in ("cross-site", "same-site")


def is_link(scope: Scope) -> bool:
    """Whether a person is on the way here, and sees the answer, not the page they come from."""
    return (
        scope.get("method") == "GET"
        and asgi.header(scope, b"sec-fetch-mode") == "navigate"
        and asgi.header(scope, b"sec-fetch-dest") == "document"
    )


def _root_refusal(scope: Scope) -> str | None:
    """The root key opens everything and is no secret: no browser may use it, and no link carry it.

    A page cannot send the Authorization header that is left, because nobody answers its preflight.
    """
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    for name, value in query:
        if name.lower() in QUERY_KEYS and value.partition("/")[0] == ACCOUNT_ID:
            return "the root key is taken from an Authorization header only, not from an address"
    key = HEADER_KEY.search(asgi.header(scope, b"authorization"))
    from_browser = asgi.header(scope, b"origin") or asgi.header(scope, b"sec-fetch-site")
    if key and key[1] == ACCOUNT_ID and from_browser:
        return "the root key is not for browsers"
    return None


def changes_state(scope: Scope) -> bool:
    """Whether a request may have changed something. Wrong only on the safe side."""
    if target := asgi.header(scope, b"x-amz-target"):
        return not READS.match(target.rpartition(".")[2])
    return scope["method"] not in ("GET", "HEAD", "OPTIONS") and not GATEWAY_PATH.match(
        scope["path"]
    )


def failure(scope: Scope, status: int, code: str, message: str) -> Reply:
    """An error that an AWS SDK reads as one of AWS's, and a browser shows as text."""
    if found := GATEWAY_PATH.match(scope["path"]):
        if status in (413, 503):
            return gateway_failure(found[1], found[2], status)
        return _json_failure(status, {"error": message, "details": []}, code)
    if "text/html" in asgi.header(scope, b"accept"):
        body = f"{status}: {message}\n".encode()
        return Reply(status, [(b"content-type", b"text/plain; charset=utf-8")], body)
    if _speaks_xml(scope):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
            f"<Message>{_escaped(message)}</Message></Error></ErrorResponse>"
        ).encode()
        return Reply(status, [(b"content-type", b"text/xml")], body)
    return _json_failure(status, {"__type": code, "message": message}, code)


def _json_failure(status: int, content: dict[str, object], code: str) -> Reply:
    request_id = str(uuid.uuid4())
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", code.encode()),
        (b"x-amzn-requestid", request_id.encode()),
        (b"cache-control", b"no-store"),
    ]
    return Reply(status, headers, json.dumps({**content, "requestId": request_id}).encode())


def _speaks_xml(scope: Scope) -> bool:
    form = asgi.header(scope, b"content-type").startswith("application/x-www-form-urlencoded")
    return form or "/s3/aws4_request" in asgi.header(scope, b"authorization")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _declared_length(scope: Scope) -> int:
    try:
        return int(asgi.header(scope, b"content-length") or 0)
    except ValueError:
        return 0
