"""What the VPC routes take and answer, for msgspec and for the API's document.

Routes name these types as text: msgspec is imported where a body is read, and nowhere else. Bounds
stand here for the document; `checks.py` enforces them with all other rules, so that one refusal
names everything.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.platform.http.bodies import read
from vestibule.platform.http.errors import InvalidRequest
from vestibule.vpcs import offending
from vestibule.vpcs.checks import LONGEST_NAME
from vestibule.vpcs.planner import LARGEST, MOST_SUBNETS, SMALLEST
from vestibule.vpcs.request import Wanted, WantedSubnet

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON: Final = {"content-type": "application/json"}
_NAME_BOUNDS = {"minLength": 1, "maxLength": LONGEST_NAME}
_SIZE_BOUNDS = {"minimum": LARGEST, "maximum": SMALLEST}

Name = Annotated[str, Meta(extra_json_schema=_NAME_BOUNDS)]
NatGateway = Annotated[
    Literal["none", "single"],
    Meta(description="`single` needs a public subnet to stand in. `none` if left out."),
]
State = Literal["PENDING", "CREATING", "AVAILABLE", "FAILED", "DELETING", "DELETED"]


class NewSubnet(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Laid out by you with a `cidr`, or placed for you: of a size, or of a usual one."""

    name: (
        Annotated[str, Meta(description="Unique within the VPC.", extra_json_schema=_NAME_BOUNDS)]
        | UnsetType
    ) = UNSET
    cidr: (
        Annotated[str, Meta(description="Within the VPC's, overlapping with no other subnet's.")]
        | UnsetType
    ) = UNSET
    prefix_length: Annotated[int, Meta(extra_json_schema=_SIZE_BOUNDS)] | UnsetType = UNSET
    availability_zone: (
        Annotated[str, Meta(description="Such as us-east-1a. Zones take turns if left out.")]
        | UnsetType
    ) = UNSET
    public: bool = False


class NewVpc(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: Name
    cidr: Annotated[
        str, Meta(description="IPv4, /16 to /28, within the ranges that the policy allows.")
    ]
    region: (
        Annotated[str, Meta(description="One that the policy allows; the stack's if left out.")]
        | UnsetType
    ) = UNSET
    subnets: (
        Annotated[
            list[NewSubnet],
            Meta(
                description="Or give `subnetCount`.",
                extra_json_schema={"minItems": 1, "maxItems": MOST_SUBNETS},
            ),
        ]
        | UnsetType
    ) = UNSET
    subnet_count: (
        Annotated[
            int,
            Meta(
                description="That many private ones, placed for you.",
                extra_json_schema={"minimum": 1, "maximum": MOST_SUBNETS},
            ),
        ]
        | UnsetType
    ) = UNSET
    subnet_prefix_length: (
        Annotated[
            int,
            Meta(
                description="Of subnets that say neither `cidr` nor `prefixLength`. If left out: "
                "24, or the largest that fits.",
                extra_json_schema=_SIZE_BOUNDS,
            ),
        ]
        | UnsetType
    ) = UNSET
    tags: (
        Annotated[
            dict[str, str],
            Meta(description="44 at most; none begins with aws: or vestibule:, none is Name."),
        ]
        | UnsetType
    ) = UNSET
    nat_gateway: NatGateway | UnsetType = UNSET
    internet_gateway: (
        Annotated[bool, Meta(description="If left out: true where a subnet is public.")] | UnsetType
    ) = UNSET


def read_wanted(request: Mapping[str, Any]) -> Wanted:
    """Read what POST /vpcs takes, wherever it came from. Raise InvalidRequest, naming values."""
    text = json.dumps(request)
    try:
        return to_wanted(read(text, _JSON, NewVpc))
    except InvalidRequest as refusal:
        raise offending.naming(refusal, text) from refusal


def to_wanted(body: NewVpc) -> Wanted:
    return Wanted(
        name=body.name,
        cidr=body.cidr,
        region=_given(body.region),
        subnets=tuple(map(_to_subnet, _given(body.subnets) or ())),
        subnet_count=_given(body.subnet_count),
        subnet_prefix_length=_given(body.subnet_prefix_length),
        tags=_given(body.tags) or {},
        nat_gateway=_given(body.nat_gateway),
        internet_gateway=_given(body.internet_gateway),
    )


def _to_subnet(body: NewSubnet) -> WantedSubnet:
    return WantedSubnet(
        name=_given(body.name),
        cidr=_given(body.cidr),
        prefix_length=_given(body.prefix_length),
        availability_zone=_given(body.availability_zone),
        public=body.public,
    )


def _given(value: Any) -> Any:
    return None if value is UNSET else value


class Subnet(Struct, kw_only=True, rename="camel"):
    name: str
    cidr: str
    availability_zone: str
    public: bool
    usable_addresses: Annotated[int, Meta(description="While it is empty: AWS keeps five.")]
    subnet_id: Annotated[str, Meta(description="AWS's, once made.")] | UnsetType = UNSET
    available_addresses: Annotated[int, Meta(description="As AWS last said.")] | UnsetType = UNSET


class BriefVpc(Struct, kw_only=True, rename="camel"):
    id: Annotated[str, Meta(description="Ours.")]
    name: str
    cidr: str
    region: str
    state: State
    vpc_id: Annotated[str, Meta(description="AWS's, once made.")] | UnsetType = UNSET
    reason: Annotated[str, Meta(description="Why it failed, or was not deleted.")] | UnsetType = (
        UNSET
    )
    subnets: list[Subnet]
    internet_gateway: bool
    nat_gateway: Literal["none", "single"]
    created_by: str
    created_at: str
    updated_at: str


class TimelineEntry(Struct, kw_only=True):
    at: str
    state: State
    note: str


class Vpc(BriefVpc, kw_only=True, rename="camel"):
    resources: Annotated[
        dict[str, str], Meta(description="AWS's ids of gateways and route tables.")
    ]
    tags: dict[str, str]
    timeline: list[TimelineEntry]
    room: Room | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
    inside: (
        Annotated[list[dict[str, str]], Meta(description="What keeps it from being deleted.")]
        | UnsetType
    ) = UNSET
    left_over: (
        Annotated[
            list[dict[str, str]], Meta(description="What could not be removed and still exists.")
        ]
        | UnsetType
    ) = UNSET
    drift: Annotated[list[dict[str, str]], Meta(description="What differs at AWS.")] | UnsetType = (
        UNSET
    )
    drift_checked_at: str | UnsetType = UNSET
    version: int


class Room(Struct, kw_only=True, rename="camel"):
    """Counts of addresses."""

    addresses: Annotated[int, Meta(description="Of the whole VPC.")]
    in_subnets: int
    usable: Annotated[int, Meta(description="In subnets, without the five of each that AWS keeps.")]
    free: Annotated[int, Meta(description="In no subnet.")]
    free_blocks: Annotated[list[str], Meta(description="Where the free ones are.")]


class VpcShown(Struct):
    vpc: Vpc


class VpcPage(Struct, rename="camel"):
    vpcs: list[BriefVpc]
    count: int
    next_token: (
        Annotated[
            str, Meta(description="Absent on the last page. A page may have fewer than asked.")
        ]
        | UnsetType
    ) = UNSET


class PlannedSubnet(Struct, kw_only=True, rename="camel"):
    name: str
    cidr: str
    availability_zone: str
    public: bool
    usable_addresses: int


class Plan(Struct, kw_only=True, rename="camel"):
    name: str
    cidr: str
    region: str
    subnets: list[PlannedSubnet]
    internet_gateway: bool
    nat_gateway: Literal["none", "single"]
    tags: dict[str, str]
    room: Room
    warnings: list[str] | UnsetType = UNSET


class VpcPlanned(Struct):
    """What `dryRun=true` answers: nothing was kept, and nothing is built."""

    plan: Plan
