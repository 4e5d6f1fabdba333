"""From what somebody asks for to a plan, or to every rule that it breaks. Asks nobody."""

from __future__ import annotations

from unicodedata import normalize

from vestibule.platform import cidr as ranges
from vestibule.platform.cidr import CidrBroken, Range, shown
from vestibule.policy.model import UNUSABLE_RANGES
from vestibule.vpcs import planner, zones
from vestibule.vpcs.errors import PlanRefused, Problem
from vestibule.vpcs.model import NO_NAT, SINGLE_NAT, SubnetRecord
from vestibule.vpcs.planner import LARGEST, MOST_SUBNETS, SMALLEST, NoRoom, Plan
from vestibule.vpcs.request import WantedSubnet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from vestibule.vpcs.items import Entry
    from vestibule.vpcs.request import Wanted
    from vestibule.vpcs.zones import Zones

LONGEST_NAME: Final = 128
LONGEST_TAG_KEY: Final = 128
LONGEST_TAG_VALUE: Final = 256
# AWS takes 50; Name is ours, and five by which the builder knows what it made.
MOST_TAGS: Final = 44
OUR_NAME: Final = "Name"
OUR_PREFIX: Final = "vestibule:"


def to_plan(
    wanted: Wanted, *, allowed_cidrs: Sequence[str], allowed_regions: Sequence[str], home: str
) -> Plan:
    """Raise PlanRefused with every problem. `home` is the region of who names none."""
    return _Check(wanted, allowed_cidrs, allowed_regions, home).plan()


class _Check:
    def __init__(
        self, wanted: Wanted, cidrs: Sequence[str], regions: Sequence[str], home: str
    ) -> None:
        self._wanted = wanted
        self._allowed_cidrs = cidrs
        self._allowed_regions = regions
        self._region = wanted.region or home
        self._problems: list[Problem] = []

    def plan(self) -> Plan:
        wanted = self._wanted
        self._check_name("name", wanted.name)
        self._check_region()
        self._check_tags(wanted.tags)
        vpc = self._vpc_range()
        subnets = self._subnets()
        self._check_gateways(subnets)
        self._check_names(subnets)
        zone_names = self._zones(subnets)
        placed = self._ranges(vpc, subnets)
        if self._problems:
            raise PlanRefused(self._problems)
        return Plan(
            name=wanted.name,
            cidr=str(vpc),
            region=self._region,
            subnets=_records(subnets, zone_names, placed),
            internet_gateway=self._has_gateway(subnets),
            nat_gateway=wanted.nat_gateway or NO_NAT,
            tags=dict(sorted(wanted.tags.items())),
        )

    def _refuse(self, field: str, rule: str, message: str) -> None:
        self._problems.append(Problem(field, rule, message))

    def _check_name(self, field: str, name: str) -> None:
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
            self._refuse(
                field,
                "name",
                f"Must be 1 to {LONGEST_NAME} characters that can be seen, no space around them, "
                f"got {shown(name)}.",
            )

    def _check_region(self) -> None:
        if self._region not in self._allowed_regions:
            allowed = ", ".join(self._allowed_regions)
            self._refuse(
                "region", "region", f"Must be one of: {allowed}; got {shown(self._region)}."
            )

    def _check_tags(self, tags: Mapping[str, str]) -> None:
        if len(tags) > MOST_TAGS:
            self._refuse("tags", "maxTags", f"Must be {MOST_TAGS} at most, got {len(tags)}.")
        for key, value in list(tags.items())[: MOST_TAGS + 1]:
            self._check_tag(key, value)

    def _check_tag(self, key: str, value: str) -> None:
        field = f"tags.{key[:64] if key.isprintable() else '?'}"
        # As whoever reads the tags may see the key, whatever its letters are.
        plain_name = normalize("NFKC", key).strip()
        plain = plain_name.lower()
        if plain.startswith("aws:"):
            self._refuse(field, "reserved", f"Must not begin with aws:, as {shown(key)} does.")
        elif plain_name == OUR_NAME or plain.startswith(OUR_PREFIX):
            self._refuse(field, "reserved", f"{shown(key)} is set by us: leave it out.")
        is_seen = key.isprintable() and key == key.strip()
        if not 0 < len(key) <= LONGEST_TAG_KEY or not is_seen:
            self._refuse(
                field,
                "tagKey",
                f"The key must be 1 to {LONGEST_TAG_KEY} characters that can be seen, no space "
                f"around them, got {len(key)}: {shown(key)}.",
            )
        if len(value) > LONGEST_TAG_VALUE or not value.isprintable():
            self._refuse(
                field,
                "tagValue",
                f"The value must be {LONGEST_TAG_VALUE} characters at most that can be seen, "
                f"got {len(value)}: {shown(value)}.",
            )

    def _vpc_range(self) -> Range | None:
        vpc = self._sized("cidr", self._wanted.cidr)
        if vpc is None:
            return None
        allowed = [ranges.parse(text) for text in self._allowed_cidrs]
        unusable = [ranges.parse(text) for text in UNUSABLE_RANGES]
        if any(each.overlaps(vpc) for each in unusable):
            self._refuse("cidr", "range", f"{vpc} holds addresses that AWS gives to nobody.")
        elif not any(each.contains(vpc) for each in allowed):
            listed = ", ".join(map(str, allowed))
            self._refuse("cidr", "range", f"Must lie within one of {listed}; got {vpc}.")
        return vpc

    def _subnets(self) -> tuple[WantedSubnet, ...]:
        wanted = self._wanted
        count = wanted.subnet_count
        if count is not None and wanted.subnets:
            self._refuse("subnetCount", "either", f"Give subnets or subnetCount ({count}).")
        number = len(wanted.subnets) if count is None else count
        if not 1 <= number <= MOST_SUBNETS:
            field = "subnets" if count is None else "subnetCount"
            self._refuse(field, "count", f"Must be 1 to {MOST_SUBNETS}, got {number}.")
            return ()
        return wanted.subnets or (WantedSubnet(),) * number

    def _has_gateway(self, subnets: Sequence[WantedSubnet]) -> bool:
        asked = self._wanted.internet_gateway
        return any(subnet.public for subnet in subnets) if asked is None else asked

    def _check_gateways(self, subnets: Sequence[WantedSubnet]) -> None:
        nat, public = self._wanted.nat_gateway or NO_NAT, [one for one in subnets if one.public]
        if nat not in {NO_NAT, SINGLE_NAT}:
            self._refuse("natGateway", "enum", f"Must be none or single, got {shown(nat)}.")
        elif nat == SINGLE_NAT and not public:
            self._refuse(
                "natGateway",
                "publicSubnet",
                "'single' needs a public subnet to stand in: set public on one, or ask for none.",
            )
        if self._wanted.internet_gateway is False and (public or nat == SINGLE_NAT):
            what = "a NAT gateway" if nat == SINGLE_NAT else "a public subnet"
            self._refuse(
                "internetGateway",
                "gateway",
                f"Must not be false beside {what}, which reaches the internet through it.",
            )

    def _check_names(self, subnets: Sequence[WantedSubnet]) -> None:
        seen: dict[str, int] = {}
        for index, subnet in enumerate(subnets):
            if subnet.name is None:
                continue
            field = f"subnets[{index}].name"
            self._check_name(field, subnet.name)
            first = seen.setdefault(subnet.name, index)
            if first != index:
                self._refuse(
                    field, "duplicate", f"{shown(subnet.name)} is subnets[{first}]'s name already."
                )

    def _zones(self, subnets: Sequence[WantedSubnet]) -> list[str]:
        known, is_known = zones.of(self._region), self._region in self._allowed_regions
        for index, subnet in enumerate(subnets):
            if subnet.availability_zone is not None and is_known:
                self._check_zone(index, subnet.availability_zone, known)
        return planner.spread(
            known.spread, [(subnet.availability_zone, subnet.public) for subnet in subnets]
        )

    def _check_zone(self, index: int, zone: str, known: Zones) -> None:
        if not known.has(zone):
            self._refuse(
                f"subnets[{index}].availabilityZone",
                "zone",
                f"Must be a zone of the VPC's region, one of {known}; got {shown(zone)}.",
            )

    def _ranges(self, vpc: Range | None, subnets: Sequence[WantedSubnet]) -> dict[int, Range]:
        given: dict[int, Range] = {}
        lengths: dict[int, int | None] = {}
        known = len(self._problems)
        for index, subnet in enumerate(subnets):
            if subnet.cidr is not None:
                range_ = self._given(index, subnet, vpc, given)
                if range_ is not None:
                    given[index] = range_
            else:
                lengths[index] = self._length(index, subnet, vpc)
        if vpc is None or len(self._problems) > known:
            return {}
        try:
            return given | planner.lay_out(vpc, given, lengths)
        except NoRoom as error:
            self._refuse_full(vpc, error)
            return {}

    def _given(
        self, index: int, subnet: WantedSubnet, vpc: Range | None, others: Mapping[int, Range]
    ) -> Range | None:
        field = f"subnets[{index}].cidr"
        if subnet.prefix_length is not None:
            self._refuse(
                f"subnets[{index}].prefixLength",
                "either",
                f"Give cidr ({shown(subnet.cidr)}) or prefixLength ({subnet.prefix_length}).",
            )
        range_ = self._sized(field, subnet.cidr or "")
        if range_ is None or vpc is None:
            return range_
        if not vpc.contains(range_):
            self._refuse(field, "outside", f"Must lie within the VPC's {vpc}; got {range_}.")
            return None
        for other, taken in others.items():
            if taken.overlaps(range_):
                message = f"Must not overlap: {range_} does with subnets[{other}], {taken}."
                self._refuse(field, "overlap", message)
                return None
        return range_

    def _length(self, index: int, subnet: WantedSubnet, vpc: Range | None) -> int | None:
        length, field = subnet.prefix_length, f"subnets[{index}].prefixLength"
        if length is None:
            length, field = self._wanted.subnet_prefix_length, "subnetPrefixLength"
        if length is None:
            return None
        largest = LARGEST if vpc is None else max(LARGEST, vpc.length)
        if not largest <= length <= SMALLEST:
            problem = Problem(
                field, "size", f"Must be {largest} to {SMALLEST} in this VPC, got {length}."
            )
            if problem not in self._problems:
                self._problems.append(problem)
        return length

    def _sized(self, field: str, text: str) -> Range | None:
        try:
            range_ = ranges.parse(text)
        except CidrBroken as error:
            self._refuse(field, error.rule, error.message)
            return None
        if not LARGEST <= range_.length <= SMALLEST:
            how = "big" if range_.length < LARGEST else "small"
            self._refuse(
                field, "size", f"Must be /{LARGEST} to /{SMALLEST}: {range_} is too {how}."
            )
            return None
        return range_

    def _refuse_full(self, vpc: Range, error: NoRoom) -> None:
        field = f"subnets[{error.index}].prefixLength"
        if self._wanted.subnet_count is not None:
            field = "subnetCount"
        self._refuse(
            field,
            "full",
            f"A /{error.length} has no room in {vpc} beside the others, where {error.free} "
            "addresses are left. Ask for fewer or smaller ones.",
        )


def _records(
    subnets: Sequence[WantedSubnet], zone_names: Sequence[str], placed: Mapping[int, Range]
) -> tuple[SubnetRecord, ...]:
    names = {subnet.name for subnet in subnets if subnet.name is not None}
    numbers: dict[str, int] = {}
    records = []
    for index, (subnet, zone) in enumerate(zip(subnets, zone_names, strict=True)):
        name = subnet.name
        if name is None:
            kind = "public" if subnet.public else "private"
            name = _free_name(f"{kind}-{zone[-1]}", names, numbers)
        records.append(SubnetRecord(name, str(placed[index]), zone, subnet.public))
    return tuple(records)


def _free_name(stem: str, names: set[str], numbers: dict[str, int]) -> str:
    """`private-a-1`, `private-a-2`, ...: the next that nobody has given."""
    while True:
        numbers[stem] = numbers.get(stem, 0) + 1
        name = f"{stem}-{numbers[stem]}"
        if name not in names:
            return name


def overlapping(cidr: str, entries: Sequence[Entry]) -> list[Entry]:
    """Whose range shares addresses with this one, in whatever region: networks get connected."""
    range_ = ranges.parse(cidr)
    return [entry for entry in entries if ranges.parse(entry.cidr).overlaps(range_)]
