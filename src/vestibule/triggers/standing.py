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

    @property
    def is_new(self) -> bool:
        return self.known is None and not self.erased
