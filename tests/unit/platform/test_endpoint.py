import pytest

from vestibule.platform.endpoint import Endpoint


@pytest.mark.parametrize(
    ("url", "endpoint", "authority"),
    [
        (
            "https://dynamodb.us-east-1.amazonaws.com",
            Endpoint("https", "dynamodb.us-east-1.amazonaws.com", 443),
            "dynamodb.us-east-1.amazonaws.com",
        ),
        (
            "https://Host.test:8443/",
            Endpoint("https", "host.test", 8443),
            "host.test:8443",
        ),
        ("https://example.test:443", Endpoint("https", "example.test", 443), "example.test"),
        ("http://127.0.0.1:4566", Endpoint("http", "127.0.0.1", 4566), "127.0.0.1:4566"),
        ("http://localhost", Endpoint("http", "localhost", 80), "localhost"),
        ("http://[::1]:4566", Endpoint("http", "::1", 4566), "[::1]:4566"),
        ("http://[::1]", Endpoint("http", "::1", 80), "[::1]"),
    ],
)
def test_an_address_is_taken_apart_and_named_as_http_does(
    url: str, endpoint: Endpoint, authority: str
) -> None:
    assert Endpoint.parse(url) == endpoint
    assert endpoint.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:4566",
        "ftp://localhost",
        "https://",
        "https://:443",
        "https://host:",
        "https://host:port",
        "https://host:0",
        "https://host:65536",
        "https://host:٤٤٣",
        "https://host/path",
        "https://host?query",
        "https://user:password@host",
        "https://user@host",
        "https://ho st",
        "https://host\r\nx: y",
        "https://höst",
        "https://host..test",
        f"https://{'a' * 64}.test",
        "https://[::1",
        "https://[::1]x",
        "https://[host]",
        "HTTPS://host",
    ],
)
def test_what_is_not_a_plain_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be http"):
        Endpoint.parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test",
        "http://10.0.0.1:4566",
        "http://127.evil.test",
        "http://127.0.0.1.test",
        "http://127.0.0.256",
        "http://localhost.test",
        "http://[::2]:80",
    ],
)
def test_without_encryption_only_this_machine_is_reached(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        Endpoint.parse(url)
