"""The command line's calls to AWS itself go over TLS, to who can prove to be it."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from fakes.certificates import certificate
from vestibule.platform.credentials import Credentials
from vestibule_cli.aws import Aws, AwsUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b"<A xmlns='urn:x'><Account>1</Account></A>"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_request: object) -> None:
        """A handshake that the other side gives up is no fault here."""


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Path, Path]:
    return certificate(tmp_path)


@pytest.fixture
def url(certificates: tuple[Path, Path]) -> Iterator[str]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificates)
    server = Server(("127.0.0.1", 0), Answering)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://localhost:{server.server_port}"
    with suppress(OSError):
        server.shutdown()
    thread.join()
    server.server_close()


def who(url: str) -> str | None:
    aws = Aws(url, "us-east-1", lambda: Credentials("key", "secret"))
    return aws.query("sts", "GetCallerIdentity").findtext("Account")


def test_a_certificate_that_nobody_vouches_for_is_refused(url: str) -> None:
    with pytest.raises(AwsUnavailable, match="certificate verify failed"):
        who(url)


def test_one_that_is_vouched_for_is_taken(
    url: str, certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))

    assert who(url) == "1"


def test_one_of_another_host_is_refused(
    url: str, certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))

    with pytest.raises(AwsUnavailable, match=r"not valid for '127\.0\.0\.1'"):
        who(url.replace("localhost", "127.0.0.1"))
