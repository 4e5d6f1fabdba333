"""Whoever comes in is known to us afterwards, by whichever door: once, and whole.

Confirmation, first sign-in and token issue all end here, since no single trigger sees everybody:
Cognito confirms no one whom an admin made, and a first federated sign-in authenticates nowhere.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.clock import now
from vestibule.platform.operations import TransactionRefused
from vestibule.platform.values import frozen
from vestibule.policy.addresses import domain_of
from vestibule.policy.source import PolicyUnread
from vestibule.security import model as kinds
from vestibule.triggers import placement, security
from vestibule.triggers.line import note
from vestibule.triggers.opening import COMPLETED, MOVED, OPENED, TOLD, opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.policy.model import Policy
    from vestibule.policy.ports import Policies
    from vestibule.profiles.model import Profile
    from vestibule.triggers.arrival import Arrival
    from vestibule.triggers.arrival_store import TableArrivals
    from vestibule.triggers.opening import Opening
    from vestibule.triggers.ports import Backlog
    from vestibule.triggers.standing import Known, Standing

# Each lost race means that somebody else's write went through: a few are luck, many are not.
ATTEMPTS: Final = 6
_COUNTS: Final = {
    OPENED: "ProfileCreated",
    COMPLETED: "ProfileCompleted",
    MOVED: "EmailCarriedOver",
    TOLD: "ArrivalTold",
}

log = logs.logger(__name__)


class Raced(Exception):
    """Others wrote between each read and the write that relied on it."""


TROUBLE: Final = (AwsError, TransactionRefused, Raced, PolicyUnread)
"""What running may raise although nothing is wrong with the arrival: it should be tried later."""


@frozen
class Outcome:
    """`profile` is None for the erased, and while the policy opens no profiles."""

    profile: Profile | None
    erased: bool = False


class EnsureUser:
    def __init__(
        self, arrivals: TableArrivals, policies: Policies, backlog: Backlog, clock: Clock = now
    ) -> None:
        self._arrivals = arrivals
        self._policies = policies
        self._backlog = backlog
        self._clock = clock

    def arrive(self, arrival: Arrival) -> Outcome | None:
        """As `run`; None if it has to wait. Never raises: nobody is stopped by our trouble."""
        try:
            return self.run(arrival)
        except TROUBLE as error:
            self.postpone(arrival, error)
            return None

    def postpone(self, arrival: Arrival, reason: Exception) -> None:
        """Leave it for later. If even that fails, the next sign-in repairs it."""
        note(trouble=str(reason))
        try:
            self._backlog.send(arrival)
        except AwsError as error:
            metrics.count("ArrivalLost")
            log.failure("arrival neither kept nor postponed", error, user_id=arrival.user_id)
            note(arrival="lost")
        else:
            metrics.count("ArrivalPostponed")
            note(arrival="postponed")

    def run(self, arrival: Arrival) -> Outcome:
        """Make all there is to make for this person, in one transaction; again, it is one read.

        Raise one of TROUBLE.
        """
        policy = self._policies.current()
        is_certain = self._policies.is_certain
        left_out: set[str] = set()
        for _ in range(ATTEMPTS):
            standing = self._read(arrival, policy)
            outcome = _finished(arrival, standing, policy)
            if outcome is not None and (is_certain or not standing.is_new):
                return outcome
            if not is_certain:
                # Role and organization are given once, and stay.
                raise PolicyUnread(f"{arrival.user_id}: the rules are not known yet")
            planned = opening(arrival, standing, policy, self._clock(), without=left_out)
            refused = self._arrivals.commit(planned.operations)
            if not refused:
                _tell(arrival, planned)
                return Outcome(planned.profile)
            left_out |= planned.hopeless(refused)
        raise Raced(f"{arrival.user_id}: {ATTEMPTS} attempts")

    def _read(self, arrival: Arrival, policy: Policy) -> Standing:
        email = arrival.proven_email
        domain = None if email is None else domain_of(email)
        if domain is not None and not placement.is_business_domain(policy, domain):
            domain = None
        named = (
            placement.named_organization(policy, email),
            placement.default_organization(policy),
        )
        return self._arrivals.read(
            arrival.user_id,
            email,
            domain=domain,
            organizations={one.id for one in named if one is not None},
        )


def _finished(arrival: Arrival, standing: Standing, policy: Policy) -> Outcome | None:
    """Say what there is if nothing is left to do."""
    if standing.erased:
        note(arrival="erased")
        return Outcome(None, erased=True)
    if standing.known is None:
        is_told = standing.is_confirmed and not standing.may_tell(arrival)
        is_done = is_told and not policy.profile_creation
        return Outcome(None) if is_done else None
    profile = standing.known.profile
    is_told = standing.is_confirmed and not standing.may_tell(arrival)
    if profile.is_suspended or (is_told and standing.rests(arrival)):
        return Outcome(profile)
    if not standing.rests(arrival) and _is_unwelcome(arrival, standing.known, policy):
        return Outcome(profile)
    return None


def _is_unwelcome(arrival: Arrival, known: Known, policy: Policy) -> bool:
    """Whether they moved to an address that nobody may sign up with: the record keeps the old."""
    email = arrival.proven_email
    moved = known.arrived and (known.has_proven or email != known.profile.email)
    reason = policy.address_refusal(email) if moved and email is not None else None
    if reason is None:
        return False
    note(arrival="address refused")
    security.report_person(
        kinds.DOMAIN_RESTRICTION_TRIGGERED, arrival.door, arrival.user_id, reason=reason
    )
    return True


def _tell(arrival: Arrival, done: Opening) -> None:
    profile = done.profile
    metrics.count(_COUNTS[done.kind])
    note(arrival=done.kind)
    if profile is None or done.kind == TOLD:
        return
    note(
        role=profile.role,
        role_source=profile.role_source,
        organization_id=profile.organization_id,
        version=profile.version,
    )
    if done.opens_organization:
        metrics.count("OrganizationCreated")
    if done.is_invited:
        metrics.count("InvitationSpent")
    if profile.email_conflict:
        metrics.count("EmailConflict")
        security.report_person(kinds.EMAIL_CONFLICT, arrival.door, arrival.user_id)
