"""The sign-in codes that are out: one for a person at a time, kept as a digest.

An item lies under ONCE# and expires a day later. It outlives its code so that wrong answers add up:
whoever starts sign-in after sign-in to guess soon gets one code an hour.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from vestibule.platform.ids import new_id
from vestibule.platform.table import (
    ConditionFailed,
    absent,
    equals,
    greater_than,
    less_than,
    present,
)
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Final

    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

DIGITS: Final = 6
VALID_SECONDS: Final = 300
REPEAT_SECONDS: Final = 30
"""For so long a further start (another copy of the trigger, another tab) shares the code."""
REST_SECONDS: Final = 3600
MOST_WRONG: Final = 10
"""Wrong answers: to one code, and in a row before codes become rare."""
_KEPT_SECONDS: Final = 24 * 3600
_SORT_KEY: Final = "CODE"


@frozen
class Issued:
    """What Cognito keeps of a code for us, between its triggers: nothing to sign in with."""

    id: str
    digest: str


@frozen
class Opened:
    """A code for a sign-in. `code` is there for the one copy of the trigger that has to mail it."""

    issued: Issued
    code: str | None


class Codes:
    """Every method is one write, whoever asks. Besides what it names it raises AwsError."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def open(self, user_name: str) -> Opened | None:
        """Make a code, or share the one just made. None: too many wrong answers, come later."""
        moment = int(self._clock().timestamp())
        code, issued = _make()
        before_last_start = less_than("claimedAt", moment - REPEAT_SECONDS)
        free = (
            absent()
            | present("usedBy")
            | (before_last_start & less_than("failures", MOST_WRONG))
            | less_than("claimedAt", moment - REST_SECONDS)
        )
        try:
            self._table.update(
                _key(user_name),
                _SORT_KEY,
                changes={
                    "codeId": issued.id,
                    "digest": issued.digest,
                    "claimedAt": moment,
                    "validUntil": moment + VALID_SECONDS,
                    "tries": 0,
                    "expiresAt": moment + _KEPT_SECONDS,
                },
                increment={"failures": 0},
                remove=("usedBy",),
                condition=free,
            )
        except ConditionFailed as standing:
            return _share(standing.item, moment)
        return Opened(issued, code)

    def withdraw(self, user_name: str, issued: Issued) -> None:
        """Let the next start make another code at once: this one reached nobody."""
        claimed_at = int(self._clock().timestamp()) - REPEAT_SECONDS - 1
        try:
            self._table.update(
                _key(user_name),
                _SORT_KEY,
                changes={"claimedAt": claimed_at, "validUntil": 0},
                condition=equals("codeId", issued.id),
            )
        except ConditionFailed:
            return  # another start has replaced it already

    def use(self, user_name: str, issued: Issued, *, by: str) -> bool:
        """Spend the code for one sign-in; repeated by the same one, it is still true."""
        now = int(self._clock().timestamp())
        usable = (
            equals("codeId", issued.id)
            & greater_than("validUntil", now)
            & less_than("tries", MOST_WRONG)
            & (absent("usedBy") | equals("usedBy", by))
        )
        try:
            self._table.update(
                _key(user_name),
                _SORT_KEY,
                changes={"usedBy": by, "failures": 0},
                condition=usable,
            )
        except ConditionFailed:
            return False
        return True

    def miss(self, user_name: str, issued: Issued) -> None:
        """Count a wrong answer."""
        try:
            self._table.update(
                _key(user_name),
                _SORT_KEY,
                increment={"tries": 1, "failures": 1},
                condition=equals("codeId", issued.id),
            )
        except ConditionFailed:
            return  # a newer code is out: the answer was to none


def matches(answer: str, issued: Issued) -> bool:
    """Compare in constant time. People paste codes with blanks and hyphens: those are no matter."""
    typed = answer[: 4 * DIGITS].replace(" ", "").replace("-", "")
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        typed = ""
    return hmac.compare_digest(_digest(issued.id, typed), issued.digest)


def impossible() -> Issued:
    """A code that no answer matches."""
    return Issued(new_id(), _digest(new_id(), new_id()))


def _make() -> tuple[str, Issued]:
    # 64 random bits: the bias of the remainder is one in ten million million.
    code = f"{int.from_bytes(os.urandom(8)) % 10**DIGITS:0{DIGITS}d}"
    name = new_id()
    return code, Issued(name, _digest(name, code))


def _share(standing: Item | None, moment: int) -> Opened | None:
    if standing is None or standing.get("claimedAt", 0) < moment - REPEAT_SECONDS:
        return None
    return Opened(Issued(standing["codeId"], standing["digest"]), code=None)


def _digest(name: str, code: str) -> str:
    return sha256(f"{name}:{code}".encode()).hexdigest()


def _key(user_name: str) -> str:
    """For somebody unknown the name is whatever was typed: as a digest it can't do any harm."""
    return f"ONCE#sign-in#{sha256(user_name.encode('utf-8', 'replace')).hexdigest()}"
