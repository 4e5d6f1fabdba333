from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.interruptions import before_each_write
from fakes.people import LATER, claimant, draft, keep, new_sub, profile
from fakes.table import FakeTable
from vestibule.platform.operations import Reason, TransactionRefused
from vestibule.profiles import items
from vestibule.profiles.errors import (
    AddressDiffers,
    AdminErasesOwn,
    CallerNotAdmin,
    CallerSuspended,
    ProfileNotFound,
    ProfilesError,
    Raced,
    VersionDiffers,
)
from vestibule.profiles.model import OPERATOR, LastSeen
from vestibule.profiles.store import TableProfileStore, TableRecords

if TYPE_CHECKING:
    from fakes.accounts import InMemoryAccounts
    from vestibule.platform.operations import Operation
    from vestibule.profiles.service import ProfileService


def test_me_is_one_query(service: ProfileService, table: FakeTable) -> None:
    known = keep(table, profile())
    table.calls.clear()

    person = service.me(known.user_id)

    assert person.profile == known
    assert table.calls == ["Query"]


@pytest.mark.parametrize(
    ("reader", "private"),
    [
        ({"role": "admin"}, True),
        ({"role": "admin", "status": "suspended"}, False),
        ({"role": "manager"}, False),
        ({"role": "user"}, False),
        (None, False),
    ],
    ids=["admin", "suspended admin", "manager", "user", "no profile"],
)
def test_private_fields_are_for_active_admins(
    service: ProfileService,
    table: FakeTable,
    reader: dict[str, str] | None,
    *,
    private: bool,
) -> None:
    known = keep(table, profile())
    reading = new_sub() if reader is None else keep(table, profile(**reader)).user_id
    table.calls.clear()

    shown = service.show(known.user_id, reader=reading)

    assert (shown.profile, shown.private) == (known, private)
    assert table.calls == ["BatchGetItem"]


def test_private_fields_are_for_their_owner_suspended_or_not(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile(status="suspended"))
    table.put({"pk": items.person_key(known.user_id), "sk": "LOGIN", "lastLoginAt": LATER})

    shown = service.show(known.user_id, reader=known.user_id)

    assert shown.private
    assert shown.last_seen == LastSeen(login_at=LATER)


def test_nobody_is_shown_where_nobody_is(service: ProfileService) -> None:
    with pytest.raises(ProfileNotFound):
        service.show(new_sub(), reader=new_sub())


def test_an_owners_change_is_one_write_its_note_and_no_read(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile(email="jo@example.test"))
    table.calls.clear()

    service.change(
        known.user_id, draft("Jo New", email="jo@example.test"), by=known.user_id, version=1
    )

    assert table.calls == ["UpdateItem", "TransactWriteItems"]


def test_repeating_the_accounts_address_is_fine_where_the_record_holds_none(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    known = keep(table, profile(email_conflict=True))
    accounts.add(known.user_id, "jo@example.test")

    changed = service.change(
        known.user_id, draft("Jo New", email="jo@example.test"), by=known.user_id
    )

    assert (changed.name, changed.email) == ("Jo New", None)
    with pytest.raises(AddressDiffers):
        service.change(known.user_id, draft(email="other@example.test"), by=known.user_id)


def test_the_accounts_address_is_no_excuse_where_the_record_holds_another(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    known = keep(table, profile(email="jo@example.test"))
    accounts.add(known.user_id, "new@example.test")

    with pytest.raises(AddressDiffers):
        service.change(known.user_id, draft(email="new@example.test"), by=known.user_id)


@pytest.mark.parametrize(
    ("caller", "version", "error"),
    [("own", 2, VersionDiffers), ("stranger", None, CallerNotAdmin)],
)
def test_a_refused_change_changes_nothing(
    service: ProfileService,
    table: FakeTable,
    caller: str,
    version: int | None,
    error: type[ProfilesError],
) -> None:
    known = keep(table, profile())
    by = known.user_id if caller == "own" else new_sub()

    with pytest.raises(error):
        service.change(known.user_id, draft("Jo New"), by=by, version=version)

    assert service.me(known.user_id).profile == known


def test_erasing_forgets_all_but_the_tombstone(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    service.create(user_id, draft())

    service.erase(user_id, by=user_id)

    (tombstone,) = table.all_items()
    assert (tombstone["sk"], tombstone["erasedBy"]) == (items.TOMBSTONE, user_id)
    with pytest.raises(ProfileNotFound):
        service.erase(user_id, by=user_id)


def test_the_address_of_an_erased_person_is_free_for_the_next(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    first, second = (accounts.add(new_sub(), "jo@example.test") for _ in range(2))
    service.create(first, draft())
    service.erase(first, by=first)

    made = service.create(second, draft())

    assert made.email == "jo@example.test"
    assert claimant(table, "jo@example.test") == second


def test_a_claim_that_went_to_somebody_else_does_not_keep_a_person_here(
    service: ProfileService, table: FakeTable
) -> None:
    holder = keep(table, profile(email="jo@example.test", email_verified=True))
    known = profile(email="jo@example.test", email_verified=True)
    table.put(items.from_profile(known))

    service.erase(known.user_id, by=known.user_id)

    assert service.me(known.user_id).erased
    assert claimant(table, "jo@example.test") == holder.user_id


def test_an_admin_is_erased_by_another_one_or_the_operator_and_never_alone(
    service: ProfileService, table: FakeTable
) -> None:
    first, second, third = (keep(table, profile(role="admin")) for _ in range(3))
    suspended = keep(table, profile(role="admin", status="suspended"))

    with pytest.raises(AdminErasesOwn):
        service.erase(first.user_id, by=first.user_id)
    with pytest.raises(CallerSuspended):
        service.erase(suspended.user_id, by=suspended.user_id)
    assert service.me(first.user_id).profile == first

    service.erase(second.user_id, by=first.user_id)
    service.erase(third.user_id, by=OPERATOR)
    assert service.me(second.user_id).erased
    assert service.me(third.user_id).erased


def test_whoever_becomes_an_admin_meanwhile_stays(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile())
    key = (items.person_key(known.user_id), items.PROFILE)
    before_each_write(
        table, lambda: table.update(*key, changes={"role": "admin"}, increment={"version": 1})
    )

    with pytest.raises(AdminErasesOwn):
        service.erase(known.user_id, by=known.user_id)


def test_an_address_changed_while_erasing_is_freed_too(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile(email="old@example.test", email_verified=True))
    table.delete(items.claim_key("old@example.test"), items.CLAIM)

    def move() -> None:
        moved = profile(known.user_id, email="new@example.test", email_verified=True, version=2)
        keep(table, moved)

    before_each_write(table, move, times=1)

    service.erase(known.user_id, by=known.user_id)

    assert [item["sk"] for item in table.all_items()] == [items.TOMBSTONE]


def test_erasing_gives_up_when_the_profile_never_stays(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile())
    key = (items.person_key(known.user_id), items.PROFILE)
    before_each_write(table, lambda: table.update(*key, increment={"version": 1}))

    with pytest.raises(Raced):
        service.erase(known.user_id, by=known.user_id)

    assert not service.me(known.user_id).erased


def visitor(table: FakeTable, **told: str) -> str:
    """Somebody who was told of outside, where no profiles are opened."""
    user_id = new_sub()
    table.put({"pk": items.person_key(user_id), "sk": items.CONFIRMED, "userId": user_id, **told})
    return user_id


def test_whoever_never_had_a_profile_is_forgotten_too(
    service: ProfileService, table: FakeTable
) -> None:
    user_id = visitor(table, email="jo@example.test", signInName="Google_1")

    service.erase(user_id, by=user_id)

    (tombstone,) = table.all_items()
    assert (tombstone["sk"], tombstone["erasedBy"]) == (items.TOMBSTONE, user_id)
    assert tombstone["signInName"] == "Google_1"
    with pytest.raises(ProfileNotFound):
        service.erase(user_id, by=user_id)


def test_admins_alone_have_others_without_a_profile_forgotten(
    service: ProfileService, table: FakeTable
) -> None:
    user_id, admin = visitor(table), keep(table, profile(role="admin"))
    other = keep(table, profile())

    with pytest.raises(CallerNotAdmin):
        service.erase(user_id, by=other.user_id)
    assert not service.me(user_id).erased

    service.erase(user_id, by=admin.user_id)
    assert service.me(user_id).erased


def test_a_profile_that_comes_while_its_person_is_forgotten_is_erased_with_them(
    service: ProfileService, table: FakeTable
) -> None:
    user_id = visitor(table)
    before_each_write(table, lambda: keep(table, profile(user_id)), times=1)

    service.erase(user_id, by=user_id)

    assert [item["sk"] for item in table.all_items()] == [items.TOMBSTONE]


def conflicting(table: FakeTable, *codes: str) -> None:
    """Let the next transaction be refused with these codes."""
    transact = table.transact

    def refused(*operations: Operation) -> None:
        table.transact = transact  # type: ignore[method-assign]
        assert len(operations) == len(codes)
        raise TransactionRefused(tuple(Reason(code) for code in codes))

    table.transact = refused  # type: ignore[method-assign]


def test_a_conflict_beside_a_refusal_says_nothing_of_the_admin(
    service: ProfileService, table: FakeTable
) -> None:
    known, admin = keep(table, profile()), keep(table, profile(role="admin"))
    conflicting(table, "TransactionConflict", "ConditionalCheckFailed")

    with pytest.raises(Raced):
        service.change(known.user_id, draft("Jo New"), by=admin.user_id, version=1)


def test_an_erase_that_met_a_conflict_is_tried_again(
    service: ProfileService, table: FakeTable
) -> None:
    known, admin = keep(table, profile()), keep(table, profile(role="admin"))
    conflicting(table, "ConditionalCheckFailed", *["None"] * 4, "TransactionConflict")

    service.erase(known.user_id, by=admin.user_id)

    assert service.me(known.user_id).erased


def test_what_was_written_a_moment_ago_counts_for_the_reader() -> None:
    table = FakeTable(lags=True)
    store = TableProfileStore(table)
    known = keep(table, profile(role="admin"))
    other = keep(table, profile())
    key = (items.person_key(known.user_id), items.PROFILE)
    table.update(*key, changes={"status": "suspended"})

    reader = store.sight(other.user_id, reader=known.user_id).reader
    person = store.person(known.user_id).profile
    record = TableRecords(table).find(known.user_id)

    assert reader is not None
    assert person is not None
    assert record is not None
    assert {reader.status, person.status, record.status} == {"suspended"}


def test_a_suspended_person_is_erased_by_an_admin_alone(
    service: ProfileService, table: FakeTable
) -> None:
    known = keep(table, profile(status="suspended"))
    admin = keep(table, profile(role="admin"))

    with pytest.raises(CallerSuspended):
        service.erase(known.user_id, by=known.user_id)
    with pytest.raises(CallerNotAdmin):
        service.erase(known.user_id, by=new_sub())
    assert service.me(known.user_id).profile == known

    service.erase(known.user_id, by=admin.user_id)
    assert service.me(known.user_id).erased
