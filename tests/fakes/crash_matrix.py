"""Every call of a build and of a deletion, faulted in every way: what became of the network."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

from fakes.ec2 import FAULTS, PERMANENT
from fakes.networks import World, check_built, check_gone, record
from vestibule.vpcs import model, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule.vpcs.model import VpcRecord

CREATE = "create"
DELETE = "delete"
LAGS = (0.0, 20.0)
"""Seconds until EC2 shows what was done."""


@dataclass(frozen=True)
class Case:
    subject: str
    lag: float
    how: str
    call: int
    name: str
    """The operation that was faulted."""


def start(subject: str, lag: float) -> World:
    world = World(lag=lag, nat_seconds=10.0)
    world.keep(record())
    if subject == DELETE:
        check_built(world, world.drive())
        world.clock.forward(300)
        world.ask_to_delete()
    return world


def one_call_at_a_time() -> mock._patch[int]:
    """Else which call is the third would be for the threads to say."""
    return mock.patch.object(site, "WIDTH", 1)


def cases() -> Iterator[tuple[Case, World, VpcRecord]]:
    """Play every case; give it with the world as it is afterwards."""
    for subject in (CREATE, DELETE):
        for lag in LAGS:
            for how in FAULTS:
                yield from _of(subject, lag, how)


def _of(subject: str, lag: float, how: str) -> Iterator[tuple[Case, World, VpcRecord]]:
    call = 0
    while True:
        call += 1
        world = start(subject, lag)
        before = len(world.ec2.calls)
        world.ec2.fail(call, how)
        ended = world.drive()
        if not world.ec2.has_failed:
            return
        yield Case(subject, lag, how, call, world.ec2.calls[before + call - 1]), world, ended


def check(case: Case, world: World, ended: VpcRecord) -> None:
    """Fail unless what is promised holds: one network or none, no orphan, the record right."""
    if case.subject == CREATE and case.how == PERMANENT:
        # Even then nothing stays, and the record says why there is none.
        assert ended.state == model.FAILED, ended
        assert "(SomethingInvalid)" in str(ended.reason)
        assert "made to fail" not in str(ended)
        assert [one.id for one in world.ec2.living()] == []
        assert (ended.vpc_id, ended.made, ended.left_over) == (None, {}, ())
    elif case.subject == CREATE:
        check_built(world, ended)
    elif case.how == PERMANENT:
        _check_told(world, ended)
        delete_again(world)
    else:
        check_gone(world, ended)


def _check_told(world: World, ended: VpcRecord) -> None:
    """What could not be removed is what is left, and the record names it."""
    left = {one.id for one in world.ec2.living()}
    told = {str(one["id"]) for one in ended.left_over}
    if ended.state == model.DELETED:
        # It was a look at something that had gone.
        assert left == set()
    elif ended.state == model.AVAILABLE:
        # It could not be looked at, so nothing was touched.
        check_built(world, ended)
        assert str(ended.reason).startswith("not deleted")
    else:
        assert ended.state == model.FAILED, ended
        assert ended.reason
        assert left <= told, (left, told)


def delete_again(world: World) -> None:
    """A second request removes what the first left."""
    if world.read().state != model.DELETED:
        world.clock.forward(300)
        world.ask_to_delete()
        check_gone(world, world.drive())


def table(play: Callable[[], Iterator[tuple[Case, World, VpcRecord]]] = cases) -> str:
    """Play all cases and draw a table of how many held."""
    held: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    broken = []
    with one_call_at_a_time():
        for case, world, ended in play():
            key = (case.subject, case.how)
            total[key] += 1
            try:
                check(case, world, ended)
            except AssertionError as error:
                broken.append(f"{case}: {error}")
            else:
                held[key] += 1
    lines = ["| subject | each call in turn is | cases | held |", "|---|---|---|---|"]
    lines += [
        f"| {subject} | {how} | {count} | {held[subject, how]} |"
        for (subject, how), count in total.items()
    ]
    lines.append(f"| all | | {sum(total.values())} | {sum(held.values())} |")
    return "\n".join([*lines, *broken])
