"""What our table knew of an arriving person, at one moment."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule.platform.operations import Item
    from vestibule.profiles.model import Profile
    from vestibule.triggers.arrival import Arrival


@frozen
class Known:
    profile: Profile
    arrived: bool
    """Whether ensure_user has been through: a profile may have been opened by POST /profiles."""

    @property
    def has_proven(self) -> bool:
        """Whether they ever proved an address, be it one that somebody else held."""
        return self.profile.email_verified or self.profile.email_conflict

    def is_settled(self, arrival: Arrival) -> bool:
        """Nothing is left to do for them, and the address is the one they have proven last."""
        proven = arrival.proven_email
        return self.arrived and (proven is None or proven == self.profile.claimed_email)


@frozen
class Standing:
    known: Known | None
    erased: bool
    has_preferences: bool
    belongs: bool
    """To an organization, waiting included."""
    claimed_by: str | None
    reservation: Item | None
    origin: Mapping[str, str]
    domain_claim: Item | None
    organizations: frozenset[str]
    """Those that the policy names for this person and that have been opened."""
    is_confirmed: bool = False
    """Whether the world outside is told of their coming: once in a life."""

    is_held: bool = False
    """Told of without an address, so that whoever needs one has not heard of them."""

    @property
    def is_new(self) -> bool:
        return self.known is None and not self.erased

    def may_tell(self, arrival: Arrival) -> bool:
        """Whether somebody who is held has an address by now."""
        if not self.is_held:
            return False
        if self.known is not None:
            return self.known.profile.email is not None
        return arrival.email is not None and self.claimed_by in {None, arrival.user_id}

    def rests(self, arrival: Arrival) -> bool:
        """Nothing changes in their record: it is whole, or somebody else holds their address."""
        if self.known is None or self.known.is_settled(arrival):
            return self.known is not None
        taken = self.claimed_by not in {None, arrival.user_id}
        return self.known.arrived and self.known.profile.email_conflict and taken
