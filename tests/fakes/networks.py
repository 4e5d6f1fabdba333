"""A builder with records and EC2, driven as its queue drives it: after a crash it comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.ec2 import FakeClock, FakeEc2, FaultyEc2, Killed
from vestibule.platform import clock as clocks
from vestibule.platform.values import replace
from vestibule.vpcs import model, resources, steps
from vestibule.vpcs.builder import Builder
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.items import Entry
from vestibule.vpcs.model import SubnetRecord, VpcRecord
from vestibule.vpcs.removal import Removal
from vestibule.vpcs.site import Site
from vestibule.vpcs.steps import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vestibule.vpcs.ports import Records

VISIBILITY = 90.0
"""How long the queue hides a message from others: a crashed go is taken up after that."""


def record(**given: Any) -> VpcRecord:
    """Six subnets in three zones, public and private, with both gateways."""
    subnets = tuple(
        SubnetRecord(
            f"{'public' if number < 3 else 'private'}-{'abc'[number % 3]}",
            f"10.20.{number}.0/24",
            f"us-east-1{'abc'[number % 3]}",
            public=number < 3,
        )
        for number in range(6)
    )
    settings: dict[str, Any] = {
        "id": "5f" * 16,
        "name": "team",
        "cidr": "10.20.0.0/16",
        "region": "us-east-1",
        "state": model.PENDING,
        "subnets": subnets,
        "created_by": "u1",
        "created_at": "2026-05-17T12:00:00.000000Z",
        "updated_at": "2026-05-17T12:00:00.000000Z",
        "internet_gateway": True,
        "nat_gateway": model.SINGLE_NAT,
        "tags": {"team": "blue"},
        "timeline": (model.Moment("2026-05-17T12:00:00.000000Z", model.PENDING),),
    }
    return VpcRecord(**{**settings, **given})


class MemoryRecords:
    """Records in memory, with the same conditions as in the table."""

    def __init__(self) -> None:
        self.kept: dict[str, VpcRecord] = {}

    def find(self, vpc_id: str) -> VpcRecord | None:
        return self.kept.get(vpc_id)

    def taken(self) -> Sequence[Entry]:
        return [
            Entry(one.id, one.region, one.cidr, one.created_by)
            for one in self.kept.values()
            if one.state != model.DELETED
        ]

    def advance(
        self,
        record: VpcRecord,
        to: str,
        changes: Mapping[str, Any] | None = None,
        *,
        at: str,
        note: str = "",
    ) -> VpcRecord:
        standing = self.kept.get(record.id)
        if standing is None or (standing.version, standing.state) != (record.version, record.state):
            raise Raced
        self.kept[record.id] = model.moved(record, to, changes or {}, at=at, note=note)
        return self.kept[record.id]

    def observe(self, record: VpcRecord, changes: Mapping[str, Any]) -> VpcRecord:
        if self.kept.get(record.id) != record:
            raise Raced
        self.kept[record.id] = replace(record, **changes)
        return self.kept[record.id]


class MortalStore:
    """The record's store; a dead process writes nothing, and a write may be the last thing done."""

    def __init__(self, store: Records, ec2: FakeEc2 | FaultyEc2) -> None:
        self._store = store
        self._ec2 = ec2
        self.writes = 0
        self.dies_at: tuple[int, bool] | None = None
        """The write, counted from 1, and whether it is still done."""

    def find(self, vpc_id: str) -> VpcRecord | None:
        return self._store.find(vpc_id)

    def taken(self) -> Sequence[Entry]:
        return self._store.taken()

    def advance(
        self,
        record: VpcRecord,
        to: str,
        changes: Mapping[str, Any] | None = None,
        *,
        at: str,
        note: str = "",
    ) -> VpcRecord:
        if self._ec2.is_dead:
            raise Killed
        self.writes += 1
        dies = self.dies_at if self.dies_at and self.dies_at[0] == self.writes else None
        if dies and not dies[1]:
            raise Killed
        written = self._store.advance(record, to, changes, at=at, note=note)
        if dies:
            raise Killed
        return written

    def observe(self, record: VpcRecord, changes: Mapping[str, Any]) -> VpcRecord:
        return self._store.observe(record, changes)


class World:
    """`port` and `store` stand for EC2 and the table, where those in memory will not do."""

    def __init__(
        self,
        *,
        lag: float = 0.0,
        nat_seconds: float = 0.0,
        takes: float = 0.0,
        port: FaultyEc2 | None = None,
        store: Records | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.ec2 = FakeEc2(self.clock, lag=lag, nat_seconds=nat_seconds, takes=takes)
        self.records = MemoryRecords()
        self.port: FakeEc2 | FaultyEc2 = port or self.ec2
        self.store = MortalStore(store or self.records, self.port)
        self.site = Site(
            lambda _region: self.port, environment="test", table_name="t", now=self.clock
        )
        self.removal = Removal(self.store, self.site)
        self.builder = Builder(self.store, self.site, self.removal, sleep=self.clock.forward)
        self.crashes = 0

    def keep(self, one: VpcRecord) -> VpcRecord:
        self.records.kept[one.id] = one
        return one

    def read(self, vpc_id: str = "5f" * 16) -> VpcRecord:
        found = self.store.find(vpc_id)
        assert found is not None
        return found

    def drive(self, vpc_id: str = "5f" * 16, *, goes: int = 400) -> VpcRecord:
        """Let the queue bring the message until nothing is left to do."""
        for _ in range(goes):
            try:
                wait = self.builder.work(vpc_id)
            except Killed:
                self.crashes += 1
                self.port.is_dead = False
                self.clock.forward(VISIBILITY)
                continue
            if wait is None:
                return self.read(vpc_id)
            self.clock.forward(wait.seconds)
        raise AssertionError(f"never settled: {self.read(vpc_id)}")

    def ask_to_delete(self, vpc_id: str = "5f" * 16) -> VpcRecord:
        at = clocks.timestamp(self.clock())
        return self.store.advance(self.read(vpc_id), model.DELETING, at=at, note="asked for")


def check_built(world: World, one: VpcRecord) -> None:
    """Exactly one network, whole, and the record right about it."""
    assert one.state == model.AVAILABLE, one
    ids = Progress.of(one).ids
    living = {each.id: each for each in world.ec2.living()}
    assert sorted(living) == sorted(ids.values())
    assert set(ids) == set(steps.part_kinds(one))
    assert set(one.made) == set(steps.MADE_NAMES.values())
    tables = {key: living[ids[key]].facts for key in (steps.PUBLIC_TABLE, steps.PRIVATE_TABLE)}
    for key, public in ((steps.PUBLIC_TABLE, True), (steps.PRIVATE_TABLE, False)):
        mine = [each.subnet_id for each in one.subnets if each.public == public]
        assert sorted(tables[key]["subnets"]) == sorted(str(each) for each in mine)
    routes = {key: facts["routes"][steps.ANYWHERE]["target"] for key, facts in tables.items()}
    assert routes[steps.PUBLIC_TABLE] == ids[steps.INTERNET_GATEWAY]
    assert routes[steps.PRIVATE_TABLE] == ids[steps.NAT_GATEWAY]
    assert living[ids[steps.INTERNET_GATEWAY]].facts["attached"] == [one.vpc_id]
    assert living[ids[steps.VPC]].facts["EnableDnsHostnames.Value"] == "true"
    for number, subnet in enumerate(one.subnets):
        facts = living[ids[f"{steps.SUBNET}{number}"]].facts
        assert (facts["cidr"], facts["zone"]) == (subnet.cidr, subnet.availability_zone)
        assert facts["public"] == subnet.public
    for each in living.values():
        assert each.tags[resources.ID_TAG] == one.id
        assert each.tags["team"] == "blue"


def check_gone(world: World, one: VpcRecord) -> None:
    assert one.state == model.DELETED, one
    assert [each.id for each in world.ec2.living()] == []
    assert (one.vpc_id, one.made, one.left_over) == (None, {}, ())
