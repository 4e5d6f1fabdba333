"""Posting to one host over real sockets on loopback."""

import socket
import time
from typing import Any

import pytest

from fakes.fault_server import FaultServer, answer, hang_up, silence
from vestibule.platform import connection
from vestibule.platform.connection import AnswerTooLarge, BrokenAnswer
from vestibule.platform.endpoint import Endpoint
from vestibule.platform.host import Host, NotConnected

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
HEADERS = {"host": "here"}


def soon() -> float:
    return time.monotonic() + 5


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def host(port: int, largest_answer: int = 1000) -> Host:
    return Host(Endpoint.parse(f"http://127.0.0.1:{port}"), largest_answer=largest_answer)


def test_one_connection_serves_many_requests() -> None:
    with FaultServer(answer({"a": 1})) as server:
        one = host(server.port)
        answers = [one.post("/path", HEADERS, b"x", until=soon()) for _ in range(3)]
        one.close()

    assert [each.status for each in answers] == [200, 200, 200]
    assert {each.connection for each in server.requests} == {1}
    assert server.requests[0].raw.startswith(b"POST /path HTTP/1.1\r\n")


def test_a_connection_closed_while_idle_is_opened_again() -> None:
    with FaultServer(answer({}), hang_up, answer({"b": 2})) as server:
        one = host(server.port)
        one.post("/", HEADERS, b"x", until=soon())
        again = one.post("/", HEADERS, b"x", until=soon())
        one.close()

    assert again.body == b'{"b": 2}'


def test_nobody_listening_is_told_apart_from_a_lost_answer(free_port: int) -> None:
    with pytest.raises(NotConnected):
        host(free_port).post("/", HEADERS, b"x", until=soon())
    with FaultServer(hang_up) as server, pytest.raises(BrokenAnswer):
        host(server.port).post("/", HEADERS, b"x", until=soon())


def test_silence_ends_at_the_deadline() -> None:
    with FaultServer(silence) as server, pytest.raises(TimeoutError):
        host(server.port).post("/", HEADERS, b"x", until=time.monotonic() + 0.1)


def test_an_answer_has_a_largest_size() -> None:
    with FaultServer(answer(b"x" * 1001)) as server, pytest.raises(AnswerTooLarge):
        host(server.port).post("/", HEADERS, b"x", until=soon())


def test_a_redirect_is_an_answer_and_followed_nowhere() -> None:
    with FaultServer(answer({}, status=302, headers={"Location": "/other"})) as server:
        one = host(server.port)
        redirect = one.post("/", HEADERS, b"x", until=soon())
        one.close()

    assert redirect.status == 302
    assert len(server.requests) == 1


def test_a_silent_address_leaves_the_next_its_share_and_tls_gets_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, waits = [0.0], []

    class Socket:
        def __init__(self, *_kind: object) -> None:
            self._wait = 0.0

        def settimeout(self, seconds: float) -> None:
            self._wait = seconds
            waits.append(seconds)

        def connect(self, address: tuple[str, int]) -> None:
            if address[0] == "192.0.2.1":
                now[0] += self._wait
                raise TimeoutError("timed out")
            now[0] += 1.0

        def setsockopt(self, *_option: object) -> None:
            pass

        def close(self) -> None:
            pass

    class Tls:
        def wrap_socket(self, *_given: Any, **_named: Any) -> Any:
            raise ConnectionResetError("far enough")

    found = [(0, 0, 0, "", (address, 443)) for address in ("192.0.2.1", "192.0.2.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    monkeypatch.setattr(socket, "socket", Socket)
    monkeypatch.setattr(connection, "monotonic", lambda: now[0])
    monkeypatch.setattr(connection, "_tls", Tls)
    one = Host(Endpoint.parse("https://two.example"), largest_answer=1000)

    with pytest.raises(NotConnected, match="far enough"):
        one.post("/", HEADERS, b"x", until=10.0)

    assert waits == [5.0, 5.0, 4.0]
