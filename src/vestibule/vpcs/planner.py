"""Lays out subnets in a VPC: aligned, never overlapping, spread over zones. Pure.

Ranges whose sizes are powers of two, placed largest first, each at the lowest address where it may
begin, leave no room unused that another order would use.
"""

from __future__ import annotations

from vestibule.platform.cidr import BITS, Range, parse
from vestibule.platform.values import frozen
from vestibule.vpcs.model import NO_NAT, RESERVED_ADDRESSES, subnet_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.vpcs.model import SubnetRecord, VpcRecord

# AWS's bounds, for a VPC and for a subnet alike.
LARGEST: Final = 16
SMALLEST: Final = 28
MOST_SUBNETS: Final = 200
# Of a subnet that says no size, while there is room.
USUAL: Final = 24


@frozen
class Plan:
    """What would be built."""

    name: str
    cidr: str
    region: str
    subnets: tuple[SubnetRecord, ...]
    internet_gateway: bool = False
    nat_gateway: str = NO_NAT
    tags: Mapping[str, str] = {}


class NoRoom(Exception):
    """`index` is of the subnet that found no place."""

    def __init__(self, index: int, length: int, free: int) -> None:
        super().__init__(f"no room for a /{length}: {free} addresses are free, in smaller pieces")
        self.index = index
        self.length = length
        self.free = free


def lay_out(
    vpc: Range, given: Mapping[int, Range], lengths: Mapping[int, int | None]
) -> dict[int, Range]:
    """Place subnets by their index, each of its prefix length, around those that are given.

    Those without a length get one size, for all of them: /24, or the largest below it that fits.
    Raise NoRoom. Those that are given lie within the VPC and do not overlap.
    """
    usual = max(USUAL, vpc.length)
    if None not in lengths.values():
        return _place(vpc, given, _sized(lengths, usual))
    for length in range(usual, SMALLEST):
        try:
            return _place(vpc, given, _sized(lengths, length))
        except NoRoom:
            continue
    return _place(vpc, given, _sized(lengths, SMALLEST))


def free_ranges(vpc: Range, taken: Iterable[Range]) -> list[Range]:
    """The fewest aligned ranges that make up what is free, by address. Taken ones lie within."""
    free: list[Range] = []
    at = vpc.first
    for range_ in sorted(taken, key=_first):
        free += _between(at, range_.first)
        at = range_.end
    return free + _between(at, vpc.end)


def free_blocks(cidr: str, subnets: Sequence[SubnetRecord]) -> tuple[str, ...]:
    """The same for what a record says."""
    taken = [parse(subnet.cidr) for subnet in subnets]
    return tuple(map(str, free_ranges(parse(cidr), taken)))


def spread(zones: Sequence[str], wanted: Sequence[tuple[str | None, bool]]) -> list[str]:
    """Give each subnet (its own zone if it names one, whether it is public) a zone.

    Public and private ones take turns apart, so that each kind is in as many zones as can be.
    """
    counts = {is_public: dict.fromkeys(zones, 0) for is_public in (False, True)}
    for zone, is_public in wanted:
        if zone in counts[is_public]:
            counts[is_public][zone] += 1
    found = []
    for zone, is_public in wanted:
        if zone is None:
            count = counts[is_public]
            zone = min(zones, key=count.__getitem__)  # noqa: PLW2901 - the first of the emptiest
            count[zone] += 1
        found.append(zone)
    return found


def room(vpc: Plan | VpcRecord) -> dict[str, Any]:
    """How many addresses there are, and where some are left."""
    total = parse(vpc.cidr).size
    in_subnets = sum(parse(subnet.cidr).size for subnet in vpc.subnets)
    return {
        "addresses": total,
        "inSubnets": in_subnets,
        "usable": in_subnets - RESERVED_ADDRESSES * len(vpc.subnets),
        "free": total - in_subnets,
        "freeBlocks": list(free_blocks(vpc.cidr, vpc.subnets)),
    }


def _place(vpc: Range, given: Mapping[int, Range], lengths: Mapping[int, int]) -> dict[int, Range]:
    free = free_ranges(vpc, given.values())
    placed: dict[int, Range] = {}
    for index, length in sorted(lengths.items(), key=_largest_first):
        for number, block in enumerate(free):
            if block.length <= length:
                placed[index] = Range(block.first, length)
                # What is left of the block, in pieces that grow with the address.
                free[number : number + 1] = [
                    Range(block.first + (1 << (BITS - part)), part)
                    for part in range(length, block.length, -1)
                ]
                break
        else:
            raise NoRoom(index, length, sum(block.size for block in free))
    return placed


def _sized(lengths: Mapping[int, int | None], usual: int) -> dict[int, int]:
    return {index: length or usual for index, length in lengths.items()}


def _largest_first(item: tuple[int, int]) -> tuple[int, int]:
    index, length = item
    return length, index


def _first(range_: Range) -> int:
    return range_.first


def _between(start: int, end: int) -> list[Range]:
    found = []
    while start < end:
        # The largest range that may begin here and does not reach beyond the end.
        aligned = (start & -start).bit_length() - 1 if start else BITS
        bits = min(aligned, (end - start).bit_length() - 1)
        found.append(Range(start, BITS - bits))
        start += 1 << bits
    return found


def view(plan: Plan, warnings: Sequence[str]) -> dict[str, Any]:
    shown = {
        "name": plan.name,
        "cidr": plan.cidr,
        "region": plan.region,
        "subnets": [subnet_view(subnet) for subnet in plan.subnets],
        "internetGateway": plan.internet_gateway,
        "natGateway": plan.nat_gateway,
        "tags": dict(plan.tags),
        "room": room(plan),
    }
    return shown | ({"warnings": list(warnings)} if warnings else {})
