"""Which answers are worth another try, and when it comes."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0

_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_FAULTS = frozenset(
    {
        "InternalError",
        "InternalErrorException",
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_CONFLICTS = frozenset(
    {
        "ReplicatedWriteConflictException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_SKEWED = frozenset(
    {
        "AuthFailure",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)

CONFLICT = "conflict with another write"
THROTTLED = "throttled"


def reason_to_retry(status: int, code: str, answer: Mapping[str, Any]) -> str | None:
    """Say why the same request may fare better later; None when it would not."""
    if code == "TransactionCanceledException":
        return _reason_to_repeat_transaction(answer)
    if code in _CONFLICTS:
        return CONFLICT
    if code in _THROTTLED or status == 429:
        return THROTTLED
    if code in _FAULTS or status >= 500 or status == 408:
        return f"fault {status}"
    return None


def _reason_to_repeat_transaction(answer: Mapping[str, Any]) -> str | None:
    """A transaction may be repeated only if nothing but its moment spoke against it."""
    codes = {reason.get("Code", "None") for reason in answer.get("CancellationReasons", [])}
    codes.discard("None")
    if codes and codes <= _CONFLICTS | _THROTTLED | _FAULTS:
        return CONFLICT if codes & _CONFLICTS else THROTTLED
    return None


def blames_the_clock(code: str) -> bool:
    return code in _SKEWED


def pause(attempt: int) -> float:
    """Seconds before the try after this one, counted from 1: exponential, with full jitter.

    Full jitter spreads the losers of one collision over the whole span, so they rarely meet again.
    """
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
    return longest * (int.from_bytes(os.urandom(4)) / 0x1_0000_0000)
