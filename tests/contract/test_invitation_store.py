"""What invitations and their reserved places promise: on the fake table and the emulator alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fakes.people import address, new_sub
from fakes.tenants import (
    DAY,
    NOW,
    SECONDS,
    invitation,
    invitation_now,
    keep_invitation,
    keep_person,
    reserved_for,
)
from vestibule.invitations import codes, items
from vestibule.invitations.errors import Raced
from vestibule.invitations.model import BY_EMAIL, HOLD_SECONDS
from vestibule.invitations.reservations import TRIES, WINDOW_SECONDS, Reservations, spending
from vestibule.invitations.store import TableInvitationStore
from vestibule.organizations.standing import Standing
from vestibule.platform.ids import new_id
from vestibule.platform.operations import TransactionRefused
from vestibule.profiles.model import Profile

if TYPE_CHECKING:
    from vestibule.invitations.model import Reservation
    from vestibule.platform.table import Table

LATER = NOW + timedelta(hours=25)


@pytest.fixture
def store(table: Table) -> TableInvitationStore:
    return TableInvitationStore(table)


@pytest.fixture
def reservations(table: Table) -> Reservations:
    return Reservations(table)


def spend(table: Table, reservation: Reservation | None) -> bool:
    """Tell whether the place was still there to take."""
    assert reservation is not None
    try:
        table.transact(*spending(reservation, new_sub(), "2026-02-03"))
    except TransactionRefused:
        return False
    return True


def test_a_kept_invitation_is_found_by_its_public_id(
    table: Table, store: TableInvitationStore
) -> None:
    _, made = keep_invitation(table, email=address(), account_type="business", delivery=BY_EMAIL)

    assert store.find(made.id) == made
    assert store.find(new_id()[:16]) is None


def test_nothing_in_the_table_holds_the_code(table: Table) -> None:
    code, made = keep_invitation(table)
    keys = [items.invite_key(made.code_hash), items.entry_key(made.id)]

    kept = table.get_many(keys)

    assert len(kept) == 2
    assert code not in str(kept)


def test_a_second_invitation_of_one_code_is_refused(
    table: Table, store: TableInvitationStore
) -> None:
    code, made = keep_invitation(table)

    with pytest.raises(Raced):
        store.add(invitation(codes.read(code)), ())

    assert invitation_now(table, made) == made


def test_an_invitation_is_kept_only_while_its_inviter_may_invite(
    table: Table, store: TableInvitationStore
) -> None:
    code = codes.make(codes.LONG)
    user_id = keep_person(table, role="admin", status="suspended")
    once = Profile(user_id, "Jo", "", "", role="admin")

    with pytest.raises(Raced):
        store.add(invitation(code), Standing(user_id, once).checks)

    assert table.get(*items.invite_key(code.hash)) is None


def test_pages_list_an_organizations_invitations_in_order_without_hashes(
    table: Table, store: TableInvitationStore
) -> None:
    organization_id = new_id()
    made = [
        keep_invitation(table, organization_id=organization_id, created_at=f"2026-01-0{day}")[1]
        for day in (1, 2, 3)
    ]
    keep_invitation(table, organization_id=new_id())

    first = store.page(organization_id, 2, None)
    second = store.page(organization_id, 2, first.next_key)

    assert [*first.invitations, *second.invitations] == made
    assert not any(one.code_hash in str(first.next_key) for one in made)


def test_an_organizations_invitation_is_listed_among_all_too(
    table: Table, store: TableInvitationStore
) -> None:
    _, made = keep_invitation(table, organization_id=new_id())
    listed, start = [], None
    while True:
        page = store.page(None, 100, start)
        listed += [one.id for one in page.invitations]
        start = page.next_key
        if start is None:
            break

    assert listed.count(made.id) == 1


def test_a_reservation_keeps_what_the_person_becomes(
    table: Table, reservations: Reservations
) -> None:
    email, organization_id = address(), new_id()
    code, made = keep_invitation(
        table,
        email=email,
        organization_id=organization_id,
        account_type="business",
        delivery=BY_EMAIL,
    )

    reservation = reservations.reserve(code, email, NOW)

    assert reservation is not None
    assert reservation == reserved_for(table, email)
    assert (reservation.role, reservation.organization_id) == ("manager", organization_id)
    assert (reservation.account_type, reservation.invite_id) == ("business", made.id)
    assert reservation.proves_address
    assert reservation.expires_at == SECONDS + HOLD_SECONDS


def test_a_single_use_code_holds_one_place_for_one_address(
    table: Table, reservations: Reservations
) -> None:
    code, made = keep_invitation(table)
    email = address()

    assert reservations.reserve(code, email, NOW) is not None
    assert reservations.reserve(code, email, NOW + timedelta(hours=1)) is not None
    other = address()
    assert reservations.reserve(code, other, NOW) is None

    assert reserved_for(table, other) is None
    assert invitation_now(table, made).taken == 1
    assert reserved_for(table, email).expires_at == SECONDS + 3600 + HOLD_SECONDS


def test_a_lapsed_place_goes_to_the_next_address_and_is_lost_to_the_first(
    table: Table, reservations: Reservations
) -> None:
    code, made = keep_invitation(table, valid_until=SECONDS + 7 * DAY)
    first = reservations.reserve(code, address(), NOW)

    second = reservations.reserve(code, address(), LATER)

    assert second is not None
    assert not spend(table, first)
    assert spend(table, second)
    assert (invitation_now(table, made).uses, invitation_now(table, made).taken) == (1, 1)


def test_a_lapsed_place_that_nobody_took_is_the_same_addresss_again(
    table: Table, reservations: Reservations
) -> None:
    code, made = keep_invitation(table, valid_until=SECONDS + 7 * DAY)
    email = address()
    reservations.reserve(code, email, NOW)

    assert reservations.reserve(code, email, LATER) is not None
    assert invitation_now(table, made).taken == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "revoked"},
        {"valid_until": SECONDS},
        {"uses": 1, "taken": 1},
        {"email": "somebody.else@example.test"},
    ],
    ids=["revoked", "expired", "spent", "bound to another"],
)
def test_a_code_that_opens_nothing_is_refused_and_changes_nothing(
    table: Table, reservations: Reservations, fields: dict[str, object]
) -> None:
    code, made = keep_invitation(table, **fields)
    email = address()

    assert reservations.reserve(code, email, NOW) is None

    assert invitation_now(table, made) == made
    assert reserved_for(table, email) is None


def test_a_code_nobody_made_is_refused(table: Table, reservations: Reservations) -> None:
    email = address()

    for typed in (
        codes.make(codes.LONG).text,
        codes.make(codes.SHORT).text,
        "",
        "\ud800",
        "x" * 9999,
    ):
        assert reservations.reserve(typed, email, NOW) is None

    assert reserved_for(table, email) is None


def test_an_invitation_is_spent_once_and_by_who_holds_a_place(
    table: Table, reservations: Reservations
) -> None:
    code, made = keep_invitation(table)
    email = address()
    reservation = reservations.reserve(code, email, NOW)

    assert spend(table, reservation)
    assert not spend(table, reservation)

    assert invitation_now(table, made).status_at(SECONDS) == "spent"
    assert reserved_for(table, email) is None
    assert reservations.reserve(code, email, NOW) is None


def test_a_revoked_invitation_is_not_spent(
    table: Table, store: TableInvitationStore, reservations: Reservations
) -> None:
    code, made = keep_invitation(table)
    reservation = reservations.reserve(code, address(), NOW)

    store.revoke(made, (), by=new_sub(), at="2026-02-03")

    assert not spend(table, reservation)
    assert invitation_now(table, made).uses == 0


def test_revoking_what_was_used_meanwhile_is_refused(
    table: Table, store: TableInvitationStore, reservations: Reservations
) -> None:
    code, made = keep_invitation(table)
    spend(table, reservations.reserve(code, address(), NOW))

    with pytest.raises(Raced):
        store.revoke(made, (), by=new_sub(), at="2026-02-03")

    assert invitation_now(table, made).status == "open"


def test_an_address_keeps_the_place_it_holds_of_another_open_invitation(
    table: Table, reservations: Reservations
) -> None:
    own, _ = keep_invitation(table, role="manager")
    foreign, made = keep_invitation(table, role="guest", max_uses=100)
    email = address()
    reservations.reserve(own, email, NOW)

    assert reservations.reserve(foreign, email, NOW) is None

    assert reserved_for(table, email).role == "manager"
    assert invitation_now(table, made).taken == 0


def test_an_invitation_made_out_to_the_address_takes_the_place_of_one_for_everybody(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    open_code, everybodys = keep_invitation(table, role="guest", max_uses=1)
    own, made = keep_invitation(table, role="manager", email=email)
    reservations.reserve(open_code, email, NOW)

    reservation = reservations.reserve(own, email, NOW)

    assert reservation is not None
    assert reserved_for(table, email) == reservation
    assert invitation_now(table, made).taken == 1
    left = invitation_now(table, everybodys)
    assert (left.taken, left.holds) == (0, {})
    assert reservations.reserve(open_code, address(), NOW) is not None
    assert reservations.reserve(open_code, email, NOW) is None
    assert spend(table, reservation)


def test_a_place_that_is_nobodys_any_more_is_not_released_twice(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    open_code, everybodys = keep_invitation(table, max_uses=1)
    own, _ = keep_invitation(table, email=email)
    reservations.reserve(open_code, email, NOW)
    (mark,) = invitation_now(table, everybodys).holds
    table.update(*items.invite_key(everybodys.code_hash), remove=(f"hold:{mark}",))

    assert reservations.reserve(own, email, NOW) is not None
    assert invitation_now(table, everybodys).taken == 1


def test_one_made_out_to_the_address_keeps_its_place_from_another_one(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    first, _ = keep_invitation(table, email=email, role="manager")
    second, made = keep_invitation(table, email=email, role="guest")
    reservations.reserve(first, email, NOW)

    assert reservations.reserve(second, email, NOW) is None
    assert reserved_for(table, email).role == "manager"
    assert invitation_now(table, made).taken == 0


def test_an_address_changes_over_once_its_other_invitation_is_revoked(
    table: Table, store: TableInvitationStore, reservations: Reservations
) -> None:
    code, first = keep_invitation(table, role="guest")
    email = address()
    reservations.reserve(code, email, NOW)
    store.revoke(first, (), by=new_sub(), at="2026-02-03")
    other, _ = keep_invitation(table, role="manager")

    reservation = reservations.reserve(other, email, NOW)

    assert reservation is not None
    assert reserved_for(table, email) == reservation


def test_short_codes_take_a_limited_number_of_tries_from_an_address(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    for _ in range(TRIES):
        assert reservations.reserve(codes.make(codes.SHORT).shown, email, NOW) is None
    code, made = keep_invitation(table, codes.SHORT)

    assert reservations.reserve(code, email, NOW) is None
    assert invitation_now(table, made) == made
    assert reservations.reserve(code, email, NOW + timedelta(seconds=WINDOW_SECONDS)) is not None


def test_long_codes_cannot_be_guessed_and_take_any_number_of_tries(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    for _ in range(TRIES + 1):
        reservations.reserve(codes.make(codes.LONG).shown, email, NOW)
    code, _ = keep_invitation(table)

    assert reservations.reserve(code, email, NOW) is not None


@pytest.mark.parametrize(("places", "people"), [(1, 50), (10, 50)])
def test_of_fifty_people_at_once_as_many_get_in_as_there_are_places(
    table: Table, reservations: Reservations, places: int, people: int
) -> None:
    code, made = keep_invitation(table, max_uses=places)
    addresses = [address() for _ in range(people)]

    with ThreadPoolExecutor(max_workers=people) as pool:
        got = list(pool.map(lambda one: reservations.reserve(code, one, NOW), addresses))
        holders = [reservation for reservation in got if reservation is not None]
        spent = list(pool.map(lambda one: spend(table, one), holders))

    assert len(holders) == places
    assert spent == [True] * places
    kept = invitation_now(table, made)
    assert (kept.uses, kept.taken, kept.holds) == (places, places, {})
    assert [one for one in addresses if reserved_for(table, one)] == []


def test_three_copies_of_one_confirmation_spend_one_place(
    table: Table, reservations: Reservations
) -> None:
    code, made = keep_invitation(table, max_uses=5)
    reservation = reservations.reserve(code, address(), NOW)

    with ThreadPoolExecutor(max_workers=3) as pool:
        spent = sorted(pool.map(lambda _: spend(table, reservation), range(3)))

    assert spent == [False, False, True]
    assert invitation_now(table, made).uses == 1


def test_a_crowd_of_tries_at_short_codes_gets_no_more_than_one_by_one(
    table: Table, reservations: Reservations
) -> None:
    email = address()
    guesses = [keep_invitation(table, codes.SHORT)[0] for _ in range(TRIES + 15)]
    busy = Reservations(table)

    with ThreadPoolExecutor(max_workers=len(guesses)) as pool:
        may_try = list(pool.map(lambda _: busy.count_try(email, SECONDS), guesses))

    assert may_try.count(True) == TRIES
    assert reservations.reserve(guesses[0], email, NOW) is None
