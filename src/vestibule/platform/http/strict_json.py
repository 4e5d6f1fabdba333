"""Reads JSON as strictly as a stranger's text deserves: one meaning, bounded, whole Unicode."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule.platform.http.errors import (
    Detail,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_BODY = 64 * 1024  # bytes
DEEPEST = 32
MOST_PROBLEMS = 50

_LARGEST_WHOLE = 2**53 - 1  # beyond it JSON's readers disagree
_LARGEST_REAL = 1e100
_SMALLEST_REAL = 1e-130  # DynamoDB holds nothing nearer to nought
_TOO_DEEP = f"Must not be nested deeper than {DEEPEST} levels."
# Tab and the line breaks stay: a text may have lines. A field of one line refuses them itself.
_CONTROLS = frozenset(map(chr, (*range(32), *range(127, 160)))) - {"\t", "\n", "\r"}
_LONGEST_NAME = 64


class _Refused(ValueError):
    def __init__(self, rule: str, message: str, field: str = "body") -> None:
        super().__init__(message)
        self.detail = Detail(field, rule, message)


def read(text: str | None, headers: Mapping[str, str], *, is_binary: bool) -> Any:
    """Raise InvalidRequest, PayloadTooLarge or UnsupportedMediaType unless all is well."""
    content = _parse(text, headers, is_binary=is_binary)
    problems = list(_unclean(content, ""))
    if problems:
        raise InvalidRequest(*problems[:MOST_PROBLEMS])
    return content


def join(path: str, name: str) -> str:
    """Name a member of the object at a path as it may be repeated in an answer."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:_LONGEST_NAME])
    return f"{path}.{shown}" if path else shown


def _parse(text: str | None, headers: Mapping[str, str], *, is_binary: bool) -> Any:
    if not text:
        raise InvalidRequest.of("body", "required", "Send a JSON object as the body.")
    _check_type(headers)
    if is_binary:
        raise InvalidRequest.of("body", "encoding", "Send the body as text in UTF-8.")
    if len(text) > LARGEST_BODY or len(text.encode(errors="replace")) > LARGEST_BODY:
        raise PayloadTooLarge(
            details=[Detail("body", "maxSize", f"Must not exceed {LARGEST_BODY} bytes.")]
        )
    try:
        return json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_int=_whole,
        )
    except _Refused as error:
        raise InvalidRequest(error.detail) from error
    except RecursionError as error:
        raise InvalidRequest.of("body", "depth", _TOO_DEEP) from error
    except json.JSONDecodeError as error:
        message = f"Must be JSON: it goes wrong in line {error.lineno}, column {error.colno}."
        raise InvalidRequest.of("body", "json", message) from error


def _check_type(headers: Mapping[str, str]) -> None:
    media, _, rest = headers.get("content-type", "").lower().partition(";")
    charset = rest.replace(" ", "").replace('"', "")
    if media.strip() != "application/json" or charset not in {"", "charset=utf-8"}:
        message = "Must be application/json, in UTF-8."
        raise UnsupportedMediaType(details=[Detail("Content-Type", "mediaType", message)])
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "Must not be compressed."
        raise UnsupportedMediaType(details=[Detail("Content-Encoding", "encoding", message)])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused("duplicate", "Must be given once.", join("", name))
    return members


def _no_constant(text: str) -> Any:
    raise _Refused("json", f"Must be JSON: {text} is no number that JSON knows.")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _LARGEST_WHOLE:
        raise _Refused("number", f"Must not hold whole numbers beyond {_LARGEST_WHOLE}.")
    return int(text)


def _unclean(value: Any, path: str, depth: int = 0) -> Iterator[Detail]:
    """Find what no field takes: control characters, halves of surrogate pairs, endless nesting.

    And numbers that the table could not hold.
    """
    if isinstance(value, str):
        if not value.isprintable():
            yield from _unclean_text(value, path)
    elif isinstance(value, float):
        size = abs(value)
        if size > _LARGEST_REAL or 0 < size < _SMALLEST_REAL:
            how = "large" if size > 1 else "small"
            yield Detail(path or "body", "number", f"Must not be a number that {how}.")
    elif isinstance(value, (dict, list)):
        if depth == DEEPEST:
            yield Detail(path or "body", "depth", _TOO_DEEP)
            return
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, member in members:
            if isinstance(name, int):
                yield from _unclean(member, f"{path}[{name}]", depth + 1)
            else:
                place = join(path, name)
                yield from _unclean(name, place)
                yield from _unclean(member, place, depth + 1)


def _unclean_text(text: str, path: str) -> Iterator[Detail]:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        yield Detail(path, "unicode", "Must be valid Unicode: it holds half of a surrogate pair.")
    for letter in text:
        if letter in _CONTROLS:
            message = f"Must not hold control characters: U+{ord(letter):04X} is one."
            yield Detail(path, "control", message)
            return
