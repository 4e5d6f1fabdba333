"""What an answer of a peer, or none, means for the message. docs/delivery.md has the table."""

from __future__ import annotations

import time

from vestibule.delivery.outbound import ADDRESS_REFUSED, ANSWER_TOO_LARGE, PeerFault
from vestibule.delivery.outcomes import DONE, Outcome, later, never

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Final

    from vestibule.platform.connection import Answer

REDIRECTED: Final = "redirected"
WEB_PAGE: Final = "answer_web_page"
REFUSED: Final = "refused"
UNAVAILABLE: Final = "unavailable"
THROTTLED: Final = "throttled"

LONGEST_RETRY_AFTER: Final = 3600.0
_BOM: Final = b"\xef\xbb\xbf"
_LATER: Final = frozenset({408, 429})
_FINAL_FAULTS: Final = frozenset({ADDRESS_REFUSED, ANSWER_TOO_LARGE})


def answer(
    given: Answer,
    also_done: Collection[int] = (),
    now: Callable[[], float] = time.time,
    *,
    may_be_page: bool = False,
) -> Outcome:
    """Judge an answer. `also_done`: statuses of 400 and above that mean: nothing left to do.

    `may_be_page`: whether even a 2xx with a page of HTML is done.
    """
    status = given.status
    if status in also_done:
        return DONE
    if 200 <= status < 300:
        if may_be_page or not _is_page(given):
            return DONE
        # Another server's, a login form: nobody has taken the message, whatever the status.
        return never(WEB_PAGE, f"status {status}, but with a web page")
    if 300 <= status < 400:
        return never(REDIRECTED, f"status {status}: redirects are not followed, give the real URL")
    if status in _LATER or status >= 500:
        reason = THROTTLED if status == 429 else UNAVAILABLE
        wait = retry_after(given.headers.get("retry-after", ""), now)
        return later(reason, f"status {status}", seconds=wait)
    return never(REFUSED, f"status {status}")


def fault(error: PeerFault) -> Outcome:
    if error.reason in _FINAL_FAULTS:
        return never(error.reason, error.detail)
    return later(error.reason, error.detail)


def retry_after(text: str, now: Callable[[], float] = time.time) -> float | None:
    """Read seconds or an HTTP date; None for anything else, and for a time that is over."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        wait = float(text[:10])
    else:
        moment = _date(text)
        if moment is None:
            return None
        wait = moment - now()
    return min(wait, LONGEST_RETRY_AFTER) if wait > 0 else None


def _date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 10 ms, for a busy peer alone

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.timestamp() if moment.tzinfo else None


def _is_page(given: Answer) -> bool:
    kind = given.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "text/html" or given.body.removeprefix(_BOM).lstrip().startswith(b"<")
