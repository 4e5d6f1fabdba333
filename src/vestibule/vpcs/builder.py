"""Builds a network by steps that the record knows, so that whoever comes next can go on.

Before something is made, the record says that it was begun; afterwards, what came of it. Between
the two lies the crash: then EC2 is asked for what bears the record's tags, and as EC2 shows things
late, nothing is made a second time before it would be shown.
"""

from __future__ import annotations

import time

from vestibule.platform import logs, metrics
from vestibule.platform.retry import pause
from vestibule.vpcs import model, steps, wording
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.resources import Ec2Error, NotFound, Postponed, Refused, Throttled
from vestibule.vpcs.waiting import SLOW, SOON, Wait, after, age, spread, under_way_since
from vestibule.vpcs.work import Pending, Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.ports import Records
    from vestibule.vpcs.removal import Removal
    from vestibule.vpcs.site import Site

log = logs.logger(__name__)

_TRIES: Final = 4
_NOT_SEEN_LIMIT: Final = 900.0
_LIMIT: Final = 3600.0
# Messages come every quarter of an hour at least: work that took too long is given up before.
_NOBODY_CAME: Final = 2 * _LIMIT


class Builder:
    def __init__(
        self,
        records: Records,
        site: Site,
        removal: Removal,
        *,
        sleep: Callable[[float], None] = time.sleep,
        time_left: Callable[[], bool] = lambda: True,
    ) -> None:
        """`time_left` tells whether another round may be begun."""
        self._time_left = time_left
        self._records = records
        self._site = site
        self._removal = removal
        self._sleep = sleep

    def work(self, vpc_id: str) -> Wait | None:
        """Do what a record waits for: None when nothing is left to do."""
        record = self._records.find(vpc_id)
        if record is None:
            log.warning("no such VPC", vpc_id=vpc_id)
            return None
        try:
            if record.state in model.UNDER_WAY and self._was_left(record):
                record = self._taken_up(record)
            if record.state in {model.PENDING, model.CREATING}:
                return self._build(record)
            if record.state == model.DELETING:
                return self._removal.delete(record)
        except Raced:
            return Wait(spread(SOON), "raced", "somebody else wrote the record")
        except Ec2Error as error:
            return after(error)
        return None

    def _was_left(self, record: VpcRecord) -> bool:
        """Whether its message was a dead letter, or came to nobody for so long."""
        rested = age(record.updated_at, self._site.now())
        return record.stalled is not None or rested > _NOBODY_CAME

    def _taken_up(self, record: VpcRecord) -> VpcRecord:
        """Go on with it: its time begins anew."""
        changes = {"stalled": None, "resumed_at": self._site.timestamp()}
        return self._advance(record, record.state, changes, note="taken up again")

    def _build(self, record: VpcRecord) -> Wait | None:
        if record.state == model.PENDING:
            record = self._advance(record, model.CREATING, note="being built")
        if record.reason is not None:
            return self._removal.take_back(record)
        work = Work(self._site, record)
        try:
            if not work.progress.is_untouched and (unseen := work.look()):
                return self._or_give_up(work, unseen)
            return self._rounds(work)
        except Refused as error:
            return self._fail(work, wording.told(error), said=error.message)
        except Ec2Error as error:
            return self._or_give_up(work, after(error), unseen=isinstance(error, NotFound))

    def _rounds(self, work: Work) -> Wait | None:
        tries = 0
        while taken := work.ready():
            if not self._time_left():
                self._save(work)
                return Wait(spread(SOON), "time", "the next go has more time")
            work.begin(taken)
            self._save(work)
            errors = work.take(taken)
            if not errors:
                continue
            self._save(work)
            for error in errors:
                if isinstance(error, Refused):
                    raise error
            tries += 1
            if isinstance(errors[0], Pending):
                return self._or_give_up(work, Wait(spread(SLOW), "pending", str(errors[0])))
            passing = all(isinstance(one, Throttled | Postponed | NotFound) for one in errors)
            if not passing or tries == _TRIES:
                raise errors[0]
            self._sleep(pause(tries + 2))
        if work.progress.doubted:
            work.look()
        metrics.count("VpcAvailable")
        self._advance(
            work.record,
            model.AVAILABLE,
            {**work.progress.changes(work.record, settled=True), "reason": None},
            note=f"available as {work.progress.ids[steps.VPC]}",
        )
        return None

    def _or_give_up(self, work: Work, wait: Wait, *, unseen: bool = False) -> Wait | None:
        limit = _NOT_SEEN_LIMIT if unseen else _LIMIT
        if age(under_way_since(work.record), self._site.now()) < limit:
            return wait
        return self._fail(work, f"not built within {limit / 60:.0f} minutes; {wait.detail}")

    def _fail(self, work: Work, reason: str, *, said: str = "") -> Wait | None:
        log.error("vpc cannot be built", vpc_id=work.record.id, reason=reason, said=said)
        changes = {**work.progress.changes(work.record), "reason": reason}
        note = "cannot be built: what was made is removed"
        record = self._advance(work.record, model.CREATING, changes, note=note)
        return self._removal.take_back(record)

    def _save(self, work: Work) -> None:
        changes = work.progress.changes(work.record)
        if any(getattr(work.record, name) != value for name, value in changes.items()):
            work.record = self._advance(work.record, model.CREATING, changes)

    def _advance(
        self,
        record: VpcRecord,
        to: str,
        changes: Mapping[str, Any] | None = None,
        *,
        note: str = "",
    ) -> VpcRecord:
        at = self._site.timestamp()
        return self._records.advance(record, to, changes, at=at, note=note)
