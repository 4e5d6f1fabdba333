"""EC2 in memory, as strict as AWS is and as slow to show what was done; any call may be faulted."""

from __future__ import annotations

import ipaddress
import itertools
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vestibule.vpcs import resources
from vestibule.vpcs.ec2 import kind_of
from vestibule.vpcs.resources import (
    ANY,
    AlreadyDone,
    Ec2Error,
    InUse,
    NotFound,
    Refused,
    Resource,
    Throttled,
    Uncertain,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vestibule.vpcs.resources import Ec2

KILLED_BEFORE = "killed before it"
KILLED_AFTER = "killed after it"
THROTTLED = "throttled"
PERMANENT = "refused for good"
FOR_NOW = "refused for now"
TIMED_OUT = "timed out, but done"
FAULTS = (KILLED_BEFORE, KILLED_AFTER, THROTTLED, FOR_NOW, PERMANENT, TIMED_OUT)
# What EC2 says of credentials, clocks, states and others' changes, one call after the other.
CODES_FOR_NOW = (
    "ExpiredToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "IncorrectState",
    "ConcurrentTagAccess",
    "AuthFailure",
)

PREFIXES = {
    resources.VPC: "vpc",
    resources.SUBNET: "subnet",
    resources.INTERNET_GATEWAY: "igw",
    resources.ROUTE_TABLE: "rtb",
    resources.NAT_GATEWAY: "nat",
    resources.ADDRESS: "eipalloc",
    resources.INSTANCE: "i",
    resources.NETWORK_INTERFACE: "eni",
    resources.SECURITY_GROUP: "sg",
    resources.ENDPOINT: "vpce",
}


class Killed(BaseException):
    """The process is gone: nobody catches this."""


class FakeClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 17, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Thing:
    kind: str
    id: str
    tags: dict[str, str]
    made_at: datetime
    vpc_id: str = ""
    state: str = ""
    gone_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class FakeEc2:
    """Each call counts, and fails or kills as told."""

    def __init__(
        self,
        clock: FakeClock,
        *,
        lag: float = 0.0,
        nat_seconds: float = 0.0,
        takes: float = 0.0,
    ) -> None:
        """`lag` seconds pass until a find shows what was made, or no longer what was deleted.

        `takes` is how long a call takes, in real seconds.
        """
        self.things: dict[str, Thing] = {}
        self.calls: list[str] = []
        self.rounds: list[list[str]] = []
        """The calls again: those that were under way at once together."""
        self.is_dead = False
        self._clock = clock
        self._lag = lag
        self._nat_seconds = nat_seconds
        self._takes = takes
        self._numbers = itertools.count(1)
        self._tokens: dict[str, str] = {}
        self._fault: tuple[int, str] | None = None
        self._lock = threading.RLock()
        self._under_way = 0

    def fail(self, call: int, how: str) -> None:
        """Fault one call, counted from 1 on from now."""
        self._fault = (len(self.calls) + call, how)

    @property
    def has_failed(self) -> bool:
        return self._fault is None

    def living(self, *kinds: str) -> list[Thing]:
        """What there is, but for what every VPC comes with."""
        with self._lock:
            return [
                one
                for one in self.things.values()
                if one.gone_at is None
                and one.state != "deleted"
                and (not kinds or one.kind in kinds)
                and not one.facts.get("main")
                and one.facts.get("name") != "default"
            ]

    def put(self, kind: str, vpc_id: str = "", tags: Mapping[str, str] | None = None) -> Thing:
        """Make something beside the builder."""
        number = next(self._numbers)
        thing = Thing(kind, f"{PREFIXES[kind]}-{number:05}", dict(tags or {}), self._clock())
        thing.vpc_id = vpc_id
        thing.facts = _first_facts(kind)
        self.things[thing.id] = thing
        return thing

    # The port.

    def find(
        self, kind: str, *, tags: Mapping[str, str] | None = None, vpc_id: str | None = None
    ) -> list[Resource]:
        return self._call(
            f"Describe {kind}", lambda: self._find(kind, tags or {}, vpc_id), is_read=True
        )

    def create(
        self, kind: str, tags: Mapping[str, str], *, token: str = "", **settings: str
    ) -> Resource:
        made = self._call(f"Create {kind}", lambda: self._create(kind, tags, token, settings))
        return self._shown(made)

    def alter(self, action: str, **settings: str) -> None:
        self._call(action, lambda: self._alter(action, settings))

    def delete(self, kind: str, resource_id: str) -> None:
        self._call(f"Delete {kind}", lambda: self._delete(resource_id))

    # What a call goes through.

    def _call(self, operation: str, work: Callable[[], Any], *, is_read: bool = False) -> Any:
        with self._lock:
            if self.is_dead:
                raise Killed
            self.calls.append(operation)
            how = ""
            if self._fault is not None and self._fault[0] == len(self.calls):
                how, self._fault = self._fault[1], None
            self._enter(operation)
        try:
            if self._takes:
                time.sleep(self._takes)
            with self._lock:
                self.is_dead = how in {KILLED_BEFORE, KILLED_AFTER}
                return faulted(operation, how, work, is_read=is_read, number=len(self.calls))
        finally:
            with self._lock:
                self._under_way -= 1

    def _enter(self, operation: str) -> None:
        if self._under_way == 0:
            self.rounds.append([])
        self.rounds[-1].append(operation)
        self._under_way += 1

    # What EC2 does.

    def _find(self, kind: str, tags: Mapping[str, str], vpc_id: str | None) -> list[Resource]:
        return [
            self._shown(one)
            for one in self.things.values()
            if one.kind == kind
            and self._is_shown(one)
            and all(
                key in one.tags and value in {ANY, one.tags[key]} for key, value in tags.items()
            )
            and (vpc_id is None or self._vpc_of(one) == vpc_id)
        ]

    def _is_shown(self, one: Thing) -> bool:
        late = timedelta(seconds=self._lag)
        now = self._clock()
        has_come = one.made_at + late <= now
        return has_come and (one.gone_at is None or one.gone_at + late > now)

    def _shown(self, one: Thing) -> Resource:
        return Resource(
            one.kind, one.id, dict(one.tags), self._state(one), self._vpc_of(one), _copy(one.facts)
        )

    def _state(self, one: Thing) -> str:
        if one.kind != resources.NAT_GATEWAY:
            return one.state
        late = timedelta(seconds=self._nat_seconds)
        if one.state == "deleting":
            if one.facts["since"] + late <= self._clock():
                one.state = "deleted"
        elif one.state == "pending" and one.made_at + late <= self._clock():
            one.state = "available"
        return one.state

    def _vpc_of(self, one: Thing) -> str:
        if one.kind == resources.INTERNET_GATEWAY:
            return next(iter(one.facts["attached"]), "")
        return one.id if one.kind == resources.VPC else one.vpc_id

    def _create(
        self, kind: str, tags: Mapping[str, str], token: str, settings: Mapping[str, str]
    ) -> Thing:
        if token and token in self._tokens:
            return self.things[self._tokens[token]]
        if "VpcId" in settings:
            self._living(settings["VpcId"])
        thing = self.put(kind, settings.get("VpcId", ""), tags)
        try:
            self._set_up(thing, settings)
        except Ec2Error:
            del self.things[thing.id]
            raise
        if token and kind in {resources.NAT_GATEWAY, resources.ROUTE_TABLE}:
            self._tokens[token] = thing.id
        return thing

    def _set_up(self, thing: Thing, settings: Mapping[str, str]) -> None:
        if thing.kind == resources.VPC:
            thing.facts["cidr"] = settings["CidrBlock"]
            thing.vpc_id = thing.id
            self.put(resources.ROUTE_TABLE, thing.id).facts["main"] = True
            self.put(resources.SECURITY_GROUP, thing.id).facts["name"] = "default"
        elif thing.kind == resources.SUBNET:
            self._set_up_subnet(thing, settings)
        elif thing.kind == resources.NAT_GATEWAY:
            self._set_up_nat_gateway(thing, settings)

    def _set_up_subnet(self, thing: Thing, settings: Mapping[str, str]) -> None:
        wanted = ipaddress.ip_network(settings["CidrBlock"])
        beside = [one for one in self.living(resources.SUBNET) if one.vpc_id == thing.vpc_id]
        if any(
            one.id != thing.id and wanted.overlaps(ipaddress.ip_network(one.facts["cidr"]))
            for one in beside
        ):
            raise AlreadyDone("CreateSubnet", "InvalidSubnet.Conflict")
        thing.facts |= {
            "cidr": str(wanted),
            "zone": settings["AvailabilityZone"],
            "available": wanted.num_addresses - 5,
        }

    def _set_up_nat_gateway(self, thing: Thing, settings: Mapping[str, str]) -> None:
        subnet = self._living(settings["SubnetId"])
        address = self._living(settings["AllocationId"])
        if address.facts["association"]:
            raise Refused("CreateNatGateway", "Resource.AlreadyAssociated", "the address is used")
        attached = [one.facts["attached"] for one in self.living(resources.INTERNET_GATEWAY)]
        thing.vpc_id = subnet.vpc_id
        thing.state = "pending" if [subnet.vpc_id] in attached else "failed"
        thing.facts |= {"subnet": subnet.id, "addresses": [address.id]}
        address.facts["association"] = thing.id

    def _alter(self, action: str, settings: Mapping[str, str]) -> None:
        if action == "AttachInternetGateway":
            gateway = self._living(settings["InternetGatewayId"])
            self._living(settings["VpcId"])
            if gateway.facts["attached"]:
                raise AlreadyDone(action, "Resource.AlreadyAssociated")
            gateway.facts["attached"] = [settings["VpcId"]]
        elif action == "DetachInternetGateway":
            gateway = self._living(settings["InternetGatewayId"])
            if not gateway.facts["attached"]:
                raise AlreadyDone(action, "Gateway.NotAttached")
            gateway.facts["attached"] = []
        elif action == "AssociateRouteTable":
            self._associate(self._living(settings["RouteTableId"]), settings["SubnetId"])
        elif action == "CreateRoute":
            self._route(self._living(settings["RouteTableId"]), settings)
        elif action == "ModifySubnetAttribute":
            self._living(settings["SubnetId"]).facts["public"] = True
        elif action == "ModifyVpcAttribute":
            vpc = self._living(settings["VpcId"])
            vpc.facts |= {name: value for name, value in settings.items() if name != "VpcId"}
        else:
            raise AssertionError(action)

    def _associate(self, table: Thing, subnet_id: str) -> None:
        self._living(subnet_id)
        if any(subnet_id in one.facts["subnets"] for one in self.living(resources.ROUTE_TABLE)):
            raise AlreadyDone("AssociateRouteTable", "Resource.AlreadyAssociated")
        table.facts["subnets"].append(subnet_id)

    def _route(self, table: Thing, settings: Mapping[str, str]) -> None:
        target = self._living(settings.get("GatewayId") or settings["NatGatewayId"])
        if target.kind == resources.INTERNET_GATEWAY:
            if target.facts["attached"] != [table.vpc_id]:
                raise NotFound("CreateRoute", "InvalidGatewayID.NotFound")
        elif self._state(target) != "available":
            raise NotFound("CreateRoute", "InvalidNatGatewayID.NotFound")
        if settings["DestinationCidrBlock"] in table.facts["routes"]:
            raise AlreadyDone("CreateRoute", "RouteAlreadyExists")
        route = {"target": target.id, "state": "active"}
        table.facts["routes"][settings["DestinationCidrBlock"]] = route

    def _delete(self, resource_id: str) -> None:
        thing = self._living(resource_id)
        in_use = InUse(f"Delete {thing.kind}", "DependencyViolation", "something hangs on it")
        if thing.kind == resources.NAT_GATEWAY:
            thing.state = "deleting"
            thing.facts["since"] = self._clock()
            return
        if self._hang_on(thing):
            raise in_use
        thing.gone_at = self._clock()
        if thing.kind == resources.SUBNET:
            for table in self.living(resources.ROUTE_TABLE):
                if thing.id in table.facts["subnets"]:
                    table.facts["subnets"].remove(thing.id)
        if thing.kind == resources.VPC:
            for one in self.things.values():
                if one.vpc_id == thing.id and one.gone_at is None:
                    one.gone_at = self._clock()

    def _hang_on(self, thing: Thing) -> bool:
        gateways = [
            one for one in self.living(resources.NAT_GATEWAY) if self._state(one) != "deleted"
        ]
        if thing.kind == resources.VPC:
            return any(self._vpc_of(one) == thing.id for one in self.living() if one != thing)
        if thing.kind == resources.SUBNET:
            inside = self.living(resources.INSTANCE, resources.NETWORK_INTERFACE)
            return any(one.facts.get("subnet") == thing.id for one in [*gateways, *inside])
        if thing.kind == resources.ADDRESS:
            return any(thing.id in one.facts["addresses"] for one in gateways)
        if thing.kind == resources.INTERNET_GATEWAY:
            return bool(thing.facts["attached"])
        return bool(thing.kind == resources.ROUTE_TABLE and thing.facts["subnets"])

    def _living(self, resource_id: str) -> Thing:
        thing = self.things.get(resource_id)
        if thing is None or thing.gone_at is not None or self._state(thing) == "deleted":
            raise NotFound("", f"Invalid{resource_id}.NotFound")
        return thing


class FaultyEc2:
    """Another EC2, of whose writes one goes wrong; after that of a crash, none is made."""

    def __init__(self, port: Ec2) -> None:
        self.calls: list[str] = []
        self.is_dead = False
        self._port = port
        self._fault: tuple[int, str] | None = None

    def fail(self, call: int, how: str) -> None:
        self._fault = (len(self.calls) + call, how)

    @property
    def has_failed(self) -> bool:
        return self._fault is None

    def heal(self) -> None:
        self._fault = None

    def find(
        self, kind: str, *, tags: Mapping[str, str] | None = None, vpc_id: str | None = None
    ) -> list[Resource]:
        return self._call(kind, lambda: self._port.find(kind, tags=tags, vpc_id=vpc_id), read=True)

    def create(
        self, kind: str, tags: Mapping[str, str], *, token: str = "", **settings: str
    ) -> Resource:
        return self._call(kind, lambda: self._port.create(kind, tags, token=token, **settings))

    def alter(self, action: str, **settings: str) -> None:
        self._call(action, lambda: self._port.alter(action, **settings))

    def delete(self, kind: str, resource_id: str) -> None:
        self._call(kind, lambda: self._port.delete(kind, resource_id))

    def _call(self, operation: str, work: Callable[[], Any], *, read: bool = False) -> Any:
        if self.is_dead:
            raise Killed
        if read:
            return work()
        self.calls.append(operation)
        if self._fault is None or self._fault[0] != len(self.calls):
            return work()
        how, self._fault = self._fault[1], None
        self.is_dead = how in {KILLED_BEFORE, KILLED_AFTER}
        return faulted(operation, how, work, is_read=False, number=len(self.calls))


def faulted(
    operation: str, how: str, work: Callable[[], Any], *, is_read: bool, number: int
) -> Any:
    """Let a call go wrong: before it is done, or after."""
    if how == KILLED_BEFORE:
        raise Killed
    if how == THROTTLED:
        raise Throttled(operation, "RequestLimitExceeded")
    if how == FOR_NOW:
        code = CODES_FOR_NOW[number % len(CODES_FOR_NOW)]
        raise kind_of(code, 400)(operation, code, "made to fail")
    if how == PERMANENT:
        raise Refused(operation, "SomethingInvalid", "made to fail")
    result = work()
    if how == KILLED_AFTER:
        raise Killed
    if how == TIMED_OUT:
        raise (Unreachable if is_read else Uncertain)(operation)
    return result


def _first_facts(kind: str) -> dict[str, Any]:
    return {
        resources.SUBNET: {"cidr": "", "zone": "", "available": 0, "public": False},
        resources.INTERNET_GATEWAY: {"attached": []},
        resources.ROUTE_TABLE: {"main": False, "subnets": [], "routes": {}},
        resources.NAT_GATEWAY: {"subnet": "", "code": "", "failure": "", "addresses": []},
        resources.ADDRESS: {"association": ""},
        resources.NETWORK_INTERFACE: {"type": "interface", "description": ""},
        resources.SECURITY_GROUP: {"name": "mine"},
        resources.ENDPOINT: {"service": "s3"},
        resources.VPC: {"cidr": ""},
    }.get(kind, {})


def _copy(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value)
        if isinstance(value, list)
        else dict(value)
        if isinstance(value, dict)
        else value
        for name, value in facts.items()
    }
