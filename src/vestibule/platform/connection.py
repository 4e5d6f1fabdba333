"""As much of HTTP/1.1 as an AWS service speaks, on a plain socket.

`http.client` would cost a cold start 16 ms more: it imports the `email` package, and `ssl` always.
"""

from __future__ import annotations

import socket
from time import monotonic

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from vestibule.platform.endpoint import Endpoint

LARGEST_ANSWER = 16 * 1024 * 1024
_LARGEST_HEAD = 64 * 1024
_RECEIVE = 64 * 1024


class BrokenAnswer(Exception):
    """The answer ended early, or is not HTTP."""


class StaleConnection(BrokenAnswer):
    """A kept connection turned out closed before a byte of the answer came."""


class AnswerTooLarge(Exception):
    """Only its head was read."""

    status = 0
    headers: Mapping[str, str] = {}


class AddressRefused(OSError):
    """The name stands for an address that must not be reached; no connection was tried."""


def _any_address(_address: str) -> bool:
    return True


@frozen
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One connection, kept open between exchanges; after any error it is closed for good."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        until: float,
        largest_answer: int = LARGEST_ANSWER,
        may_end_by_closing: bool = False,
        accepts: Callable[[str], bool] = _any_address,
    ) -> None:
        """Raise OSError (TimeoutError among them) if not connected by then, on monotonic().

        `accepts` tells of an address that the host's name stands for whether it may be reached.
        `may_end_by_closing`: an answer that does not say its length ends with the connection.
        """
        self._socket = _connect(endpoint, until, accepts)
        self._largest_answer = largest_answer
        self._may_end_by_closing = may_end_by_closing
        self._received = bytearray()
        self._used = False
        self._has_ended = False
        self.reusable = True

    def post(self, path: str, headers: Mapping[str, str], body: bytes, *, until: float) -> Answer:
        """Raise OSError or BrokenAnswer when no whole answer has come by then, on monotonic()."""
        return self.request("POST", path, headers, body, until=until)

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, until: float
    ) -> Answer:
        """Any method whose answer may have a body. Raise as `post` does."""
        self.reusable = False
        try:
            self._send(_head(method, path, headers, len(body)) + body, until)
            status, answered = self._read_head(until)
            while status < 200:
                status, answered = self._read_head(until)
            answer = self._whole(status, answered, until)
        except BaseException:
            self.close()
            raise
        self._used = True
        self.reusable = not (self._has_ended or self._received) and _keeps_alive(answered)
        if not self.reusable:
            self.close()
        return answer

    def close(self) -> None:
        self.reusable = False
        self._socket.close()

    def _whole(self, status: int, headers: Mapping[str, str], until: float) -> Answer:
        try:
            return Answer(status, headers, self._read_body(status, headers, until))
        except AnswerTooLarge as error:
            error.status, error.headers = status, headers
            raise

    def _send(self, request: bytes, until: float) -> None:
        try:
            self._socket.settimeout(_left(until))
            self._socket.sendall(request)
        except ConnectionError as error:
            if self._used:
                raise StaleConnection from error
            raise

    def _receive(self, until: float) -> bool:
        """Add what has come; False at the end of the stream."""
        self._socket.settimeout(_left(until))
        arrived = self._socket.recv(_RECEIVE)
        self._received += arrived
        return bool(arrived)

    def _read_head(self, until: float) -> tuple[int, dict[str, str]]:
        if not self._received:
            self._await_first_byte(until)
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > _LARGEST_HEAD:
                raise BrokenAnswer("its head has no end")
            if not self._receive(until):
                raise BrokenAnswer("it ended within its head")
        lines = self._take(end + 4)[:end].decode("latin-1").split("\r\n")
        return _status(lines[0]), _headers(lines[1:])

    def _await_first_byte(self, until: float) -> None:
        try:
            arrived = self._receive(until)
        except ConnectionError as error:
            if self._used:
                raise StaleConnection from error
            raise
        if not arrived:
            raise (StaleConnection if self._used else BrokenAnswer)("closed without an answer")

    def _read_body(self, status: int, headers: Mapping[str, str], until: float) -> bytes:
        if status in {204, 304}:
            return b""
        if "transfer-encoding" in headers:
            return self._read_chunks(headers["transfer-encoding"], until)
        length = headers.get("content-length")
        if length is not None:
            return self._read(_number(length, 10), until)
        if self._may_end_by_closing:
            return self._read_to_end(until)
        raise BrokenAnswer("it does not say how long it is")

    def _read_to_end(self, until: float) -> bytes:
        self._has_ended = True
        while self._receive(until):
            if len(self._received) > self._largest_answer:
                raise AnswerTooLarge
        return self._take(len(self._received))

    def _read_chunks(self, encoding: str, until: float) -> bytes:
        if encoding.lower() != "chunked":
            raise BrokenAnswer(f"unknown transfer encoding {encoding!r}")
        body = bytearray()
        while size := _number(self._read_line(until).partition(";")[0].strip(), 16):
            if len(body) + size > self._largest_answer:
                raise AnswerTooLarge
            body += self._read(size, until)
            if self._read_line(until):
                raise BrokenAnswer("a chunk is longer than it says")
        while self._read_line(until):
            pass
        return bytes(body)

    def _read_line(self, until: float) -> str:
        while (end := self._received.find(b"\r\n")) < 0:
            if len(self._received) > _LARGEST_HEAD:
                raise BrokenAnswer("a line has no end")
            if not self._receive(until):
                raise BrokenAnswer("it ended within its body")
        return self._take(end + 2)[:end].decode("latin-1")

    def _read(self, length: int, until: float) -> bytes:
        if length > self._largest_answer:
            raise AnswerTooLarge
        while len(self._received) < length:
            if not self._receive(until):
                raise BrokenAnswer(f"it ended after {len(self._received)} of {length} bytes")
        return self._take(length)

    def _take(self, length: int) -> bytes:
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _connect(endpoint: Endpoint, until: float, accepts: Callable[[str], bool]) -> socket.socket:
    """Raise AddressRefused only if none of the host's addresses may be reached.

    How long names take to be looked up is the system's to limit.
    """
    refused: AddressRefused | None = None
    failed: OSError | None = None
    addresses = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        if not accepts(str(address[0])):
            refused = AddressRefused(
                f"{endpoint.host} is {address[0]}: not to be reached from here"
            )
            continue
        connecting = socket.socket(family, kind, protocol)
        try:
            # One that says nothing leaves the others their share of the time.
            connecting.settimeout(_left(until) / (len(addresses) - place))
            connecting.connect(address)
            connecting.settimeout(_left(until))
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.scheme == "http":
                return connecting
            return _tls().wrap_socket(connecting, server_hostname=endpoint.host)
        except OSError as error:
            connecting.close()
            failed = error
    raise failed or refused or OSError(f"{endpoint.host} has no address")


_tls_context: ssl.SSLContext | None = None


def _tls() -> ssl.SSLContext:
    global _tls_context  # noqa: PLW0603 - reading the certificates costs 15 ms, once is enough
    if _tls_context is None:
        import ssl  # noqa: PLC0415 - 5 ms that a plain loopback endpoint need not pay

        _tls_context = ssl.create_default_context()
    return _tls_context


def _head(method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {length}", "", ""]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break within a header")
    return "\r\n".join(lines).encode("latin-1")


def _status(line: str) -> int:
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or len(code) != 3 or rest[3:4] not in {"", " "}:
        raise BrokenAnswer("it is not HTTP/1")
    return _number(code, 10)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BrokenAnswer("a header has no name")
        name, value = name.lower(), value.strip()
        if headers.setdefault(name, value) != value and name == "content-length":
            raise BrokenAnswer("it gives two lengths")
    return headers


def _number(text: str, base: int) -> int:
    digits = "0123456789abcdefABCDEF" if base == 16 else "0123456789"
    if not 0 < len(text) <= 16 or any(letter not in digits for letter in text):
        raise BrokenAnswer(f"{text[:20]!r} is not a number")
    return int(text, base)


def _keeps_alive(headers: Mapping[str, str]) -> bool:
    return headers.get("connection", "keep-alive").lower() == "keep-alive"
