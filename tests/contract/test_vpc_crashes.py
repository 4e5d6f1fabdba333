"""The builder dies, or a call fails, at every call in turn: one network or none, and no orphan."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from fakes import crash_matrix
from fakes.crash_matrix import CREATE, DELETE
from fakes.ec2 import FAULTS, KILLED_AFTER, PERMANENT, TIMED_OUT, FaultyEc2
from fakes.networks import World, check_built, check_gone, record
from vestibule.platform.credentials import Credentials
from vestibule.platform.ids import new_id
from vestibule.vpcs import model
from vestibule.vpcs.ec2 import Ec2Client
from vestibule.vpcs.items import from_vpc
from vestibule.vpcs.steps import Progress
from vestibule.vpcs.store import TableVpcStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vestibule.platform.table import Table
    from vestibule.vpcs.model import VpcRecord

REGION = "us-east-1"


def test_whatever_happens_to_whichever_call_one_network_or_none_is_left() -> None:
    played: Counter[tuple[str, str]] = Counter()
    with crash_matrix.one_call_at_a_time():
        for case, world, ended in crash_matrix.cases():
            crash_matrix.check(case, world, ended)
            played[case.subject, case.how] += 1

    assert set(played) == {(subject, how) for subject in (CREATE, DELETE) for how in FAULTS}
    # Two runs of each: EC2 shows things at once, and late.
    assert all(count >= 2 * 27 for count in played.values()), played


@pytest.mark.parametrize("is_done", [False, True], ids=["before it", "after it"])
@pytest.mark.parametrize("subject", [CREATE, DELETE])
def test_a_crash_at_any_write_of_the_record_leaves_one_network_or_none(
    subject: str, *, is_done: bool
) -> None:
    writes = 0
    while True:
        writes += 1
        world = crash_matrix.start(subject, lag=20.0)
        world.store.dies_at = (world.store.writes + writes, is_done)
        ended = world.drive()
        if not world.crashes:
            break
        if subject == CREATE:
            check_built(world, ended)
        else:
            check_gone(world, ended)

    assert writes > 2


class Emulated:
    """A small network, its record in the table, at the emulator's EC2."""

    def __init__(self, ec2: Ec2Client, table: Table) -> None:
        self.ec2 = ec2
        self.port = FaultyEc2(ec2)
        self.was_faulted = False
        self.world = World(port=self.port, store=TableVpcStore(table))
        whole = record()
        self.record = record(id=new_id(), subnets=(whole.subnets[0], whole.subnets[3]))
        table.put(from_vpc(self.record))

    def drive(self) -> VpcRecord:
        """Let it come to an end; `was_faulted` tells whether there was a call so late."""
        ended = self.world.drive(self.record.id)
        self.was_faulted = self.port.has_failed
        self.port.heal()
        return ended

    def built(self) -> Emulated:
        self.drive()
        self.world.ask_to_delete(self.record.id)
        return self

    def check_built(self, ended: VpcRecord) -> None:
        assert ended.state == model.AVAILABLE, ended
        found = self.world.site.owned(REGION, ended.id)
        assert sorted(one.id for one in found) == sorted(Progress.of(ended).ids.values())
        (table,) = [one for one in found if one.part == "private-route-table"]
        assert table.facts["subnets"] == [ended.subnets[1].subnet_id]
        assert table.facts["routes"]["0.0.0.0/0"]["target"] == ended.made["natGatewayId"]

    def check_gone(self, ended: VpcRecord, state: str) -> None:
        assert (ended.state, ended.left_over, ended.made) == (state, (), {})
        assert [one.id for one in self.left()] == []

    def left(self) -> list[object]:
        owned = self.world.site.owned(REGION, self.record.id)
        return [one for one in owned if one.state != "deleted"]

    def remove(self) -> None:
        self.world.ask_to_delete(self.record.id)
        assert self.drive().state == model.DELETED


@pytest.fixture(scope="module")
def ec2(emulator_port: int) -> Iterator[Ec2Client]:
    client = Ec2Client(
        REGION,
        endpoint_url=f"http://127.0.0.1:{emulator_port}",
        # The emulator's root account.
        credentials=lambda: Credentials("000000000000", "x"),
    )
    yield client
    client.close()


@pytest.mark.parametrize("how", [KILLED_AFTER, TIMED_OUT])
def test_at_the_emulator_a_build_ends_with_one_network(
    ec2: Ec2Client, real_table: Table, how: str
) -> None:
    call = 0
    with crash_matrix.one_call_at_a_time():
        while True:
            call += 1
            subject = Emulated(ec2, real_table)
            subject.port.fail(call, how)
            subject.check_built(subject.drive())
            was_faulted = subject.was_faulted
            subject.remove()
            if not was_faulted:
                break

    assert call > 16


@pytest.mark.parametrize("how", [KILLED_AFTER, TIMED_OUT])
def test_at_the_emulator_a_deletion_leaves_nothing(
    ec2: Ec2Client, real_table: Table, how: str
) -> None:
    call = 0
    with crash_matrix.one_call_at_a_time():
        while True:
            call += 1
            subject = Emulated(ec2, real_table).built()
            subject.port.fail(call, how)
            subject.check_gone(subject.drive(), model.DELETED)
            if not subject.was_faulted:
                break

    assert call > 8


def test_at_the_emulator_what_cannot_be_built_is_taken_back(
    ec2: Ec2Client, real_table: Table
) -> None:
    call = 0
    with crash_matrix.one_call_at_a_time():
        while True:
            call += 1
            subject = Emulated(ec2, real_table)
            subject.port.fail(call, PERMANENT)
            ended = subject.drive()
            if not subject.was_faulted:
                break
            subject.check_gone(ended, model.FAILED)
            assert "(SomethingInvalid)" in str(ended.reason)

    subject.remove()
    assert call > 16
