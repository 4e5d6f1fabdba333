"""The steps of which a network is built: what each makes, and what must be there before.

One network is at most five rounds: the first makes the VPC and what needs none, four follow.
"""

from __future__ import annotations

from vestibule.platform.values import frozen, replace
from vestibule.vpcs import model, resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Final

    from vestibule.vpcs.model import SubnetRecord, VpcRecord

VPC: Final = "vpc"
INTERNET_GATEWAY: Final = "internet-gateway"
ADDRESS: Final = "address"
NAT_GATEWAY: Final = "nat-gateway"
PUBLIC_TABLE: Final = "public-route-table"
PRIVATE_TABLE: Final = "private-route-table"
SUBNET: Final = "subnet-"

DNS_SUPPORT: Final = "dns-support"
DNS_HOSTNAMES: Final = "dns-hostnames"
ATTACHED: Final = "attached"
ROUTED: Final = "associated-"
ADDRESSED: Final = "public-addresses-"
PUBLIC_ROUTE: Final = "public-route"
NAT_READY: Final = "nat-ready"
PRIVATE_ROUTE: Final = "private-route"

# Where the builder's own notes lie among what was made.
_NOTES: Final = "notes"
ANYWHERE: Final = "0.0.0.0/0"

MADE_NAMES: Final[Mapping[str, str]] = {
    INTERNET_GATEWAY: "internetGatewayId",
    NAT_GATEWAY: "natGatewayId",
    ADDRESS: "allocationId",
    PUBLIC_TABLE: "publicRouteTableId",
    PRIVATE_TABLE: "privateRouteTableId",
}


@frozen
class Step:
    """`kind` is what it makes; `action` changes what is there, and may be done twice.

    With neither it waits. EC2 is told `settings`, and by their ids the parts that `names` names.
    """

    key: str
    needs: tuple[str, ...] = ()
    kind: str = ""
    action: str = ""
    settings: Mapping[str, str] = {}
    names: Mapping[str, str] = {}

    def parameters(self, ids: Mapping[str, str]) -> dict[str, str]:
        return {**self.settings, **{name: ids[part] for name, part in self.names.items()}}


class Progress:
    """What of a network is known to be made and done; it is kept in the record."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.done: set[str] = set()
        self.begun: dict[str, str] = {}
        """When what was begun, the outcome not recorded: it may exist though nothing shows it."""
        self.last_at = ""
        """When something was begun last."""
        self.made_at = ""
        """When something was made last, the outcome known: not all of EC2 may see it at once."""
        self.doubted = False
        """Something was made again that may have been made before."""
        self.removing_since = ""

    @classmethod
    def of(cls, record: VpcRecord) -> Progress:
        progress = cls()
        made = record.made
        progress.ids = {key: made[name] for key, name in MADE_NAMES.items() if made.get(name)}
        if record.vpc_id:
            progress.ids[VPC] = record.vpc_id
        for number, subnet in enumerate(record.subnets):
            if subnet.subnet_id:
                progress.ids[f"{SUBNET}{number}"] = subnet.subnet_id
        noted = made.get(_NOTES, {})
        progress.done = set(noted.get("done", ()))
        progress.begun = dict(noted.get("begun", {}))
        progress.last_at = noted.get("lastAt", "")
        progress.made_at = noted.get("madeAt", "")
        progress.doubted = bool(noted.get("doubted"))
        progress.removing_since = noted.get("removingSince", "")
        return progress

    def changes(self, record: VpcRecord, *, settled: bool = False) -> dict[str, Any]:
        """Give the record's attributes that say so; `settled` leaves the builder's notes out."""
        made: dict[str, Any] = {
            name: self.ids[key] for key, name in MADE_NAMES.items() if key in self.ids
        }
        if not settled:
            notes = {
                "done": sorted(self.done),
                "begun": dict(self.begun),
                "lastAt": self.last_at,
                "madeAt": self.made_at,
                "doubted": self.doubted,
                "removingSince": self.removing_since,
            }
            made[_NOTES] = {name: value for name, value in notes.items() if value}
        subnets = tuple(
            self._subnet(subnet, self.ids.get(f"{SUBNET}{number}"))
            for number, subnet in enumerate(record.subnets)
        )
        return {"vpc_id": self.ids.get(VPC), "subnets": subnets, "made": made}

    def forget(self, kept: Iterable[str] = ()) -> None:
        """Know of nothing any more, but of the ids in `kept`."""
        left = set(kept)
        self.ids = {key: one for key, one in self.ids.items() if one in left}
        self.done.clear()
        self.begun.clear()

    @staticmethod
    def _subnet(subnet: SubnetRecord, subnet_id: str | None) -> SubnetRecord:
        known = subnet.available_addresses if subnet_id else None
        if subnet_id and known is None:
            known = subnet.usable_addresses
        return replace(subnet, subnet_id=subnet_id, available_addresses=known)

    def has(self, key: str) -> bool:
        return key in self.ids or key in self.done

    @property
    def is_untouched(self) -> bool:
        return not (self.ids or self.done or self.begun)


def plan(record: VpcRecord) -> tuple[Step, ...]:
    """Give all steps of a record, in an order in which each follows what it needs."""
    return (*_network(record), *_subnets(record), *_gateways(record))


def ready(every: Iterable[Step], progress: Progress) -> list[Step]:
    """Give the steps that can be taken now, at once."""
    return [
        step
        for step in every
        if not progress.has(step.key) and all(progress.has(need) for need in step.needs)
    ]


def part_kinds(record: VpcRecord) -> dict[str, str]:
    """Give the kind of each part that a record's network has."""
    return {step.key: step.kind for step in plan(record) if step.kind}


def public_numbers(record: VpcRecord) -> list[int]:
    return [number for number, subnet in enumerate(record.subnets) if subnet.public]


def table_of(record: VpcRecord, number: int) -> str:
    return PUBLIC_TABLE if record.subnets[number].public else PRIVATE_TABLE


_IN_VPC: Final[Mapping[str, str]] = {"VpcId": VPC}


def _network(record: VpcRecord) -> list[Step]:
    tables = {table_of(record, number) for number in range(len(record.subnets))}
    return [
        Step(VPC, (), resources.VPC, settings={"CidrBlock": record.cidr}),
        _vpc_attribute(DNS_SUPPORT, (VPC,), "EnableDnsSupport"),
        _vpc_attribute(DNS_HOSTNAMES, (DNS_SUPPORT,), "EnableDnsHostnames"),
        *(Step(key, (VPC,), resources.ROUTE_TABLE, names=_IN_VPC) for key in sorted(tables)),
    ]


def _vpc_attribute(key: str, needs: tuple[str, ...], attribute: str) -> Step:
    settings = {f"{attribute}.Value": "true"}
    return Step(key, needs, action="ModifyVpcAttribute", settings=settings, names=_IN_VPC)


def _subnets(record: VpcRecord) -> list[Step]:
    steps = []
    for number, subnet in enumerate(record.subnets):
        key, table = f"{SUBNET}{number}", table_of(record, number)
        place = {"CidrBlock": subnet.cidr, "AvailabilityZone": subnet.availability_zone}
        steps.append(Step(key, (VPC,), resources.SUBNET, settings=place, names=_IN_VPC))
        pair = {"RouteTableId": table, "SubnetId": key}
        routed = Step(f"{ROUTED}{number}", (key, table), action="AssociateRouteTable", names=pair)
        steps.append(routed)
        if subnet.public:
            steps.append(_public_addresses(number, key))
    return steps


def _public_addresses(number: int, subnet: str) -> Step:
    return Step(
        f"{ADDRESSED}{number}",
        (subnet,),
        action="ModifySubnetAttribute",
        settings={"MapPublicIpOnLaunch.Value": "true"},
        names={"SubnetId": subnet},
    )


def _gateways(record: VpcRecord) -> list[Step]:
    if not record.internet_gateway:
        return []
    public = public_numbers(record)
    attached = {"InternetGatewayId": INTERNET_GATEWAY, **_IN_VPC}
    steps = [
        Step(INTERNET_GATEWAY, (), resources.INTERNET_GATEWAY),
        Step(ATTACHED, (VPC, INTERNET_GATEWAY), action="AttachInternetGateway", names=attached),
    ]
    if public:
        gateway = {"GatewayId": INTERNET_GATEWAY}
        steps.append(_route(PUBLIC_ROUTE, (ATTACHED, PUBLIC_TABLE), PUBLIC_TABLE, gateway))
    if record.nat_gateway == model.SINGLE_NAT and public:
        first = f"{SUBNET}{public[0]}"
        # Without an attached internet gateway EC2 takes it, and reports its failure later.
        needs = (ADDRESS, ATTACHED, first)
        stands = {"AllocationId": ADDRESS, "SubnetId": first}
        steps += [
            Step(ADDRESS, (), resources.ADDRESS, settings={"Domain": "vpc"}),
            Step(NAT_GATEWAY, needs, resources.NAT_GATEWAY, names=stands),
            Step(NAT_READY, (NAT_GATEWAY,)),
        ]
        if len(public) < len(record.subnets):
            gateway = {"NatGatewayId": NAT_GATEWAY}
            steps.append(_route(PRIVATE_ROUTE, (NAT_READY, PRIVATE_TABLE), PRIVATE_TABLE, gateway))
    return steps


def _route(key: str, needs: tuple[str, ...], table: str, target: Mapping[str, str]) -> Step:
    return Step(
        key,
        needs,
        action="CreateRoute",
        settings={"DestinationCidrBlock": ANYWHERE},
        names={"RouteTableId": table, **target},
    )
