from __future__ import annotations

import pytest

from vestibule_cli.local import origins


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("http://localhost:5173", "http://localhost:5173"),
        ("HTTP://LocalHost:5173", "http://localhost:5173"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://app.localhost:3000", "http://app.localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("https://localhost:443", "https://localhost"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(given: str, sent: str) -> None:
    assert origins.parse(given) == sent


@pytest.mark.parametrize(
    "given",
    [
        "localhost:5173",
        "http://localhost:5173/",
        "http://localhost:5173/app",
        "*",
        "null",
        "",
        "ftp://localhost",
        "http://me@localhost",
        "http://localhost:99999",
        "http://localhost:port",
        "http://localhost\n",
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origins.parse(given)


@pytest.mark.parametrize(
    "given",
    ["https://example.com", "http://localhost.example.com", "http://0.0.0.0:80", "http://10.0.0.1"],
)
def test_an_origin_on_another_machine_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        origins.parse(given)
