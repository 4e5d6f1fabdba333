"""Places of invitations: held at sign-up, taken once the address is proven.

**What a stranger can learn.** Nothing but whether a code opens for the address at hand: unknown,
spent, revoked, expired and somebody else's are one answer after the same calls of the table. The
code itself is compared nowhere: it is hashed, and the hash is the key that the table looks up. What
such a look-up takes could tell of hashes, and nobody can choose a code by its hash.

**Guessing.** A long code cannot be guessed. For short ones each address falls into one of 1,024
buckets, each with 10 tries in a quarter of an hour: no address gets more, and all together get
40,960 an hour, whoever asks from wherever. Of 2**50 codes, with 1,000 open ones, that finds one in
3,000 years on average. Tries count before the table is asked, so no crowd of them gets past.
"""

from __future__ import annotations

from hashlib import sha256

from vestibule.invitations import codes, items
from vestibule.invitations.authority import still_given
from vestibule.invitations.errors import Busy
from vestibule.invitations.model import HOLD_SECONDS, OPEN, Reservation
from vestibule.platform import logs, metrics
from vestibule.platform.clock import timestamp
from vestibule.platform.conditions import absent, all_of, equals, greater_than, less_than, present
from vestibule.platform.operations import (
    ConditionFailed,
    Delete,
    Put,
    TransactionRefused,
    Update,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Final

    from vestibule.invitations.model import Invitation
    from vestibule.platform.operations import Operation
    from vestibule.platform.table import Table

BUCKETS: Final = 1024
TRIES: Final = 10
WINDOW_SECONDS: Final = 900
# Each lost race means that somebody else got a place: as many as a code may have before it is full.
ATTEMPTS: Final = 12

log = logs.logger(__name__)


class Reservations:
    def __init__(self, table: Table) -> None:
        self._table = table

    def reserve(self, code: str, address: str, now: datetime) -> Reservation | None:
        """Hold a place for an address for 24 hours; None if the code does not open for it.

        The address comes in its normal form. The same one may do so again and takes no second
        place. While it holds a place of another open invitation it keeps that one: whoever signs up
        in somebody's name must not be able to change what that person becomes. Only an invitation
        made out to the address takes the place of one that is not: else anybody with a code for
        everybody could keep them from their own. Raise Busy when the code may well open.
        """
        given = codes.read(code)
        seconds = int(now.timestamp())
        may_try = not given.is_short or self.count_try(address, seconds)
        for _ in range(ATTEMPTS):
            invitation, held = self._read(given.hash, address)
            if invitation is None or not invitation.welcomes(address, seconds):
                return None
            # Strangers may spend the tries of an address. Its own invitation opens all the same:
            # whoever guesses has to find the one code that is made out to the address they name.
            if not may_try and invitation.email != address:
                return None
            given_up = self._giving_up(held, invitation, seconds)
            if given_up is None:
                return None
            place = _place(invitation, mark_of(address), seconds)
            if place is None:
                return None
            reservation = _reservation(invitation, address, now)
            item = items.from_reservation(reservation)
            free = absent() if held is None else absent() | equals("codeHash", held.code_hash)
            checks = still_given(invitation)
            try:
                self._table.transact(*checks, place, Put(item, condition=free), *given_up)
            except TransactionRefused as refusal:
                if any(reason.is_verdict for reason in refusal.reasons[: len(checks)]):
                    return None
                continue
            return reservation
        raise Busy

    def _read(self, code_hash: str, address: str) -> tuple[Invitation | None, Reservation | None]:
        invite, reservation = items.invite_key(code_hash), items.reservation_key(address)
        found = self._table.get_many((invite, reservation), consistent=True)
        return (
            items.to_invitation(found[invite]) if invite in found else None,
            items.to_reservation(found[reservation]) if reservation in found else None,
        )

    def _giving_up(
        self, held: Reservation | None, wanted: Invitation, now: int
    ) -> list[Operation] | None:
        """Free the place that the address gives up for the wanted one; None if it keeps it."""
        if held is None or held.code_hash == wanted.code_hash or not held.is_live(now):
            return []
        item = self._table.get(*items.invite_key(held.code_hash), consistent=True)
        other = None if item is None else items.to_invitation(item)
        if other is None or other.status != OPEN:
            return []
        if wanted.email is None or other.email is not None:
            return None
        mark = mark_of(held.address)
        return [_release(other, mark)] if mark in other.holds else []

    def count_try(self, address: str, now: int) -> bool:
        bucket = int.from_bytes(sha256(address.encode("utf-8", "replace")).digest()[:4]) % BUCKETS
        window = now // WINDOW_SECONDS
        try:
            self._table.update(
                f"ONCE#invitation-tries-{bucket}",
                str(window),
                changes={"expiresAt": (window + 2) * WINDOW_SECONDS},
                increment={"tries": 1},
                condition=absent("tries") | less_than("tries", TRIES),
            )
        except ConditionFailed:
            metrics.count("InvitationTriesLimited")
            log.warning("too many tries at short codes", bucket=bucket)
            return False
        return True


def is_spendable(reservation: Reservation, invitation: Invitation, now: int) -> bool:
    """Whether `spending` would go through, as things stand."""
    return (
        reservation.is_live(now)
        and invitation.status == OPEN
        and mark_of(reservation.address) in invitation.holds
    )


def spending(
    reservation: Reservation, user_id: str, at: str, *, offers: bool = False
) -> list[Operation]:
    """Take the held place for good and forget the reservation.

    Refused when the invitation was revoked or the place given to somebody else meanwhile, when it
    has been spent already, and when its maker may not give it any more. With `offers` its
    organization stays open to this person until they bring the code again.
    """
    hold = hold_of(mark_of(reservation.address))
    offer = {offer_of(user_id): at} if offers else {}
    return [
        *still_given(reservation),
        Update(
            *items.invite_key(reservation.code_hash),
            changes={"lastUsedBy": user_id, "lastUsedAt": at, **offer},
            remove=(hold,),
            increment={"uses": 1},
            condition=equals("status", OPEN) & present(hold),
        ),
        Delete(
            *items.reservation_key(reservation.address),
            condition=equals("codeHash", reservation.code_hash),
        ),
    ]


def _place(invitation: Invitation, mark: str, now: int) -> Update | None:
    """Hold a place on the invitation as it was read; None when all are taken."""
    hold = hold_of(mark)
    still_open = all_of(equals("status", OPEN), greater_than("validUntil", now))
    remove: tuple[str, ...] = ()
    increment = {"taken": 1}
    condition = still_open & absent(hold) & less_than("taken", invitation.max_uses)
    lapsed = [other for other, until in invitation.holds.items() if until <= now]
    if mark in invitation.holds:
        increment = {}
        condition = still_open & equals(hold, invitation.holds[mark])
    elif invitation.taken >= invitation.max_uses:
        if not lapsed:
            return None
        # Somebody never confirmed: their place goes over as it is.
        given_up = hold_of(lapsed[0])
        remove, increment = (given_up,), {}
        condition = still_open & absent(hold) & equals(given_up, invitation.holds[lapsed[0]])
    key = items.invite_key(invitation.code_hash)
    return Update(*key, {hold: now + HOLD_SECONDS}, remove, increment, condition)


def _release(invitation: Invitation, mark: str) -> Update:
    """Let go of a held place, so that somebody else may have it."""
    hold = hold_of(mark)
    key = items.invite_key(invitation.code_hash)
    return Update(*key, remove=(hold,), increment={"taken": -1}, condition=present(hold))


def _reservation(invitation: Invitation, address: str, now: datetime) -> Reservation:
    return Reservation(
        address=address,
        code_hash=invitation.code_hash,
        invite_id=invitation.id,
        role=invitation.role,
        delivery=invitation.delivery,
        reserved_at=timestamp(now),
        expires_at=int(now.timestamp()) + HOLD_SECONDS,
        organization_id=invitation.organization_id,
        account_type=invitation.account_type,
        created_by=invitation.created_by,
        by_admin=invitation.by_admin,
        is_bound=invitation.email is not None,
    )


def mark_of(address: str) -> str:
    """Stand for an address on the invitation's item, which is no place for addresses."""
    return sha256(address.encode("utf-8", "replace")).hexdigest()[:24]


def offer_of(user_id: str) -> str:
    return f"{items.OFFER_PREFIX}{mark_of(user_id)}"


def hold_of(mark: str) -> str:
    return f"{items.HOLD_PREFIX}{mark}"
