"""One fault on a running stack: who comes meanwhile, and who is there afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

from faults.arrivals import Entrance, Person, come, percentile
from faults.figures import Row
from faults.strikes import POISON, Stage
from vestibule_cli.console import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.laptop import Laptop
    from faults.service import Known
    from faults.strikes import Fault

FIRST = 6
"""People who are not timed: they pay for what is started at the first call."""
ENOUGH_TO_DRAIN = 100
"""With fewer the rate says nothing."""
ENOUGH_TO_LOAD = 100.0
"""Seconds that breakers were open, of all workers together. With fewer it says nothing either."""
FAILURES = 5
"""In a row, then a breaker opens."""
SETTLED_SECONDS = 2.0
WARM_SECONDS = 30.0
LOOKS_SECONDS = 0.3


class Play:
    def __init__(
        self, fault: Fault, laptop: Laptop, *, people: int, control: Laptop | None = None
    ) -> None:
        """With a `control`, as many people sign up there, by turns, and nothing goes wrong."""
        self._fault = fault
        self._laptop = laptop
        self._left = people
        self._control = control
        self._emails = _emails(fault.key)
        self._timed: list[Person] = []
        self._timed_without: list[Person] = []
        self.row = Row(fault.key, fault.says)

    def run(self, seconds: float, patience: float) -> Row:
        with ExitStack() as stack:
            self._entrance = stack.enter_context(Entrance(self._laptop))
            self._other = self._control and stack.enter_context(Entrance(self._control))
            stage = Stage(self._laptop, seconds, self._warm, lambda: self._is_all_there(stage))
            self._warm()
            wait_until(stage.all_there, WARM_SECONDS)
            self._before = stage.service.counts()
            ended = self._struck(stage)
            wait_until(stage.all_there, ended + patience - time.time())
            time.sleep(SETTLED_SECONDS)  # whatever comes twice comes now
            self._found(stage, ended)
        return self.row

    def _struck(self, stage: Stage) -> float:
        """Let it happen. Give the moment when it was over."""
        with self._fault.strike(stage):
            self._struck_at = time.time()
            self._come(self._left // 2, stage.seconds / 2)
            self._fault.middle(stage)
            self._come(self._left, stage.seconds / 2, poison=self._fault.poison)
            tries = stage.service.counts()
            ended = time.time()
        if self._fault.opens:
            made = tries.get("down", 0) - self._before.get("down", 0)
            self.row.load = self._load(made, ended)
        known = {one.sub for one in stage.service.known()}
        self.row.backlog = sum(person.sub not in known for person in self._timed)
        return ended

    def _warm(self) -> None:
        self._left -= FIRST
        come(self._crowds([next(self._emails) for _ in range(FIRST)]), 1.0)

    def _come(self, people: int, seconds: float, *, poison: bool = False) -> None:
        self._left -= people
        emails = [next(self._emails) for _ in range(people)]
        if poison:
            emails.insert(len(emails) // 2, f"{POISON}-{next(self._emails)}")
        crowds = self._crowds(emails)
        come(crowds, seconds)
        self._timed += self._entrance.people[-len(emails) :]
        if self._other:
            self._timed_without += self._other.people[-len(emails) :]

    def _crowds(self, emails: Sequence[str]) -> list[tuple[Entrance, Sequence[str]]]:
        return [(one, emails) for one in (self._entrance, self._other) if one]

    def _good(self) -> set[str]:
        return {
            person.sub
            for person in self._entrance.people
            if not person.trouble and not person.email.startswith(POISON)
        }

    def _is_all_there(self, stage: Stage) -> bool:
        time.sleep(LOOKS_SECONDS)  # looking costs the stack something
        if self._laptop.waiting("user-service"):
            return False
        return self._good() <= {one.sub for one in stage.service.known()}

    def _load(self, made: int, ended: float) -> float | None:
        """Requests in 10 s for each worker with an open breaker, but for those that opened it."""
        moments = [datetime.fromisoformat(at).timestamp() for at in self._laptop.openings()]
        opened = [at for at in moments if self._struck_at <= at < ended]
        seconds = sum(ended - at for at in opened)
        if seconds < ENOUGH_TO_LOAD:
            return None
        # Whoever failed less often than that, and has not opened, counts as well: it is no less.
        return 10 * max(0, made - FAILURES * len(opened)) / seconds

    def _found(self, stage: Stage, ended: float) -> None:
        row, good, service = self.row, self._good(), stage.service
        known = service.known()
        subs = {one.sub for one in known}
        mine = [one for one in known if one.sub in good]
        row.confirmed = len(good)
        row.troubles = [person.trouble for person in self._entrance.people if person.trouble]
        row.failed = len(row.troubles)
        row.in_service = len(mine)
        row.missing = len(good - subs)
        row.strangers = sum(one.email.startswith(POISON) for one in known)
        row.duplicates = len(mine) - len({one.email for one in mine})
        # Somebody whom it knew came under another key: a second one for a service that goes by it.
        again = service.counts().get("status_409", 0) - self._before.get("status_409", 0)
        row.duplicates += max(0, again)
        row.unmarked = len(good - self._laptop.delivered())
        row.letters = Counter(
            f"{queue.removesuffix('-dlq')}: {letter.reason}"
            for queue, letter in self._laptop.take_letters()
        )
        row.letters_expected = Counter({"user-service: refused": int(self._fault.poison)})
        row.hits = self._fault.hits(stage)
        self._timing(mine, ended)

    def _timing(self, mine: Sequence[Known], ended: float) -> None:
        row = self.row
        row.p50, row.p99 = (percentile(_times(self._timed), share) for share in (0.5, 0.99))
        without = _times(self._timed_without)
        row.p50_without, row.p99_without = (percentile(without, share) for share in (0.5, 0.99))
        late = sorted(one.at for one in mine if one.at > ended)
        if not row.missing:
            row.last = late[-1] - ended if late else 0.0
        if self._fault.drains and len(late) >= ENOUGH_TO_DRAIN:
            row.drain = len(late) / (late[-1] - late[0])


def _times(people: Sequence[Person]) -> list[float]:
    return [1000 * person.seconds for person in people if not person.trouble]


def _emails(key: str) -> Iterator[str]:
    dice = random.Random(key)  # noqa: S311 - the same people in every run
    while True:
        yield f"{dice.randbytes(8).hex()}@example.com"
