"""A server on loopback that answers each request as a script says, faults and all."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

Step = Callable[["Visit"], bool]
"""Deals with one request; True keeps the connection open for the next."""


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    body: bytes
    connection: int
    raw: bytes


@dataclass(frozen=True)
class Visit:
    socket: socket.socket
    request: Request


class FaultServer:
    """The last step of the script serves all later requests too."""

    def __init__(self, *steps: Step, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self._steps = steps
        self._tls = tls
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_raised: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            self._start(self._serve, accepted, number)

    def _serve(self, accepted: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                accepted = self._tls.wrap_socket(accepted, server_side=True)
            accepted.settimeout(10)
            self._sockets.append(accepted)
            with accepted:
                while request := _read(accepted, number):
                    with self._lock:
                        step = self._steps[min(len(self.requests), len(self._steps) - 1)]
                        self.requests.append(request)
                    if not step(Visit(accepted, request)):
                        return
        except OSError:
            accepted.close()


def _read(connected: socket.socket, number: int) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (part := connected.recv(65536)):
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = dict(line.lower().split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += connected.recv(65536)
    return Request(headers, body, number, head + b"\r\n\r\n" + body)


def raw(*parts: bytes, keep: bool = False, pause: float = 0) -> Step:
    """Send these bytes and close."""

    def step(visit: Visit) -> bool:
        for part in parts:
            visit.socket.sendall(part)
            time.sleep(pause)
        return keep

    return step


def answer(
    body: Any = None,
    status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    keep: bool = True,
    checksum: bool = True,
) -> Step:
    """Send a whole answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    lines = [f"HTTP/1.1 {status} Some Reason", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if checksum:
        lines.append(f"x-amz-crc32: {zlib.crc32(content)}")
    return raw("\r\n".join([*lines, "", ""]).encode() + content, keep=keep)


def refusal(
    code: str,
    status: int = 400,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    extra: Mapping[str, Any] | None = None,
) -> Step:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "because"}
    return answer(body | dict(extra or {}), status, headers)


def hang_up(_visit: Visit) -> bool:
    return False


def reset(visit: Visit) -> bool:
    visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def silence(visit: Visit) -> bool:
    """Say nothing until the caller has gone."""
    visit.socket.recv(1)
    return False


def forward(port: int, *, then: Step | None = None) -> Step:
    """Have a real service do the work; `then` answers in its place."""

    def step(visit: Visit) -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as onward:
            onward.sendall(visit.request.raw.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
            reply = b""
            while part := onward.recv(65536):
                reply += part
        if then is not None:
            return then(visit)
        visit.socket.sendall(reply)
        return False

    return step
