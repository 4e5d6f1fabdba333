"""Plans against the rules of `ipaddress`, on ten thousand random requests."""

from __future__ import annotations

import ipaddress
import random
import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.vpcs import wanted
from vestibule.vpcs import checks, planner
from vestibule.vpcs.errors import PlanRefused
from vestibule.vpcs.request import Wanted, WantedSubnet

if TYPE_CHECKING:
    from vestibule.vpcs.planner import Plan

Network = ipaddress.IPv4Network
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
REQUESTS = 10_000
# Of one example: what hypothesis itself needs for each would be most of the time.
AT_ONCE = 20


def plan(request: Wanted) -> Plan:
    return checks.to_plan(
        request, allowed_cidrs=PRIVATE, allowed_regions=("eu-central-1",), home="eu-central-1"
    )


def random_range(chance: random.Random, within: Network, length: int) -> Network:
    places = 1 << (length - within.prefixlen)
    first = int(within.network_address) + chance.randrange(places) * (1 << (32 - length))
    return Network((first, length))


def random_request(chance: random.Random) -> Wanted:
    """Mostly one that fits, of subnets given, sized and neither; names and zones now and then."""
    around = Network(chance.choice(PRIVATE))
    vpc = random_range(chance, around, chance.randint(max(16, around.prefixlen), 28))
    smallest = min(28, vpc.prefixlen + chance.randint(0, 6))
    given_ranges: list[Network] = []
    subnets = []
    for _ in range(chance.randint(1, chance.choice((1, 2, 8)))):
        length = chance.randint(smallest, 28)
        cidr = random_range(chance, vpc, length)
        kind = chance.random()
        is_free = not any(cidr.overlaps(other) for other in given_ranges)
        if kind < 0.3 and is_free:
            given_ranges.append(cidr)
        subnets.append(
            WantedSubnet(
                cidr=str(cidr) if kind < 0.3 and is_free else None,
                prefix_length=length if kind >= 0.6 else None,
                availability_zone=chance.choice((None, None, "eu-central-1b")),
                public=chance.random() < 0.3,
            )
        )
    return wanted(str(vpc), subnets=tuple(subnets))


def fits(request: Wanted, lengths: list[int]) -> bool:
    """Whether there is room, counted another way: piece by piece, the largest subnets first."""
    free = [Network(request.cidr)]
    for subnet in request.subnets:
        if subnet.cidr is not None:
            taken = Network(subnet.cidr)
            free = [part for block in free for part in without(block, taken)]
    pieces = Counter(block.prefixlen for block in free)
    for length in sorted(lengths):
        roomy = [size for size in sorted(pieces, reverse=True) if size <= length and pieces[size]]
        if not roomy:
            return False
        pieces[roomy[0]] -= 1
        for size in range(roomy[0] + 1, length + 1):
            pieces[size] += 1
    return True


def without(block: Network, taken: Network) -> list[Network]:
    if not block.overlaps(taken):
        return [block]
    return [] if block.subnet_of(taken) else list(block.address_exclude(taken))


def check_plan(request: Wanted, made: Plan) -> None:
    vpc = Network(made.cidr)
    networks = [Network(subnet.cidr) for subnet in made.subnets]
    assert len(networks) == len(request.subnets)
    by_address = sorted(networks)
    assert not any(one.overlaps(other) for one, other in pairwise(by_address))
    for asked, network, subnet in zip(request.subnets, networks, made.subnets, strict=True):
        assert network.subnet_of(vpc)
        assert 16 <= network.prefixlen <= 28
        assert subnet.usable_addresses == network.num_addresses - 5
        assert asked.cidr in {None, str(network)}
        assert asked.prefix_length in {None, network.prefixlen}
        assert asked.availability_zone in {None, subnet.availability_zone}
    assert len({subnet.name for subnet in made.subnets}) == len(networks)
    room = planner.room(made)
    blocks = [Network(block) for block in room["freeBlocks"]]
    everything = sorted(ipaddress.collapse_addresses([*networks, *blocks]))
    assert everything == [vpc]
    assert sum(each.num_addresses for each in [*networks, *blocks]) == vpc.num_addresses
    assert room["free"] == sum(block.num_addresses for block in blocks)


@given(st.randoms(use_true_random=True))
@settings(max_examples=REQUESTS // AT_ONCE, database=None)
def test_any_request_gets_a_right_plan_or_a_refusal_for_lack_of_room(
    chance: random.Random,
) -> None:
    for _ in range(AT_ONCE):
        check_request(random_request(chance))


def check_request(request: Wanted) -> None:
    sized = [one.prefix_length for one in request.subnets if one.prefix_length is not None]
    unsized = sum(1 for one in request.subnets if not one.cidr and one.prefix_length is None)
    if not fits(request, sized + [28] * unsized):
        with pytest.raises(PlanRefused, match="no room"):
            plan(request)
        return
    made = plan(request)
    check_plan(request, made)
    lengths = {
        int(subnet.cidr.partition("/")[2])
        for asked, subnet in zip(request.subnets, made.subnets, strict=True)
        if asked.cidr is None and asked.prefix_length is None
    }
    assert len(lengths) <= 1
    for length in lengths:
        # None larger would have fitted, /24 apart.
        assert length == max(24, Network(request.cidr).prefixlen) or not fits(
            request, sized + [length - 1] * unsized
        )


def test_two_hundred_subnets_take_less_than_50_ms_at_the_best_of_five() -> None:
    chance = random.Random(7)  # noqa: S311 - a test's dice
    given_ones = [WantedSubnet(cidr=f"10.0.{4 * number + 1}.16/28") for number in range(50)]
    others = [WantedSubnet(prefix_length=chance.randint(25, 28)) for _ in range(150)]
    request = wanted("10.0.0.0/16", subnets=(*given_ones, *others))
    plan(request)

    took = []
    for _ in range(5):
        started = time.thread_time()
        made = plan(request)
        took.append(time.thread_time() - started)

    assert len(made.subnets) == 200
    # Its own work, and the best: all else says how busy the machine is.
    assert min(took) < 0.05


def test_a_bare_count_gets_subnets_of_24_in_three_zones_by_turns() -> None:
    made = plan(wanted(subnet_count=7))

    assert [subnet.cidr for subnet in made.subnets] == [f"10.0.{n}.0/24" for n in range(7)]
    zones = [subnet.availability_zone for subnet in made.subnets]
    assert zones == [f"eu-central-1{letter}" for letter in "abcabca"]
    assert made.subnets[3].name == "private-a-2"


@pytest.mark.parametrize(
    ("cidr", "count", "length"),
    [("10.0.0.0/24", 3, 26), ("10.0.0.0/24", 1, 24), ("10.0.0.0/28", 1, 28)],
)
def test_where_24_does_not_fit_subnets_are_as_large_as_can_be(
    cidr: str, count: int, length: int
) -> None:
    made = plan(wanted(cidr, subnet_count=count))

    assert {subnet.cidr.partition("/")[2] for subnet in made.subnets} == {str(length)}


def test_a_size_may_be_given_once_for_all() -> None:
    subnets = (WantedSubnet(), WantedSubnet(prefix_length=20), WantedSubnet(cidr="10.0.0.0/28"))

    made = plan(wanted(subnets=subnets, subnet_prefix_length=26))

    assert [subnet.cidr for subnet in made.subnets] == [
        "10.0.0.64/26",
        "10.0.16.0/20",
        "10.0.0.0/28",
    ]


def test_public_and_private_subnets_are_spread_apart() -> None:
    subnets = tuple(WantedSubnet(public=public) for public in (True, True, False, False, False))

    made = plan(wanted(subnets=subnets))

    assert [subnet.availability_zone[-1] for subnet in made.subnets] == ["a", "b", "a", "b", "c"]


def test_zones_that_are_named_count_when_the_others_are_spread() -> None:
    named = WantedSubnet(availability_zone="eu-central-1a")

    made = plan(wanted(subnets=(WantedSubnet(), named, WantedSubnet())))

    assert [subnet.availability_zone[-1] for subnet in made.subnets] == ["b", "a", "c"]


def test_names_that_are_made_avoid_those_that_are_given() -> None:
    subnets = (WantedSubnet(), WantedSubnet(name="private-a-1"))

    assert [one.name for one in plan(wanted(subnets=subnets)).subnets] == [
        "private-a-2",
        "private-a-1",
    ]
