"""What one arrival writes: all of it goes into one transaction."""

from __future__ import annotations

from vestibule.activity import model as activity
from vestibule.platform.clock import timestamp
from vestibule.platform.conditions import absent
from vestibule.platform.operations import Put
from vestibule.platform.values import frozen, replace
from vestibule.policy.model import ACCOUNT_TYPES
from vestibule.profiles import items
from vestibule.profiles.model import ADMIN, PENDING, Profile
from vestibule.profiles.preferences import Preferences
from vestibule.profiles.telling import addressed
from vestibule.triggers import arrival_store as store
from vestibule.triggers import history, outbox, placement
from vestibule.triggers.placement import NOWHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import Final

    from vestibule.invitations.model import Reservation
    from vestibule.platform.operations import Operation
    from vestibule.policy.model import Policy
    from vestibule.triggers.arrival import Arrival
    from vestibule.triggers.placement import Place
    from vestibule.triggers.standing import Known, Standing

OPENED: Final = "opened"
COMPLETED: Final = "completed"
MOVED: Final = "moved"
TOLD: Final = "told"

# Parts that may refuse, and be left out at the next attempt.
INVITATION: Final = "invitation"
ORGANIZATION: Final = "organization"
RELEASE: Final = "release"
# Whatever else refused with them: the next read tells why.
_READ_AGAIN: Final = frozenset({"tombstone", "profile", "claim", "preferences", "confirmed"})


@frozen
class Opening:
    """A new profile, one that POST /profiles opened first, or a new address for an old one.

    Or nothing but the word of their coming, for the world outside; without a profile, where the
    policy opens none.
    """

    kind: str
    profile: Profile | None
    operations: Mapping[str, Operation]  # by part; several of one part are numbered
    is_invited: bool = False
    opens_organization: bool = False

    def hopeless(self, refused: Iterable[str]) -> set[str]:
        """Name the parts that can't be had, whatever the next read says."""
        parts = {name.partition(" ")[0] for name in refused}
        if parts & _READ_AGAIN:
            return set()
        if self.opens_organization:
            parts.discard(ORGANIZATION)  # somebody else opened it first: join that one
        return parts


def opening(
    arrival: Arrival,
    standing: Standing,
    policy: Policy,
    moment: datetime,
    *,
    without: Iterable[str] = (),
) -> Opening:
    """Say what to write for somebody who isn't settled. `without` names parts to leave out."""
    known, left_out = standing.known, frozenset(without)
    if standing.rests(arrival) or (known is None and not policy.profile_creation):
        return _telling(arrival, standing, policy)
    if known is not None and known.arrived and known.has_proven:
        return _moving(arrival, standing, known.profile, moment, without=left_out)
    return _Entrance(arrival, standing, policy, moment, left_out).opening(known)


def _telling(arrival: Arrival, standing: Standing, policy: Policy) -> Opening:
    profile = standing.known.profile if standing.known else None
    told = profile or replace(
        _addressed(_blank(arrival), arrival, _free_email(arrival, standing)),
        account_type=arrival.account_type,
        role=policy.default_role,
    )
    operations: dict[str, Operation] = {
        "tombstone": store.not_erased(arrival.user_id),
        **_word(arrival, told, standing),
    }
    return Opening(TOLD, profile, operations)


def _moving(
    arrival: Arrival,
    standing: Standing,
    before: Profile,
    moment: datetime,
    *,
    without: frozenset[str],
) -> Opening:
    """Carry a new address over. It changes neither role nor organization."""
    at = timestamp(moment)
    profile = _addressed(before, arrival, _free_email(arrival, standing))
    profile = replace(profile, updated_at=at, version=before.version + 1)
    operations: dict[str, Operation] = {
        "tombstone": store.not_erased(arrival.user_id),
        "profile": store.changed(before, profile, at),
        **_claims(arrival.user_id, before.claimed_email, profile, at, without),
        "activity": history.entry(arrival, activity.EMAIL_CHANGE),
    }
    operations |= _word(arrival, profile, standing)
    return Opening(MOVED, profile, operations)


class _Entrance:
    """Somebody's first arrival, or their first with a proven address: all that counts is due."""

    def __init__(
        self,
        arrival: Arrival,
        standing: Standing,
        policy: Policy,
        moment: datetime,
        without: frozenset[str],
    ) -> None:
        self._arrival = arrival
        self._standing = standing
        self._policy = policy
        self._moment = moment
        self._at = timestamp(moment)
        self._without = without
        self._email = _free_email(arrival, standing)
        self._reservation = self._live_reservation()
        self._account_type = arrival.account_type
        if self._reservation is not None and self._reservation.account_type is not None:
            self._account_type = self._reservation.account_type

    def opening(self, known: Known | None) -> Opening:
        before = known.profile if known else None
        is_first = known is None or not known.arrived
        place = self._place(before)
        organization_id, entering = self._entering(place)
        profile = self._profile(before)
        if place.is_active or place.founds:
            profile = replace(
                profile,
                organization_id=organization_id,
                department=profile.department or self._policy.default_department,
            )
        elif place.organization_id is not None and profile.role != ADMIN:
            profile = replace(profile, status=PENDING)
        user_id = self._arrival.user_id
        operations: dict[str, Operation] = {"tombstone": store.not_erased(user_id)}
        if before is None:
            operations["profile"] = store.opened(profile, self._at)
        else:
            operations["profile"] = store.changed(before, profile, self._at)
        claimed = before.claimed_email if before else None
        operations |= _claims(user_id, claimed, profile, self._at, self._without)
        operations |= self._beginnings(is_first=is_first)
        operations |= _word(self._arrival, profile, self._standing)
        operations |= _numbered(INVITATION, self._spending(place))
        operations |= _numbered(ORGANIZATION, entering)
        return Opening(
            _kind(known),
            profile,
            operations,
            is_invited=self._reservation is not None,
            opens_organization=self._opens(place),
        )

    def _live_reservation(self) -> Reservation | None:
        item = self._standing.reservation
        if item is None or self._email is None or INVITATION in self._without:
            return None
        from vestibule.invitations.items import to_reservation  # noqa: PLC0415 - few are invited

        reservation = to_reservation(item)
        is_own = reservation.created_by == self._arrival.user_id
        is_live = reservation.is_live(int(self._moment.timestamp()))
        return reservation if is_live and not is_own else None

    def _spending(self, place: Place) -> list[Operation]:
        if self._reservation is None:
            return []
        from vestibule.invitations.reservations import spending  # noqa: PLC0415 - few are invited

        invited = self._reservation.organization_id
        joins = place.is_active and place.organization_id == invited
        offers = invited is not None and not joins
        return spending(self._reservation, self._arrival.user_id, self._at, offers=offers)

    def _place(self, before: Profile | None) -> Place:
        belongs = before is not None and before.organization_id is not None
        if belongs or self._standing.belongs or ORGANIZATION in self._without:
            return NOWHERE
        return placement.place(
            self._policy,
            self._email,
            self._account_type,
            self._reservation,
            self._standing.domain_claim,
        )

    def _opens(self, place: Place) -> bool:
        is_open = place.organization_id in self._standing.organizations
        return place.founds is not None or (place.is_named and not is_open)

    def _entering(self, place: Place) -> tuple[str, list[Operation]]:
        if place is NOWHERE:
            return "", []
        from vestibule.triggers import belonging  # noqa: PLC0415 - not everybody belongs

        return belonging.entering(
            place,
            self._arrival,
            self._policy,
            account_type=self._vouched_type(),
            opens=self._opens(place),
        )

    def _vouched_type(self) -> str:
        """Give the account type that a plan may follow: what an admin's invitation says alone."""
        named = self._reservation.account_type if self._reservation else None
        return named or ACCOUNT_TYPES[0]

    def _profile(self, before: Profile | None) -> Profile:
        profile = before or _blank(self._arrival)
        profile = _addressed(profile, self._arrival, self._email)
        if profile.role_source == placement.DEFAULT:
            role, source = placement.role(self._policy, self._email, self._reservation)
            profile = replace(profile, role=role, role_source=source)
        return replace(
            profile,
            account_type=self._account_type,
            sign_in_name=self._arrival.sign_in_name or profile.sign_in_name,
            updated_at=self._at if before else profile.created_at,
            version=profile.version + 1,
        )

    def _beginnings(self, *, is_first: bool) -> dict[str, Operation]:
        arrival, standing = self._arrival, self._standing
        operations: dict[str, Operation] = {
            "activity": history.entry(arrival, activity.EMAIL_CHANGE)
        }
        if is_first:
            told = {**arrival.origin, **standing.origin}
            operations["activity"] = history.entry(arrival, activity.SIGNUP, **told)
        if not standing.has_preferences:
            kept = items.from_preferences(arrival.user_id, _preferences(arrival))
            operations["preferences"] = Put(kept, condition=absent())
        if standing.origin and arrival.proven_email is not None:
            operations["origin"] = store.forgotten_origin(arrival.proven_email)
        return operations


def _word(arrival: Arrival, profile: Profile, standing: Standing) -> dict[str, Operation]:
    """Tell the world outside of their coming, or of the address that it had to wait for."""
    if not standing.is_confirmed:
        return {"confirmed": outbox.confirmed(arrival, profile, standing.origin)}
    if standing.is_held and profile.email is not None:
        return {"confirmed": addressed(profile, arrival.at)}
    return {}


def _kind(known: Known | None) -> str:
    if known is None:
        return OPENED
    return MOVED if known.arrived else COMPLETED


def _free_email(arrival: Arrival, standing: Standing) -> str | None:
    """Give the address to claim: a proven one that nobody else holds."""
    taken = standing.claimed_by not in {None, arrival.user_id}
    return None if taken else arrival.proven_email


def _addressed(profile: Profile, arrival: Arrival, email: str | None) -> Profile:
    """Take over a proven address; without its claim the profile does without the address."""
    if arrival.proven_email is None:
        return profile if profile.email else replace(profile, email=arrival.email)
    return replace(
        profile, email=email, email_verified=email is not None, email_conflict=email is None
    )


def _claims(
    user_id: str, old: str | None, profile: Profile, at: str, without: frozenset[str]
) -> dict[str, Operation]:
    operations: dict[str, Operation] = {}
    if profile.claimed_email is not None:
        operations["claim"] = items.claiming(profile.claimed_email, user_id, at)
    if old is not None and old != profile.claimed_email and RELEASE not in without:
        operations[RELEASE] = items.releasing(old, user_id)
    return operations


def _blank(arrival: Arrival) -> Profile:
    return Profile(
        user_id=arrival.user_id,
        name=arrival.name,
        created_at=arrival.at,
        updated_at=arrival.at,
        first_name=arrival.first_name,
        last_name=arrival.last_name,
        phone_number=arrival.phone_number,
        phone_verified=arrival.phone_verified,
        role_source=placement.DEFAULT,
        version=0,
        sign_in_name=arrival.sign_in_name,
    )


def _preferences(arrival: Arrival) -> Preferences:
    wishes = Preferences(marketing_emails=arrival.marketing_consent)
    return wishes if arrival.language is None else replace(wishes, language=arrival.language)


def _numbered(part: str, operations: list[Operation]) -> dict[str, Operation]:
    return {f"{part} {number}": operation for number, operation in enumerate(operations)}
