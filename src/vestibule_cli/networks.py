"""VPCs on request as an operator sees them: all there are, asked for on nobody's behalf.

They are asked for as by the API, through the table: the record is kept first, and it is built
whether or not anybody waits for it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from vestibule.platform.http.errors import ApiError, InvalidRequest
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs import bodies, filters, model, planner, routes
from vestibule.vpcs.errors import VpcNotFound, VpcsError
from vestibule.vpcs.service import VpcService
from vestibule.vpcs.store import TableVpcStore
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.parts import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule_cli.target import Target

PAGE: Final = 100
LONGEST_WAIT: Final = 1800.0
_PAUSE: Final = 0.3
# What a gateway's parts are called, by how the record names their ids.
_PARTS: Final = {
    "internetGatewayId": "internet gateway",
    "publicRouteTableId": "public route table",
    "privateRouteTableId": "private route table",
    "natGatewayId": "NAT gateway",
}


class NetworkError(Failure):
    """What was asked for cannot be done, or did not come to a good end."""


class NetworkMisuse(Misuse):
    """The request breaks rules: each is named."""


class Networks:
    def __init__(self, service: VpcService) -> None:
        self._service = service

    @classmethod
    def of(cls, target: Target) -> Self:
        made = parts(target)
        policy = made.policies.current
        store = TableVpcStore(made.table)
        return cls(VpcService(store, lambda: policy().vpcs, target.outputs.region))

    def plan(self, request: Mapping[str, Any]) -> dict[str, Any]:
        with _in_words():
            proposal = self._service.propose(bodies.read_wanted(request), by=OPERATOR)
        return planner.view(proposal.plan, proposal.warnings)

    def create(self, request: Mapping[str, Any]) -> VpcRecord:
        with _in_words():
            return self._service.create(bodies.read_wanted(request), by=OPERATOR)

    def all(self, **wanted: str | None) -> list[dict[str, Any]]:
        """Give those that are as wanted, by what `GET /vpcs` can be asked for."""
        query = {name: value for name, value in wanted.items() if value is not None}
        with _in_words():
            accepts = filters.read(query, me=OPERATOR).accepts if query else None
        found: list[dict[str, Any]] = []
        start = None
        while True:
            page = self._service.page(accepts, PAGE, start)
            found += map(model.brief_view, page.vpcs)
            start = page.next_key
            if start is None:
                return found

    def show(self, vpc_id: str) -> VpcRecord:
        with _in_words():
            return self._service.show(vpc_id)

    def delete(self, vpc_id: str) -> VpcRecord:
        with _in_words():
            return self._service.delete(vpc_id, by=OPERATOR)

    def follow(
        self,
        record: VpcRecord,
        told: Callable[[str], None],
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> VpcRecord:
        """Look until nothing is under way any more, and tell what changes. Raise NetworkError."""
        until = monotonic() + LONGEST_WAIT
        told_last = ""
        while True:
            if (text := stand(record)) != told_last:
                told(text)
                told_last = text
            if record.state not in model.UNDER_WAY:
                return record
            if monotonic() > until:
                raise NetworkError(
                    f"VPC {record.id} is still {record.state} after {LONGEST_WAIT / 60:.0f} "
                    f"minutes. It goes on; `vestibule vpcs show {record.id}` tells how far it is."
                )
            sleep(_PAUSE)
            record = self.show(record.id)


def full(record: VpcRecord) -> dict[str, Any]:
    return routes.full(record)


def stand(record: VpcRecord) -> str:
    """How far it is, in a line."""
    note = record.timeline[-1].note if record.timeline else ""
    if record.state != model.CREATING:
        return f"{record.state}: {note}" if note else record.state
    made = sum(subnet.subnet_id is not None for subnet in record.subnets)
    there = [name for key, name in _PARTS.items() if record.made.get(key)]
    if made:
        there.insert(0, f"{made} of {len(record.subnets)} subnets")
    if record.vpc_id is not None:
        there.insert(0, record.vpc_id)
    return f"{record.state}: {', '.join(there) or note}"


def trouble(record: VpcRecord) -> list[str]:
    """Why it is not as it was to be, what keeps it, and what is left of it, line by line."""
    lines = [f"VPC {record.id} is {record.state}: {record.reason}"] if record.reason else []
    lines += [f"inside: {_thing(one)}" for one in record.inside]
    return lines + [f"left over: {_thing(one)}" for one in record.left_over]


def _thing(one: Mapping[str, Any]) -> str:
    text = f"{one.get('type')} {one.get('id')}"
    if one.get("subnetId"):
        text += f" in {one['subnetId']}"
    return f"{text} ({one['reason']})" if one.get("reason") else text


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except VpcNotFound as error:
        raise NetworkError(f"{error}. `vestibule vpcs list` shows those that there are.") from error
    except VpcsError as error:
        refusal = routes.refusal(error)
        raise _told(refusal) from error
    except ApiError as error:
        raise _told(error) from error


def _told(refusal: ApiError) -> Failure:
    if isinstance(refusal, InvalidRequest):
        return NetworkMisuse("\n".join(f"{one.field}: {one.message}" for one in refusal.details))
    return NetworkError(refusal.error)
