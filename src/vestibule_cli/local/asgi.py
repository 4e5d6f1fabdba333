"""Small pieces for speaking ASGI without a framework: the door must cost next to nothing."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLarge(Exception):
    pass


class Disconnected(Exception):
    """The client left before its request was whole."""


@dataclass(slots=True)
class Reply:
    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def set(self, name: bytes, value: bytes) -> None:
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: bytes) -> None:
        self.headers = [(key, value) for key, value in self.headers if key.lower() != name.lower()]

    async def send(self, send: Send) -> None:
        self.set(b"content-length", str(len(self.body)).encode())
        if self.status in (204, 304):
            self.drop(b"content-length")
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def header(scope: Scope, name: bytes) -> str:
    """A request header by its lower-case name; empty when absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


async def read_body(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge
        if not message.get("more_body"):
            return b"".join(chunks)


def again(body: bytes, receive: Receive) -> Receive:
    """What was read already, once more; then whatever follows, such as the client's leaving."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def ask(app: App, scope: Scope, body: bytes, receive: Receive | None = None) -> Reply:
    """Let an app answer a request whose body is known, and hold its whole answer.

    With `receive`, the app still learns when the client goes away.
    """
    reply = Reply(500)
    parts: list[bytes] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(with_length(scope, len(body)), again(body, receive or gone), hold)
    reply.body = b"".join(parts)
    return reply


def with_length(scope: Scope, length: int) -> Scope:
    headers = [
        (key, value)
        for key, value in scope["headers"]
        if key not in (b"content-length", b"transfer-encoding")
    ]
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode())]}


class Slots:
    """A queue for a number of places. Works from several event loops at once."""

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._guard = threading.Lock()
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    @property
    def is_empty(self) -> bool:
        return self._free == self._places

    async def enter(self, patience: float) -> bool:
        """True once a place is ours; False when none came free in time."""
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            loop = asyncio.get_running_loop()
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append((loop, turn))
        try:
            await asyncio.wait_for(asyncio.shield(turn), patience)
        except BaseException as reason:
            if not self._leave_queue(turn):
                self.leave()  # the place came in the same moment
            if isinstance(reason, TimeoutError):
                return False
            raise
        return True

    def leave(self) -> None:
        with self._guard:
            while self._waiting:
                loop, turn = self._waiting.popleft()
                try:
                    loop.call_soon_threadsafe(_wake, turn)
                except RuntimeError:  # that loop has ended
                    continue
                return
            self._free += 1

    def _leave_queue(self, turn: asyncio.Future[None]) -> bool:
        with self._guard:
            before = len(self._waiting)
            self._waiting = deque(entry for entry in self._waiting if entry[1] is not turn)
            return len(self._waiting) < before


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
