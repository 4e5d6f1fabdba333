"""VPCs on request with defaults, so that a test shows only what matters to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.people import CREATED, new_sub
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs.model import PENDING, Moment, SubnetRecord, VpcRecord
from vestibule.vpcs.request import Wanted
from vestibule.vpcs.store import TableVpcStore

if TYPE_CHECKING:
    from vestibule.platform.table import Table


def wanted(cidr: str = "10.0.0.0/16", **fields: Any) -> Wanted:
    plain = Wanted(name="web", cidr=cidr, subnet_count=None if "subnets" in fields else 2)
    return replace(plain, **fields)


def vpc(cidr: str = "10.0.0.0/16", **fields: Any) -> VpcRecord:
    plain = VpcRecord(
        id=new_id()[:16],
        name="web",
        cidr=cidr,
        region="us-east-1",
        state=PENDING,
        subnets=(SubnetRecord("private-a-1", f"{cidr.partition('/')[0]}/24", "us-east-1a"),),
        created_by=new_sub(),
        created_at=CREATED,
        updated_at=CREATED,
        timeline=(Moment(CREATED, PENDING, "asked for"),),
    )
    return replace(plain, **fields)


def keep_vpc(table: Table, cidr: str = "10.0.0.0/16", **fields: Any) -> VpcRecord:
    """Put a record into the table with its place in the register."""
    made = vpc(cidr, **fields)
    store = TableVpcStore(table)
    store.add(made, store.scene(OPERATOR), None)
    return made
