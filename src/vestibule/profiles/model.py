"""What a profile is, and who sees which part of it."""

from __future__ import annotations

from operator import attrgetter

from vestibule.platform.values import frozen, wire_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item
    from vestibule.profiles.preferences import Preferences

ADMIN: Final = "admin"
DEFAULT_ROLE: Final = "user"
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
# Belongs to no organization yet, and waits for one's admin to let them in. An admin of the whole
# place is never so, even while they wait: a pending one would be no active one.
PENDING: Final = "pending"
# Whoever runs the place, with AWS credentials of their own. No caller of the API is ever named so.
OPERATOR: Final = "operator"
# What their owner may write. Everything else is decided by the account, by admins or by us.
EDITABLE: Final = ("name", "first_name", "last_name", "phone_number", "bio", "department")


@frozen
class Profile:
    user_id: str  # Cognito's sub
    name: str
    created_at: str
    updated_at: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None
    bio: str | None = None
    department: str | None = None
    role: str = DEFAULT_ROLE
    role_source: str = "default"
    account_type: str = "standard"
    organization_id: str | None = None
    status: str = ACTIVE
    email_verified: bool = False
    phone_verified: bool = False
    onboarding_completed: bool = False
    version: int = 1
    email_conflict: bool = False
    status_before: str | None = None  # what a suspension is to give back; kept, never shown
    sign_in_name: str | None = None  # Cognito's user name, if it isn't the sub; kept, never shown

    @property
    def is_active_admin(self) -> bool:
        return self.role == ADMIN and self.status == ACTIVE

    @property
    def is_suspended(self) -> bool:
        return self.status == SUSPENDED

    @property
    def claimed_email(self) -> str | None:
        """The address this profile may hold a claim on: only a verified one counts."""
        return self.email if self.email_verified else None


@frozen
class LastSeen:
    """Kept apart from the profile: it changes at each sign-in and needs no version."""

    login_at: str | None = None
    activity_at: str | None = None


@frozen
class Person:
    """All that is kept under one id, whatever of it exists."""

    profile: Profile | None
    preferences: Preferences | None
    last_seen: LastSeen
    erased: bool
    belongs_to: str | None = None  # the organization they belong to, or wait for


@frozen
class Sighting:
    """A profile as found by a reader, with the reader's own record of the same read."""

    profile: Profile | None
    last_seen: LastSeen
    reader: Profile | None


@frozen
class PublicPage:
    """People as the list shows them, and where the next page starts."""

    profiles: Sequence[Mapping[str, Any]]
    next_key: Item | None


@frozen
class Draft:
    """What somebody wants a profile to say, by `EDITABLE` names.

    A field that is absent stays as it is; None clears it.
    """

    fields: Mapping[str, str | None]
    email: str | None = None  # repeats the account's address, never sets it


WIRE_NAMES: Final = wire_names(Profile)

_PUBLIC: Final = ("user_id", "name", "bio", "created_at")
PUBLIC_NAMES: Final = tuple(WIRE_NAMES[attribute] for attribute in _PUBLIC)
_FULL: Final = (
    "user_id",
    "email",
    "name",
    "first_name",
    "last_name",
    "phone_number",
    "bio",
    "department",
    "role",
    "role_source",
    "account_type",
    "organization_id",
    "status",
    "email_verified",
    "phone_verified",
    "onboarding_completed",
    "created_at",
    "updated_at",
)


def _view_of(attributes: tuple[str, ...]) -> Callable[[Profile], dict[str, Any]]:
    """Give what shows these of a profile. Fields without a value are left out."""
    names, values = [WIRE_NAMES[attribute] for attribute in attributes], attrgetter(*attributes)
    return lambda profile: {
        name: value for name, value in zip(names, values(profile), strict=True) if value is not None
    }


public_view: Final = _view_of(_PUBLIC)
"""What any signed-in person may see of another."""
_full_view: Final = _view_of(_FULL)


def full_view(profile: Profile, last_seen: LastSeen | None = None) -> dict[str, Any]:
    """What the person and the admins see. Fields without a value are left out."""
    view = _full_view(profile)
    if last_seen is not None and last_seen.login_at is not None:
        view["lastLoginAt"] = last_seen.login_at
    if last_seen is not None and last_seen.activity_at is not None:
        view["lastActivityAt"] = last_seen.activity_at
    view["version"] = profile.version
    if profile.email_conflict:
        view["emailConflict"] = True
    return view
