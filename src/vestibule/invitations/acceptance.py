"""Joining by a code that somebody brings while signed in.

Whoever signs up may have been signed up by somebody else, and who confirms an address says nothing
of the code that came with it: none but a mailed one makes a member by that alone. Bringing it once
more, with a proven address, does.
"""

from __future__ import annotations

from vestibule.invitations import codes, items
from vestibule.invitations.authority import still_given
from vestibule.invitations.errors import (
    BelongsAlready,
    CallerSuspended,
    InvitationUseless,
    Raced,
)
from vestibule.invitations.model import OPEN
from vestibule.invitations.reservations import Reservations, hold_of, mark_of, offer_of
from vestibule.organizations.items import membership_key, organization_key
from vestibule.organizations.memberships import admitting, belonging, joining
from vestibule.platform.clock import timestamp
from vestibule.platform.conditions import absent, all_of, equals, greater_than, less_than, present
from vestibule.platform.operations import Check, TransactionRefused, Update
from vestibule.profiles import items as people

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Final

    from vestibule.invitations.model import Invitation
    from vestibule.platform.operations import Item, Operation
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile

ATTEMPTS: Final = 5


class Acceptance:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._tries = Reservations(table)

    def accept(self, code: str, user_id: str, now: datetime, current: str | None = None) -> str:
        """Join the organization that the code invites to, and give its id.

        `current` is the address that their account proves, where that was asked: a code for the
        address on record is of no use to whoever has moved away from it. Raise InvitationUseless,
        BelongsAlready, CallerSuspended or Raced.
        """
        given, seconds = codes.read(code), int(now.timestamp())
        may_try: bool | None = None
        for _ in range(ATTEMPTS):
            profile, address, waits_for = self._person(user_id)
            if may_try is None:
                may_try = not given.is_short or self._tries.count_try(address, seconds)
            item = self._table.get(*items.invite_key(given.hash), consistent=True)
            proven = address if current in {None, address} else None
            taking = _taking(item, user_id, address, proven, now) if may_try and item else None
            if waits_for is not None and (taking is None or not _is_to(item, waits_for)):
                raise BelongsAlready(user_id)
            if item is None or taking is None:
                raise InvitationUseless
            invitation = items.to_invitation(item)
            checks: list[Operation] = [
                *still_given(invitation),
                Check(*organization_key(invitation.organization_id or ""), present()),
            ]
            joined = _joining(profile, invitation, timestamp(now), waits=waits_for is not None)
            try:
                self._table.transact(*checks, taking, *joined)
            except TransactionRefused as refusal:
                if any(reason.is_verdict for reason in refusal.reasons[: len(checks)]):
                    raise InvitationUseless from refusal
                continue
            return invitation.organization_id or ""
        raise Raced

    def _person(self, user_id: str) -> tuple[Profile, str, str | None]:
        """Read who they are, their proven address, and the organization they wait for."""
        key = people.profile_key(user_id)
        found = self._table.get_many((key, membership_key(user_id)), consistent=True)
        profile = people.to_profile(found[key]) if key in found else None
        if profile is None:
            raise InvitationUseless
        if profile.is_suspended:
            raise CallerSuspended(user_id)
        if profile.organization_id is not None:
            raise BelongsAlready(user_id)
        waits_for = found.get(membership_key(user_id), {}).get("organizationId")
        if profile.claimed_email is None:
            raise InvitationUseless if waits_for is None else BelongsAlready(user_id)
        return profile, profile.claimed_email, waits_for


def _is_to(item: Item | None, organization_id: str) -> bool:
    return item is not None and item.get("organizationId") == organization_id


def _taking(
    item: Item, user_id: str, address: str, proven: str | None, now: datetime
) -> Update | None:
    """Use a place: the one that sign-up used for them, the one held for them, or a free one."""
    invitation, seconds = items.to_invitation(item), int(now.timestamp())
    opens = (
        invitation.status == OPEN
        and seconds < invitation.valid_until
        and invitation.email in {None, proven}
        and invitation.organization_id is not None
        and invitation.created_by != user_id
    )
    if not opens:
        return None
    key, offer = items.invite_key(invitation.code_hash), offer_of(user_id)
    changes = {"lastUsedBy": user_id, "lastUsedAt": timestamp(now)}
    still = all_of(equals("status", OPEN), greater_than("validUntil", seconds))
    if offer in item:
        return Update(*key, changes, (offer,), condition=still & present(offer))
    hold = hold_of(mark_of(address))
    if hold in item:
        return Update(*key, changes, (hold,), {"uses": 1}, still & present(hold))
    if invitation.taken < invitation.max_uses:
        free = less_than("taken", invitation.max_uses) & absent(hold)
        return Update(*key, changes, (), {"uses": 1, "taken": 1}, still & free)
    lapsed = [(mark, until) for mark, until in invitation.holds.items() if until <= seconds]
    if not lapsed:
        return None
    given_up = hold_of(lapsed[0][0])
    return Update(*key, changes, (given_up,), {"uses": 1}, still & equals(given_up, lapsed[0][1]))


def _joining(profile: Profile, invitation: Invitation, at: str, *, waits: bool) -> list[Operation]:
    organization_id = invitation.organization_id or ""
    belongs = belonging(profile, organization_id, at)
    if waits:
        return [*admitting(profile.user_id, organization_id, at), belongs]
    return [*joining(profile.user_id, organization_id, at=at), belongs]
