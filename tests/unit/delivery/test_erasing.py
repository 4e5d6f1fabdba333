from __future__ import annotations

from typing import Any

import pytest

from fakes.accounts import InMemoryAccounts
from fakes.people import LATER, new_sub
from fakes.table import FakeTable
from fakes.tenants import NOW
from fakes.vpcs import keep_vpc
from vestibule.delivery.erasing import UNFINISHED, Erasing
from vestibule.delivery.outcomes import DONE, Outcome, later
from vestibule.organizations.departures import Departures
from vestibule.policy.model import VpcRules
from vestibule.profiles import items
from vestibule.profiles.erase import Eraser
from vestibule.profiles.remains import TableRemains
from vestibule.vpcs import items as vpc_items
from vestibule.vpcs.model import AVAILABLE, CREATING, DELETED, DELETING, FAILED
from vestibule.vpcs.service import ABANDONED, VpcService
from vestibule.vpcs.store import TableVpcStore


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def erasing(table: FakeTable, accounts: InMemoryAccounts, told: Outcome = DONE) -> Erasing:
    vpcs = VpcService(
        TableVpcStore(table), VpcRules, "us-east-1", sleep=lambda _: None, clock=lambda: NOW
    )
    eraser = Eraser(accounts, TableRemains(table), Departures(table))
    return Erasing(table, eraser, accounts, lambda _user_id: told, vpcs.abandon)


def test_an_account_under_another_name_goes_too(table: FakeTable) -> None:
    gone, accounts = new_sub(), InMemoryAccounts()
    table.put(items.tombstone(gone, by=gone, at=LATER))
    accounts.add("Google_123")

    assert erasing(table, accounts).finish(gone, user_name="Google_123").is_done
    assert "Google_123" not in accounts


def test_an_account_of_somebody_alive_stays_whatever_its_name(table: FakeTable) -> None:
    accounts = InMemoryAccounts()
    accounts.add("Google_123")

    assert erasing(table, accounts).finish(new_sub(), user_name="Google_123").is_never
    assert "Google_123" in accounts


def test_what_the_user_service_says_decides_whether_it_is_finished(
    table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, accounts = new_sub(), InMemoryAccounts()
    table.put(items.tombstone(gone, by=gone, at=LATER))
    away = later("unavailable", "status 503", seconds=7)

    assert erasing(table, accounts, away).finish(gone) == away

    printed = capsys.readouterr().out
    assert '"message":"erased"' not in printed
    assert gone in printed


def test_the_vpcs_of_somebody_erased_go_and_nobody_elses(table: FakeTable) -> None:
    gone, store = new_sub(), TableVpcStore(table)
    table.put(items.tombstone(gone, by=gone, at=LATER))
    pending = keep_vpc(table, created_by=gone)
    creating = keep_vpc(table, "10.1.0.0/16", created_by=gone)
    creating = store.advance(creating, CREATING, at=LATER)
    failed = store.advance(keep_vpc(table, "10.2.0.0/16", created_by=gone), FAILED, at=LATER)
    others = keep_vpc(table, "10.3.0.0/16")

    assert erasing(table, InMemoryAccounts()).finish(gone).is_done

    for one in (pending, creating, failed):
        kept = store.find(one.id)
        assert kept is not None
        assert (kept.state, kept.timeline[-1].note) == (DELETING, ABANDONED)
    assert store.find(others.id) == others


def test_a_message_that_comes_again_asks_for_no_deletion_twice(table: FakeTable) -> None:
    gone, store = new_sub(), TableVpcStore(table)
    table.put(items.tombstone(gone, by=gone, at=LATER))
    keep_vpc(table, created_by=gone)
    under_way = erasing(table, InMemoryAccounts())
    assert under_way.finish(gone).is_done
    before = table.all_items()

    assert under_way.finish(gone).is_done

    assert table.all_items() == before
    (deleting,) = store.made_by(gone)
    store.advance(deleting, DELETED, at=LATER)
    assert under_way.finish(gone).is_done
    assert store.made_by(gone) == []


def test_what_others_use_stays_and_is_asked_for_again_another_time(table: FakeTable) -> None:
    gone, store = new_sub(), TableVpcStore(table)
    table.put(items.tombstone(gone, by=gone, at=LATER))
    made = store.advance(keep_vpc(table, created_by=gone), CREATING, at=LATER)
    store.advance(made, AVAILABLE, at=LATER)
    assert erasing(table, InMemoryAccounts()).finish(gone).is_done
    (deleting,) = store.made_by(gone)
    store.advance(deleting, AVAILABLE, at=LATER)  # the builder found something inside

    assert erasing(table, InMemoryAccounts()).finish(gone).is_done

    assert [one.state for one in store.made_by(gone)] == [DELETING]


def test_vpcs_that_others_write_all_the_time_wait(table: FakeTable) -> None:
    gone = new_sub()
    table.put(items.tombstone(gone, by=gone, at=LATER))
    made = keep_vpc(table, created_by=gone)
    key, transact = vpc_items.vpc_key(made.id), table.transact

    def always_late(*operations: Any) -> None:
        table.update(*key, increment={"version": 1})
        transact(*operations)

    table.transact = always_late  # type: ignore[method-assign]

    assert erasing(table, InMemoryAccounts()).finish(gone).reason == UNFINISHED
