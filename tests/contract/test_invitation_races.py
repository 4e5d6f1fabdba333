"""Somebody else writes just before an invitation's place is taken: on both tables."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import address, new_sub
from fakes.tenants import (
    DAY,
    NOW,
    SECONDS,
    invitation_now,
    keep_claimant,
    keep_invitation,
    keep_organization,
    membership_of,
    profile_of,
    reserved_for,
)
from vestibule.invitations.acceptance import Acceptance
from vestibule.invitations.errors import InvitationUseless
from vestibule.invitations.model import HOLD_SECONDS
from vestibule.invitations.reservations import Reservations, mark_of, spending
from vestibule.platform.operations import TransactionRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.operations import Operation
    from vestibule.platform.table import Table

    Before = Callable[[Callable[[], object]], None]

WEEK = SECONDS + 7 * DAY
LAPSED = NOW + timedelta(seconds=HOLD_SECONDS)


@pytest.fixture
def before_the_next_write(table: Table, monkeypatch: pytest.MonkeyPatch) -> Before:
    """Let somebody else do something just before the next transaction."""

    def meanwhile(act: Callable[[], object]) -> None:
        transact = table.transact

        def interrupted(*operations: Operation) -> None:
            monkeypatch.setattr(table, "transact", transact)
            act()
            transact(*operations)

        monkeypatch.setattr(table, "transact", interrupted)

    return meanwhile


@pytest.mark.parametrize(
    "fields", [{}, {"taken": 1, "holds": {mark_of(address()): SECONDS}}], ids=["free", "lapsed"]
)
def test_of_two_people_racing_for_the_last_place_one_gets_it(
    table: Table, before_the_next_write: Before, fields: dict[str, Any]
) -> None:
    organization_id = keep_organization(table).id
    code, made = keep_invitation(table, organization_id=organization_id, max_uses=1, **fields)
    slow, quick = keep_claimant(table), keep_claimant(table)
    before_the_next_write(lambda: Acceptance(table).accept(code, quick, NOW))

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, slow, NOW)

    kept = invitation_now(table, made)
    assert (kept.uses, kept.taken, kept.holds) == (1, 1, {})
    assert profile_of(table, quick).organization_id == organization_id
    assert profile_of(table, slow).organization_id is None
    assert membership_of(table, organization_id, slow) is None


def test_somebody_who_loses_a_place_gets_the_next_one(
    table: Table, before_the_next_write: Before
) -> None:
    organization_id = keep_organization(table).id
    held = {mark_of(address()): SECONDS for _ in range(2)}
    code, made = keep_invitation(
        table, organization_id=organization_id, max_uses=2, taken=2, holds=held
    )
    slow, quick = keep_claimant(table), keep_claimant(table)
    before_the_next_write(lambda: Acceptance(table).accept(code, quick, NOW))

    assert Acceptance(table).accept(code, slow, NOW) == organization_id

    kept = invitation_now(table, made)
    assert (kept.uses, kept.taken, kept.holds) == (2, 2, {})


def test_a_lapsed_place_that_is_held_anew_at_that_moment_is_given_to_nobody_else(
    table: Table, before_the_next_write: Before
) -> None:
    organization_id, email = keep_organization(table).id, address()
    code, made = keep_invitation(table, organization_id=organization_id, valid_until=WEEK)
    reservations = Reservations(table)
    reservations.reserve(code, email, NOW)
    before_the_next_write(lambda: reservations.reserve(code, email, LAPSED))

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, keep_claimant(table), LAPSED)

    kept = invitation_now(table, made)
    until = int(LAPSED.timestamp()) + HOLD_SECONDS
    assert (kept.uses, kept.taken, kept.holds) == (0, 1, {mark_of(email): until})


def test_who_is_held_a_place_at_that_moment_takes_that_one_and_no_second(
    table: Table, before_the_next_write: Before
) -> None:
    organization_id = keep_organization(table).id
    code, made = keep_invitation(table, organization_id=organization_id, max_uses=2)
    user_id = keep_claimant(table)
    email = profile_of(table, user_id).email or ""
    before_the_next_write(lambda: Reservations(table).reserve(code, email, NOW))

    assert Acceptance(table).accept(code, user_id, NOW) == organization_id

    kept = invitation_now(table, made)
    assert (kept.uses, kept.taken, kept.holds) == (1, 1, {})


@pytest.mark.parametrize("how", ["taken for good", "given to another"])
def test_a_place_that_is_gone_when_its_address_gives_it_up_is_not_made_free(
    table: Table, before_the_next_write: Before, how: str
) -> None:
    email, reservations = address(), Reservations(table)
    everybodys, made = keep_invitation(table, max_uses=1, valid_until=WEEK)
    own, owned = keep_invitation(table, email=email, valid_until=WEEK)
    held = reservations.reserve(everybodys, email, NOW)
    assert held is not None

    def gone() -> None:
        if how == "taken for good":
            table.transact(*spending(held, new_sub(), "2026-02-03"))
        else:
            # By a clock that is ahead.
            assert reservations.reserve(everybodys, address(), LAPSED) is not None

    before_the_next_write(gone)

    reservation = reservations.reserve(own, email, LAPSED - timedelta(seconds=1))

    assert reservation is not None
    assert reserved_for(table, email) == reservation
    assert invitation_now(table, owned).taken == 1
    kept = invitation_now(table, made)
    assert kept.taken == kept.uses + len(kept.holds) == 1
    assert reservations.reserve(everybodys, address(), NOW) is None


def test_a_lapsed_place_is_not_spent_once_its_address_holds_one_elsewhere(table: Table) -> None:
    """By a clock that is behind: the hold that lapsed still stands where it was."""
    email, reservations = address(), Reservations(table)
    code, made = keep_invitation(table, valid_until=WEEK)
    elsewhere, other = keep_invitation(table, valid_until=WEEK)
    lapsed = reservations.reserve(code, email, NOW)
    standing = reservations.reserve(elsewhere, email, LAPSED)
    assert lapsed is not None
    assert mark_of(email) in invitation_now(table, made).holds

    with pytest.raises(TransactionRefused):
        table.transact(*spending(lapsed, new_sub(), "2026-02-04"))

    assert reserved_for(table, email) == standing
    assert (invitation_now(table, made).uses, invitation_now(table, other).taken) == (0, 1)
