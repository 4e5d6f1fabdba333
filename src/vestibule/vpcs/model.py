"""What a VPC on request is: its record, the states it goes through, and what readers see of it."""

from __future__ import annotations

from vestibule.platform.values import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item

PENDING: Final = "PENDING"  # asked for; nothing exists at AWS
CREATING: Final = "CREATING"
AVAILABLE: Final = "AVAILABLE"
FAILED: Final = "FAILED"  # `reason` says why, `left_over` what could not be removed
DELETING: Final = "DELETING"
DELETED: Final = "DELETED"
# Somebody has to go on with these, or they stay so.
UNDER_WAY: Final = frozenset({PENDING, CREATING, DELETING})
STATES: Final = (PENDING, CREATING, AVAILABLE, FAILED, DELETING, DELETED)

# DELETING goes back where it came from when something of somebody else's lies inside.
TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    PENDING: frozenset({CREATING, FAILED, DELETING}),
    CREATING: frozenset({AVAILABLE, FAILED, DELETING}),
    AVAILABLE: frozenset({DELETING}),
    FAILED: frozenset({DELETING}),
    DELETING: frozenset({DELETED, FAILED, AVAILABLE}),
    DELETED: frozenset(),
}

NO_NAT: Final = "none"
SINGLE_NAT: Final = "single"
LONGEST_TIMELINE: Final = 50
# EC2 keeps the first four addresses of a subnet and the last for itself.
RESERVED_ADDRESSES: Final = 5


@frozen
class SubnetRecord:
    name: str
    cidr: str
    availability_zone: str
    public: bool = False
    subnet_id: str | None = None  # AWS's, once made
    available_addresses: int | None = None  # as EC2 last said

    @property
    def usable_addresses(self) -> int:
        """How many it has for use while nothing is in it."""
        size: int = 2 ** (32 - int(self.cidr.partition("/")[2]))
        return size - RESERVED_ADDRESSES


@frozen
class Moment:
    """A line of the timeline."""

    at: str
    state: str
    note: str = ""


@frozen
class VpcRecord:
    id: str  # ours
    name: str
    cidr: str
    region: str
    state: str
    subnets: tuple[SubnetRecord, ...]
    created_by: str
    created_at: str
    updated_at: str
    vpc_id: str | None = None  # AWS's, once made
    reason: str | None = None
    internet_gateway: bool = False
    nat_gateway: str = NO_NAT
    tags: Mapping[str, str] = {}
    # By these names: internetGatewayId, natGatewayId, allocationId, publicRouteTableId,
    # privateRouteTableId; the builder may add others.
    made: Mapping[str, Any] = {}
    timeline: tuple[Moment, ...] = ()
    # What keeps it from being deleted: {"type", "id", "subnetId"?}. Here and below: text alone.
    inside: tuple[Mapping[str, Any], ...] = ()
    # What a failed creation or removal could not take away: {"type", "id", "reason"?}
    left_over: tuple[Mapping[str, Any], ...] = ()
    # What differs at AWS: {"resource", "id", "field"?, "recorded"?, "found"?}
    drift: tuple[Mapping[str, Any], ...] = ()
    drift_checked_at: str | None = None
    state_before: str | None = None  # what a refused deletion gives back
    stalled: str | None = None  # why nobody goes on with what is under way
    resumed_at: str | None = None  # when somebody was told to, after that or after a long rest
    again: int | None = None  # how often that was; each change of it is an event
    warnings: tuple[str, ...] = ()  # what the policy lets pass and the creator should know
    version: int = 1


@frozen
class VpcPage:
    vpcs: Sequence[VpcRecord]
    next_key: Item | None


def may_become(state: str, to: str) -> bool:
    return to in TRANSITIONS.get(state, frozenset())


def moved(
    record: VpcRecord, to: str, changes: Mapping[str, Any], *, at: str, note: str = ""
) -> VpcRecord:
    """The record in its next state, or in the same one, with attributes changed by their names.

    Adds a line to the timeline where the state changes or there is a note. Raises ValueError for a
    change of state that no VPC goes through.
    """
    if to != record.state and not may_become(record.state, to):
        raise ValueError(f"a VPC that is {record.state} does not become {to}")
    timeline = record.timeline
    if to != record.state or note:
        timeline = (*timeline, Moment(at, to, note))
        if len(timeline) > LONGEST_TIMELINE:
            # The beginning tells who asked for it; what is in between matters least.
            timeline = (timeline[0], *timeline[len(timeline) - LONGEST_TIMELINE + 1 :])
    settled = {"state": to, "timeline": timeline, "updated_at": at, "version": record.version + 1}
    if to != record.state:
        settled["stalled"] = None
    if to == DELETING and record.state != DELETING:
        settled["state_before"] = record.state
    return replace(record, **{**changes, **settled})


def as_requested(record: VpcRecord) -> VpcRecord:
    """The record as it was made, whatever has become of it: a repeated request's same answer."""
    return replace(
        record,
        state=PENDING,
        subnets=tuple(
            SubnetRecord(one.name, one.cidr, one.availability_zone, one.public)
            for one in record.subnets
        ),
        updated_at=record.created_at,
        vpc_id=None,
        reason=None,
        made={},
        timeline=record.timeline[:1],
        inside=(),
        left_over=(),
        drift=(),
        drift_checked_at=None,
        state_before=None,
        stalled=None,
        resumed_at=None,
        again=None,
        version=1,
    )


def brief_view(record: VpcRecord) -> dict[str, Any]:
    """What a list shows of it."""
    shown = {
        "id": record.id,
        "name": record.name,
        "cidr": record.cidr,
        "region": record.region,
        "state": record.state,
        "vpcId": record.vpc_id,
        "reason": record.reason or record.stalled,
        "subnets": [subnet_view(subnet) for subnet in record.subnets],
        "internetGateway": record.internet_gateway,
        "natGateway": record.nat_gateway,
        "createdBy": record.created_by,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
    }
    return {name: value for name, value in shown.items() if value is not None}


def view(record: VpcRecord) -> dict[str, Any]:
    """All of it, to any signed-in person."""
    more = {
        # Beside ids, the builder keeps notes of its own there.
        "resources": {name: one for name, one in record.made.items() if isinstance(one, str)},
        "tags": dict(record.tags),
        "timeline": [
            {"at": one.at, "state": one.state, "note": one.note} for one in record.timeline
        ],
        "warnings": list(record.warnings),
        "inside": [dict(one) for one in record.inside],
        "leftOver": [dict(one) for one in record.left_over],
        "drift": [dict(one) for one in record.drift],
        "driftCheckedAt": record.drift_checked_at,
        "version": record.version,
    }
    always = {"resources", "tags", "timeline", "version"}
    return brief_view(record) | {
        name: value for name, value in more.items() if value or name in always
    }


def subnet_view(subnet: SubnetRecord) -> dict[str, Any]:
    shown = {
        "name": subnet.name,
        "cidr": subnet.cidr,
        "availabilityZone": subnet.availability_zone,
        "public": subnet.public,
        "usableAddresses": subnet.usable_addresses,
        "subnetId": subnet.subnet_id,
        "availableAddresses": subnet.available_addresses,
    }
    return {name: value for name, value in shown.items() if value is not None}
