"""The directory over real sockets on loopback: what it may answer, and what is made of it."""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest

from fakes.certificates import certificate
from fakes.fault_server import FaultServer, answer, hang_up, raw, reset, silence
from vestibule.platform import connection
from vestibule.platform.aws import AwsClient, AwsRefused
from vestibule.platform.settings import SettingsError
from vestibule.triggers.directory import HttpsDirectory
from vestibule.triggers.migration import DirectoryAway
from vestibule.triggers.settings import DirectorySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ANN = {"email": "ann@example.com", "emailVerified": True}
PASSWORD = "correct horse battery staple"


class Vault(AwsClient):
    def __init__(self, *keys: str) -> None:
        super().__init__("secretsmanager", region="us-east-1")
        self.keys = list(keys)
        self.asked: list[dict[str, Any]] = []

    def call(
        self, operation: str, payload: Any, *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        self.asked.append({"operation": operation, **payload})
        if not self.keys:
            raise AwsRefused("secretsmanager", operation, code="ResourceNotFoundException")
        return {"SecretString": self.keys.pop(0)}


@pytest.fixture
def directory() -> Iterator[Callable[..., HttpsDirectory]]:
    made = []

    def make(
        server: FaultServer, *, url: str = "", vault: Vault | None = None, left: float = 2.0
    ) -> HttpsDirectory:
        variables = {
            "MIGRATION_URL": url or f"http://127.0.0.1:{server.port}/legacy/",
            "MIGRATION_KEY_SECRET": "legacy-key" if vault else "",
        }
        settings = DirectorySettings.from_environment(variables)
        assert settings is not None
        made.append(HttpsDirectory(settings, secrets=vault, left=lambda: left))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_password_is_asked_about_once(directory: Callable[..., HttpsDirectory]) -> None:
    with FaultServer(answer(ANN)) as server:
        assert directory(server).authenticate("ann@example.com", PASSWORD) == ANN

    (request,) = server.requests
    assert request.raw.startswith(b"POST /legacy/authenticate HTTP/1.1\r\n")
    assert json.loads(request.body) == {"username": "ann@example.com", "password": PASSWORD}
    assert "x-api-key" not in request.headers


def test_a_name_is_looked_up_without_a_password(directory: Callable[..., HttpsDirectory]) -> None:
    with FaultServer(answer(ANN)) as server:
        assert directory(server).find("ann@example.com") == ANN

    (request,) = server.requests
    assert request.raw.startswith(b"POST /legacy/find HTTP/1.1\r\n")
    assert json.loads(request.body) == {"username": "ann@example.com"}


def test_not_found_is_nobody(directory: Callable[..., HttpsDirectory]) -> None:
    with FaultServer(answer({}, status=404)) as server:
        assert directory(server).authenticate("ann@example.com", PASSWORD) is None


@pytest.mark.parametrize(
    "step",
    [
        hang_up,
        reset,
        answer({}, status=500),
        answer({}, status=401),
        answer(b"<html>Not found</html>", status=404),
        answer({}, status=204),
        answer({}, status=302, headers={"Location": "https://evil.example/authenticate"}),
        answer({}, status=307, headers={"Location": "/elsewhere"}),
        answer(b"not json"),
        answer(b"[]"),
        answer(b'"text"'),
        answer(b"[" * 60_000),
        answer({"x": "y" * 65536}),
    ],
    ids=[
        *("closed", "reset", "fault", "refused", "no-such-path", "empty", "redirect"),
        "kept-method",
        *("no-json", "a-list", "a-text", "deep", "too-large"),
    ],
)
def test_anything_else_is_a_directory_that_is_away(
    directory: Callable[..., HttpsDirectory], step: Any
) -> None:
    with FaultServer(step) as server, pytest.raises(DirectoryAway) as away:
        directory(server).authenticate("ann@example.com", PASSWORD)

    assert len(server.requests) == 1
    assert PASSWORD not in str(away.value)
    assert "ann@" not in str(away.value)


@pytest.mark.parametrize(
    "step",
    [silence, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", *[b'"'] * 99, pause=0.2)],
    ids=["silent", "slow"],
)
def test_no_directory_is_waited_for_longer_than_the_invocation_has(
    directory: Callable[..., HttpsDirectory], step: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would take twenty seconds, were it not for the invocation."""
    monkeypatch.setattr("vestibule.triggers.directory.LONGEST_WAIT", 20.0)
    with FaultServer(answer(ANN), step) as server:
        made = directory(server, left=1.2)
        made.find("ann@example.com")  # connects, which may take a moment where much is going on
        started = time.monotonic()
        with pytest.raises(DirectoryAway) as away:
            made.authenticate("ann@example.com", PASSWORD)

        waited = time.monotonic() - started

    assert len(server.requests) == 2
    assert PASSWORD not in str(away.value)
    assert 1.1 < waited < 10


def test_nobody_listening_is_a_directory_that_is_away(
    directory: Callable[..., HttpsDirectory],
) -> None:
    with FaultServer(answer(ANN)) as server:
        made = directory(server)

    with pytest.raises(DirectoryAway, match="no connection"):
        made.find("ann@example.com")


@pytest.mark.parametrize("known", [True, False])
def test_only_a_certificate_that_is_trusted_is_shown_a_password(
    directory: Callable[..., HttpsDirectory],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    known: bool,
) -> None:
    certificates, keys = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates, keys)
    monkeypatch.setattr(connection, "_tls_context", None)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates))

    with FaultServer(answer(ANN), tls=context) as server:
        made = directory(server, url=f"https://localhost:{server.port}")
        if known:
            assert made.authenticate("ann@example.com", PASSWORD) == ANN
        else:
            with pytest.raises(DirectoryAway, match="CERTIFICATE_VERIFY_FAILED"):
                made.authenticate("ann@example.com", PASSWORD)

    assert len(server.requests) == known


def test_the_key_is_fetched_once_and_sent(directory: Callable[..., HttpsDirectory]) -> None:
    vault = Vault("first", "second")
    with FaultServer(answer(ANN)) as server:
        made = directory(server, vault=vault)
        made.find("ann@example.com")
        made.find("ann@example.com")

    assert vault.asked == [{"operation": "GetSecretValue", "SecretId": "legacy-key"}]
    assert [each.headers["x-api-key"] for each in server.requests] == ["first", "first"]


def test_a_key_that_is_refused_is_fetched_anew(directory: Callable[..., HttpsDirectory]) -> None:
    vault = Vault("old", "new")
    with FaultServer(answer({}, status=403), answer(ANN)) as server:
        made = directory(server, vault=vault)
        with pytest.raises(DirectoryAway, match="403"):
            made.find("ann@example.com")
        assert made.find("ann@example.com") == ANN

    assert [each.headers["x-api-key"] for each in server.requests] == ["old", "new"]


@pytest.mark.parametrize("keys", [(), ("",), ("two\nlines",), ("schlüssel",)])
def test_without_a_usable_key_nobody_is_asked(
    directory: Callable[..., HttpsDirectory], keys: tuple[str, ...]
) -> None:
    with FaultServer(answer(ANN)) as server, pytest.raises(DirectoryAway, match="key"):
        directory(server, vault=Vault(*keys)).find("ann@example.com")

    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://legacy.example.com", ""),
        ("https://legacy.example.com/", ""),
        ("https://legacy.example.com:8443/a/b/", "/a/b"),
        ("http://127.0.0.1:8080/people", "/people"),
        ("http://localhost:8080", ""),
    ],
)
def test_where_the_directory_is(url: str, path: str) -> None:
    settings = DirectorySettings.from_environment({"MIGRATION_URL": url})

    assert settings is not None
    assert settings.path == path


@pytest.mark.parametrize("variables", [{}, {"MIGRATION_URL": ""}])
def test_without_an_address_there_is_no_directory(variables: dict[str, str]) -> None:
    assert DirectorySettings.from_environment(variables) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://legacy.example.com",
        "http://127.0.0.1.evil.example",
        "ftp://legacy.example.com",
        "legacy.example.com",
        "https://user:password@legacy.example.com",
        "https://legacy.example.com/?a=b",
        "https://legacy.example.com/#a",
        "https://legacy.example.com/a b",
        "https://legacy.example.com/a\r\nX: y",
        "https://legacy.example.com:99999",
    ],
)
def test_an_address_that_a_password_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="MIGRATION_URL: must be https"):
        DirectorySettings.from_environment({"MIGRATION_URL": url})
