"""What nobody goes on with is told to the builder again, a few times, and then given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.networks import World, check_built, check_gone, record
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.vpcs import model, resources
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.resources import Unauthorized
from vestibule.vpcs.resting import LONGEST_REST, MOST_TELLINGS, Resting, note_buried
from vestibule.vpcs.sweep import GRACE, Sweep

if TYPE_CHECKING:
    from vestibule.vpcs.model import VpcRecord

ID = "5f" * 16
NONE = {"toldAgain": [], "givenUp": []}


def run(world: World) -> dict[str, list[str]]:
    return Resting(world.store, world.site, world.removal).run()


def hourly(world: World) -> dict[str, list[str]]:
    world.clock.forward(LONGEST_REST + 1)
    return run(world)


def stuck(state: str) -> World:
    """A network whose message was lost."""
    world = World(nat_seconds=60.0)
    world.keep(record())
    if state != model.PENDING:
        world.builder.work(ID)
    if state == model.DELETING:
        world.drive()
        world.ask_to_delete()
        world.builder.work(ID)
    assert world.read().state == state
    return world


@pytest.mark.parametrize("state", sorted(model.UNDER_WAY))
def test_what_rested_for_an_hour_is_told_again_and_goes_on(state: str) -> None:
    world = stuck(state)
    assert run(world) == NONE

    assert hourly(world) == {**NONE, "toldAgain": [ID]}

    assert world.read().again == 1
    assert run(world) == NONE
    if state == model.DELETING:
        check_gone(world, world.drive())
    else:
        # Its hour has begun anew: a gateway may take its minute.
        check_built(world, world.drive())
    assert hourly(world) == NONE


@pytest.mark.parametrize("state", sorted(model.UNDER_WAY))
def test_what_does_not_wake_is_failed_and_can_be_deleted(state: str) -> None:
    world = stuck(state)

    for number in range(1, MOST_TELLINGS + 1):
        assert hourly(world) == {**NONE, "toldAgain": [ID]}
        assert world.read().again == number
    there = {one.id for one in world.ec2.living()}
    assert hourly(world) == {**NONE, "givenUp": [ID]}

    failed = world.read()
    assert failed.state == model.FAILED
    assert state in str(failed.reason)
    assert there <= {str(one["id"]) for one in failed.left_over}
    assert hourly(world) == NONE
    world.ask_to_delete()
    check_gone(world, world.drive())


def test_what_was_given_up_leaves_nothing_behind() -> None:
    world = stuck(model.CREATING)
    for _ in range(MOST_TELLINGS + 1):
        hourly(world)
    assert world.ec2.living() != []

    for _ in range(3):
        world.clock.forward(GRACE + 1)
        Sweep(world.store, world.site).run(["us-east-1"])

    assert (world.ec2.living(), world.read().left_over) == ([], ())


def test_a_second_stretch_of_rest_is_counted_anew() -> None:
    world = stuck(model.PENDING)
    for _ in range(MOST_TELLINGS):
        hourly(world)
    world.builder.work(ID)

    assert hourly(world) == {**NONE, "toldAgain": [ID]}
    # Each telling is an event of its own.
    assert world.read().again == MOST_TELLINGS + 1


def test_without_time_nothing_is_told() -> None:
    world = stuck(model.PENDING)
    world.clock.forward(LONGEST_REST + 1)

    resting = Resting(world.store, world.site, world.removal, time_left=lambda: False)

    assert resting.run() == NONE


def test_of_two_who_write_at_once_one_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    world = stuck(model.PENDING)
    stale = world.read()
    world.clock.forward(LONGEST_REST + 1)
    world.keep(replace(stale, version=stale.version + 1))
    monkeypatch.setattr(world.store, "find", lambda _vpc_id: stale)

    assert run(world) == NONE


@pytest.mark.parametrize("races", [1, 9])
def test_a_dead_letter_is_noted_though_others_write(
    monkeypatch: pytest.MonkeyPatch, races: int
) -> None:
    world = stuck(model.CREATING)
    genuine, left = world.store.advance, iter(range(races))

    def advance(*given: Any, **named: Any) -> VpcRecord:
        if next(left, None) is not None:
            raise Raced
        return genuine(*given, **named)

    monkeypatch.setattr(world.store, "advance", advance)

    note_buried(world.store, ID, "gave_up", at=timestamp(world.clock()))

    # Three tries: whoever writes all the time is at work.
    assert (world.read().stalled is not None) == (races == 1)


def test_what_cannot_be_looked_at_on_the_way_back_is_told_as_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = stuck(model.CREATING)
    world.keep(replace(world.read(), reason="CreateSubnet failed"))

    def find(*_given: object, **_named: object) -> None:
        raise Unauthorized("DescribeVpcs", "UnauthorizedOperation", "arn:aws:iam::1:role/r")

    monkeypatch.setattr(world.ec2, "find", find)

    failed = world.drive()

    assert (failed.state, failed.reason) == (model.FAILED, "CreateSubnet failed")
    assert {str(one["id"]) for one in failed.left_over} == {one.id for one in world.ec2.living()}
    assert "arn:" not in str(failed)


def test_a_removal_that_is_taken_up_again_has_its_time_anew() -> None:
    world = stuck(model.DELETING)
    late = world.ec2.put(resources.INSTANCE, str(world.read().vpc_id))
    late.facts["subnet"] = str(world.read().subnets[0].subnet_id)
    world.clock.forward(5 * 3600)
    note_buried(world.store, ID, "gave_up", at=timestamp(world.clock()))

    wait = world.builder.work(ID)

    assert wait is not None
    assert (wait.reason, world.read().state) == ("removing", model.DELETING)
    late.gone_at = world.clock()
    check_gone(world, world.drive())
