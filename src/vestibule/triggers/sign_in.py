"""PreAuthentication: may this person try at all. PostAuthentication: they have signed in."""

from __future__ import annotations

from vestibule.platform import logs
from vestibule.platform.clock import now, timestamp
from vestibule.triggers import admission, security
from vestibule.triggers.arrival import Arrival
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.ensure_user import TROUBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.policy.ports import Policies
    from vestibule.triggers.ensure_user import EnsureUser
    from vestibule.triggers.events import Event
    from vestibule.triggers.ports import People, Visits

log = logs.logger(__name__)

_LONGEST_NAME: Final = 128  # of a Cognito user
_NOBODY: Final = "nobody"


class PreAuthentication:
    """Runs before the password is checked, so it must tell nobody whether an account exists.

    Somebody unknown is read like anybody else: the same path, the same number of round trips.
    """

    def __init__(self, people: People, policies: Policies, clock: Clock = now) -> None:
        self._people = people
        self._policies = policies
        self._clock = clock

    def handle(self, event: Event) -> None:
        policy = self._policies.current()
        known = self._people.find(event.user_id[:_LONGEST_NAME] or _NOBODY)
        profile = known.profile if known else None
        proven = event.email if event.email_verified else None
        role = admission.role_of(policy, profile, proven)
        objection = admission.objection(policy, profile, role, self._clock())
        if objection is not None:
            security.report(objection, event, role=role)
            raise Refusal(admission.WRONG_PASSWORD)


class PostAuthentication:
    """The person is in: whatever goes wrong here must not cost them that."""

    def __init__(self, visits: Visits, ensure_user: EnsureUser, clock: Clock = now) -> None:
        self._visits = visits
        self._ensure_user = ensure_user
        self._clock = clock

    def handle(self, event: Event) -> None:
        arrival = Arrival.from_event(event, timestamp(self._clock()))
        if not arrival.has_sub:
            log.warning("signed in without a sub", source=event.source)
            return
        try:
            self._note(arrival)
        except TROUBLE as error:
            self._ensure_user.postpone(arrival, error)

    def _note(self, arrival: Arrival) -> None:
        """For somebody settled it is one write, which checks that they are."""
        if not self._visits.sign_in(arrival, settled=True):
            self._ensure_user.run(arrival)
            self._visits.sign_in(arrival, settled=False)
