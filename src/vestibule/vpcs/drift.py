"""Compares each network with its record, and notes in the record what differs at EC2."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.values import replace
from vestibule.vpcs import model, resources, steps
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.resources import Ec2Error
from vestibule.vpcs.site import by_owner
from vestibule.vpcs.steps import Progress, part_kinds, table_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from vestibule.vpcs.model import SubnetRecord, VpcRecord
    from vestibule.vpcs.ports import Records
    from vestibule.vpcs.resources import Resource
    from vestibule.vpcs.site import Site

MOST: Final = 200
"""Records that one run checks: those first whose check is the longest ago."""
_MOST_TOLD: Final = 50

log = logs.logger(__name__)

Difference = dict[str, str]
"""resource, id, and field, recorded, found where a field differs."""


class Drift:
    def __init__(
        self, records: Records, site: Site, *, time_left: Callable[[], bool] = lambda: True
    ) -> None:
        """`time_left` tells whether another region may be begun."""
        self._records = records
        self._site = site
        self._time_left = time_left

    def run(self) -> dict[str, Any]:
        """Check those that were not checked for the longest; tell how it went."""
        due = [
            record
            for entry in self._records.taken()
            if (record := self._records.find(entry.vpc_id)) and record.state == model.AVAILABLE
        ]
        due.sort(key=lambda one: (one.drift_checked_at or "", one.id))
        told: dict[str, Any] = {
            "checked": 0,
            "drifted": [],
            "failed": [],
            "complete": len(due) <= MOST,
        }
        regions: dict[str, list[VpcRecord]] = {}
        for record in due[:MOST]:
            regions.setdefault(record.region, []).append(record)
        for region, records in regions.items():
            if not self._time_left():
                told["complete"] = False
                break
            self._check_region(region, records, told)
        return told

    def _check_region(
        self, region: str, records: Sequence[VpcRecord], told: dict[str, Any]
    ) -> None:
        try:
            # One look for all: what each costs would grow with the number of networks.
            owned = by_owner(self._site.owned(region))
        except Ec2Error as error:
            log.failure("region not checked", error, region=region)
            told["failed"].append(region)
            return
        for record in records:
            self._note(record, owned.get(record.id, ()), told)

    def _note(self, record: VpcRecord, owned: Sequence[Resource], told: dict[str, Any]) -> None:
        found = differences(self._site, record, owned)
        at = self._site.timestamp()
        changes: dict[str, Any] = {
            "drift": tuple(found[:_MOST_TOLD]),
            "drift_checked_at": at,
            "subnets": _with_room(record, owned),
        }
        try:
            self._keep(record, changes, at, _note(record, found))
        except Raced:
            return  # It is being deleted: nothing to compare with.
        told["checked"] += 1
        if found:
            metrics.count("VpcDrifted")
            log.warning("drift", vpc_id=record.id, differences=len(found))
            told["drifted"].append(record.id)

    def _keep(self, record: VpcRecord, changes: Mapping[str, Any], at: str, note: str) -> None:
        """A check that finds what the last one found is no change of the record."""
        if changes["drift"] == record.drift:
            self._records.observe(record, changes)
        else:
            self._records.advance(record, record.state, changes, at=at, note=note)


def differences(site: Site, record: VpcRecord, owned: Sequence[Resource]) -> list[Difference]:
    """Say what is missing of a network, and what was changed."""
    progress = Progress.of(record)
    by_id = {one.id: one for one in owned if not one.is_gone}
    found: list[Difference] = []
    for part, kind in part_kinds(record).items():
        resource_id = progress.ids.get(part, "")
        one = by_id.get(resource_id)
        if one is None:
            found.append({"resource": part, "id": resource_id, "field": "exists", "found": "no"})
            continue
        expected = dict(_expected(record, progress, part, kind))
        seen = _seen(one)
        found += [
            {
                "resource": part,
                "id": resource_id,
                "field": field,
                "recorded": value,
                "found": seen.get(field, ""),
            }
            for field, value in expected.items()
            if seen.get(field, "") != value
        ]
        found += _tag_differences(site.tags(record, part), part, one)
    return found


def _tag_differences(expected: Mapping[str, str], part: str, one: Resource) -> Iterator[Difference]:
    for key, value in expected.items():
        if one.tags.get(key) != value:
            yield {
                "resource": part,
                "id": one.id,
                "field": f"tag {key}",
                "recorded": value,
                "found": one.tags.get(key, ""),
            }


def _expected(
    record: VpcRecord, progress: Progress, part: str, kind: str
) -> Iterator[tuple[str, str]]:
    """Give the fields that matter, as text."""
    ids = progress.ids
    if kind == resources.VPC:
        yield "cidr", record.cidr
    elif kind == resources.SUBNET:
        subnet = record.subnets[int(part.removeprefix(steps.SUBNET))]
        yield "cidr", subnet.cidr
        yield "zone", subnet.availability_zone
        yield "public", str(subnet.public).lower()
    elif kind == resources.INTERNET_GATEWAY:
        yield "attached", record.vpc_id or ""
    elif kind == resources.NAT_GATEWAY:
        yield "state", "available"
    elif kind == resources.ROUTE_TABLE:
        mine = [
            one.subnet_id or ""
            for number, one in enumerate(record.subnets)
            if table_of(record, number) == part
        ]
        yield "subnets", " ".join(sorted(mine))
        yield steps.ANYWHERE, _target(record, part, ids)


def _target(record: VpcRecord, part: str, ids: Mapping[str, str]) -> str:
    needed = steps.PUBLIC_ROUTE if part == steps.PUBLIC_TABLE else steps.PRIVATE_ROUTE
    if all(step.key != needed for step in steps.plan(record)):
        return ""
    gateway = steps.INTERNET_GATEWAY if part == steps.PUBLIC_TABLE else steps.NAT_GATEWAY
    return f"{ids.get(gateway, '')} active"


def _seen(one: Resource) -> dict[str, str]:
    facts = one.facts
    if one.kind == resources.SUBNET:
        public = str(facts["public"]).lower()
        return {"cidr": facts["cidr"], "zone": facts["zone"], "public": public}
    if one.kind == resources.VPC:
        return {"cidr": facts["cidr"]}
    if one.kind == resources.INTERNET_GATEWAY:
        return {"attached": " ".join(facts["attached"])}
    if one.kind == resources.ROUTE_TABLE:
        route = facts["routes"].get(steps.ANYWHERE)
        return {
            "subnets": " ".join(sorted(set(facts["subnets"]))),
            steps.ANYWHERE: f"{route['target']} {route['state']}" if route else "",
        }
    return {"state": one.state}


def _with_room(record: VpcRecord, owned: Sequence[Resource]) -> tuple[SubnetRecord, ...]:
    """Take over how many addresses EC2 says are free."""
    free = {one.id: one.facts["available"] for one in owned if one.kind == resources.SUBNET}
    return tuple(
        replace(one, available_addresses=min(free[one.subnet_id], one.usable_addresses))
        if one.subnet_id in free
        else one
        for one in record.subnets
    )


def _note(record: VpcRecord, found: Sequence[Difference]) -> str:
    """Tell in the timeline when it began to differ, and when it was right again."""
    if bool(found) == bool(record.drift):
        return ""
    return f"differs at AWS: {len(found)} things" if found else "as recorded again"
