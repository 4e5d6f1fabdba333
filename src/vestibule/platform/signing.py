"""AWS Signature Version 4."""

from __future__ import annotations

import hmac
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from vestibule.platform.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


class Signer:
    """Signs for one region and service; keeps the day's key, which costs four digests."""

    def __init__(self, region: str, service: str) -> None:
        self._region = region
        self._service = service
        self._day_key: tuple[str, str, bytes] | None = None

    def sign(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        credentials: Credentials,
        moment: datetime,
    ) -> dict[str, str]:
        """Return the headers to send: those given, `host` among them, and those that sign them.

        `path` is as it will be sent, `query` is without its question mark; S3's rules differ.
        """
        signed = {name.lower(): value for name, value in headers.items()}
        signed["x-amz-date"] = moment.strftime("%Y%m%dT%H%M%SZ")
        if credentials.session_token:
            signed["x-amz-security-token"] = credentials.session_token
        names = ";".join(sorted(signed))
        request = "\n".join(
            (
                method,
                canonical_path(path),
                canonical_query(query),
                "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed)),
                names,
                sha256(body).hexdigest(),
            )
        )
        day = signed["x-amz-date"][:8]
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = "\n".join(
            (ALGORITHM, signed["x-amz-date"], scope, sha256(request.encode()).hexdigest())
        )
        key = self._key(credentials.secret_key, day)
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        signed["authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return signed

    def _key(self, secret_key: str, day: str) -> bytes:
        known = self._day_key
        if known is None or known[:2] != (secret_key, day):
            key = signing_key(secret_key, day, self._region, self._service)
            known = self._day_key = (secret_key, day, key)
        return known[2]


def signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Derive the key for one day (YYYYMMDD), region and service."""
    key = b"AWS4" + secret_key.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_path(path: str) -> str:
    """Resolve dots and double slashes, then encode once more what was encoded to be sent."""
    if path in {"", "/"}:
        return "/"
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept[-1:] = []
        elif part not in {"", "."}:
            kept.append(part)
    plain = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return _encode(plain, safe="/")


def canonical_query(query: str) -> str:
    """Sort the parameters by name, then value, as they were encoded to be sent."""
    pairs = (pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: str, safe: str) -> str:
    return "".join(
        letter
        if letter in _UNRESERVED or letter in safe
        else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in text
    )
