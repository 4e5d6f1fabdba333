"""Marks of mails: who is being written to, and who has been. They make a mail go once.

SES knows no repetition of a request, so a mark is claimed before a mail is sent and finished after.
A claim has a lease: copies of a message wait for its end. What is known not to have been sent gives
the claim back; an outcome that nobody knows (no answer, or a worker that died) counts as a try, and
there are two of those. So somebody may get a mail twice when SES took it and we never heard.
"""

from __future__ import annotations

from vestibule.mail import suppression
from vestibule.platform.clock import now, timestamp
from vestibule.platform.conditions import absent, equals, less_than, present
from vestibule.platform.ids import new_id
from vestibule.platform.operations import Check, ConditionFailed, TransactionRefused, Update
from vestibule.platform.values import frozen
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item, Reason
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile
    from vestibule.profiles.preferences import Preferences

SENDING: Final = "sending"
SENT: Final = "sent"
LEASE_SECONDS: Final = 60
"""Longer than an invocation may last: whoever claimed has ended by then, one way or another."""
MOST_TRIES: Final = 2
_SOON: Final = 2.0


def key(user_id: str, kind: str) -> tuple[str, str]:
    return items.person_key(user_id), f"{items.DELIVERY_PREFIX}mail:{kind}"


@frozen
class Recipient:
    """What the table says of somebody who is to get a mail."""

    erased: bool
    sent: bool
    profile: Profile | None
    preferences: Preferences | None


@frozen
class Claim:
    """A mark that is ours until `release` or `finish`, if it has an `id`; else why it is not."""

    id: str = ""
    erased: bool = False
    sent: bool = False
    spent: bool = False
    """Two tries were made whose outcome nobody knows."""
    busy_seconds: float = 0.0


class MailMarks:
    """Of one kind of mail."""

    def __init__(self, table: Table, kind: str, clock: Clock = now) -> None:
        self._table = table
        self._kind = kind
        self._clock = clock
        self._suppressions = suppression.Suppressions(table, clock)

    def recipient(self, user_id: str) -> Recipient:
        person = items.person_key(user_id)
        mark = key(user_id, self._kind)
        names = (items.TOMBSTONE, items.PROFILE, items.PREFERENCES)
        keys = [*((person, name) for name in names), mark]
        found = self._table.get_many(keys, consistent=True)
        profile = found.get((person, items.PROFILE))
        preferences = found.get((person, items.PREFERENCES))
        return Recipient(
            erased=(person, items.TOMBSTONE) in found,
            sent=found.get(mark, {}).get("state") == SENT,
            profile=None if profile is None else items.to_profile(profile),
            preferences=None if preferences is None else items.to_preferences(preferences),
        )

    def is_suppressed(self, address: str) -> bool:
        return self._suppressions.holds(address)

    def claim(self, user_id: str, event_id: str) -> Claim:
        """Take the mark for one try, unless it is taken, sent, or tried often enough."""
        moment, claim_id = self._clock(), new_id()
        at = int(moment.timestamp())
        lapsed = equals("state", SENDING) & less_than("leaseUntil", at + 1)
        changes: dict[str, Any] = {
            "state": SENDING,
            "claim": claim_id,
            "eventId": event_id,
            "leaseUntil": at + LEASE_SECONDS,
            "at": timestamp(moment),
        }
        taking = Update(
            *key(user_id, self._kind),
            changes,
            increment={"tries": 1},
            condition=absent() | (lapsed & less_than("tries", MOST_TRIES)),
        )
        person = items.person_key(user_id)
        try:
            self._table.transact(Check(person, items.TOMBSTONE, absent()), taking)
        except TransactionRefused as refusal:
            return _refused(refusal.reasons[0], refusal.reasons[1], at)
        return Claim(claim_id)

    def finish(self, user_id: str, facts: Mapping[str, str]) -> None:
        """Say that it was sent, whoever holds the mark by now."""
        done = {**facts, "state": SENT, "at": timestamp(self._clock())}
        self._change(user_id, done, remove=("claim", "leaseUntil"))

    def release(self, user_id: str, claim: Claim, *, was_tried: bool) -> None:
        """Let the next one try. `was_tried`: the mail may have gone for all we know."""
        step = {} if was_tried else {"tries": -1}
        condition = equals("claim", claim.id)
        self._change(user_id, {"leaseUntil": 0}, increment=step, condition=condition)

    def forgive(self, user_id: str) -> None:
        """Allow two tries more: a person will decide whether there are any."""
        self._change(user_id, {"tries": 0}, condition=equals("state", SENDING))

    def _change(
        self,
        user_id: str,
        changes: Mapping[str, Any],
        *,
        remove: tuple[str, ...] = (),
        increment: Mapping[str, int] | None = None,
        condition: Any = None,
    ) -> None:
        try:
            self._table.update(
                *key(user_id, self._kind),
                changes=changes,
                remove=remove,
                increment=increment,
                condition=condition or present(),
            )
        except ConditionFailed:
            # Erased meanwhile, or no longer ours.
            return


def _refused(erased: Reason, taken: Reason, at: int) -> Claim:
    if erased.is_verdict:
        return Claim(erased=True)
    mark: Item = taken.item or {}
    if not taken.is_verdict or not mark:
        return Claim(busy_seconds=_SOON)
    if mark.get("state") == SENT:
        return Claim(sent=True)
    left = mark.get("leaseUntil", 0) - at
    return Claim(busy_seconds=left) if left > 0 else Claim(spent=True)
