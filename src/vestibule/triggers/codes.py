"""The sign-in codes that are out, kept as digests: what each is worth, and how many are mailed.

Whoever knows an address can start sign-in after sign-in in its owner's name. Three things follow.

**No start costs the owner anything.** Each start has a code of its own, or shares the last one; an
earlier code lives on beside it. Wrong answers count against the one sign-in they were given in.

**Mails are few**: six an hour and twenty a day that nobody answered rightly. The last one that may
go holds a long code, good until the next may: whoever starts meanwhile shares that one. It lies in
the owner's inbox, so they come in, and a stranger doesn't.

**Guessing is hopeless.** A short code is guessed at nine times, by its own sign-in and two that
share it, and nine of them are out in a day before long ones follow. docs/passwordless.md has the
sum.

All of a person's codes are one item under ONCE#, which expires a day after the last.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from vestibule.platform.conditions import absent, equals, greater_than, less_than, present
from vestibule.platform.ids import new_id
from vestibule.platform.operations import ConditionFailed
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from typing import Final

    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

DIGITS: Final = 6
LONG_DIGITS: Final = 12
VALID_SECONDS: Final = 300
REPEAT_SECONDS: Final = 30
"""For so long a further start (another copy of the trigger, another tab) shares the code."""
MOST_SHARES: Final = 2
"""As many as Cognito may run copies beside the first."""
MOST_WRONG: Final = 9
"""Wrong answers to a short code: three tries in each of the sign-ins that may have it."""
MOST_SHORT: Final = 9
"""Short codes of a day that nobody answered rightly."""
MAILS_AN_HOUR: Final = 6
MAILS_A_DAY: Final = 20
ATTEMPTS: Final = 5
_HOUR: Final = 3600
_DAY: Final = 24 * 3600
_SORT_KEY: Final = "CODE"
_LONG: Final = "L"
_ID_LENGTH: Final = 16
_WITHDRAWN: Final = "withdrawn"
# By code, so that each can be named in a condition.
_MAILED: Final = "mailed:"
_UNTIL: Final = "until:"
_USED: Final = "used:"
_TRIES: Final = "tries:"


@frozen
class Issued:
    """What Cognito keeps of a code for us, between its triggers: nothing to sign in with."""

    id: str
    digest: str

    @property
    def is_long(self) -> bool:
        return self.id.startswith(_LONG)

    @property
    def digits(self) -> int:
        return LONG_DIGITS if self.is_long else DIGITS


@frozen
class Opened:
    """A code for a sign-in. `code` is there for the one copy of the trigger that has to mail it.

    `is_limited` says that none is mailed because enough were.
    """

    issued: Issued
    code: str | None = None
    seconds: int = VALID_SECONDS
    is_limited: bool = False


class Codes:
    """Besides what it names each method raises AwsError."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def open(self, user_name: str) -> Opened | None:
        """Make a code, or share the last one. None: too many started at this moment.

        One write for whom no code is known of, two for others.
        """
        now = int(self._clock().timestamp())
        standing: Item | None = None
        for _ in range(ATTEMPTS):
            try:
                if standing is None:
                    return self._first(user_name, now)
                return self._next(user_name, standing, now)
            except ConditionFailed as failure:
                standing = failure.item
        return None

    def _first(self, user_name: str, now: int) -> Opened:
        code, issued = _make(is_long=False)
        item = {
            "pk": _key(user_name),
            "sk": _SORT_KEY,
            **_issuing(issued, now, now + VALID_SECONDS),
        }
        self._table.put(item, condition=absent() | less_than("expiresAt", now - _HOUR))
        return Opened(issued, code)

    def _next(self, user_name: str, standing: Item, now: int) -> Opened:
        known = _Known(standing, now)
        latest = Issued(standing["codeId"], standing["digest"])
        same = equals("codeId", latest.id)
        if known.is_usable and known.was_just_mailed:
            condition = same & less_than("shares", MOST_SHARES)
            self._update(user_name, increment={"shares": 1}, condition=condition)
            return Opened(latest)
        if known.is_usable and known.next_mail() > now:
            return Opened(latest, is_limited=True)
        until, is_long = known.lasting()
        code, issued = _make(is_long=is_long)
        self._update(
            user_name,
            changes=_issuing(issued, now, until),
            remove=known.forgotten,
            condition=same,
        )
        return Opened(issued, code, until - now)

    def withdraw(self, user_name: str, issued: Issued) -> None:
        """Let the next start make another code at once: this one reached nobody."""
        self._mark(user_name, issued, changes={f"{_USED}{issued.id}": _WITHDRAWN})

    def use(self, user_name: str, issued: Issued, *, by: str) -> bool:
        """Spend the code for one sign-in; repeated by the same one, it is still true."""
        now = int(self._clock().timestamp())
        used, tries = f"{_USED}{issued.id}", f"{_TRIES}{issued.id}"
        usable = greater_than(f"{_UNTIL}{issued.id}", now) & (absent(used) | equals(used, by))
        if not issued.is_long:
            usable &= absent(tries) | less_than(tries, MOST_WRONG)
        try:
            self._update(user_name, changes={used: by}, condition=usable)
        except ConditionFailed:
            return False
        return True

    def miss(self, user_name: str, issued: Issued) -> None:
        """Count a wrong answer."""
        self._mark(user_name, issued, increment={f"{_TRIES}{issued.id}": 1})

    def _mark(
        self, user_name: str, issued: Issued, **write: dict[str, str] | dict[str, int]
    ) -> None:
        try:
            self._update(user_name, condition=present(f"{_UNTIL}{issued.id}"), **write)
        except ConditionFailed:
            return  # it is known no longer

    def _update(self, user_name: str, **write: object) -> None:
        self._table.update(_key(user_name), _SORT_KEY, **write)  # type: ignore[arg-type]


class _Known:
    """What the item says of the codes of a day, at one moment."""

    def __init__(self, item: Item, now: int) -> None:
        self._item = item
        self._now = now
        times = {
            name.removeprefix(_MAILED): at for name, at in item.items() if name.startswith(_MAILED)
        }
        past = {name for name, at in times.items() if at <= now - _DAY}
        past -= {name for name in past if item[f"{_UNTIL}{name}"] > now}
        self.forgotten: tuple[str, ...] = tuple(
            part + name
            for name in sorted(past)
            for part in (_MAILED, _UNTIL, _USED, _TRIES)
            if part + name in item
        )
        # Who answered one rightly wanted it: only the others are somebody's nuisance.
        self._unanswered = {
            name: at
            for name, at in times.items()
            if at > now - _DAY and f"{_USED}{name}" not in item
        }

    @property
    def is_usable(self) -> bool:
        """Whether the last code can still sign somebody in."""
        name = self._item["codeId"]
        is_out = f"{_USED}{name}" not in self._item
        return is_out and bool(self._item[f"{_UNTIL}{name}"] > self._now)

    @property
    def was_just_mailed(self) -> bool:
        is_new = self._item[f"{_MAILED}{self._item['codeId']}"] >= self._now - REPEAT_SECONDS
        return is_new and bool(self._item["shares"] < MOST_SHARES)

    def next_mail(self, *more: int) -> int:
        """Say when the next mail may go, after those and `more`; not before now."""
        times = sorted((*self._unanswered.values(), *more))
        return max(
            self._now,
            _free_at(times, MAILS_AN_HOUR, _HOUR),
            _free_at(times, MAILS_A_DAY, _DAY),
        )

    def lasting(self) -> tuple[int, bool]:
        """Say until when a new code lasts, and whether it is a long one."""
        following = self.next_mail(self._now)
        if following > self._now:
            return following + VALID_SECONDS, True
        short = sum(not name.startswith(_LONG) for name in self._unanswered)
        return self._now + VALID_SECONDS, short >= MOST_SHORT


def _free_at(times: Sequence[int], most: int, seconds: int) -> int:
    return times[-most] + seconds if len(times) >= most else 0


def matches(answer: str, issued: Issued) -> bool:
    """Compare in constant time. People paste codes with blanks and hyphens: those are no matter."""
    typed = answer[: 4 * LONG_DIGITS].replace(" ", "").replace("-", "")
    if len(typed) != issued.digits or not typed.isascii() or not typed.isdigit():
        typed = ""
    return hmac.compare_digest(_digest(issued.id, typed), issued.digest)


def impossible(*, is_long: bool = False) -> Issued:
    """A code that no answer matches, looking like one of that length."""
    return Issued(_name(is_long=is_long), _digest(new_id(), new_id()))


def _make(*, is_long: bool) -> tuple[str, Issued]:
    digits = LONG_DIGITS if is_long else DIGITS
    # 128 random bits: nobody will ever notice the bias of the remainder.
    code = f"{int.from_bytes(os.urandom(16)) % 10**digits:0{digits}d}"
    name = _name(is_long=is_long)
    return code, Issued(name, _digest(name, code))


def _name(*, is_long: bool) -> str:
    return f"{_LONG if is_long else ''}{new_id()[:_ID_LENGTH]}"


def _issuing(issued: Issued, now: int, until: int) -> dict[str, str | int]:
    return {
        "codeId": issued.id,
        "digest": issued.digest,
        "shares": 0,
        f"{_MAILED}{issued.id}": now,
        f"{_UNTIL}{issued.id}": until,
        "expiresAt": max(now + _DAY, until),
    }


def _digest(name: str, code: str) -> str:
    return sha256(f"{name}:{code}".encode()).hexdigest()


def _key(user_name: str) -> str:
    """For somebody unknown the name is whatever was typed: as a digest it can't do any harm."""
    return f"ONCE#sign-in#{sha256(user_name.encode('utf-8', 'replace')).hexdigest()}"
