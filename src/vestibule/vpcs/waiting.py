"""What comes of one go at a network: it is settled, or it is to go on later."""

from __future__ import annotations

import os
from datetime import datetime

from vestibule.platform import logs
from vestibule.platform.values import frozen
from vestibule.vpcs import wording
from vestibule.vpcs.resources import Postponed, Throttled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.resources import Ec2Error

log = logs.logger(__name__)

SETTLE: Final = 60.0
"""Seconds after which EC2 shows what a call made, its own 15 seconds included."""
SOON: Final = 2.0
SLOW: Final = 12.0
"""A gateway takes one to three minutes to come or to go."""


@frozen
class Wait:
    """To be taken up again after so many seconds. `reason` is one word of a fixed set."""

    seconds: float
    reason: str
    detail: str = ""
    in_vain: bool = False
    """Something was tried and failed: the next waits grow."""


def after(error: Ec2Error) -> Wait:
    """Come back after a call that may go better later."""
    log.info("EC2 did not", operation=error.operation, ec2_error=error.code, said=error.message)
    seconds = spread(SLOW if isinstance(error, Throttled | Postponed) else SOON * 2)
    return Wait(seconds, type(error).__name__, wording.told(error), in_vain=True)


def spread(longest: float) -> float:
    """Give between half and all of it, so that those who met do not meet again."""
    return longest * (0.5 + int.from_bytes(os.urandom(2)) / 0x20000)


def age(since: str, now: datetime) -> float:
    """Seconds since a timestamp; what has none is as old as can be."""
    if not since:
        return float("inf")
    return (now - datetime.fromisoformat(since)).total_seconds()


def in_state_since(record: VpcRecord) -> str:
    """Give the moment at which a record came to the state that it is in."""
    entered = record.created_at
    for before, moment in zip((None, *record.timeline), record.timeline, strict=False):
        if moment.state == record.state and (before is None or before.state != moment.state):
            entered = moment.at
    return entered


def under_way_since(record: VpcRecord) -> str:
    """Give the moment from which on its work has its time: it may have been taken up again."""
    return max(in_state_since(record), record.resumed_at or "")
