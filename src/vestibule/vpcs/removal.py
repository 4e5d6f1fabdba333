"""Takes a network away, in the reverse of the order in which it was built.

Nothing is touched that does not bear the record's tags. A deletion that finds something of somebody
else's inside touches nothing at all, and the record says what is in the way.
"""

from __future__ import annotations

from functools import partial

from vestibule.platform import logs, metrics
from vestibule.platform.values import frozen
from vestibule.vpcs import model, resources, steps, wording
from vestibule.vpcs.resources import (
    PASSING,
    AlreadyDone,
    Ec2Error,
    InUse,
    NotFound,
    Refused,
    Unauthorized,
)
from vestibule.vpcs.site import together
from vestibule.vpcs.steps import Progress, part_kinds
from vestibule.vpcs.waiting import SETTLE, SLOW, Wait, age, spread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.ports import Records
    from vestibule.vpcs.resources import Ec2, Resource
    from vestibule.vpcs.site import Site

log = logs.logger(__name__)

# Gateways and interfaces that are going may hold on to a network for minutes.
_LIMIT: Final = 1800.0
_NAT_INTERFACE: Final = "nat_gateway"
_NAT_DESCRIPTION: Final = "Interface for NAT Gateway "

Left = dict[str, str]
"""What could not be removed: type, id and reason."""


@frozen
class Cleared:
    """`waits_for` says what is to come before the rest can go; empty when nothing is."""

    waits_for: str = ""
    left: tuple[Mapping[str, str], ...] = ()


class Removal:
    def __init__(self, records: Records, site: Site) -> None:
        self._records = records
        self._site = site

    def delete(self, record: VpcRecord) -> Wait | None:
        """Go on with a deletion that somebody asked for."""
        progress = Progress.of(record)
        try:
            found = self._found(record)
            if isinstance(found, Wait):
                return found
            in_the_way = [] if progress.removing_since else self._in_the_way(record, found)
        except Refused as error:
            self._blind(record, error)
            return None
        if not progress.removing_since:
            if in_the_way:
                self._refuse(record, in_the_way)
                return None
            progress.removing_since = self._site.timestamp()
            record = self._advance(record, model.DELETING, progress.changes(record))
        cleared = self._clear(record, found)
        if isinstance(cleared, Wait):
            return cleared
        if cleared.left:
            self._remains(record, cleared, "not all of it could be removed")
            return None
        metrics.count("VpcDeleted")
        progress.forget()
        changes = progress.changes(record, settled=True)
        clean = {"reason": None, "inside": (), "left_over": (), "drift": ()}
        self._advance(record, model.DELETED, {**changes, **clean}, note="deleted")
        return None

    def take_back(self, record: VpcRecord) -> Wait | None:
        """Remove what was made of a network that cannot be built; `reason` says why already."""
        try:
            found = self._found(record)
        except Refused as error:
            self._blind(record, error)
            return None
        if isinstance(found, Wait):
            return found
        cleared = self._clear(record, found)
        if isinstance(cleared, Wait):
            return cleared
        self._remains(record, cleared, record.reason or "")
        return None

    def _found(self, record: VpcRecord) -> list[Resource] | Wait:
        """Find what there is, once all that may have been made would be shown."""
        progress, now = Progress.of(record), self._site.now()
        owned = self._site.owned(record.region, record.id)
        found = [one for one in owned if one.state != "deleted"]
        shown = {one.id for one in found}
        parts = {one.part for one in found}
        unseen = [key for key in progress.begun if key not in parts]
        if not progress.removing_since:
            unseen += [key for key, one in progress.ids.items() if one not in shown]
        left = SETTLE - age(progress.last_at, now)
        if unseen and left > 0:
            return Wait(min(left, SLOW), "unseen", f"{unseen[0]} may have been made")
        return found

    def _in_the_way(self, record: VpcRecord, found: Iterable[Resource]) -> list[Left]:
        vpcs = {one.id for one in found if one.kind == resources.VPC}
        in_the_way = self._untagged(record, {one.id for one in found})
        for vpc_id in sorted(vpcs | ({record.vpc_id} if record.vpc_id else set())):
            in_the_way += strangers(self._site, record.region, record.id, vpc_id)
        return in_the_way

    def _untagged(self, record: VpcRecord, shown: Iterable[str]) -> list[Left]:
        """List what the record names and what is there, but has lost our tags."""
        ec2 = self._site.ec2(record.region)
        ids = Progress.of(record).ids
        lost: list[Resource] = []
        if record.vpc_id and record.vpc_id not in shown:
            lost += ec2.find(resources.VPC, vpc_id=record.vpc_id)
        if ids.get(steps.ADDRESS) and ids[steps.ADDRESS] not in shown:
            every = ec2.find(resources.ADDRESS)
            lost += [one for one in every if one.id == ids[steps.ADDRESS]]
        return [{"type": one.kind, "id": one.id, "reason": "lacks our tags"} for one in lost]

    def _blind(self, record: VpcRecord, error: Refused) -> None:
        """End without having been shown what there is."""
        log.warning("not shown", vpc_id=record.id, ec2_error=error.code, said=error.message)
        reason = wording.told(error)
        is_whole = record.state == model.DELETING and record.state_before == model.AVAILABLE
        if is_whole and not Progress.of(record).removing_since:
            changes = {"reason": f"not deleted: {reason}"}
            self._advance(record, model.AVAILABLE, changes, note="not deleted")
        else:
            self.abandon(record, reason)

    def abandon(self, record: VpcRecord, reason: str) -> None:
        """End it: whatever the record names may still be there."""
        kinds = part_kinds(record)
        left = tuple(
            {"type": kinds[key], "id": one, "reason": reason}
            for key, one in Progress.of(record).ids.items()
        )
        self._remains(record, Cleared("", left), record.reason or reason)

    def _clear(self, record: VpcRecord, found: Sequence[Resource]) -> Cleared | Wait:
        # What cannot be built has its last line from when that was found.
        started = Progress.of(record).removing_since or record.timeline[-1].at
        started = max(started, record.resumed_at or "")
        is_last = age(started, self._site.now()) > _LIMIT
        is_fresh = age(_made_until(record), self._site.now()) < SETTLE
        ec2 = self._site.ec2(record.region)
        cleared = take_away(ec2, found, is_last=is_last, is_fresh=is_fresh)
        if cleared.waits_for:
            return Wait(spread(SLOW), "removing", cleared.waits_for)
        return cleared

    def _refuse(self, record: VpcRecord, inside: Sequence[Left]) -> None:
        """Leave it as it is, if it was whole."""
        metrics.count("VpcNotEmpty")
        to = model.AVAILABLE if record.state_before == model.AVAILABLE else model.FAILED
        reason = f"not deleted, others' things are inside ({len(inside)}): remove them first"
        changes = {"reason": reason, "inside": tuple(inside)}
        self._advance(record, to, changes, note="not deleted: it is not empty")

    def _remains(self, record: VpcRecord, cleared: Cleared, reason: str) -> None:
        metrics.count("VpcFailed")
        progress = Progress.of(record)
        left = {one["id"] for one in cleared.left}
        progress.forget(left)
        changes = progress.changes(record, settled=True)
        if cleared.left:
            log.error("left over", vpc_id=record.id, left=[one["id"] for one in cleared.left])
        note = f"failed; {len(cleared.left)} things left over" if cleared.left else "failed"
        told = {"reason": reason, "left_over": cleared.left}
        self._advance(record, model.FAILED, {**changes, **told}, note=note)

    def _advance(
        self, record: VpcRecord, to: str, changes: Mapping[str, Any], *, note: str = ""
    ) -> VpcRecord:
        at = self._site.timestamp()
        return self._records.advance(record, to, changes, at=at, note=note)


def _made_until(record: VpcRecord) -> str:
    """Give a moment after which nothing of it was made, or begun to be made."""
    progress = Progress.of(record)
    # What is available has no notes of its building any more.
    available = [one.at for one in record.timeline if one.state == model.AVAILABLE]
    return max([progress.last_at, progress.made_at, *available])


def take_away(
    ec2: Ec2, found: Sequence[Resource], *, is_last: bool = False, is_fresh: bool = False
) -> Cleared:
    """Delete these, in stages, each at once. What fails for good is left, and told.

    With `is_last` whatever still hangs on something is left, too: nothing is waited for any more.
    With `is_fresh` not all of EC2 may see their tags yet: being refused is then no end.
    """
    passing = (*PASSING, InUse, Unauthorized) if is_fresh else (*PASSING, InUse)
    left: list[Left] = []
    by_id = {one.id: one for one in found}
    for stage in (_nat_gateways, _addresses_and_subnets, _connections, _gateways, _vpcs):
        waits_for = ""
        calls = stage(ec2, found)
        for one, result in ((by_id[each], result) for each, result in together(calls).items()):
            if result is None or isinstance(result, NotFound | AlreadyDone):
                continue
            if isinstance(result, Unauthorized) and _is_gone(ec2, one):
                continue
            if not isinstance(result, Ec2Error):
                waits_for = f"{one.kind} {one.id} is going"
            elif isinstance(result, passing) and not (is_last or left):
                waits_for = f"{one.kind} {one.id}: {wording.code(result)}"
            else:
                log.warning("not removed", part=one.id, ec2_error=result.code, said=result.message)
                left.append({"type": one.kind, "id": one.id, "reason": wording.why(result)})
        if waits_for and not is_last:
            return Cleared(waits_for, tuple(left))
    return Cleared("", tuple({one["id"]: one for one in left}.values()))


def _is_gone(ec2: Ec2, one: Resource) -> bool:
    """Look again: what is gone has no tags, so a repeated deletion may be refused as a foreign one.

    The first answer may have got lost on its way. Not looked for by tags: somebody may have taken
    them away, and then it is there and not ours.
    """
    try:
        there = ec2.find(one.kind)
    except Ec2Error:
        return False
    return all(each.id != one.id or each.state == "deleted" for each in there)


def _of_kind(found: Iterable[Resource], *kinds: str) -> list[Resource]:
    return [one for one in found if one.kind in kinds]


Calls = dict[str, "Callable[[], object]"]
"""By the id of what each is for."""


def _deletions(ec2: Ec2, found: Iterable[Resource], *kinds: str) -> Calls:
    return {one.id: partial(ec2.delete, one.kind, one.id) for one in _of_kind(found, *kinds)}


def _nat_gateways(ec2: Ec2, found: Sequence[Resource]) -> Calls:
    return {
        one.id: partial(_end_nat_gateway, ec2, one)
        for one in _of_kind(found, resources.NAT_GATEWAY)
        if one.state != "deleted"
    }


def _end_nat_gateway(ec2: Ec2, one: Resource) -> str | None:
    """Give the state of one that is still going: its address is bound until it has gone."""
    if one.state != "deleting":
        ec2.delete(one.kind, one.id)
    now = [each for each in ec2.find(one.kind, tags=_ours(one)) if each.id == one.id]
    return None if not now or now[0].state == "deleted" else now[0].state


def _ours(one: Resource) -> dict[str, str]:
    return {resources.ID_TAG: one.owner}


def _addresses_and_subnets(ec2: Ec2, found: Sequence[Resource]) -> Calls:
    return _deletions(ec2, found, resources.ADDRESS, resources.SUBNET)


def _connections(ec2: Ec2, found: Sequence[Resource]) -> Calls:
    """Detach gateways; route tables go now, since their subnets have gone."""
    return _deletions(ec2, found, resources.ROUTE_TABLE) | {
        one.id: partial(_detach, ec2, one) for one in _of_kind(found, resources.INTERNET_GATEWAY)
    }


def _detach(ec2: Ec2, one: Resource) -> None:
    for vpc_id in one.facts["attached"]:
        ec2.alter("DetachInternetGateway", InternetGatewayId=one.id, VpcId=vpc_id)


def _gateways(ec2: Ec2, found: Sequence[Resource]) -> Calls:
    return _deletions(ec2, found, resources.INTERNET_GATEWAY)


def _vpcs(ec2: Ec2, found: Sequence[Resource]) -> Calls:
    return _deletions(ec2, found, resources.VPC)


def strangers(site: Site, region: str, owner: str, vpc_id: str) -> list[Left]:
    """List what lies in a VPC and was not made for its record. Raise Ec2Error's leaves."""
    inside = site.inside(region, vpc_id)
    ours = {one.id for one in inside if one.owner == owner}
    return [
        {"type": one.kind, "id": one.id}
        for one in sorted(inside, key=lambda one: (one.kind, one.id))
        if one.id not in ours and not _comes_with_it(one, ours)
    ]


def _comes_with_it(one: Resource, ours: Iterable[str]) -> bool:
    """Whether EC2 made it along with ours, and takes it away with them; or it has gone already."""
    if one.kind == resources.ROUTE_TABLE:
        return bool(one.facts["main"])
    if one.kind == resources.SECURITY_GROUP:
        return bool(one.facts["name"] == "default")
    if one.kind == resources.NETWORK_INTERFACE:
        made_for = str(one.facts["description"]).removeprefix(_NAT_DESCRIPTION)
        return one.facts["type"] == _NAT_INTERFACE and made_for in ours
    return one.state.lower() in {"deleted", "terminated"}
