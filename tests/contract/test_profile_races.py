"""What only threads can show of the profile rules and their store, on both tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from fakes.accounts import InMemoryAccounts
from fakes.people import address, claimant, draft, keep, new_sub, profile
from vestibule.profiles import items
from vestibule.profiles.errors import ProfileExists, ProfileNotFound, ProfilesError
from vestibule.profiles.service import ProfileService
from vestibule.profiles.store import TableProfileStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table


def outcomes(*calls: Callable[[], object]) -> list[str]:
    """Run all calls at once; name what each raised, or "done"."""

    def run(call: Callable[[], object]) -> str:
        try:
            call()
        except ProfilesError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_fifty_parallel_creations_by_one_person_make_one_profile(table: Table) -> None:
    accounts = InMemoryAccounts()
    email = address()
    user_id = accounts.add(new_sub(), email)
    service = ProfileService(TableProfileStore(table), accounts)

    results = outcomes(
        *(partial(service.create, user_id, draft(f"Jo {number}")) for number in range(50))
    )

    assert results == [ProfileExists.__name__] * 49 + ["done"]
    kept = service.me(user_id).profile
    assert kept is not None
    assert (kept.version, kept.email, kept.email_conflict) == (1, email, False)
    assert claimant(table, email) == user_id


def test_two_people_racing_for_an_address_make_one_claim(table: Table) -> None:
    accounts, email = InMemoryAccounts(), address()
    racers = [accounts.add(new_sub(), email) for _ in range(6)]
    service = ProfileService(TableProfileStore(table), accounts)

    results = outcomes(*(partial(service.create, racer, draft()) for racer in racers))

    assert results == ["done"] * 6
    kept = [one for racer in racers if (one := service.me(racer).profile)]
    assert sorted(one.email_conflict for one in kept) == [False] + [True] * 5
    winner = next(one for one in kept if not one.email_conflict)
    assert claimant(table, email) == winner.user_id
    assert [one.email for one in kept if one.email_conflict] == [None] * 5


def test_changes_to_one_version_in_parallel_let_one_through(table: Table) -> None:
    known = keep(table, profile())
    service = ProfileService(TableProfileStore(table), InMemoryAccounts())
    change = partial(service.change, known.user_id, by=known.user_id)

    results = outcomes(*(partial(change, draft(f"Jo {number}"), version=1) for number in range(12)))

    assert results == ["VersionDiffers"] * 11 + ["done"]
    kept = service.me(known.user_id).profile
    assert kept is not None
    assert kept.version == 2


def test_changes_without_a_version_all_count(table: Table) -> None:
    known = keep(table, profile())
    service = ProfileService(TableProfileStore(table), InMemoryAccounts())
    change = partial(service.change, known.user_id, by=known.user_id)

    results = outcomes(*(partial(change, draft(f"Jo {number}")) for number in range(12)))

    assert results == ["done"] * 12
    kept = service.me(known.user_id).profile
    assert kept is not None
    assert kept.version == 13


def test_changing_and_erasing_at_once_never_leaves_half_a_person(table: Table) -> None:
    email = address()
    known = keep(table, profile(email=email, email_verified=True))
    service = ProfileService(TableProfileStore(table), InMemoryAccounts())
    change = partial(service.change, known.user_id, by=known.user_id)

    results = outcomes(
        *(partial(change, draft("Jo New")) for _ in range(8)),
        *(partial(service.erase, known.user_id, by=known.user_id) for _ in range(4)),
    )

    assert set(results) <= {"done", ProfileNotFound.__name__}
    left = table.query(items.person_key(known.user_id)).items
    assert [item["sk"] for item in left] == [items.TOMBSTONE]
    assert claimant(table, email) is None
