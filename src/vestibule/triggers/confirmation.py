"""PostConfirmation: somebody has shown that the address is theirs, or chosen a new password.

Cognito has confirmed them already, and a failure here would still fail their call: so none happens.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.triggers.arrival import Arrival
from vestibule.triggers.ensure_user import TROUBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.triggers.ensure_user import EnsureUser
    from vestibule.triggers.events import Event
    from vestibule.triggers.ports import Visits

log = logs.logger(__name__)

# The same trigger runs after each password reset, when nobody is new.
SIGN_UP: Final = "ConfirmSignUp"


class PostConfirmation:
    def __init__(self, ensure_user: EnsureUser, visits: Visits, clock: Clock = now) -> None:
        self._ensure_user = ensure_user
        self._visits = visits
        self._clock = clock

    def handle(self, event: Event) -> None:
        arrival = Arrival.from_event(event, timestamp(self._clock()))
        if not arrival.has_sub:
            log.warning("confirmed without a sub", source=event.source)
        elif event.occasion == SIGN_UP:
            self._ensure_user.arrive(arrival)
        else:
            self._note_reset(arrival)

    def _note_reset(self, arrival: Arrival) -> None:
        """Side work, which may fail: only the history would miss a line."""
        try:
            self._visits.password_reset(arrival)
        except TROUBLE as error:
            metrics.count("PasswordResetNotNoted")
            log.warning("password reset not noted", user_id=arrival.user_id, reason=str(error))
