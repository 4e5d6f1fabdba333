"""Structured logs: one JSON object a line, and nothing in it that could hurt a person.

What a key or a pattern gives away (passwords, tokens, codes, addresses) is replaced before it is
written. Everything is escaped to ASCII, so no value can begin a line of its own.
`logging` is not used: it takes as long to import as all the rest of this package.
"""

from __future__ import annotations

import sys
import time
from json.encoder import encode_basestring_ascii as quote

from vestibule.platform.redaction import REDACTED, is_secret_name, redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}

_RESERVED = frozenset({"time", "level", "message", "logger"})
_DEEPEST = 3
_MOST_MEMBERS = 50
_MOST_NAMES = 1000
_LONGEST_TEXT = 4000
_LONGEST_STACK = 12000
_LARGEST_NUMBER = 10**300

_threshold = LEVELS["INFO"]
_context = ""
_second = -1
_second_text = ""
_described: dict[str, tuple[str, bool]] = {}


def configure(level: str) -> None:
    """Write lines of this level and above. Raise KeyError for a level there is not."""
    global _threshold  # noqa: PLW0603 - one process has one log
    _threshold = LEVELS[level]


def bind(**fields: object) -> None:
    """Put these fields into every line until the next call. Call it first in each invocation."""
    global _context  # noqa: PLW0603 - one invocation at a time
    _context = _members_text(fields)


def bind_safe(members: str) -> None:
    """As `bind`, for JSON members already written, that hold nothing anybody sent unchecked."""
    global _context  # noqa: PLW0603 - one invocation at a time
    _context = members


def write(lines: str) -> None:
    """Write whole lines at once. A log that can't be written must not fail an answer."""
    try:
        sys.stdout.write(lines)
        sys.stdout.flush()
    except (OSError, ValueError):
        pass


def logger(name: str) -> Logger:
    return Logger(name)


class Logger:
    """Field names may be given as Python's: `user_id` is written `userId`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = quote(name)

    def debug(self, message: str, **fields: object) -> None:
        self._log("DEBUG", message, fields)

    def info(self, message: str, **fields: object) -> None:
        self._log("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        self._log("WARNING", message, fields)

    def error(self, message: str, **fields: object) -> None:
        self._log("ERROR", message, fields)

    def failure(self, message: str, error: BaseException, **fields: object) -> None:
        """Write an error with its stack, redacted as everything else."""
        self._log("ERROR", message, {**fields, "error": type(error).__name__, "stack": error})

    def safe_line(self, level: str, message: str, members: str) -> str:
        """Give a line of JSON members as they are, to be written with others at once.

        For values that were checked, on the hot path. Empty below the level that is written.
        """
        return self._line(level, quote(message), members) if LEVELS[level] >= _threshold else ""

    def _log(self, level: str, message: str, fields: dict[str, object]) -> None:
        if LEVELS[level] >= _threshold:
            write(self._line(level, _text(message), _members_text(fields)))

    def _line(self, level: str, message: str, members: str) -> str:
        return (
            f'{{"time":"{_now()}","level":"{level}","message":{message},'
            f'"logger":{self._name}{_context}{members}}}\n'
        )


def _now() -> str:
    global _second, _second_text  # noqa: PLW0603 - formatting a date is dear, and lines come in bursts
    moment = time.time()
    second = int(moment)
    if second != _second:
        _second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _second = second
    return f"{_second_text}.{int((moment - second) * 1000):03d}Z"


def _members_text(fields: Mapping[Any, Any], depth: int = 0) -> str:
    """Write fields as JSON members, each with a comma before it."""
    parts = []
    for name, value in list(fields.items())[:_MOST_MEMBERS]:
        label, is_secret = _described.get(name) or _describe(name)
        if is_secret and value is not None and not isinstance(value, bool):
            parts.append(f',{label}:"{REDACTED}"')
        else:
            parts.append(f",{label}:{_value(value, depth)}")
    return "".join(parts)


def _describe(name: object) -> tuple[str, bool]:
    text = str(name)[:100]
    first, *rest = text.strip("_").split("_")
    label = first + "".join(word.capitalize() for word in rest)
    if label in _RESERVED:
        label += "_"
    described = (quote(redact(label)), is_secret_name(text))
    if isinstance(name, str) and len(_described) < _MOST_NAMES:
        _described[name] = described
    return described


def _value(value: Any, depth: int) -> str:  # noqa: PLR0911 - a line for each kind of value
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) < _LARGEST_NUMBER:
        return str(int(value))
    if isinstance(value, float) and abs(value) < _LARGEST_NUMBER:
        return repr(float(value))
    if isinstance(value, BaseException):
        return _stack(value)
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        inner = (_value(member, depth + 1) for member in list(value)[:_MOST_MEMBERS])
        return f"[{','.join(inner)}]"
    if depth < _DEEPEST and isinstance(value, dict):
        return f"{{{_members_text(value, depth + 1)[1:]}}}"
    return _other(value)


def _other(value: object) -> str:
    try:
        return _text(str(value))
    except Exception:  # noqa: BLE001 - a value that can't be written must not cost the line
        return quote(f"[{type(value).__name__}]")


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + "..."
    return quote(redact(text))


def _stack(error: BaseException) -> str:
    import traceback  # noqa: PLC0415 - 2 ms, paid only when something broke

    lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-12)
    return quote(redact("".join(lines)[-_LONGEST_STACK:]))
