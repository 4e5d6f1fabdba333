"""What EC2 would not do, in words for everybody signed in.

EC2's own name ARNs and accounts, and may hold encoded policies: they go to the log, and no further.
"""

from __future__ import annotations

import re

from vestibule.vpcs.resources import (
    Ec2Error,
    InUse,
    LimitReached,
    NotFound,
    Postponed,
    Throttled,
    Unauthorized,
    Uncertain,
    Unreachable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

_BY_CODE: Final[Mapping[str, str]] = {
    "InsufficientAddressCapacity": "AWS has no public address free just now",
    "InsufficientFreeAddressesInSubnet": "the subnet has no address free",
    "InvalidParameterValue": (
        "AWS does not take one of the values; if it is the zone, name zones that the account has"
    ),
    "InvalidSubnet.Range": "AWS does not take this range",
    "InvalidVpc.Range": "AWS does not take this range",
}
# The first that fits.
_BY_CLASS: Final[tuple[tuple[type[Ec2Error], str], ...]] = (
    (LimitReached, "the account may have no more of these"),
    (Unauthorized, "the builder is not allowed to: whoever runs this place can mend that"),
    (Throttled, "too many calls at once"),
    (Postponed, "AWS would not have it at that moment"),
    (Unreachable, "AWS could not be reached"),
    (Uncertain, "AWS gave no answer"),
    (NotFound, "AWS did not know what it names"),
    (InUse, "something else hangs on it"),
)
_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,80}")


def code(error: Ec2Error) -> str:
    """Give EC2's code for it, which is one of a published list; else the class of the error."""
    return error.code if _CODE.fullmatch(error.code) else type(error).__name__


def why(error: Ec2Error) -> str:
    """Say what spoke against it, with the code."""
    words = _BY_CODE.get(error.code) or next(
        (words for kind, words in _BY_CLASS if isinstance(error, kind)), "AWS refused it for good"
    )
    return f"{words} ({code(error)})"


def told(error: Ec2Error) -> str:
    return f"{error.operation} failed: {why(error)}"
