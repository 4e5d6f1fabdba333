"""What the profile store promises: run on the fake table and on the emulator alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.people import LATER, address, claimant, draft, keep, new_sub, profile
from vestibule.platform.values import replace
from vestibule.profiles import items
from vestibule.profiles.errors import (
    AddressDiffers,
    AddressTaken,
    CallerNotAdmin,
    CallerSuspended,
    ProfileNotFound,
    ProfilesError,
    Raced,
    VersionDiffers,
)
from vestibule.profiles.model import OPERATOR, LastSeen
from vestibule.profiles.preferences import Preferences
from vestibule.profiles.remains import TableRemains
from vestibule.profiles.store import TableProfileStore, TableRecords

if TYPE_CHECKING:
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table


@pytest.fixture
def store(table: Table) -> TableProfileStore:
    return TableProfileStore(table)


def everything_of(table: Table, user_id: str) -> dict[str, Item]:
    return {item["sk"]: item for item in table.query(items.person_key(user_id)).items}


def an_admin(table: Table, **fields: str) -> str:
    return keep(table, profile(**{"role": "admin", **fields})).user_id


def test_a_created_profile_reads_back_whole(table: Table, store: TableProfileStore) -> None:
    wanted = profile(email=address(), email_verified=True, bio="Hello,\n\tworld", department="R&D")
    wishes = Preferences(marketing_emails=True)

    store.create(wanted, replaces=None, preferences=wishes)

    person = store.person(wanted.user_id)
    assert person.profile == wanted
    assert person.preferences == wishes
    assert not person.erased
    assert claimant(table, wanted.email or "") == wanted.user_id


def test_nobody_is_found_under_an_unused_id(store: TableProfileStore) -> None:
    person = store.person(new_sub())

    assert (person.profile, person.preferences, person.erased) == (None, None, False)


def test_a_history_of_any_length_is_not_read_with_the_person(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile())
    table.put({"pk": items.person_key(known.user_id), "sk": "ACTIVITY#2026#1", "ip": "::1"})
    table.put({"pk": items.person_key(known.user_id), "sk": "LOGIN", "lastLoginAt": LATER})

    person = store.person(known.user_id)

    assert person.profile == known
    assert person.last_seen == LastSeen(login_at=LATER)


def test_a_second_profile_is_refused_and_changes_nothing(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile())
    before = everything_of(table, known.user_id)

    with pytest.raises(Raced):
        store.create(replace(known, name="Somebody Else"), replaces=None, preferences=Preferences())

    assert everything_of(table, known.user_id) == before


def test_a_tombstone_refuses_a_profile(table: Table, store: TableProfileStore) -> None:
    wanted = profile(email=address(), email_verified=True)
    table.put(items.tombstone(wanted.user_id, by=wanted.user_id, at=LATER))

    with pytest.raises(Raced):
        store.create(wanted, replaces=None, preferences=Preferences())

    assert everything_of(table, wanted.user_id).keys() == {items.TOMBSTONE}
    assert claimant(table, wanted.email or "") is None


def test_an_address_somebody_holds_is_refused_and_changes_nothing(
    table: Table, store: TableProfileStore
) -> None:
    holder = keep(table, profile(email=address(), email_verified=True))
    wanted = profile(email=holder.email, email_verified=True)

    with pytest.raises(AddressTaken):
        store.create(wanted, replaces=None, preferences=Preferences())

    assert everything_of(table, wanted.user_id) == {}
    assert claimant(table, holder.email or "") == holder.user_id


def test_what_was_read_being_past_counts_before_the_address(
    table: Table, store: TableProfileStore
) -> None:
    holder = keep(table, profile(email=address(), email_verified=True))
    known = keep(table, profile(version=2))
    claiming = replace(known, email=holder.email, email_verified=True, version=1)

    with pytest.raises(Raced):
        store.create(claiming, replaces=None, preferences=None)
    with pytest.raises(Raced):
        store.erase(claiming, by=known.user_id, at=LATER, release_claim=True)


def test_an_unverified_address_is_kept_and_not_claimed(
    table: Table, store: TableProfileStore
) -> None:
    wanted = profile(email=address(), email_verified=False)

    store.create(wanted, replaces=None, preferences=Preferences())

    assert store.person(wanted.user_id).profile == wanted
    assert claimant(table, wanted.email or "") is None


def test_a_waiting_profile_is_completed_and_keeps_what_we_do_not_know(
    table: Table, store: TableProfileStore
) -> None:
    email = address()
    waiting = profile(email=email, email_verified=True, onboarding_completed=False, bio="old")
    keep(table, waiting)
    key = (items.person_key(waiting.user_id), items.PROFILE)
    table.update(*key, changes={"laterField": "kept"})
    completed = replace(waiting, onboarding_completed=True, bio=None, name="Jo New", version=2)

    store.create(completed, replaces=waiting, preferences=None)

    assert store.person(waiting.user_id).profile == completed
    item = table.get(*key) or {}
    assert item["laterField"] == "kept"
    assert "bio" not in item
    assert claimant(table, email) == waiting.user_id


def test_a_profile_changed_meanwhile_is_not_completed(
    table: Table, store: TableProfileStore
) -> None:
    waiting = profile(onboarding_completed=False)
    changed = keep(table, replace(waiting, version=2, name="Changed Meanwhile"))

    with pytest.raises(Raced):
        store.create(
            replace(waiting, onboarding_completed=True, version=2),
            replaces=waiting,
            preferences=None,
        )

    assert store.person(waiting.user_id).profile == changed


def test_an_owner_changes_some_fields_clears_some_and_keeps_the_rest(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile(first_name="Jo", last_name="Doe", bio="old"))

    changed = store.change(
        known.user_id,
        draft("Jo New", last_name=None, bio="new"),
        by=known.user_id,
        version=1,
        at=LATER,
    )

    expected = replace(known, name="Jo New", last_name=None, bio="new", version=2, updated_at=LATER)
    assert changed == expected
    assert store.person(known.user_id).profile == expected


def test_a_new_phone_number_is_not_a_verified_one(table: Table, store: TableProfileStore) -> None:
    known = keep(table, profile(phone_number="+14155550100", phone_verified=True))

    changed = store.change(
        known.user_id,
        draft(phone_number="+14155550199"),
        by=known.user_id,
        version=None,
        at=LATER,
    )

    assert not changed.phone_verified


@pytest.mark.parametrize("as_admin", [False, True], ids=["owner", "admin"])
@pytest.mark.parametrize(
    ("standing", "version", "email", "error"),
    [
        (None, None, None, ProfileNotFound),
        ({"version": 3}, 2, None, VersionDiffers),
        ({"email": "jo@example.test"}, None, "jane@example.test", AddressDiffers),
        ({}, None, "jane@example.test", AddressDiffers),
    ],
    ids=["missing", "other version", "other address", "no address"],
)
def test_a_change_that_does_not_fit_is_refused_by_its_reason(  # noqa: PLR0913, PLR0917 - a table of cases
    table: Table,
    store: TableProfileStore,
    standing: dict[str, object] | None,
    version: int | None,
    email: str | None,
    error: type[ProfilesError],
    *,
    as_admin: bool,
) -> None:
    user_id = new_sub()
    if standing is not None:
        keep(table, profile(user_id, **standing))
    caller = an_admin(table) if as_admin else user_id
    before = everything_of(table, user_id)

    with pytest.raises(error):
        store.change(user_id, draft("Jo New", email=email), by=caller, version=version, at=LATER)

    assert everything_of(table, user_id) == before


def test_a_refusal_tells_the_version_and_the_address_that_stand(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile(email="jo@example.test", version=7))

    with pytest.raises(VersionDiffers) as stale:
        store.change(known.user_id, draft(), by=known.user_id, version=6, at=LATER)
    with pytest.raises(AddressDiffers) as other:
        store.change(
            known.user_id, draft(email="x@example.test"), by=known.user_id, version=7, at=LATER
        )

    assert stale.value.current == 7
    assert other.value.known == "jo@example.test"


def test_a_suspended_owner_changes_nothing_but_an_admin_may_change_them(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile(status="suspended"))

    with pytest.raises(CallerSuspended):
        store.change(known.user_id, draft("Jo New"), by=known.user_id, version=None, at=LATER)
    assert store.person(known.user_id).profile == known

    changed = store.change(
        known.user_id, draft("Jo New"), by=an_admin(table), version=None, at=LATER
    )
    assert (changed.name, changed.status) == ("Jo New", "suspended")


@pytest.mark.parametrize(
    "fields",
    [{"role": "user"}, {"role": "manager"}, {"status": "suspended"}, {"status": "pending"}],
    ids=["demoted", "manager", "suspended", "pending"],
)
def test_who_is_no_active_admin_writes_to_nobody_else(
    table: Table, store: TableProfileStore, fields: dict[str, str]
) -> None:
    known, caller = keep(table, profile()), an_admin(table, **fields)

    with pytest.raises(CallerNotAdmin):
        store.change(known.user_id, draft("Jo New"), by=caller, version=None, at=LATER)
    with pytest.raises(CallerNotAdmin):
        store.erase(known, by=caller, at=LATER, release_claim=True)

    assert store.person(known.user_id).profile == known


def test_an_erased_admin_writes_to_nobody(table: Table, store: TableProfileStore) -> None:
    known, caller = keep(table, profile()), new_sub()
    table.put(items.tombstone(caller, by=caller, at=LATER))

    with pytest.raises(CallerNotAdmin):
        store.change(known.user_id, draft("Jo New"), by=caller, version=None, at=LATER)

    assert store.person(known.user_id).profile == known


def test_a_profile_is_seen_with_its_last_seen_and_the_reader(
    table: Table, store: TableProfileStore
) -> None:
    known, reader = keep(table, profile()), keep(table, profile(role="admin"))
    table.put({"pk": items.person_key(known.user_id), "sk": "LOGIN", "lastActivityAt": LATER})

    sighting = store.sight(known.user_id, reader=reader.user_id)

    assert sighting.profile == known
    assert sighting.last_seen == LastSeen(activity_at=LATER)
    assert sighting.reader == reader


def test_people_see_themselves_and_nobody_where_nobody_is(
    table: Table, store: TableProfileStore
) -> None:
    known = keep(table, profile())

    own = store.sight(known.user_id, reader=known.user_id)
    empty = store.sight(new_sub(), reader=known.user_id)

    assert (own.profile, own.reader) == (known, known)
    assert (empty.profile, empty.reader) == (None, known)


def test_pages_show_everybody_once_in_order_and_public_fields_only(
    table: Table, store: TableProfileStore
) -> None:
    people = [
        keep(
            table,
            profile(
                created_at=f"2036-01-0{day}T00:00:00.000000Z",
                email=address(),
                phone_number="+14155550100",
                bio="Hi" if day % 2 else None,
            ),
        )
        for day in (3, 1, 2, 5, 4)
    ]

    seen: list[dict[str, object]] = []
    start = None
    while True:
        page = store.page(2, start)
        assert len(page.profiles) <= 2
        seen += [dict(one) for one in page.profiles]
        start = page.next_key
        if start is None:
            break

    ours = [one for one in seen if one["userId"] in {person.user_id for person in people}]
    assert ours == [
        {"userId": one.user_id, "name": one.name, "createdAt": one.created_at}
        | ({"bio": one.bio} if one.bio else {})
        for one in sorted(people, key=lambda person: person.created_at)
    ]


@pytest.mark.parametrize("caller", ["owner", "admin", "operator"])
def test_erasing_leaves_a_tombstone_and_frees_the_address(
    table: Table, store: TableProfileStore, caller: str
) -> None:
    email = address()
    known = keep(table, profile(email=email, email_verified=True))
    key = items.person_key(known.user_id)
    table.put(items.from_preferences(known.user_id, Preferences()))
    table.put({"pk": key, "sk": items.LAST_SEEN, "lastLoginAt": LATER})
    by = {"owner": known.user_id, "admin": an_admin(table), "operator": OPERATOR}[caller]

    store.erase(known, by=by, at=LATER, release_claim=True)

    assert everything_of(table, known.user_id) == {
        "ERASED": {
            "pk": key,
            "sk": "ERASED",
            "userId": known.user_id,
            "erasedAt": LATER,
            "erasedBy": by,
        }
    }
    assert claimant(table, email) is None
    assert store.person(known.user_id).erased


def test_erasing_twice_is_refused(table: Table, store: TableProfileStore) -> None:
    known = keep(table, profile())
    store.erase(known, by=known.user_id, at=LATER, release_claim=True)

    with pytest.raises(Raced):
        store.erase(known, by=known.user_id, at=LATER, release_claim=True)


def test_a_claim_that_is_somebody_elses_is_left_to_them(
    table: Table, store: TableProfileStore
) -> None:
    holder = keep(table, profile(email=address(), email_verified=True))
    known = profile(email=holder.email, email_verified=True)
    table.put(items.from_profile(known))

    with pytest.raises(AddressTaken):
        store.erase(known, by=known.user_id, at=LATER, release_claim=True)
    assert store.person(known.user_id).profile == known

    store.erase(known, by=known.user_id, at=LATER, release_claim=False)
    assert claimant(table, holder.email or "") == holder.user_id
    assert store.person(known.user_id).erased


def test_a_suspended_person_cannot_erase_themselves(table: Table, store: TableProfileStore) -> None:
    known = keep(table, profile(status="suspended"))

    with pytest.raises(Raced):
        store.erase(known, by=known.user_id, at=LATER, release_claim=True)

    assert store.person(known.user_id).profile == known


def test_an_address_changed_meanwhile_keeps_the_erasure_from_leaving_its_claim(
    table: Table, store: TableProfileStore
) -> None:
    known = profile(email=address(), email_verified=True)
    moved = keep(table, replace(known, email=address(), version=2))

    with pytest.raises(Raced):
        store.erase(known, by=known.user_id, at=LATER, release_claim=True)

    assert store.person(known.user_id).profile == moved


def test_records_tell_role_and_status(table: Table) -> None:
    records = TableRecords(table)
    known = keep(table, profile(role="manager", status="pending"))

    found = records.find(known.user_id)

    assert found is not None
    assert (found.role, found.status) == ("manager", "pending")
    assert records.find(new_sub()) is None


def test_what_is_left_of_an_erased_person_is_cleared_but_the_tombstone(table: Table) -> None:
    gone, other = new_sub(), keep(table, profile())
    key = items.person_key(gone)
    table.put(items.tombstone(gone, by=gone, at=LATER))
    for number in range(30):
        table.put({"pk": key, "sk": f"ACTIVITY#{number:03}", "ip": "::1"})
    table.put({"pk": key, "sk": items.LAST_SEEN, "lastLoginAt": LATER})

    removed = TableRemains(table).clear(gone)

    assert removed == 31
    assert everything_of(table, gone).keys() == {items.TOMBSTONE}
    assert everything_of(table, other.user_id).keys() == {items.PROFILE}
    assert TableRemains(table).clear(gone) == 0
