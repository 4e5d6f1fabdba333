"""Who somebody is before an organization, and what must still be so when they write there."""

from __future__ import annotations

from vestibule.organizations import items
from vestibule.organizations.model import ACTIVE, ADMIN
from vestibule.platform.conditions import equals, present
from vestibule.platform.operations import Check
from vestibule.platform.values import frozen
from vestibule.profiles import items as people
from vestibule.profiles.conditions import NOT_SUSPENDED, still_admin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.organizations.model import Membership, Organization
    from vestibule.profiles.model import Profile

ACTIVE_ADMIN_HERE = equals("role", ADMIN) & equals("status", ACTIVE)


@frozen
class Standing:
    """A caller before an organization, all of it read at once. `None`: there is no such thing."""

    user_id: str
    profile: Profile | None
    organization: Organization | None = None
    membership: Membership | None = None
    is_operator: bool = False

    @property
    def is_admin(self) -> bool:
        """Of the whole place, not of the organization."""
        return self.is_operator or (self.profile is not None and self.profile.is_active_admin)

    @property
    def is_suspended(self) -> bool:
        return self.profile is not None and self.profile.is_suspended

    @property
    def is_member(self) -> bool:
        """Whoever was erased is none, even while the membership is still to be cleared."""
        return (
            self.profile is not None and self.membership is not None and self.membership.is_active
        )

    @property
    def is_organization_admin(self) -> bool:
        return self.is_member and self.membership is not None and self.membership.role == ADMIN

    @property
    def checks(self) -> Sequence[Check]:
        """What must still hold for a write that these words allow."""
        if self.is_operator:
            return ()
        if self.is_admin or self.organization is None:
            return (still_admin(self.user_id),)
        return works_here(self.organization.id, self.user_id)


def works_here(organization_id: str, user_id: str) -> tuple[Check, Check]:
    """What holds while somebody can act as an admin of an organization."""
    member = items.member_key(organization_id, user_id)
    return (
        Check(*people.profile_key(user_id), present() & NOT_SUSPENDED),
        Check(*member, ACTIVE_ADMIN_HERE),
    )


@frozen
class Scene:
    """A member whom somebody acts upon, and the one who acts, all of it read at once."""

    standing: Standing
    membership: Membership | None
    profile: Profile | None
    belongs_to: str | None = None  # where they belong or wait, be it here or elsewhere

    @property
    def is_own(self) -> bool:
        """Whether they act upon themselves."""
        return self.membership is not None and self.membership.user_id == self.standing.user_id
