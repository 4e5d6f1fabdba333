"""What the VPCs' store promises: on the fake table and the emulator alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import LATER, new_sub
from fakes.tenants import keep_claimant
from fakes.vpcs import keep_vpc, vpc, wanted
from vestibule.platform.ids import new_id
from vestibule.policy.model import VpcRules
from vestibule.profiles import items as people
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs import items
from vestibule.vpcs.errors import LimitReached, Raced, RangeTaken, VpcsError
from vestibule.vpcs.model import AVAILABLE, CREATING, DELETED, DELETING, FAILED, SubnetRecord
from vestibule.vpcs.service import VpcService
from vestibule.vpcs.store import TableVpcStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table
    from vestibule.vpcs.model import VpcRecord

AT_ONCE = 20


@pytest.fixture
def store(table: Table) -> TableVpcStore:
    # The emulator's table is every test's, and the register is one.
    table.delete(*items.REGISTER)
    return TableVpcStore(table)


def service(store: TableVpcStore, **rules: Any) -> VpcService:
    return VpcService(store, lambda: VpcRules(**rules), "us-east-1")


def at_once(work: Callable[[int], object]) -> list[object]:
    """Do it many times in parallel; what one raises on purpose is what it gives."""

    def attempt(number: int) -> object:
        try:
            return work(number)
        except VpcsError as error:
            return type(error)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(attempt, range(AT_ONCE)))


def test_a_record_is_kept_found_and_listed_in_the_register(
    table: Table, store: TableVpcStore
) -> None:
    made = keep_vpc(table, tags={"a": "b"})

    assert store.find(made.id) == made
    assert store.find(new_id()[:16]) is None
    (entry,) = store.taken()
    assert (entry.vpc_id, entry.cidr, entry.region, entry.created_by) == (
        made.id,
        made.cidr,
        made.region,
        made.created_by,
    )


def test_what_is_seen_of_a_record_is_no_change_of_it(table: Table, store: TableVpcStore) -> None:
    made = keep_vpc(table)

    seen = store.observe(made, {"drift_checked_at": LATER})

    assert store.find(made.id) == seen
    assert (seen.version, seen.updated_at, seen.drift_checked_at) == (
        made.version,
        made.updated_at,
        LATER,
    )
    store.advance(made, CREATING, at=LATER)
    with pytest.raises(Raced):
        store.observe(made, {"drift_checked_at": LATER})


def test_a_record_that_is_told_again_keeps_how_often(table: Table, store: TableVpcStore) -> None:
    told = store.advance(keep_vpc(table), "PENDING", {"again": 1, "resumed_at": LATER}, at=LATER)
    stopped = store.advance(told, "PENDING", {"stalled": "so"}, at=LATER)

    assert store.find(told.id) == stopped
    creating = store.advance(stopped, CREATING, at=LATER)
    assert (creating.stalled, creating.again) == (None, 1)
    assert store.find(told.id) == creating


def test_a_record_advances_and_keeps_its_steps(table: Table, store: TableVpcStore) -> None:
    made = keep_vpc(table)
    subnets = (SubnetRecord("a", "10.0.0.0/24", "us-east-1a", subnet_id="subnet-1"),)

    creating = store.advance(made, CREATING, {"vpc_id": "vpc-1"}, at=LATER)
    stepped = store.advance(
        creating, CREATING, {"subnets": subnets, "made": {"a": "b"}}, at=LATER, note="made"
    )
    failed = store.advance(stepped, FAILED, {"reason": "so", "vpc_id": None}, at=LATER)

    assert store.find(made.id) == failed
    assert (failed.state, failed.reason, failed.vpc_id) == (FAILED, "so", None)
    assert failed.subnets == subnets
    assert failed.version == 4


def test_what_was_read_before_another_write_writes_nothing(
    table: Table, store: TableVpcStore
) -> None:
    made = keep_vpc(table)
    creating = store.advance(made, CREATING, at=LATER)

    for late in (
        lambda: store.advance(made, CREATING, at=LATER),
        lambda: store.delete(made, store.scene(OPERATOR, vpc_id=made.id), at=LATER, note=""),
    ):
        with pytest.raises(Raced):
            late()

    assert store.find(made.id) == creating


def test_only_what_is_deleted_leaves_the_register(table: Table, store: TableVpcStore) -> None:
    made = keep_vpc(table)
    kept = keep_vpc(table, "10.1.0.0/16")
    deleting = store.advance(made, DELETING, at=LATER)
    assert len(store.taken()) == 2

    store.advance(deleting, DELETED, at=LATER)

    assert [entry.vpc_id for entry in store.taken()] == [kept.id]
    with pytest.raises(Raced):
        store.advance(deleting, DELETED, at=LATER)
    assert [entry.vpc_id for entry in store.taken()] == [kept.id]


def test_an_id_is_given_once(table: Table, store: TableVpcStore) -> None:
    made = keep_vpc(table)

    with pytest.raises(Raced):
        store.add(vpc(id=made.id), store.scene(OPERATOR), None)


def test_of_many_requests_with_one_key_one_makes_a_vpc(table: Table, store: TableVpcStore) -> None:
    jo, asked = keep_claimant(table), service(store)

    found = at_once(lambda _: asked.create(wanted(), by=jo, key="key"))

    assert len({record.id for record in found}) == 1, found  # type: ignore[attr-defined]
    assert len(store.taken()) == 1


def test_of_many_requests_at_once_as_many_as_the_limit_get_through(
    table: Table, store: TableVpcStore
) -> None:
    jo, asked = keep_claimant(table), service(store, per_user=3)

    found = at_once(lambda number: asked.create(wanted(f"10.{number}.0.0/16"), by=jo))

    assert len(store.taken()) == 3
    assert found.count(LimitReached) == AT_ONCE - 3


def test_of_many_requests_for_one_range_one_gets_it(table: Table, store: TableVpcStore) -> None:
    people_ = [keep_claimant(table) for _ in range(AT_ONCE)]
    asked = service(store)

    found = at_once(lambda number: asked.create(wanted(), by=people_[number]))

    assert found.count(RangeTaken) == AT_ONCE - 1
    assert len(store.taken()) == 1


def test_of_many_builders_one_brings_a_record_on(table: Table, store: TableVpcStore) -> None:
    made = keep_vpc(table)

    found = at_once(lambda number: store.advance(made, CREATING, {"vpc_id": str(number)}, at=LATER))

    assert found.count(Raced) == AT_ONCE - 1
    (winner,) = (record for record in found if record is not Raced)
    assert store.find(made.id) == winner


def test_a_deletion_and_a_builder_at_once_never_both_win(
    table: Table, store: TableVpcStore
) -> None:
    jo = keep_claimant(table)
    made = store.advance(keep_vpc(table, created_by=jo), CREATING, at=LATER)
    scene = store.scene(jo, vpc_id=made.id)

    def work(number: int) -> VpcRecord:
        if number % 2:
            return store.delete(made, scene, at=LATER, note="")
        return store.advance(made, AVAILABLE, at=LATER)

    assert at_once(work).count(Raced) == AT_ONCE - 1


@pytest.mark.parametrize("change", ["suspended", "erased"])
def test_whoever_loses_their_standing_after_the_read_writes_nothing(
    table: Table, store: TableVpcStore, change: str
) -> None:
    jo = keep_claimant(table)
    made = keep_vpc(table, created_by=jo)
    adding, deleting = store.scene(jo), store.scene(jo, vpc_id=made.id)
    if change == "suspended":
        table.update(people.person_key(jo), people.PROFILE, changes={"status": "suspended"})
    else:
        table.put({"pk": people.person_key(jo), "sk": people.TOMBSTONE})

    with pytest.raises(Raced):
        store.add(vpc("10.9.0.0/16"), adding, None)
    with pytest.raises(Raced):
        store.delete(made, deleting, at=LATER, note="")

    assert store.find(made.id) == made
    assert len(store.taken()) == 1


def test_an_admin_who_is_none_any_more_deletes_nothing_of_others(
    table: Table, store: TableVpcStore
) -> None:
    admin = keep_claimant(table, role="admin")
    made = keep_vpc(table)
    scene = store.scene(admin, vpc_id=made.id)
    table.update(people.person_key(admin), people.PROFILE, changes={"role": "user"})

    with pytest.raises(Raced):
        store.delete(made, scene, at=LATER, note="")

    assert store.find(made.id) == made


def test_a_page_goes_by_age_whatever_its_filter(table: Table, store: TableVpcStore) -> None:
    owner, when = new_sub(), "2031-01-0{}T00:00:00.000000Z"
    made = [
        keep_vpc(table, f"10.{n}.0.0/16", created_by=owner, created_at=when.format(n))
        for n in (3, 1, 2)
    ]
    expected = [made[1], made[2], made[0]]

    found: list[VpcRecord] = []
    start = None
    for _ in range(50):
        page = store.page(lambda record: record.created_by == owner, 2, start)
        found += page.vpcs
        start = page.next_key
        if start is None:
            break

    assert found == expected
