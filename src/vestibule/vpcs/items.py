"""How VPCs lie in the table: keys and attributes.

Beside its own item, each VPC that is not DELETED has an entry in the one register: there limits are
counted and ranges compared, under one version, so that two requests at once cannot both win.
"""

from __future__ import annotations

from vestibule.platform.values import from_wire, frozen, to_wire, wire_names
from vestibule.vpcs.model import Moment, SubnetRecord, VpcRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from vestibule.platform.operations import Item

VPC: Final = "VPC"
VPCS: Final = "VPCS"
INDEX: Final = "gsi1"
REGISTER: Final = ("VPCS#REGISTER", "REGISTER")
ENTRY_PREFIX: Final = "vpc:"

WIRE_NAMES: Final = wire_names(VpcRecord)
_LISTS: Final = ("inside", "left_over", "drift", "warnings")
_SUBNET_NAMES: Final = wire_names(SubnetRecord)
_MOMENT_NAMES: Final = wire_names(Moment)


@frozen
class Entry:
    """What the register knows of a VPC that is not DELETED."""

    vpc_id: str  # ours
    region: str
    cidr: str
    created_by: str


def vpc_key(vpc_id: str) -> tuple[str, str]:
    return f"VPC#{vpc_id}", VPC


def once_key(user_id: str, key: str) -> tuple[str, str]:
    return f"ONCE#vpcs#{user_id}", key


def from_vpc(record: VpcRecord) -> Item:
    pk, sk = vpc_key(record.id)
    values = {wire: attribute(name, getattr(record, name)) for name, wire in WIRE_NAMES.items()}
    return {
        "pk": pk,
        "sk": sk,
        "gsi1pk": VPCS,
        "gsi1sk": f"{record.created_at}#{record.id}",
        **{wire: value for wire, value in values.items() if value is not None},
    }


def to_vpc(item: Item) -> VpcRecord:
    """Read an item. Attributes that this version does not know are passed over."""
    known = from_wire(item, WIRE_NAMES)
    known["subnets"] = tuple(
        SubnetRecord(**from_wire(one, _SUBNET_NAMES)) for one in known.get("subnets", ())
    )
    known["timeline"] = tuple(
        Moment(**from_wire(one, _MOMENT_NAMES)) for one in known.get("timeline", ())
    )
    known |= {name: tuple(known.get(name, ())) for name in _LISTS}
    return VpcRecord(**known)


def attribute(name: str, value: Any) -> Any:
    """One attribute of a record, by its name there, as it is kept; None is not kept."""
    if name == "subnets":
        return [to_wire(one, _SUBNET_NAMES) for one in value]
    if name == "timeline":
        return [to_wire(one, _MOMENT_NAMES) for one in value]
    if name in _LISTS:
        return list(value) or None
    if name in {"tags", "made"}:
        return dict(value)
    return value


def entry_name(vpc_id: str) -> str:
    return f"{ENTRY_PREFIX}{vpc_id}"


def to_entry(record: VpcRecord) -> dict[str, str]:
    return {"region": record.region, "cidr": record.cidr, "createdBy": record.created_by}


def entries(register: Item | None) -> list[Entry]:
    return [
        Entry(name.removeprefix(ENTRY_PREFIX), value["region"], value["cidr"], value["createdBy"])
        for name, value in (register or {}).items()
        if name.startswith(ENTRY_PREFIX)
    ]
