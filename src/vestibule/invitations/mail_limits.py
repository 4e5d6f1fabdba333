"""How many invitations may be mailed: by one inviter, for one organization, to one address.

Counted over the hours that end now, by when each mail was: no hour of the clock begins anew.
"""

from __future__ import annotations

from hashlib import sha256

from vestibule.platform.conditions import absent, equals
from vestibule.platform.operations import Put
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

HOUR: Final = 3600
DAY: Final = 24 * HOUR
BY_INVITER: Final = ((10, HOUR),)
# Whoever invites, by however many accounts: more than these would be a nuisance to nobody else.
TO_ADDRESS: Final = ((3, HOUR), (6, DAY))
FOR_ORGANIZATION: Final = ((50, DAY),)
MAILS: Final = "MAILS"


@frozen
class Counter:
    """Mails of one kind: `limits` are how many within how many seconds."""

    name: str
    limits: Sequence[tuple[int, int]]

    @property
    def key(self) -> tuple[str, str]:
        return f"ONCE#invitation-mails-{self.name}", MAILS

    @property
    def longest(self) -> int:
        return max(seconds for _, seconds in self.limits)

    def is_full(self, times: Sequence[int], now: int) -> bool:
        return any(sum(at > now - seconds for at in times) >= most for most, seconds in self.limits)


def counters(by: str, email: str, organization_id: str | None) -> list[Counter]:
    """Name what a mail counts for. An address is known there by its hash alone."""
    to = sha256(email.encode("utf-8", "replace")).hexdigest()[:24]
    counted = [Counter(f"by-{by}", BY_INVITER), Counter(f"to-{to}", TO_ADDRESS)]
    if organization_id is not None:
        counted.append(Counter(f"for-{organization_id}", FOR_ORGANIZATION))
    return counted


def counting(table: Table, counted: Sequence[Counter], now: int) -> list[Put] | None:
    """Count a mail for all of them, in a transaction of the caller's; None where one is full."""
    found = table.get_many([one.key for one in counted], consistent=True)
    puts = []
    for one in counted:
        before = found.get(one.key)
        times = [at for at in (before or {}).get("times", ()) if at > now - one.longest]
        if one.is_full(times, now):
            return None
        puts.append(_counted(one, times, before, now))
    return puts


def _counted(counter: Counter, times: list[int], before: Item | None, now: int) -> Put:
    pk, sk = counter.key
    version = 0 if before is None else before["version"]
    item = {
        "pk": pk,
        "sk": sk,
        "times": [*times, now],
        "version": version + 1,
        "expiresAt": now + counter.longest,
    }
    return Put(item, absent() if before is None else equals("version", version))
