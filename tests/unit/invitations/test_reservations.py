"""How often the table is asked. What reservations promise: tests/contract/test_invitation_store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.table import FakeTable
from fakes.tenants import DAY, NOW, SECONDS, invitation_now, keep_invitation, reserved_for
from vestibule.invitations import codes, items
from vestibule.invitations.errors import Busy
from vestibule.invitations.model import Reservation
from vestibule.invitations.reservations import ATTEMPTS, BUCKETS, TRIES, Reservations, spending
from vestibule.platform.operations import TransactionRefused

if TYPE_CHECKING:
    from vestibule.invitations.model import Invitation

EMAIL = "jo@example.test"
CLOSED: dict[str, dict[str, Any]] = {
    "revoked": {"status": "revoked"},
    "expired": {"valid_until": SECONDS},
    "spent": {"uses": 1, "taken": 1},
    "full": {"taken": 1, "holds": {"somebody": SECONDS + DAY}},
    "somebody else's": {"email": "ada@example.test"},
}


@pytest.fixture
def reservations(table: FakeTable) -> Reservations:
    return Reservations(table)


def calls_of(table: FakeTable, reservations: Reservations, code: str) -> list[str]:
    before = len(table.calls)
    assert reservations.reserve(code, EMAIL, NOW) is None
    return table.calls[before:]


@pytest.mark.parametrize("style", [codes.LONG, codes.SHORT])
def test_every_refusal_asks_the_table_the_same(
    table: FakeTable, reservations: Reservations, style: str
) -> None:
    unknown = calls_of(table, reservations, codes.make(style).shown)

    closed = {
        name: calls_of(table, reservations, keep_invitation(table, style, **fields)[0])
        for name, fields in CLOSED.items()
    }

    assert closed == dict.fromkeys(CLOSED, unknown)
    assert unknown.count("BatchGetItem") == 1


def test_a_refusal_for_too_many_tries_asks_the_table_the_same(
    table: FakeTable, reservations: Reservations
) -> None:
    unknown = [calls_of(table, reservations, codes.make(codes.SHORT).shown) for _ in range(15)]

    assert all(calls == unknown[0] for calls in unknown)


@pytest.mark.parametrize(("style", "calls"), [(codes.LONG, 2), (codes.SHORT, 3)])
def test_a_code_that_opens_costs_one_reading_and_one_transaction(
    table: FakeTable, reservations: Reservations, style: str, calls: int
) -> None:
    code, _ = keep_invitation(table, style)
    before = len(table.calls)

    assert reservations.reserve(code, EMAIL, NOW) is not None

    assert len(table.calls) - before == calls
    assert table.calls[-2:] == ["BatchGetItem", "TransactWriteItems"]


def test_an_invitation_that_others_never_leave_alone_is_too_busy_and_not_useless(
    table: FakeTable, reservations: Reservations, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, made = keep_invitation(table, max_uses=1000)
    key, transact, turn = items.invite_key(made.code_hash), table.transact, iter(range(10**6))
    hold = f"{items.HOLD_PREFIX}{'0' * 24}"
    table.update(*key, changes={hold: SECONDS - 1, "taken": 1000})

    def interrupted(*operations: Any) -> None:
        table.update(*key, changes={hold: SECONDS - 2 - next(turn)})
        transact(*operations)

    monkeypatch.setattr(table, "transact", interrupted)

    with pytest.raises(Busy):
        reservations.reserve(code, EMAIL, NOW)

    assert next(turn) == ATTEMPTS
    assert reserved_for(table, EMAIL) is None


def test_no_address_stands_on_the_invitation(table: FakeTable, reservations: Reservations) -> None:
    code, made = keep_invitation(table)
    reservations.reserve(code, EMAIL, NOW)

    assert EMAIL not in str(table.get(*items.invite_key(made.code_hash)))
    assert len(invitation_now(table, made).holds) == 1


def test_strangers_cannot_keep_somebody_from_an_invitation_of_their_own(
    table: FakeTable, reservations: Reservations
) -> None:
    own, _ = keep_invitation(table, codes.SHORT, email=EMAIL)
    everybodys, _ = keep_invitation(table, codes.SHORT)
    for _ in range(TRIES + 1):
        assert reservations.reserve(codes.make(codes.SHORT).shown, EMAIL, NOW) is None

    assert reservations.reserve(everybodys, EMAIL, NOW) is None
    assert reservations.reserve(own, EMAIL, NOW) is not None


def test_tries_spread_over_the_buckets(table: FakeTable, reservations: Reservations) -> None:
    for number in range(200):
        reservations.reserve(codes.make(codes.SHORT).shown, f"{number}@example.test", NOW)

    buckets = {item["pk"] for item in table.all_items()}

    assert 150 < len(buckets) <= 200
    assert {int(bucket.rpartition("-")[2]) for bucket in buckets} <= set(range(BUCKETS))
    assert all(item["expiresAt"] > SECONDS for item in table.all_items())


def test_a_reservation_is_live_until_it_lapses() -> None:
    reservation = Reservation(EMAIL, "hash", "id", "user", "code", "2026", expires_at=SECONDS)

    assert reservation.is_live(SECONDS - 1)
    assert not reservation.is_live(SECONDS)
    assert not reservation.proves_address


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "confirm"]),
        st.integers(min_value=0, max_value=4),
        st.integers(min_value=0, max_value=30),
    ),
    max_size=30,
)


@given(places=st.integers(min_value=1, max_value=3), actions=ACTIONS)
def test_whatever_people_do_and_whenever_no_place_is_taken_twice(
    places: int, actions: list[tuple[str, int, int]]
) -> None:
    table, now, confirmed = FakeTable(), NOW, set[str]()
    code, made = keep_invitation(table, max_uses=places, valid_until=SECONDS + 90 * DAY)

    for action, person, hours in actions:
        now += timedelta(hours=hours)
        email = f"{person}@example.test"
        if action == "reserve" and email not in confirmed:
            Reservations(table).reserve(code, email, now)
        elif action == "confirm" and confirm(table, email, int(now.timestamp())):
            confirmed.add(email)

        kept: Invitation = invitation_now(table, made)
        assert kept.uses == len(confirmed) <= places
        assert kept.taken == kept.uses + len(kept.holds) <= places


def confirm(table: FakeTable, email: str, now: int) -> bool:
    reservation = reserved_for(table, email)
    if reservation is None or not reservation.is_live(now):
        return False
    try:
        table.transact(*spending(reservation, email, "2026"))
    except TransactionRefused:
        return False
    return True
