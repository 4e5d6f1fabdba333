"""People who had to wait, and people who were never noticed, come in by the same way as all."""

from __future__ import annotations

from vestibule.delivery.outcomes import DONE, later, never
from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.profiles.errors import CallerSuspended
from vestibule.triggers.arrival import Arrival, from_message
from vestibule.triggers.ensure_user import TROUBLE
from vestibule.triggers.events import Event
from vestibule.triggers.line import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.pool import Listed
    from vestibule.platform.clock import Clock
    from vestibule.security.recorder import Sighting
    from vestibule.triggers.ensure_user import EnsureUser

    Record = Callable[[Sequence[Sighting]], None]

RECONCILIATION: Final = "Reconciliation"
STILL_WAITING: Final = "still_waiting"
NOT_AN_ARRIVAL: Final = "not_an_arrival"
LONGEST_SECONDS: Final = 70.0
"""Somebody new waits for it: soon at first, then about each minute. Sixty tries take an hour."""

log = logs.logger(__name__)


class Waiting:
    def __init__(
        self,
        ensure_user: EnsureUser,
        record: Record | None = None,
        clock: Clock = now,
        *,
        free: Callable[[str, str], bool] = lambda _email, _user_id: False,
    ) -> None:
        """`record` writes down what was noticed of attacks.

        `free` says whether an address may be somebody's: of a holder without an account it is
        taken.
        """
        self._ensure_user = ensure_user
        self._free = free
        self._record = record
        self._clock = clock

    def message(self, content: Mapping[str, Any]) -> Outcome:
        """Let in whom a trigger could not."""
        try:
            arrival = from_message(content["arrival"])
        except (TypeError, KeyError, AttributeError):
            return never(NOT_AN_ARRIVAL, "an arrival's member is missing or of another kind")
        return self._let_in(arrival)

    def account(self, listed: Listed) -> Outcome:
        """Let in whom no trigger has told of."""
        return self._let_in(self._arrival(listed))

    def settle(self, listed: Listed) -> bool:
        """Give somebody the address that they proved, if nobody holds it any more."""
        arrival = self._arrival(listed)
        email = arrival.proven_email
        try:
            is_free = email is not None and self._free(email, arrival.user_id)
        except CallerSuspended:
            # Whoever was suspended keeps the address: deleting the account is no way out of that.
            is_free = False
        return is_free and self._let_in(arrival).is_done

    def _arrival(self, listed: Listed) -> Arrival:
        raw = {
            "triggerSource": RECONCILIATION,
            "userName": listed.user_name,
            "request": {"userAttributes": dict(listed.attributes)},
        }
        return Arrival.from_event(Event.parse(raw), timestamp(self._clock()))

    def _let_in(self, arrival: Arrival) -> Outcome:
        line = Line()
        try:
            with line as facts:
                outcome = self._ensure_user.run(arrival)
        except TROUBLE as error:
            metrics.count("ArrivalFailed")
            log.failure("arrival not taken up", error, user_id=arrival.user_id)
            return later(STILL_WAITING, type(error).__name__, longest=LONGEST_SECONDS)
        if self._record is not None and line.left:
            self._record(line.left)
        metrics.count("ArrivalTakenUp")
        log.info("arrival taken up", user_id=arrival.user_id, erased=outcome.erased, **facts)
        return DONE
