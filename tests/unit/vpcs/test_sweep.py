"""What belongs to no network any more is found by its tags and removed."""

from __future__ import annotations

import pytest

from fakes.ec2 import TIMED_OUT
from fakes.networks import World, record
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.vpcs import model, resources
from vestibule.vpcs.drift import Drift
from vestibule.vpcs.resources import Unreachable
from vestibule.vpcs.steps import Progress
from vestibule.vpcs.sweep import GRACE, NO_RECORD_GRACE, Sweep

ID = "5f" * 16
HERE = ["us-east-1"]


@pytest.fixture
def world() -> World:
    world = World()
    world.keep(record(nat_gateway=model.NO_NAT))
    assert world.drive().state == model.AVAILABLE
    return world


def sweep(world: World) -> Sweep:
    return Sweep(world.store, world.site)


def test_a_second_copy_that_ec2_showed_too_late_is_removed() -> None:
    world = World(lag=200.0)
    world.keep(record(nat_gateway=model.NO_NAT))
    world.ec2.fail(1, TIMED_OUT)
    built = world.drive()
    kept = set(Progress.of(built).ids.values())
    (copy,) = [one for one in world.ec2.living() if one.id not in kept]
    world.clock.forward(GRACE + 1)
    Drift(world.store, world.site).run()

    told = sweep(world).run(HERE)

    assert told == {"removed": [copy.id], "left": [], "failed": [], "complete": True}
    assert {one.id for one in world.ec2.living()} == kept
    world.clock.forward(300)
    assert sweep(world).run(HERE)["removed"] == []


def test_a_network_that_is_being_made_or_is_right_is_left_alone(world: World) -> None:
    world.clock.forward(10 * NO_RECORD_GRACE)
    before = len(world.ec2.living())

    assert sweep(world).run(HERE)["removed"] == []
    for state in (model.PENDING, model.CREATING, model.DELETING):
        world.keep(replace(world.read(), state=state, vpc_id=None, made={}))
        assert sweep(world).run(HERE)["removed"] == []
    assert len(world.ec2.living()) == before


@pytest.mark.parametrize("state", [model.DELETED, model.FAILED])
def test_what_a_finished_record_left_goes_after_a_time(world: World, state: str) -> None:
    left = ({"type": "vpc", "id": "vpc-1"},)
    built = world.read()
    moment = model.Moment(timestamp(world.clock()), state)
    timeline = (*built.timeline, moment)
    world.keep(replace(built, state=state, left_over=left, timeline=timeline))

    assert sweep(world).run(HERE)["removed"] == []
    world.clock.forward(GRACE + 1)
    told = sweep(world).run(HERE)

    assert len(told["removed"]) == 10
    assert world.ec2.living() == []
    assert world.read().left_over == ()
    assert world.read().timeline[-1].note == "what was left over has been removed"


def test_what_has_no_record_goes_after_a_day(world: World) -> None:
    del world.records.kept[ID]
    world.clock.forward(NO_RECORD_GRACE - 60)
    assert sweep(world).run(HERE)["removed"] == []

    world.clock.forward(120)

    assert len(sweep(world).run(HERE)["removed"]) == 10
    assert world.ec2.living() == []


def test_a_tag_that_somebody_changed_says_nothing(world: World) -> None:
    del world.records.kept[ID]
    world.clock.forward(2 * NO_RECORD_GRACE)
    for one in world.ec2.living():
        one.tags["vestibule:requested-at"] = "long ago"

    assert sweep(world).run(HERE)["removed"] == []


def test_an_orphan_that_somebody_uses_stays(world: World) -> None:
    vpc_id = str(world.read().vpc_id)
    del world.records.kept[ID]
    world.ec2.put(resources.INSTANCE, vpc_id)
    world.clock.forward(2 * NO_RECORD_GRACE)

    told = sweep(world).run(HERE)

    assert (told["removed"], told["left"]) == ([], [vpc_id])


def test_what_another_stack_of_the_account_made_is_none_of_ours(world: World) -> None:
    for one in world.ec2.living():
        one.tags["vestibule:table"] = "another"
    del world.records.kept[ID]
    world.clock.forward(2 * NO_RECORD_GRACE)

    assert sweep(world).run(HERE)["removed"] == []


def test_a_run_ends_with_its_time_and_the_next_goes_on(world: World) -> None:
    del world.records.kept[ID]
    world.clock.forward(2 * NO_RECORD_GRACE)

    told = Sweep(world.store, world.site, time_left=lambda: False).run(HERE)

    assert (told["removed"], told["complete"]) == ([], False)
    assert sweep(world).run(HERE)["complete"]


def test_regions_are_left_out_when_time_is_up_and_begun_with_next_time(world: World) -> None:
    regions, looked = ["eu-west-1", "us-east-1", "us-west-2"], []
    world.site.owned = lambda region: looked.append(region) or []  # type: ignore[assignment,func-returns-value,method-assign]
    for _ in regions:
        left = iter([True])
        one = Sweep(world.store, world.site, time_left=lambda left=left: next(left, False))  # type: ignore[misc]
        assert not one.run(regions)["complete"]
        world.clock.forward(3600)

    assert sorted(looked) == regions


def test_a_region_that_does_not_answer_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_given: object, **_named: object) -> None:
        raise Unreachable("DescribeVpcs")

    monkeypatch.setattr(world.ec2, "find", find)

    assert sweep(world).run(HERE)["failed"] == HERE
