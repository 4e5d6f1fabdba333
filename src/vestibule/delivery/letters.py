"""Dead letters: what could not be delivered, with its reason and its history.

A message that the redrive policy moved, because its consumer never came to an end, has no such
envelope: it is the bare event, and its reason is NOT_PROCESSED.
"""

from __future__ import annotations

import json

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

NOT_PROCESSED: Final = "not processed"
_MEMBERS: Final = frozenset({"event", "reason", "attempts"})
_LONGEST_DETAIL: Final = 500


@frozen
class Letter:
    event: Any
    """The message as it came: an object, or text if it was no JSON."""
    reason: str
    detail: str = ""
    queue: str = ""
    attempts: int = 0
    first_at: str = ""
    last_at: str = ""


def write(letter: Letter) -> str:
    content = {
        "event": letter.event,
        "reason": letter.reason,
        "detail": letter.detail[:_LONGEST_DETAIL],
        "queue": letter.queue,
        "attempts": letter.attempts,
        "firstAt": letter.first_at,
        "lastAt": letter.last_at,
    }
    return json.dumps(content, separators=(",", ":"))


def read(body: str) -> Letter:
    """Read a letter, or wrap what the redrive policy moved."""
    content = _content(body)
    if not _is_letter(content):
        return Letter(content, NOT_PROCESSED)
    return Letter(
        event=content["event"],
        reason=str(content["reason"]),
        detail=str(content.get("detail", "")),
        queue=str(content.get("queue", "")),
        attempts=content["attempts"] if isinstance(content["attempts"], int) else 0,
        first_at=str(content.get("firstAt", "")),
        last_at=str(content.get("lastAt", "")),
    )


def event_of(body: str) -> Any:
    """Give what a consumer has to look at. A letter may be sent back to its queue as it is."""
    content = _content(body)
    while _is_letter(content):
        content = content["event"]
    return content


def _content(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _is_letter(content: Any) -> bool:
    return isinstance(content, dict) and content.keys() >= _MEMBERS
