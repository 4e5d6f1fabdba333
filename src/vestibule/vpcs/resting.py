"""Finds networks whose building or removal nobody goes on with, and tells the builder again.

A message may be lost, or have become a dead letter: without this a record would stay as it is, with
its range and its place in the limits.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.vpcs import model
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.waiting import age, in_state_since

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.ports import Records
    from vestibule.vpcs.removal import Removal
    from vestibule.vpcs.site import Site

LONGEST_REST: Final = 3600.0
"""Seconds without a change after which nobody seems to be at it."""
MOST_TELLINGS: Final = 3
"""In one state. After these it is no message that is missing."""
_TRIES: Final = 3
TOLD_AGAIN: Final = "at rest for an hour: the builder was told again"

log = logs.logger(__name__)


class Resting:
    def __init__(
        self,
        records: Records,
        site: Site,
        removal: Removal,
        *,
        time_left: Callable[[], bool] = lambda: True,
    ) -> None:
        self._records = records
        self._site = site
        self._removal = removal
        self._time_left = time_left

    def run(self) -> dict[str, Any]:
        """Wake what rests, give up what was woken often; tell which."""
        told: dict[str, Any] = {"toldAgain": [], "givenUp": []}
        for entry in self._records.taken():
            if not self._time_left():
                break
            record = self._records.find(entry.vpc_id)
            if record is None or not self._rests(record):
                continue
            try:
                told[self._wake(record)].append(record.id)
            except Raced:
                log.info("somebody is at it after all", vpc_id=record.id)
        return told

    def _rests(self, record: VpcRecord) -> bool:
        return (
            record.state in model.UNDER_WAY
            and age(record.updated_at, self._site.now()) > LONGEST_REST
        )

    def _wake(self, record: VpcRecord) -> str:
        if _tellings(record) >= MOST_TELLINGS:
            log.error("vpc given up", vpc_id=record.id, state=record.state)
            self._removal.abandon(record, _given_up(record))
            return "givenUp"
        at = self._site.timestamp()
        changes = {"again": (record.again or 0) + 1, "resumed_at": at}
        self._records.advance(record, record.state, changes, at=at, note=TOLD_AGAIN)
        metrics.count("VpcToldAgain")
        log.warning("vpc at rest, told again", vpc_id=record.id, state=record.state)
        return "toldAgain"


def _tellings(record: VpcRecord) -> int:
    since = in_state_since(record)
    return sum(moment.at >= since and moment.note == TOLD_AGAIN for moment in record.timeline)


def _given_up(record: VpcRecord) -> str:
    return (
        f"{record.state} and never ended, though the builder was told {MOST_TELLINGS} times more: "
        f"delete it{' once more' if record.state == model.DELETING else ' and ask for another'}"
    )


def note_buried(records: Records, vpc_id: str, why: str, *, at: str) -> None:
    """Say in a record that its message has become a dead letter; whoever reads it sees that.

    Building and removing go on from there when the letter is sent back, or the sweep tells again.
    """
    for _ in range(_TRIES):
        record = records.find(vpc_id)
        if record is None or record.state not in model.UNDER_WAY:
            return
        stalled = f"the work has stopped ({why}): it is to go on by itself within some hours"
        try:
            records.advance(record, record.state, {"stalled": stalled}, at=at, note="stopped")
        except Raced:
            continue
        return
    log.warning("dead letter not noted", vpc_id=vpc_id)
