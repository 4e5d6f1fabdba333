"""Reads a form: what a page's button sends, and a mail program in one click (RFC 8058)."""

from __future__ import annotations

from binascii import Error, a2b_base64
from urllib.parse import parse_qsl

from vestibule.platform.http.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
LARGEST_FORM: Final = 16 * 1024  # bytes
_MOST_FIELDS: Final = 20
_LONGEST_BOUNDARY: Final = 70


def read(text: str | None, headers: Mapping[str, str], *, is_binary: bool) -> dict[str, str]:
    """Give the fields as text, each once. Files are fields like any other, their name passed over.

    Raise InvalidRequest, PayloadTooLarge or UnsupportedMediaType.
    """
    media, _, parameters = headers.get("content-type", "").partition(";")
    content = _text(text or "", is_binary=is_binary)
    if media.strip().lower() == URLENCODED:
        pairs = _urlencoded(content)
    elif media.strip().lower() == MULTIPART:
        pairs = list(_multipart(content, _boundary(parameters)))
    else:
        raise UnsupportedMediaType(f"Send the form as `Content-Type: {URLENCODED}`.")
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidRequest.of("body", "repeated", "Must hold each field once.")
    return fields


def _text(text: str, *, is_binary: bool) -> str:
    if len(text) > 2 * LARGEST_FORM:
        raise PayloadTooLarge
    try:
        content = a2b_base64(text) if is_binary else text.encode()
        if len(content) > LARGEST_FORM:
            raise PayloadTooLarge
        return content.decode()
    except (Error, UnicodeError):
        raise InvalidRequest.of("body", "encoding", "Must be text in UTF-8.") from None


def _urlencoded(content: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            content, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise InvalidRequest.of("body", "form", "Must be a form.") from None


def _boundary(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary" and 0 < len(value.strip('"')) <= _LONGEST_BOUNDARY:
            return value.strip('"')
    raise InvalidRequest.of("Content-Type", "boundary", "Must name the form's boundary.")


def _multipart(content: str, boundary: str) -> Iterator[tuple[str, str]]:
    _, *parts = f"\r\n{content}".split(f"\r\n--{boundary}")
    if len(parts) > _MOST_FIELDS + 1 or not parts or not parts[-1].startswith("--"):
        raise InvalidRequest.of("body", "form", "Must be a form.")
    for part in parts[:-1]:
        head, _, value = part.partition("\r\n\r\n")
        _, marker, rest = head.partition('name="')
        if not marker:
            raise InvalidRequest.of("body", "form", "Must be a form.")
        yield rest.partition('"')[0], value
