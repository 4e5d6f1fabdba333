"""Where networks stand: EC2 in each region, and how this stack's resources are told from others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from vestibule.platform import clock
from vestibule.vpcs import resources, steps
from vestibule.vpcs.resources import ANY, ENVIRONMENT_TAG, ID_TAG, PART_TAG, Ec2Error, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeVar

    from vestibule.platform.clock import Clock
    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.resources import Ec2

    Key = TypeVar("Key")
    Value = TypeVar("Value")

TABLE_TAG = "vestibule:table"
REQUESTED_TAG = "vestibule:requested-at"
NAME_TAG = "Name"
_LONGEST_NAME = 255
# At once: more would only be throttled. A network of six subnets needs eleven in its widest round.
WIDTH = 16


class Site:
    """Threads may share it."""

    def __init__(
        self,
        connect: Callable[[str], Ec2],
        *,
        environment: str,
        table_name: str,
        now: Clock = clock.now,
    ) -> None:
        """`connect` gives the EC2 of a region. Two stacks in an account differ by their table."""
        self._connect = connect
        self._environment = environment
        self._table_name = table_name
        self._regions: dict[str, Ec2] = {}
        self.now = now

    def timestamp(self) -> str:
        return clock.timestamp(self.now())

    def ec2(self, region: str) -> Ec2:
        if region not in self._regions:
            self._regions[region] = self._connect(region)
        return self._regions[region]

    def tags(self, record: VpcRecord, part: str) -> dict[str, str]:
        """Give the tags of a part, the same each time: the person's own, and ours, which win."""
        return {
            **record.tags,
            NAME_TAG: _name(record, part),
            **self.ours(record.id),
            PART_TAG: part,
            REQUESTED_TAG: record.created_at,
        }

    def ours(self, record_id: str = ANY) -> dict[str, str]:
        """Give the tags by which what was made for a record, or for any, is found."""
        return {
            ID_TAG: record_id,
            ENVIRONMENT_TAG: self._environment,
            TABLE_TAG: self._table_name,
        }

    def owned(self, region: str, record_id: str = ANY) -> list[Resource]:
        """Find all that bears our tags, at once. Raise Ec2Error's leaves."""
        ec2 = self.ec2(region)
        tags = self.ours(record_id)
        return _joined({kind: partial(ec2.find, kind, tags=tags) for kind in _MADE})

    def inside(self, region: str, vpc_id: str) -> list[Resource]:
        """Find all that lies in a VPC, whoever made it."""
        ec2 = self.ec2(region)
        kinds = (*_IN_A_VPC, *resources.INSIDE_KINDS)
        return _joined({kind: partial(ec2.find, kind, vpc_id=vpc_id) for kind in kinds})


_MADE = resources.MADE_KINDS
_IN_A_VPC = (
    resources.SUBNET,
    resources.ROUTE_TABLE,
    resources.NAT_GATEWAY,
    resources.INTERNET_GATEWAY,
)


def together(calls: Mapping[Key, Callable[[], Value]]) -> dict[Key, Value | Ec2Error]:
    """Make all calls at once; give what each returned, or the Ec2Error it raised.

    Any other exception is raised when all are over.
    """
    width = min(WIDTH, len(calls))
    if width <= 1:
        return {key: _outcome(call) for key, call in calls.items()}
    with ThreadPoolExecutor(width) as threads:
        running = {key: threads.submit(_outcome, call) for key, call in calls.items()}
    return {key: future.result() for key, future in running.items()}


def _outcome(call: Callable[[], Value]) -> Value | Ec2Error:
    try:
        return call()
    except Ec2Error as error:
        return error


def _name(record: VpcRecord, part: str) -> str:
    if part == steps.VPC:
        return record.name
    if part.startswith(steps.SUBNET):
        part = record.subnets[int(part.removeprefix(steps.SUBNET))].name
    return f"{record.name}-{part}"[:_LONGEST_NAME]


def _joined(calls: Mapping[str, Callable[[], list[Resource]]]) -> list[Resource]:
    found: list[Resource] = []
    for result in together(calls).values():
        if isinstance(result, Ec2Error):
            raise result
        found += result
    return found


def by_owner(found: Iterable[Resource]) -> dict[str, list[Resource]]:
    owners: dict[str, list[Resource]] = {}
    for one in found:
        owners.setdefault(one.owner, []).append(one)
    return owners
