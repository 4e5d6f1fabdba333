"""A network is taken away in reverse, and nothing of anybody else's with it."""

from __future__ import annotations

import pytest

from fakes.ec2 import CODES_FOR_NOW, FOR_NOW, PERMANENT
from fakes.networks import World, check_built, check_gone, record
from vestibule.vpcs import model, resources
from vestibule.vpcs.resources import Unauthorized

ID = "5f" * 16


@pytest.fixture
def world() -> World:
    """With a network that stands."""
    world = World(nat_seconds=20.0)
    world.keep(record())
    check_built(world, world.drive())
    world.clock.forward(300)
    return world


def test_all_of_it_goes_in_the_reverse_of_its_making(world: World) -> None:
    before = len(world.ec2.calls)
    world.ask_to_delete()

    check_gone(world, world.drive())

    order = [one for one in world.ec2.calls[before:] if not one.startswith("Describe")]
    assert order[0] == "Delete nat-gateway"
    assert order[-3:] == ["DetachInternetGateway", "Delete internet-gateway", "Delete vpc"]


@pytest.mark.parametrize(
    "kind",
    [
        resources.INSTANCE,
        resources.NETWORK_INTERFACE,
        resources.SECURITY_GROUP,
        resources.ENDPOINT,
        resources.SUBNET,
        resources.ROUTE_TABLE,
        resources.NAT_GATEWAY,
    ],
)
def test_what_somebody_else_put_in_keeps_it_untouched(world: World, kind: str) -> None:
    stranger = world.ec2.put(kind, str(world.read().vpc_id))
    before = sorted(one.id for one in world.ec2.living())
    world.ask_to_delete()

    kept = world.drive()

    assert kept.state == model.AVAILABLE
    assert kept.inside == ({"type": kind, "id": stranger.id},)
    assert "others' things are inside (1)" in str(kept.reason)
    assert sorted(one.id for one in world.ec2.living()) == before

    stranger.gone_at = world.clock()
    world.ask_to_delete()
    check_gone(world, world.drive())


def test_the_interface_of_its_own_gateway_is_no_stranger(world: World) -> None:
    interface = world.ec2.put(resources.NETWORK_INTERFACE, str(world.read().vpc_id))
    gateway = world.read().made["natGatewayId"]
    interface.facts |= {
        "type": "nat_gateway",
        "description": f"Interface for NAT Gateway {gateway}",
    }
    world.ask_to_delete()

    world.builder.work(ID)

    assert world.read().state == model.DELETING
    assert world.read().inside == ()


@pytest.mark.parametrize("kind", [resources.VPC, resources.ADDRESS, resources.SUBNET])
def test_what_lost_our_tags_is_nothing_to_delete(world: World, kind: str) -> None:
    one = world.ec2.living(kind)[0]
    one.tags.clear()
    world.ask_to_delete()

    kept = world.drive()

    assert kept.state == model.AVAILABLE
    assert [each["id"] for each in kept.inside] == [one.id]
    assert one.gone_at is None


def test_what_vanished_outside_is_no_obstacle(world: World) -> None:
    for one in world.ec2.living():
        one.gone_at = world.clock()
    world.ask_to_delete()

    check_gone(world, world.drive())


def test_what_cannot_be_removed_is_told_and_removed_by_the_next_request(world: World) -> None:
    world.ask_to_delete()
    genuine, refused = world.ec2._delete, world.ec2.living(resources.SUBNET)[0]

    def delete(resource_id: str) -> None:
        if resource_id == refused.id:
            raise Unauthorized("DeleteSubnet", "UnauthorizedOperation", "arn:aws:iam::1:role/r")
        genuine(resource_id)

    world.ec2._delete = delete  # type: ignore[method-assign]

    failed = world.drive()

    left = {str(one["id"]): one for one in failed.left_over}
    assert failed.state == model.FAILED
    assert set(left) == {one.id for one in world.ec2.living()}
    assert "(UnauthorizedOperation)" in left[refused.id]["reason"]
    # EC2's own words name accounts and roles.
    assert "arn:" not in str(failed)
    assert failed.vpc_id in left
    world.ec2._delete = genuine  # type: ignore[method-assign]
    world.ask_to_delete()
    check_gone(world, world.drive())


def fresh() -> World:
    """With a network that has just been built, and is to be deleted."""
    world = World()
    world.keep(record(internet_gateway=False, nat_gateway=model.NO_NAT))
    world.drive()
    world.ask_to_delete()
    return world


def test_what_is_not_known_to_be_ours_yet_is_removed_when_it_is() -> None:
    world = fresh()
    genuine, begun = world.ec2._delete, world.clock()

    def delete(resource_id: str) -> None:
        if (world.clock() - begun).total_seconds() < 30:
            raise Unauthorized("DeleteSubnet", "UnauthorizedOperation", "arn:aws:iam::1:role/r")
        genuine(resource_id)

    world.ec2._delete = delete  # type: ignore[method-assign]

    check_gone(world, world.drive())


def test_a_permission_that_is_missing_is_told_a_minute_after_the_building() -> None:
    world = fresh()
    begun = world.clock()

    def delete(_resource_id: str) -> None:
        raise Unauthorized("DeleteSubnet", "UnauthorizedOperation", "arn:aws:iam::1:role/r")

    world.ec2._delete = delete  # type: ignore[method-assign]

    failed = world.drive()

    assert failed.state == model.FAILED
    assert {str(one["id"]) for one in failed.left_over} == {one.id for one in world.ec2.living()}
    assert (world.clock() - begun).total_seconds() < 90


def test_what_a_lost_answer_had_deleted_already_is_not_left_over(world: World) -> None:
    """Its tags are gone with it, and only what carries ours may be deleted."""
    world.ask_to_delete()
    genuine = world.ec2._delete

    def delete(resource_id: str) -> None:
        genuine(resource_id)
        if resource_id.startswith("subnet-"):
            raise Unauthorized("DeleteSubnet", "UnauthorizedOperation", "arn:aws:iam::1:role/r")

    world.ec2._delete = delete  # type: ignore[method-assign]

    check_gone(world, world.drive())


def test_what_somebody_took_our_tags_from_is_left_and_told(world: World) -> None:
    world.ask_to_delete()
    genuine, taken = world.ec2._delete, world.ec2.living(resources.SUBNET)[0]

    def delete(resource_id: str) -> None:
        if resource_id == taken.id:
            taken.tags.clear()
            raise Unauthorized("DeleteSubnet", "UnauthorizedOperation", "arn:aws:iam::1:role/r")
        genuine(resource_id)

    world.ec2._delete = delete  # type: ignore[method-assign]

    assert taken.id in {one["id"] for one in world.drive().left_over}


def test_what_hangs_on_something_for_half_an_hour_is_left(world: World) -> None:
    world.ask_to_delete()
    world.builder.work(ID)
    late = world.ec2.put(resources.INSTANCE, str(world.read().vpc_id))
    late.facts["subnet"] = str(world.read().subnets[0].subnet_id)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert {str(one["type"]) for one in failed.left_over} >= {resources.SUBNET, resources.VPC}


def test_a_look_that_is_refused_leaves_a_network_as_it_is(world: World) -> None:
    before = world.read()
    world.ask_to_delete()
    world.ec2.fail(1, PERMANENT)

    kept = world.drive()

    assert (kept.state, kept.left_over, kept.made) == (model.AVAILABLE, (), before.made)
    assert str(kept.reason).startswith("not deleted: Describe")
    world.ask_to_delete()
    check_gone(world, world.drive())


@pytest.mark.parametrize("call", range(1, len(CODES_FOR_NOW) + 1))
def test_a_look_that_is_refused_for_now_ends_nothing(world: World, call: int) -> None:
    world.ask_to_delete()
    world.ec2.fail(call, FOR_NOW)

    wait = world.builder.work(ID)

    assert wait is not None
    assert (wait.reason, wait.in_vain) == ("Postponed", True)
    assert world.read().state == model.DELETING
    check_gone(world, world.drive())


def test_a_look_that_is_refused_on_the_way_ends_with_what_the_record_knows(world: World) -> None:
    world.ask_to_delete()
    world.builder.work(ID)
    world.ec2.fail(1, PERMANENT)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert {str(one["id"]) for one in failed.left_over} == {one.id for one in world.ec2.living()}


def test_a_request_that_was_never_begun_is_just_ended() -> None:
    world = World()
    world.keep(record())
    world.ask_to_delete()

    check_gone(world, world.drive())
    assert not [one for one in world.ec2.calls if not one.startswith("Describe")]
