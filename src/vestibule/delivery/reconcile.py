"""Finds who got lost between the pool, the table and the user service, and mends it.

Everything is repaired by the paths that should have done it in the first place, each of which may
be gone twice. One run looks at a bounded number of pages; the next goes on where it ended.
"""

from __future__ import annotations

import time

from vestibule.delivery.pool import TokenRefused
from vestibule.delivery.reconcile_store import LeaseLost, Progress
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.clock import now, timestamp
from vestibule.platform.values import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Final

    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.pool import Listed, Listing, Pool
    from vestibule.delivery.reconcile_store import Marks, TableCursor, TableMarks
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item

PAGES_PER_SECOND: Final = 2.0
"""Cognito allows 30 for everybody together; signing up and in must not feel this."""
LONGEST_RUN: Final = 30.0

COMPLETE: Final = "complete"
PAUSED: Final = "paused"
INTERRUPTED: Final = "interrupted"
BUSY: Final = "busy"

CHECKED: Final = "checked"
SKIPPED: Final = "skipped"
MISSING: Final = "missing"
REPAIRED: Final = "repaired"
REPUBLISHED: Final = "republished"
ERASED: Final = "erased"
FAILED: Final = "failed"
_COUNTS: Final = (CHECKED, SKIPPED, MISSING, REPAIRED, REPUBLISHED, ERASED, FAILED)
_LEASE_RESERVE: Final = 60.0
"""Longer than any function that was cut off in the middle of a page could still be writing."""

log = logs.logger(__name__)


@frozen
class Repairs:
    """The ways by which people come in, are told of and go."""

    ensure: Callable[[Listed], Outcome]
    """Make somebody known."""
    settle: Callable[[Listed], bool]
    """Give somebody their address if nobody holds it any more. False: somebody does."""
    erase: Callable[[Listed], Outcome]
    """Finish what the tombstone began."""
    opens_profiles: Callable[[], bool]
    """Whether somebody without a profile lacks something."""
    delivers: bool
    """Whether there is a user service that should know everybody."""


@frozen
class Report:
    state: str
    started_at: str
    run: Mapping[str, int]
    whole: Mapping[str, int]
    """Of all runs of this pass over the pool."""

    def view(self) -> dict[str, object]:
        return {
            "task": "reconcile",
            "state": self.state,
            "startedAt": self.started_at,
            "run": dict(self.run),
            "pass": dict(self.whole),
        }


class OutOfTime(Exception):
    """Perhaps in the middle of a page: the next run goes on behind the last one looked at."""


class Reconciliation:
    def __init__(  # noqa: PLR0913 - ports, by name
        self,
        pool: Pool,
        marks: TableMarks,
        cursor: TableCursor,
        repairs: Repairs,
        *,
        clock: Clock = now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pool = pool
        self._marks = marks
        self._cursor = cursor
        self._repairs = repairs
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._until = 0.0

    def run(self, seconds: float = LONGEST_RUN) -> Report:
        """Go on for about so long. Nothing is raised but what a broken cursor item would do."""
        self._until = self._monotonic() + seconds
        try:
            standing = self._cursor.take(self._clock(), seconds + _LEASE_RESERVE)
        except AwsError as error:
            _interrupted(error)
            return Report(INTERRUPTED, "", {}, {})
        if standing is None:
            log.info("reconciliation is at work already")
            return Report(BUSY, "", {}, {})
        if not standing.started_at:
            standing = replace(standing, started_at=timestamp(self._clock()))
        run = _Run(standing)
        try:
            state = self._walk(run)
        except OutOfTime:
            state = PAUSED
            self._release(run)
        except LeaseLost:
            state = INTERRUPTED
        except AwsError as error:
            _interrupted(error)
            state = INTERRUPTED
            self._release(run)
        return self._told(state, run)

    def _walk(self, run: _Run) -> str:
        while True:
            began = self._monotonic()
            listing = self._page(run)
            self._mend_all(listing, run)
            run.progress = replace(run.progress, token=listing.token, done=0, counts=run.whole)
            if listing.token is None:
                self._cursor.finish(run.progress, timestamp(self._clock()))
                return COMPLETE
            if self._monotonic() >= self._until:
                raise OutOfTime
            self._cursor.keep(run.progress)
            self._sleep(max(0.0, began + 1 / PAGES_PER_SECOND - self._monotonic()))

    def _page(self, run: _Run) -> Listing:
        try:
            return self._pool.page(run.progress.token)
        except TokenRefused:
            log.info("reconciliation begins anew: its place in the list has expired")
            metrics.count("ReconcileRestarted")
            run.progress = Progress(timestamp(self._clock()))
            run.whole = {}
            return self._pool.page(None)

    def _mend_all(self, listing: Listing, run: _Run) -> None:
        left = listing.accounts[run.progress.done :]
        marks = self._marks.read(account.user_id for account in left)
        for account in left:
            if self._monotonic() >= self._until:
                raise OutOfTime
            run.count(CHECKED)
            try:
                self._mend(account, marks[account.user_id], run)
            except Exception as error:  # noqa: BLE001 - one's trouble must not keep the others waiting
                run.count(FAILED)
                log.failure("not reconciled", error, user_id=account.user_id)
            run.progress = replace(run.progress, done=run.progress.done + 1)

    def _mend(self, account: Listed, marks: Marks, run: _Run) -> None:
        moment = self._clock()
        if marks.tombstone is not None:
            self._erase(account, marks, moment, run)
        elif not account.is_settled:
            run.count(SKIPPED)
        elif marks.confirmed is None or not (marks.has_profile or not self._wants_profile()):
            run.count(MISSING)
            run.count(REPAIRED if self._repairs.ensure(account).is_done else FAILED)
        elif marks.is_held:
            # Another one's address, or none: nobody is told of them until that is settled.
            run.count(REPAIRED if self._repairs.settle(account) else SKIPPED)
        elif self._repairs.delivers and marks.is_overdue(moment):
            self._tell_again(account.user_id, marks.confirmed, moment, run)

    def _tell_again(self, user_id: str, confirmed: Item, moment: datetime, run: _Run) -> None:
        if self._marks.tell_again(user_id, confirmed, timestamp(moment)):
            run.count(REPUBLISHED)
            log.info("told of again", user_id=user_id)

    def _erase(self, account: Listed, marks: Marks, moment: datetime, run: _Run) -> None:
        if not marks.is_erased_for_long(moment):
            run.count(SKIPPED)
            return
        outcome = self._repairs.erase(account)
        run.count(ERASED if outcome.is_done else FAILED)

    def _wants_profile(self) -> bool:
        return self._repairs.opens_profiles()

    def _release(self, run: _Run) -> None:
        try:
            self._cursor.release(replace(run.progress, counts=run.whole))
        except (AwsError, LeaseLost) as error:
            # The lease ends by itself.
            log.warning("reconciliation's place not kept", why=str(error))

    def _told(self, state: str, run: _Run) -> Report:
        for name, count in run.now.items():
            if count:  # a metric is billed in each month that it is told in
                metrics.count(f"Reconcile{name.capitalize()}", count)
        if state == COMPLETE:
            metrics.count("ReconcileComplete")
        log.info("reconciled", state=state, **run.now)
        whole = {name: run.whole.get(name, 0) for name in _COUNTS}
        return Report(state, run.progress.started_at, run.now, whole)


def _interrupted(error: AwsError) -> None:
    log.failure("reconciliation interrupted", error)
    metrics.count("ReconcileInterrupted")


class _Run:
    """Counts what is done, for this run and for the pass."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.now = dict.fromkeys(_COUNTS, 0)
        self.whole = dict(progress.counts)

    def count(self, name: str) -> None:
        self.now[name] += 1
        self.whole[name] = self.whole.get(name, 0) + 1
