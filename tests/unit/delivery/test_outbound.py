"""A peer over real sockets on loopback: what it may answer, and what is made of it."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fault_server import FaultServer, answer, hang_up, raw, reset, silence
from vestibule.delivery import outbound
from vestibule.delivery.outbound import Peer, PeerFault, hosts, location, may_reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.fault_server import Step

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def make(server: FaultServer, path: str = "/api", **settings: Any) -> Peer:
        at = location(f"http://127.0.0.1:{server.port}{path}")
        made.append(Peer(at, **{"attempt_seconds": 1.0, **settings}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_request_says_what_it_was_given(peer: Callable[..., Peer]) -> None:
    with FaultServer(answer({"a": 1}, 201)) as server:
        given = peer(server).request("DELETE", "/one", {"x-more": "yes"}, b"body")

    assert (given.status, given.body) == (201, b'{"a": 1}')
    (request,) = server.requests
    assert request.raw.startswith(b"DELETE /api/one HTTP/1.1\r\n")
    assert request.headers["x-more"] == "yes"
    assert request.headers["user-agent"] == "vestibule"
    assert request.body == b"body"


def test_without_a_path_it_asks_for_the_root(peer: Callable[..., Peer]) -> None:
    with FaultServer(answer()) as server:
        peer(server, "/").request("GET")

    assert server.requests[0].raw.startswith(b"GET / HTTP/1.1\r\n")


def test_a_redirect_is_an_answer(peer: Callable[..., Peer]) -> None:
    with FaultServer(answer(b"", 302, {"Location": "http://127.0.0.1:1/"})) as server:
        assert peer(server).request("POST").status == 302

    assert len(server.requests) == 1


def test_an_answer_may_end_with_its_connection(peer: Callable[..., Peer]) -> None:
    """As the smallest servers write it."""
    with FaultServer(raw(b"HTTP/1.0 201 Created\r\n\r\n", b'{"a"', b": 1}")) as server:
        one = peer(server)
        assert [one.request("POST").body for _ in range(2)] == [b'{"a": 1}'] * 2

    assert [request.connection for request in server.requests] == [1, 2]


BIG = 64 * 1024 + 1


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (hang_up, outbound.BROKEN_ANSWER),
        (reset, outbound.BROKEN_ANSWER),
        (silence, outbound.TIMED_OUT),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"half"), outbound.BROKEN_ANSWER),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", pause=1.5), outbound.TIMED_OUT),
        (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), outbound.BROKEN_ANSWER),
        (answer(b"x" * BIG), outbound.ANSWER_TOO_LARGE),
        (raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * BIG), outbound.ANSWER_TOO_LARGE),
        (
            raw(
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                *[b"fff\r\n" + b"x" * 4095 + b"\r\n"] * 20,
            ),
            outbound.ANSWER_TOO_LARGE,
        ),
    ],
)
def test_what_is_no_usable_answer(peer: Callable[..., Peer], step: Step, reason: str) -> None:
    with FaultServer(step) as server, pytest.raises(PeerFault) as caught:
        peer(server).request("POST")

    assert caught.value.reason == reason


@pytest.mark.parametrize("status", [400, 409, 500])
def test_a_long_page_with_an_error_is_an_error(peer: Callable[..., Peer], status: int) -> None:
    with FaultServer(answer(b"x" * BIG, status, {"Retry-After": "5"})) as server:
        given = peer(server).request("POST")

    assert (given.status, given.body, given.headers["retry-after"]) == (status, b"", "5")


def test_the_time_left_is_kept(peer: Callable[..., Peer]) -> None:
    began = time.monotonic()
    with FaultServer(silence) as server, pytest.raises(PeerFault, match="timed_out"):
        peer(server, attempt_seconds=30.0, left=lambda: 0.2).request("POST")

    assert time.monotonic() - began < 15, "half of what one attempt may take"


def test_nobody_listening_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(PeerFault, match="unreachable"):
        Peer(location(f"http://127.0.0.1:{port}")).request("POST")


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "::1", "fd00:ec2::254"])
def test_a_name_for_what_must_not_be_reached_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)

    with pytest.raises(PeerFault) as caught:
        Peer(location("https://rebound.example")).request("POST")

    assert caught.value.reason == outbound.ADDRESS_REFUSED


@pytest.mark.parametrize("forbidden_first", [True, False])
def test_a_name_of_which_one_address_may_be_reached_is_only_unreachable(
    monkeypatch: pytest.MonkeyPatch, *, forbidden_first: bool
) -> None:
    """Else somebody would become a dead letter because the service is down for a moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in ("192.0.2.1", "127.0.0.1")
    ]
    ordered = found if forbidden_first else found[::-1]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: ordered)

    with pytest.raises(PeerFault) as caught:
        Peer(location(f"http://localhost:{port}")).request("POST")

    assert caught.value.reason == outbound.UNREACHABLE


def test_a_loopback_name_that_leads_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would go there without encryption."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)

    with pytest.raises(PeerFault, match="address_refused"):
        Peer(location("http://localhost:80")).request("POST")


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("93.184.216.34", True),
        ("10.0.0.7", True),
        ("192.168.1.1", True),
        ("2606:2800:220:1::1", True),
        ("fd12:3456::1", True),
        ("::ffff:10.0.0.7", True),
        ("127.9.9.9", False),
        ("0.0.0.0", False),  # noqa: S104 - refused
        ("169.254.170.2", False),
        ("224.0.0.1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("::ffff:169.254.169.254", False),
        ("::ffff:127.0.0.1", False),
        ("fd00:ec2::23", False),
    ],
)
def test_where_a_peer_may_be(address: str, may: bool) -> None:  # noqa: FBT001 - a table
    assert may_reach(address) is may


@pytest.mark.parametrize(
    "url",
    [
        "",
        "users.example",
        "http://users.example/api",
        "ftp://users.example",
        "https://",
        "https://me@users.example",
        "https://users.example/?a=1",
        "https://users.example/#a",
        "https://users.example/a b",
        "https://users.example/a\r\nx: y",
        "https://users.example:0",
        "https://users.example:99999",
        "http://127.0.0.1.evil.example/",
    ],
)
def test_an_url_that_may_not_be_trusted_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must b"):
        location(url)


@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        ("", True),
        ("users.example", True),
        ("other.example, USERS.example", True),
        (".example", True),
        ("other.example", False),
        ("sers.example", False),
        (".users.example", False),
    ],
)
def test_a_list_of_hosts_narrows_it(allowed: str, may: bool) -> None:  # noqa: FBT001 - a table
    if may:
        assert location("https://users.example/api/", hosts(allowed)).path == "/api"
    else:
        with pytest.raises(ValueError, match=r"users\.example is not among"):
            location("https://users.example/api/", hosts(allowed))
