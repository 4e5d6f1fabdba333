"""A network is built in few rounds, gone on with from the record, and never made twice."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.ec2 import (
    CODES_FOR_NOW,
    FOR_NOW,
    KILLED_AFTER,
    PERMANENT,
    THROTTLED,
    TIMED_OUT,
    Killed,
)
from fakes.networks import World, check_built, record
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.vpcs import model, resources, steps
from vestibule.vpcs.resources import LimitReached, NotFound, Postponed, Unauthorized
from vestibule.vpcs.resting import note_buried
from vestibule.vpcs.steps import Progress

ID = "5f" * 16


def test_six_subnets_in_three_zones_take_four_rounds_after_the_vpc() -> None:
    world = World(takes=0.03)
    world.keep(record())

    check_built(world, world.drive())

    rounds = world.ec2.rounds
    (first,) = [number for number, calls in enumerate(rounds) if "Create vpc" in calls]
    # The look whether the NAT gateway has come is one of them.
    assert len(rounds) - 1 - first <= 4, rounds
    assert rounds[first + 1].count("Create subnet") == 6


def test_what_is_asked_for_is_what_is_made() -> None:
    world = World()
    world.keep(record(internet_gateway=False, nat_gateway=model.NO_NAT))

    built = world.drive()

    assert built.state == model.AVAILABLE
    kinds = sorted(one.kind for one in world.ec2.living())
    assert kinds == ["route-table"] * 2 + ["subnet"] * 6 + ["vpc"]
    assert all(not one.facts["routes"] for one in world.ec2.living(resources.ROUTE_TABLE))
    assert built.subnets[0].available_addresses == 251


def test_everything_is_tagged_from_its_making_on() -> None:
    world = World()
    world.keep(record(tags={"team": "blue", "Name": "theirs", "vestibule:vpc": "forged"}))

    world.drive()

    for one in world.ec2.living():
        assert one.tags[resources.ID_TAG] == ID
        assert one.tags[resources.ENVIRONMENT_TAG] == "test"
        assert one.tags["vestibule:table"] == "t"
        assert one.tags["team"] == "blue"
        assert one.tags["Name"].startswith("team")
    names = {one.tags["Name"] for one in world.ec2.living(resources.SUBNET)}
    assert "team-public-a" in names


def test_a_gateway_that_takes_minutes_is_waited_for_in_the_queue() -> None:
    world = World(nat_seconds=120.0)
    world.keep(record())

    wait = world.builder.work(ID)

    assert wait is not None
    assert (wait.reason, 5 < wait.seconds < 15) == ("pending", True)
    assert world.read().state == model.CREATING
    check_built(world, world.drive())


def test_what_was_made_but_is_not_shown_yet_is_waited_for() -> None:
    world = World(lag=20.0)
    world.keep(record())
    world.ec2.fail(1, TIMED_OUT)
    world.builder.work(ID)

    wait = world.builder.work(ID)

    assert wait is not None
    assert wait.reason == "unseen"
    assert world.ec2.calls.count("Create vpc") == 1
    check_built(world, world.drive())
    assert world.ec2.calls.count("Create vpc") == 1


def test_what_was_never_made_is_made_after_a_minute() -> None:
    world = World()
    world.keep(record())
    progress = Progress()
    progress.begun = {steps.VPC: "2026-05-17T12:00:00.000000Z"}
    begun = world.read()
    world.keep(replace(begun, state=model.CREATING, **progress.changes(begun)))

    assert world.builder.work(ID) is not None
    assert "Create vpc" not in world.ec2.calls
    world.clock.forward(61)

    check_built(world, world.drive())


def test_a_second_copy_is_removed_and_the_recorded_one_stays() -> None:
    world = World()
    world.keep(record())
    world.ec2.fail(1, TIMED_OUT)
    world.builder.work(ID)
    (first,) = world.ec2.living(resources.VPC)
    twin = world.ec2.put(resources.VPC, tags=first.tags)
    twin.facts["cidr"] = "10.20.0.0/16"

    built = world.drive()

    assert built.vpc_id == first.id
    check_built(world, built)


def test_a_copy_that_shows_only_at_the_end_is_removed_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(lag=90.0)
    world.keep(record(nat_gateway=model.NO_NAT))
    world.ec2.fail(1, TIMED_OUT)
    genuine = world.ec2._create

    def create(kind: str, *given: Any) -> Any:
        world.clock.forward(5)
        return genuine(kind, *given)

    monkeypatch.setattr(world.ec2, "_create", create)

    built = world.drive()

    assert world.ec2.calls.count("Create vpc") == 2
    assert [one.id for one in world.ec2.living(resources.VPC)] == [built.vpc_id]


def test_a_twin_of_what_is_not_shown_yet_is_the_one_to_go() -> None:
    world = World()
    world.keep(record())
    world.ec2.fail(4, KILLED_AFTER)
    with pytest.raises(Killed):
        world.builder.work(ID)
    world.ec2.is_dead = False
    known = world.read()
    hidden = world.ec2.things[str(known.vpc_id)]
    twin = world.ec2.put(resources.VPC, tags=hidden.tags)
    moment, hidden.made_at = hidden.made_at, hidden.made_at.replace(year=2027)
    world.ec2._lag = 1.0
    world.clock.forward(90)
    world.builder.work(ID)
    hidden.made_at = moment

    built = world.drive()

    assert built.vpc_id == hidden.id
    assert twin.gone_at is not None


def test_a_throttled_call_is_repeated_at_once_and_then_in_the_queue() -> None:
    world = World()
    world.keep(record())
    world.ec2.fail(5, THROTTLED)

    assert world.builder.work(ID) is None
    check_built(world, world.read())


def test_a_permanent_refusal_leaves_nothing_and_says_why() -> None:
    world = World()
    world.keep(record())
    world.ec2.fail(9, PERMANENT)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert str(failed.reason).endswith("failed: AWS refused it for good (SomethingInvalid)")
    assert world.ec2.living() == []
    assert [one.state for one in failed.timeline] == ["PENDING", "CREATING", "CREATING", "FAILED"]


SAID = "arn:aws:sts::123456789012:assumed-role/r is not authorized. Encoded: kS7x"


@pytest.mark.parametrize(
    ("error", "words"), [(LimitReached, "no more of these"), (Unauthorized, "not allowed to")]
)
def test_limits_and_missing_permissions_are_told_in_our_words_with_the_code(
    error: type[resources.Refused],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    world.keep(record())
    genuine = world.ec2._create

    def create(kind: str, *given: object) -> object:
        if kind == resources.VPC:
            raise error("CreateVpc", "VpcLimitExceeded", SAID)
        return genuine(kind, *given)

    monkeypatch.setattr(world.ec2, "_create", create)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert words in str(failed.reason)
    assert str(failed.reason).endswith("(VpcLimitExceeded)")
    assert "123456789012" not in str(failed)
    assert SAID in capsys.readouterr().out
    # Made beside it in the same round.
    assert world.ec2.living() == []


def test_a_gateway_that_fails_takes_the_network_with_it() -> None:
    world = World(nat_seconds=30.0)
    world.keep(record())
    world.builder.work(ID)
    (gateway,) = world.ec2.living(resources.NAT_GATEWAY)
    gateway.state = "failed"
    gateway.facts |= {"code": "InvalidAllocationID.NotFound", "failure": "no eipalloc-1"}

    failed = world.drive()

    assert failed.state == model.FAILED
    assert "CreateNatGateway failed" in str(failed.reason)
    assert "(InvalidAllocationID.NotFound)" in str(failed.reason)
    assert "eipalloc" not in str(failed.reason)
    assert world.ec2.living() == []


def test_what_is_never_seen_is_given_up_after_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.keep(record())
    genuine = world.ec2._create

    def create(kind: str, *given: object) -> object:
        if kind == resources.SUBNET:
            raise NotFound("CreateSubnet", "InvalidVpcID.NotFound", "no such VPC")
        return genuine(kind, *given)

    monkeypatch.setattr(world.ec2, "_create", create)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert str(failed.reason).startswith("not built within 15 minutes")
    assert world.ec2.living() == []


def refuse_what_is_younger(world: World, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tags of what a call names be unknown for so long: it does not count as ours then."""

    def refusing(name: str) -> None:
        genuine = getattr(world.ec2, name)

        def call(first: str, *given: Any) -> Any:
            named = {first, *(given[-1].values() if given else ())}
            known = [one for one in world.ec2.things.values() if one.id in named]
            if any((world.clock() - one.made_at).total_seconds() < seconds for one in known):
                raise Unauthorized(first, "UnauthorizedOperation", SAID)
            return genuine(first, *given)

        monkeypatch.setattr(world.ec2, name, call)

    for name in ("_create", "_alter", "_delete"):
        refusing(name)


def test_what_is_not_known_to_be_ours_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.keep(record())
    refuse_what_is_younger(world, 20.0, monkeypatch)

    check_built(world, world.drive())


def test_so_is_what_was_taken_over_after_an_answer_got_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.keep(record(internet_gateway=False, nat_gateway=model.NO_NAT))
    refuse_what_is_younger(world, 20.0, monkeypatch)
    world.ec2.fail(1, TIMED_OUT)

    built = world.drive()

    assert built.state == model.AVAILABLE
    assert world.ec2.calls.count("Create vpc") == 1


def test_a_limit_that_is_met_at_once_leaves_nothing_that_is_not_known_to_be_ours_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.keep(record())
    refuse_what_is_younger(world, 20.0, monkeypatch)
    genuine = world.ec2._create

    def create(kind: str, *given: Any) -> Any:
        if kind == resources.ADDRESS:
            raise LimitReached("AllocateAddress", "AddressLimitExceeded", SAID)
        return genuine(kind, *given)

    monkeypatch.setattr(world.ec2, "_create", create)

    failed = world.drive()

    assert (failed.state, failed.left_over) == (model.FAILED, ())
    assert str(failed.reason).endswith("(AddressLimitExceeded)")
    assert world.ec2.living() == []


@pytest.mark.parametrize(
    ("refused", "least", "most"),
    [
        pytest.param(resources.SUBNET, 60.0, 120.0, id="in what was just made"),
        pytest.param(resources.INTERNET_GATEWAY, 0.0, 10.0, id="in nothing"),
    ],
)
def test_a_permission_that_is_missing_ends_it_as_soon_as_it_must_be_that(
    refused: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.keep(record())
    begun, genuine = world.clock(), world.ec2._create

    def create(kind: str, *given: Any) -> Any:
        if kind == refused:
            raise Unauthorized(f"Create {kind}", "UnauthorizedOperation", SAID)
        return genuine(kind, *given)

    monkeypatch.setattr(world.ec2, "_create", create)

    failed = world.drive()

    assert (failed.state, failed.left_over) == (model.FAILED, ())
    assert "the builder is not allowed to" in str(failed.reason)
    assert str(failed.reason).endswith("(UnauthorizedOperation)")
    assert least <= (world.clock() - begun).total_seconds() <= most
    assert world.ec2.living() == []


def test_a_permission_that_was_lost_long_after_is_no_matter_of_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(nat_seconds=120.0)
    world.keep(record())
    genuine = world.ec2._alter

    def alter(action: str, settings: dict[str, str]) -> None:
        if "NatGatewayId" in settings:
            raise Unauthorized(action, "UnauthorizedOperation", SAID)
        genuine(action, settings)

    monkeypatch.setattr(world.ec2, "_alter", alter)

    failed = world.drive()

    assert failed.state == model.FAILED
    assert str(failed.reason).startswith("CreateRoute failed: the builder is not allowed")
    assert world.ec2.calls.count("CreateRoute") == 2
    assert world.ec2.living() == []


def test_what_is_refused_for_now_is_no_reason_to_take_a_network_back() -> None:
    world = World()
    world.keep(record())
    for _ in CODES_FOR_NOW:
        world.ec2.fail(9, FOR_NOW)
        world.builder.work(ID)

    check_built(world, world.drive())


def test_words_of_ec2_do_not_come_in_by_what_takes_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.keep(record())

    def create(*_given: object) -> object:
        raise Postponed("CreateVpc", "ExpiredToken", SAID)

    monkeypatch.setattr(world.ec2, "_create", create)

    failed = world.drive()

    assert str(failed.reason).startswith("not built within 60 minutes; CreateVpc failed")
    assert str(failed.reason).endswith("(ExpiredToken)")
    assert "123456789012" not in str(failed)


def test_a_dead_letter_is_shown_until_the_work_is_taken_up_again() -> None:
    world = World(nat_seconds=60.0)
    world.keep(record())
    world.builder.work(ID)
    world.clock.forward(5 * 3600)

    note_buried(world.store, ID, "gave_up", at=timestamp(world.clock()))

    told = model.view(world.read())
    assert told["state"] == model.CREATING
    assert "stopped (gave_up)" in told["reason"]
    # Sent back: it has its time anew, and is built on.
    check_built(world, world.drive())
    assert "reason" not in model.view(world.read())
    assert "taken up again" in {one.note for one in world.read().timeline}


def test_an_outage_of_hours_does_not_count_as_time_to_build() -> None:
    world = World(nat_seconds=60.0)
    world.keep(record())
    world.builder.work(ID)
    world.clock.forward(3 * 3600)
    world.ec2.fail(1, FOR_NOW)

    check_built(world, world.drive())


def test_a_dead_letter_of_what_is_settled_is_not_noted() -> None:
    world = World()
    before = world.keep(record(state=model.AVAILABLE))

    note_buried(world.store, ID, "gave_up", at=timestamp(world.clock()))
    note_buried(world.store, "unknown", "gave_up", at=timestamp(world.clock()))

    assert world.read() == before


def test_what_takes_more_than_an_hour_is_given_up_and_taken_back_whole() -> None:
    world = World(nat_seconds=200.0)
    world.keep(record())
    world.builder.work(ID)
    (gateway,) = world.ec2.living(resources.NAT_GATEWAY)
    gateway.state = "never ready"

    failed = world.drive(goes=600)

    assert failed.state == model.FAILED
    assert str(failed.reason).startswith("not built within 60 minutes; the NAT gateway is not")
    assert (world.ec2.living(), failed.left_over) == ([], ())


def test_a_deletion_that_comes_in_between_ends_the_building() -> None:
    world = World(nat_seconds=30.0)
    world.keep(record())
    world.builder.work(ID)
    world.ask_to_delete()

    gone = world.drive()

    assert gone.state == model.DELETED
    assert world.ec2.living() == []


def test_of_two_at_once_one_goes_on_and_the_other_comes_back() -> None:
    world = World(nat_seconds=30.0)
    world.keep(record())
    stale = world.read()
    world.builder.work(ID)
    find = world.store.find
    world.store.find = lambda _vpc_id: stale  # type: ignore[method-assign]

    wait = world.builder.work(ID)

    assert wait is not None
    assert wait.reason == "raced"
    world.store.find = find  # type: ignore[method-assign]
    check_built(world, world.drive())


def test_without_time_for_a_round_none_is_begun() -> None:
    world = World()
    world.keep(record())
    world.builder._time_left = lambda: False

    wait = world.builder.work(ID)

    assert wait is not None
    assert wait.reason == "time"
    assert world.ec2.calls == []


def test_there_is_nothing_to_do_for_what_is_settled_or_unknown() -> None:
    world = World()
    world.keep(record(state=model.AVAILABLE))

    assert world.builder.work(ID) is None
    assert world.builder.work("unknown") is None
    assert world.ec2.calls == []
