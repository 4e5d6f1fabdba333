"""Finds what bears this stack's tags and belongs to no network any more, and removes it.

A second copy comes from a crash just before EC2 showed the first, other remains from calls that
were refused. Nothing is remembered between runs: what is left, the next one finds.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.vpcs import model, resources
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.removal import strangers, take_away
from vestibule.vpcs.resources import Ec2Error
from vestibule.vpcs.site import REQUESTED_TAG, by_owner
from vestibule.vpcs.steps import Progress
from vestibule.vpcs.waiting import age, in_state_since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import Any, Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.ports import Records
    from vestibule.vpcs.resources import Resource
    from vestibule.vpcs.site import Site

GRACE: Final = 3600.0
"""Seconds that a network has been settled before something beside it is a leftover."""
NO_RECORD_GRACE: Final = 86400.0
"""Longer where there is no record: a table that was restored may lack the newest for a while."""
MOST: Final = 20
"""Networks that one run cleans up after."""

log = logs.logger(__name__)


class Sweep:
    def __init__(
        self, records: Records, site: Site, *, time_left: Callable[[], bool] = lambda: True
    ) -> None:
        """`time_left` tells whether another network may be begun."""
        self._records = records
        self._site = site
        self._time_left = time_left

    def run(self, regions: Iterable[str]) -> dict[str, Any]:
        """Clean up in these regions and in those that records name; tell how it went."""
        told: dict[str, Any] = {"removed": [], "left": [], "failed": [], "complete": True}
        named = {entry.region for entry in self._records.taken()}
        for region in _rotated(sorted(named | set(regions)), self._site.now()):
            if not self._time_left():
                told["complete"] = False
                break
            self._sweep_region(region, told)
        if told["removed"]:
            metrics.count("VpcSwept", len(told["removed"]))
        return told

    def _sweep_region(self, region: str, told: dict[str, Any]) -> None:
        try:
            found = self._site.owned(region)
        except Ec2Error as error:
            log.failure("region not swept", error, region=region)
            told["failed"].append(region)
            return
        for owner, owned in sorted(by_owner(found).items()):
            self._consider(region, owner, owned, told)

    def _consider(
        self, region: str, owner: str, owned: Sequence[Resource], told: dict[str, Any]
    ) -> None:
        record = self._records.find(owner)
        orphans = self._orphans(record, [one for one in owned if one.state != "deleted"])
        if not orphans:
            return
        if len(told["removed"]) >= MOST or not self._time_left():
            told["complete"] = False
            return
        try:
            self._clean(region, owner, record, orphans, told)
        except Ec2Error as error:
            log.failure("not swept", error, vpc_id=owner)
            told["failed"].append(owner)

    def _orphans(self, record: VpcRecord | None, owned: Sequence[Resource]) -> list[Resource]:
        now = self._site.now()
        if record is None:
            requested = [one.tags.get(REQUESTED_TAG, "") for one in owned]
            return (
                list(owned) if all(_is_past(at, NO_RECORD_GRACE, now) for at in requested) else []
            )
        # Since it came to its state: what the table says of it may change later.
        if age(in_state_since(record), now) < GRACE:
            return []
        if record.state in {model.DELETED, model.FAILED}:
            return list(owned)
        if record.state != model.AVAILABLE:
            return []
        ids = set(Progress.of(record).ids.values())
        return [one for one in owned if one.id not in ids]

    def _clean(
        self,
        region: str,
        owner: str,
        record: VpcRecord | None,
        orphans: Sequence[Resource],
        told: dict[str, Any],
    ) -> None:
        for one in orphans:
            if one.kind == resources.VPC and (
                inside := strangers(self._site, region, owner, one.id)
            ):
                log.warning("orphan in use", vpc_id=owner, orphan=one.id, inside=len(inside))
                told["left"] += [one.id]
                return
        cleared = take_away(self._site.ec2(region), orphans)
        left = {entry["id"] for entry in cleared.left}
        told["left"] += sorted(left)
        if cleared.waits_for:
            told["complete"] = False
            return
        told["removed"] += [one.id for one in orphans if one.id not in left]
        log.info("swept", vpc_id=owner, removed=len(orphans) - len(left), left=len(left))
        if record is not None and record.left_over and not left:
            self._tell(record)

    def _tell(self, record: VpcRecord) -> None:
        at = self._site.timestamp()
        note = "what was left over has been removed"
        try:
            self._records.advance(record, record.state, {"left_over": ()}, at=at, note=note)
        except Raced:
            log.info("somebody else wrote the record", vpc_id=record.id)


def _rotated(regions: Sequence[str], now: datetime) -> list[str]:
    """Begin each hour with the next, so that none is always too late."""
    first = int(now.timestamp() // 3600) % len(regions) if regions else 0
    return [*regions[first:], *regions[:first]]


def _is_past(at: str, grace: float, now: Any) -> bool:
    try:
        return age(at, now) > grace
    except ValueError:
        # Somebody changed the tag: it says nothing, so nothing is done.
        return False
