"""The rules of VPCs on request: who may ask for how many, where, and who may delete which."""

from __future__ import annotations

import time

from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.ids import new_id
from vestibule.platform.retry import pause
from vestibule.platform.values import frozen
from vestibule.policy.model import WARN
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs.errors import (
    AddressUnproven,
    CallerErased,
    CallerSuspended,
    KeyReused,
    LimitReached,
    NotCreator,
    Raced,
    RangeTaken,
    StateForbids,
    VpcNotFound,
)
from vestibule.vpcs.model import DELETING, PENDING, Moment, VpcRecord, as_requested, may_become
from vestibule.vpcs.request import ONCE_SECONDS, Once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.vpcs.items import Entry
    from vestibule.vpcs.model import VpcPage
    from vestibule.vpcs.planner import Plan
    from vestibule.vpcs.ports import Rules, VpcStore
    from vestibule.vpcs.request import Scene, Wanted

ATTEMPTS: Final = 20
# Where AWS itself keeps what has one place only: always among the usual regions.
FIRST_REGION: Final = "us-east-1"
_ID_LENGTH: Final = 16
ABANDONED: Final = "whoever asked for it has been erased"

log = logs.logger(__name__)


@frozen
class Proposal:
    """What a request would make, with what its maker should know."""

    plan: Plan
    warnings: tuple[str, ...] = ()


class VpcService:
    def __init__(
        self,
        store: VpcStore,
        rules: Callable[[], Rules],
        region: str,
        clock: Clock = now,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`region` is the one that the stack is in: of whoever names none."""
        self._store = store
        self._rules = rules
        self._region = region
        self._clock = clock
        self._sleep = sleep

    def propose(self, wanted: Wanted, *, by: str) -> Proposal:
        """Say what `create` would make at this moment; write nothing. Raises as it does."""
        scene = self._store.scene(by)
        _require_active(scene)
        _require_address(scene)
        return self._proposal(wanted, scene)

    def create(self, wanted: Wanted, *, by: str, key: str | None = None) -> VpcRecord:
        """Keep a record, PENDING: the builder does the rest.

        The same key with the same request gives what it gave the first time. `by` may be the
        operator, whom no limit of a user holds. Raises PlanRefused, LimitReached, RangeTaken,
        KeyReused, CallerSuspended, CallerErased, AddressUnproven or Raced.
        """
        for attempt in range(1, ATTEMPTS + 1):
            scene = self._store.scene(by, key=key)
            _require_active(scene)
            if (known := self._known(scene, wanted)) is not None:
                return known
            _require_address(scene)
            proposal, at = self._proposal(wanted, scene), self._clock()
            record = _record(proposal, by, timestamp(at))
            until = int(at.timestamp()) + ONCE_SECONDS
            once = None if key is None else Once(key, wanted.digest, record.id, until)
            try:
                self._store.add(record, scene, once)
            except Raced:
                self._sleep(pause(attempt))
                continue
            metrics.count("VpcRequested")
            log.info("VpcRequested", by=by, vpc=record.id, region=record.region)
            return record
        raise Raced

    def show(self, vpc_id: str) -> VpcRecord:
        """Raise VpcNotFound."""
        record = self._store.find(vpc_id)
        if record is None:
            raise VpcNotFound(vpc_id)
        return record

    def page(
        self, accepts: Callable[[VpcRecord], bool] | None, limit: int, start: Item | None
    ) -> VpcPage:
        return self._store.page(accepts, limit, start)

    def delete(self, vpc_id: str, *, by: str) -> VpcRecord:
        """Bring a record to DELETING: the builder does the rest, unless something lies inside.

        What is DELETING or DELETED already is given as it stands: a request may be repeated.
        Raises VpcNotFound, NotCreator, CallerSuspended, CallerErased or Raced.
        """
        try:
            return self._delete(vpc_id, by=by, note=f"asked for by {by}")
        except StateForbids as error:
            return error.record

    def _delete(self, vpc_id: str, *, by: str, note: str) -> VpcRecord:
        for attempt in range(1, ATTEMPTS + 1):
            scene = self._store.scene(by, vpc_id=vpc_id)
            _require_active(scene)
            record = scene.record
            if record is None:
                raise VpcNotFound(vpc_id)
            if record.created_by != by and not scene.is_admin:
                raise NotCreator(by, vpc_id)
            if not may_become(record.state, DELETING):
                raise StateForbids(record)
            try:
                at = timestamp(self._clock())
                deleting = self._store.delete(record, scene, at=at, note=note)
            except Raced:
                self._sleep(pause(attempt))
                continue
            metrics.count("VpcDeletionRequested")
            log.info("VpcDeletionRequested", by=by, vpc=vpc_id)
            return deleting
        raise Raced

    def made_by(self, user_id: str) -> Sequence[VpcRecord]:
        """Give the VPCs that somebody asked for and that are not DELETED."""
        return self._store.made_by(user_id)

    def abandon(self, user_id: str) -> int:
        """Have the builder remove what an erased person asked for; tell how many are to go.

        May be repeated: what is on its way stays so, and what others still use is asked for anew.
        Raises Raced.
        """
        asked = 0
        for record in self._store.made_by(user_id):
            try:
                self._delete(record.id, by=OPERATOR, note=ABANDONED)
            except (VpcNotFound, StateForbids):
                continue
            asked += 1
        return asked

    def _known(self, scene: Scene, wanted: Wanted) -> VpcRecord | None:
        """What the key brought the first time, if it did within the day."""
        once = scene.once
        if once is None or once.expires_at <= int(self._clock().timestamp()):
            return None
        if once.digest != wanted.digest:
            raise KeyReused
        return as_requested(self.show(once.vpc_id))

    def _proposal(self, wanted: Wanted, scene: Scene) -> Proposal:
        from vestibule.vpcs import checks  # noqa: PLC0415 - the planner, for the one route

        rules = self._rules()
        plan = checks.to_plan(
            wanted,
            allowed_cidrs=rules.allowed_cidrs,
            allowed_regions=rules.allowed_regions
            or tuple(dict.fromkeys((FIRST_REGION, self._region))),
            home=self._region,
        )
        _check_limits(rules, scene)
        others = checks.overlapping(plan.cidr, scene.entries)
        if others and rules.overlap != WARN:
            raise RangeTaken(plan.cidr, _named(others))
        warnings = (f"{plan.cidr} overlaps with {', '.join(_named(others))}.",) if others else ()
        return Proposal(plan, warnings)


def _require_active(scene: Scene) -> None:
    if scene.is_suspended:
        raise CallerSuspended(scene.user_id)
    if scene.erased:
        raise CallerErased(scene.user_id)


def _require_address(scene: Scene) -> None:
    """An account is made in a moment: a limit for each holds only if each has an address."""
    if not scene.has_address:
        raise AddressUnproven(scene.user_id)


def _check_limits(rules: Rules, scene: Scene) -> None:
    own = sum(entry.created_by == scene.user_id for entry in scene.entries)
    if own >= rules.per_user and scene.user_id != OPERATOR:
        raise LimitReached("perUser", rules.per_user)
    if len(scene.entries) >= rules.in_all:
        raise LimitReached("inAll", rules.in_all)


def _named(others: Sequence[Entry]) -> list[str]:
    return [f"VPC {entry.vpc_id} ({entry.cidr}, {entry.region})" for entry in others]


def _record(proposal: Proposal, by: str, at: str) -> VpcRecord:
    plan = proposal.plan
    return VpcRecord(
        id=new_id()[:_ID_LENGTH],
        name=plan.name,
        cidr=plan.cidr,
        region=plan.region,
        state=PENDING,
        subnets=plan.subnets,
        created_by=by,
        created_at=at,
        updated_at=at,
        internet_gateway=plan.internet_gateway,
        nat_gateway=plan.nat_gateway,
        tags=plan.tags,
        timeline=(Moment(at, PENDING, f"asked for by {by}"),),
        warnings=proposal.warnings,
    )
