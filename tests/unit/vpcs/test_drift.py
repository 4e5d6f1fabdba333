"""A record says what differs at EC2, and stops saying so when it is right again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.networks import World, record
from vestibule.platform.values import replace
from vestibule.vpcs import drift as drifts
from vestibule.vpcs import model, resources
from vestibule.vpcs.drift import Drift
from vestibule.vpcs.resources import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.ec2 import Thing

ID = "5f" * 16


@pytest.fixture
def world() -> World:
    world = World()
    world.keep(record())
    world.drive()
    return world


def check(world: World) -> dict[str, Any]:
    return Drift(world.store, world.site).run()


def test_what_is_as_recorded_is_not_marked(world: World) -> None:
    assert check(world) == {"checked": 1, "drifted": [], "failed": [], "complete": True}
    assert world.read().drift == ()
    assert world.read().drift_checked_at is not None


def test_a_check_that_finds_nothing_new_is_no_change_of_the_record(world: World) -> None:
    before = world.read()
    world.clock.forward(3600)

    check(world)

    after = world.read()
    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    assert after.drift_checked_at != before.drift_checked_at
    part(world, "subnet-2").facts["zone"] = "us-east-1f"
    check(world)
    marked = world.read()
    assert marked.version == before.version + 1
    world.clock.forward(3600)
    check(world)
    assert world.read().version == marked.version


def gone(one: Thing) -> None:
    one.gone_at = one.made_at


def part(world: World, name: str) -> Thing:
    (one,) = [each for each in world.ec2.living() if each.tags.get("vestibule:part") == name]
    return one


CHANGES: list[tuple[str, str, Callable[[Thing], Any], Callable[[Thing], Any]]] = [
    ("subnet-2", "exists", gone, lambda one: setattr(one, "gone_at", None)),
    ("vpc", "exists", gone, lambda one: setattr(one, "gone_at", None)),
    (
        "internet-gateway",
        "attached",
        lambda one: one.facts.update(was=one.facts["attached"], attached=[]),
        lambda one: one.facts.update(attached=one.facts["was"]),
    ),
    (
        "public-route-table",
        "0.0.0.0/0",
        lambda one: one.facts.update(was=one.facts["routes"], routes={}),
        lambda one: one.facts.update(routes=one.facts["was"]),
    ),
    (
        "private-route-table",
        "subnets",
        lambda one: one.facts.update(was=one.facts["subnets"], subnets=one.facts["subnets"][1:]),
        lambda one: one.facts.update(subnets=one.facts["was"]),
    ),
    (
        "subnet-0",
        "public",
        lambda one: one.facts.update(public=False),
        lambda one: one.facts.update(public=True),
    ),
    (
        "address",
        "tag team",
        lambda one: one.tags.update(team="red"),
        lambda one: one.tags.update(team="blue"),
    ),
    (
        "nat-gateway",
        "exists",
        lambda one: setattr(one, "state", "deleted"),
        lambda one: setattr(one, "state", "available"),
    ),
]


@pytest.mark.parametrize(
    ("name", "field", "change", "undo"), CHANGES, ids=[f"{one[0]} {one[1]}" for one in CHANGES]
)
def test_a_change_is_told_until_it_is_undone(
    world: World,
    name: str,
    field: str,
    change: Callable[[Thing], Any],
    undo: Callable[[Thing], Any],
) -> None:
    changed = part(world, name)
    change(changed)

    assert check(world)["drifted"] == [ID]
    told = [one for one in world.read().drift if one["resource"] == name]
    assert [(one["id"], one["field"]) for one in told] == [(changed.id, field)]
    assert world.read().timeline[-1].note.startswith("differs at AWS")
    length = len(world.read().timeline)

    check(world)
    assert len(world.read().timeline) == length

    undo(changed)
    assert check(world)["drifted"] == []
    assert world.read().drift == ()
    assert world.read().timeline[-1].note == "as recorded again"


def test_the_room_that_ec2_tells_is_taken_over(world: World) -> None:
    part(world, "subnet-1").facts["available"] = 17

    check(world)

    assert world.read().subnets[1].available_addresses == 17


def test_only_what_stands_is_checked(world: World) -> None:
    world.keep(replace(world.read(), state=model.DELETING))

    assert check(world)["checked"] == 0


def test_a_run_takes_those_first_that_were_not_checked_for_the_longest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drifts, "MOST", 1)
    built = world.read()
    for number in (1, 2):
        checked = f"2026-05-17T1{number}:00:00.000000Z"
        world.keep(replace(built, id=f"{number}" * 32, drift_checked_at=checked))

    told = [check(world) for _ in range(3)]

    assert [one["checked"] for one in told] == [1, 1, 1]
    assert not any(one["complete"] for one in told)
    marks = [world.read(vpc_id).drift_checked_at for vpc_id in (ID, "1" * 32, "2" * 32)]
    assert marks == ["2026-05-17T12:00:00.000000Z"] * 3


def test_what_is_being_deleted_meanwhile_is_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = world.read()
    world.ask_to_delete()
    monkeypatch.setattr(world.store, "find", lambda _vpc_id: stale)

    assert check(world)["checked"] == 0
    assert world.records.kept[ID].state == model.DELETING


def test_a_region_that_does_not_answer_marks_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_given: object, **_named: object) -> None:
        raise Unreachable(f"Describe {resources.VPC}")

    monkeypatch.setattr(world.ec2, "find", find)

    assert check(world)["failed"] == ["us-east-1"]
    assert world.read().drift == ()


def test_a_run_ends_with_its_time(world: World) -> None:
    told = Drift(world.store, world.site, time_left=lambda: False).run()

    assert (told["checked"], told["complete"]) == (0, False)
