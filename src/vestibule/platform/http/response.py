"""What a handler answers, and how it is written for the gateway."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

JSON = "application/json"
# Tokens travel in a header and never in a cookie, so any page may call and none gains by it.
COMMON_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Location, Retry-After, x-amzn-RequestId",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_JSON_HEADERS = {**COMMON_HEADERS, "Content-Type": JSON}
# ASCII alone, so half a surrogate pair in old data can't break an answer.
_encoder = json.JSONEncoder(separators=(",", ":"))
_make: Any = getattr(json.encoder, "c_make_encoder", None)  # None where Python has no C part
# What `encode` builds anew at each call, built once.
_pieces = _make and _make(
    None,
    _encoder.default,
    json.encoder.encode_basestring_ascii,
    None,
    ":",
    ",",
    False,  # noqa: FBT003 - sort_keys; C takes them by position only
    False,  # noqa: FBT003 - skipkeys
    True,  # noqa: FBT003 - allow_nan
)


def _encode(body: Mapping[str, Any]) -> str:
    return "".join(_pieces(body, 0)) if _pieces else _encoder.encode(body)


class Response:
    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any] | str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        content_type: str = JSON,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.content_type = content_type

    def render(self) -> dict[str, Any]:
        """Write the answer as the gateway's proxy integration takes it."""
        headers = _JSON_HEADERS
        if self.content_type is not JSON:
            headers = {**headers, "Content-Type": self.content_type}
        if self.headers:
            headers = dict(headers)
            for name, text in self.headers.items():
                headers[name] = _safe(text)
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": self._text(),
            "isBase64Encoded": False,
        }

    def _text(self) -> str:
        body = self.body
        if body is None:
            return ""
        return body if isinstance(body, str) else _encode(body)


def ok(body: Mapping[str, Any], *, version: int | None = None) -> Response:
    """Answer 200. A `version` goes out as the ETag that If-Match takes back."""
    return Response(200, body, headers=_headers(version=version))


def created(body: Mapping[str, Any], *, location: str, version: int | None = None) -> Response:
    return Response(201, body, headers=_headers(location, version))


def accepted(body: Mapping[str, Any], *, location: str | None = None) -> Response:
    return Response(202, body, headers=_headers(location))


def no_content() -> Response:
    return Response(204)


def _headers(location: str | None = None, version: int | None = None) -> dict[str, str]:
    headers = {}
    if location is not None:
        headers["Location"] = location
    if version is not None:
        headers["ETag"] = f'"{version}"'
    return headers


def _safe(value: str) -> str:
    """Keep one header one header: only printable ASCII gets through."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(letter for letter in value if " " <= letter <= "~")
