"""Servers of the laptop's stack, over a real socket."""

from __future__ import annotations

import json
import socket
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.local.serving import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


async def who(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Say from where a request came."""
    if scope["type"] != "http":
        return
    body = json.dumps({"client": scope["client"][0], "scheme": scope["scheme"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def address() -> Iterator[str]:
    servers = Servers()
    listener = socket.create_server(("127.0.0.1", 0))
    servers.add(who, listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    servers.stop()


def test_what_a_client_says_of_its_address_is_not_believed(address: str) -> None:
    told = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(address, headers=told)  # noqa: S310 - loopback

    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - same
        said = json.load(answer)

    assert said == {"client": "127.0.0.1", "scheme": "http"}
