"""Pages of a list: `limit` and `nextToken`.

A token says where to go on, and in which list. It is not signed: the route names the partition that
is read, so a made-up token can choose no more than a place to begin in a list the caller may read.
"""

from __future__ import annotations

import binascii
import json

from vestibule.platform.http.errors import Detail, InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100
LONGEST_TOKEN = 2048

_VERSION = 1
_LONGEST_KEY = 1024  # bytes of a DynamoDB sort key; a partition key may have more
_TOKEN_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Scope:
    """The one list that a token belongs to."""

    __slots__ = ("filter", "index", "partition", "prefix", "route")

    def __init__(
        self,
        route: str,
        partition: str,
        *,
        index: str | None = None,
        filter: str = "",  # noqa: A002 - what the API calls it
        prefix: str = "",
    ) -> None:
        self.route = route
        self.partition = partition
        self.index = index
        self.filter = filter
        self.prefix = prefix

    def owns(self, key: object) -> bool:
        """Tell whether DynamoDB would take this key as a place to start in this list."""
        leading = self.index or ""
        partition, sort = f"{leading}pk", f"{leading}sk"
        return (
            isinstance(key, dict)
            and key.keys() == {"pk", "sk", partition, sort}
            and all(map(_is_key_text, key.values()))
            and key[partition] == self.partition
            and key[sort].startswith(self.prefix)
        )


class PageRequest:
    """Asks for `limit` records at most, beginning after the key `start`."""

    __slots__ = ("limit", "scope", "start")

    def __init__(self, scope: Scope, limit: int, start: dict[str, str] | None) -> None:
        self.scope = scope
        self.limit = limit
        self.start = start

    def next_token(self, key: Mapping[str, Any] | None) -> str | None:
        """Name the page that begins after `key`; None when there is none."""
        return None if key is None else _write(self.scope, key)

    def body(
        self, name: str, shown: Sequence[Any], next_key: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """Give the answer's body, as every list has it."""
        body = {name: shown, "count": len(shown)}
        token = self.next_token(next_key)
        return body if token is None else body | {"nextToken": token}


def read(query: Mapping[str, str], scope: Scope) -> PageRequest:
    """Raise InvalidRequest naming `limit`, `nextToken` or both."""
    problems: list[Detail] = []
    limit = _limit(query.get("limit"), problems)
    start = _start(query.get("nextToken"), scope, problems)
    if problems:
        raise InvalidRequest(*problems)
    return PageRequest(scope, limit, start)


def _limit(text: str | None, problems: list[Detail]) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= LARGEST_LIMIT:
        return int(text)
    problems.append(Detail("limit", "range", f"Must be a whole number from 1 to {LARGEST_LIMIT}."))
    return DEFAULT_LIMIT


def _start(text: str | None, scope: Scope, problems: list[Detail]) -> dict[str, str] | None:
    if text is None:
        return None
    token = _parse(text)
    if token is not None and token[:4] == [_VERSION, scope.route, scope.partition, scope.filter]:
        key = token[4]
        if scope.owns(key):
            return dict(key)
    problems.append(
        Detail(
            "nextToken",
            "token",
            "Must be the nextToken of an answer of this same list, sent back as it came. "
            "Leave it out to begin at the first page.",
        )
    )
    return None


def _write(scope: Scope, key: Mapping[str, Any]) -> str:
    content = [_VERSION, scope.route, scope.partition, scope.filter, dict(key)]
    text = binascii.b2a_base64(_encode(content).encode(), newline=False).decode()
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def _parse(text: str) -> list[Any] | None:
    if not 0 < len(text) <= LONGEST_TOKEN or not _TOKEN_LETTERS.issuperset(text):
        return None
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        content = json.loads(binascii.a2b_base64(padded, strict_mode=True))
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, list) and len(content) == 5 else None


def _is_key_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return 0 < len(value.encode()) <= _LONGEST_KEY
    except UnicodeEncodeError:
        return False
