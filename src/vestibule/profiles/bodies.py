"""What the profile routes take and answer, for msgspec and for the API's document.

Routes name these types as text: msgspec is imported where a body is read, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.profiles import fields
from vestibule.profiles.model import EDITABLE, Draft

if TYPE_CHECKING:
    from collections.abc import Callable


def _text(
    check: Callable[[str], str | None], shortest: int, longest: int, says: str, **more: str
) -> Meta:
    # The bounds are for the document; the check counts them after trimming.
    bounds = {"minLength": shortest, "maxLength": longest, **more}
    return Meta(description=says, extra_json_schema=bounds, extra={"check": check})


_CLEARS: Final = "Null, or nothing but blanks, clears it."
# What policy.model.ACCOUNT_TYPES lists, as a type.
AccountType = Literal["standard", "business", "enterprise"]
Name = Annotated[str, _text(fields.full_name, *fields.NAME_LENGTH, "Blanks around it are dropped.")]
ShortName = Annotated[str, _text(fields.short_name, 0, fields.SHORT_LENGTH[1], _CLEARS)]
Phone = Annotated[
    str,
    _text(fields.phone_number, 3, 16, "E.164. Null clears it.", pattern=fields.PHONE_PATTERN),
]
Bio = Annotated[
    str,
    _text(
        fields.bio,
        0,
        fields.BIO_LENGTH[1],
        f"Plain text, kept as typed: whoever shows it as HTML escapes it. {_CLEARS}",
    ),
]
Email = Annotated[
    str,
    _text(
        fields.email,
        *fields.EMAIL_LENGTH,
        "May repeat the account's address, never set another: change it at the account.",
    ),
]


class ProfileBody(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What people write of themselves. What is left out stays as it is."""

    name: Name
    first_name: ShortName | UnsetType | None = UNSET
    last_name: ShortName | UnsetType | None = UNSET
    phone_number: Phone | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    department: ShortName | UnsetType | None = UNSET
    email: Email | UnsetType = UNSET


def to_draft(body: ProfileBody) -> Draft:
    given = {name: getattr(body, name) for name in EDITABLE}
    email = None if body.email is UNSET else body.email
    return Draft({name: value for name, value in given.items() if value is not UNSET}, email)


class PublicProfile(Struct, kw_only=True, rename="camel"):
    """What any signed-in person may see of another."""

    user_id: str
    name: str
    bio: str | UnsetType = UNSET
    created_at: str


class Profile(PublicProfile, kw_only=True, rename="camel"):
    """Whole for its owner and for admins; others see its public fields. No value, no field."""

    email: (
        Annotated[str, Meta(description="Absent while somebody else holds that address.")]
        | UnsetType
    ) = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    department: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    role_source: str | UnsetType = UNSET
    account_type: AccountType | UnsetType = UNSET
    organization_id: str | UnsetType = UNSET
    status: Literal["active", "suspended", "pending"] | UnsetType = UNSET
    email_verified: bool | UnsetType = UNSET
    phone_verified: bool | UnsetType = UNSET
    onboarding_completed: bool | UnsetType = UNSET
    updated_at: str | UnsetType = UNSET
    last_login_at: str | UnsetType = UNSET
    last_activity_at: str | UnsetType = UNSET
    version: (
        Annotated[int, Meta(ge=1, description="Raised by every change; If-Match takes it.")]
        | UnsetType
    ) = UNSET
    email_conflict: (
        Annotated[bool, Meta(description="Somebody else holds the account's address.")] | UnsetType
    ) = UNSET


class Preferences(Struct, kw_only=True, rename="camel"):
    email_notifications: bool
    push_notifications: bool
    sms_notifications: bool
    marketing_emails: bool
    theme: Literal["light", "dark", "auto"]
    language: str
    timezone: str
    date_format: str
    dashboard_layout: dict[str, Any]
    default_view: str


class ProfileWritten(Struct):
    message: str
    profile: Profile


class ProfileShown(Struct):
    profile: Profile


class ProfileErased(Struct, rename="camel"):
    message: str
    user_id: str


class ProfilePage(Struct, rename="camel"):
    profiles: list[PublicProfile]
    count: int
    next_token: Annotated[str, Meta(description="Absent on the last page.")] | UnsetType = UNSET


class OwnMembership(Struct, kw_only=True, rename="camel"):
    """Where the person belongs or waits: who waits is told of their waiting, and no more."""

    organization_id: str
    user_id: str
    role: Literal["admin", "member"]
    status: Literal["active", "pending"]
    joined_at: str
    department: str | UnsetType = UNSET


class Me(Struct, kw_only=True):
    profile: Annotated[Profile | None, Meta(description="Null until the person has one.")]
    preferences: Preferences
    organization: Annotated[
        dict[str, Any] | None, Meta(description="Null without one, and while they wait.")
    ]
    role: str
    membership: (
        Annotated[OwnMembership, Meta(description="Absent for who neither belongs nor waits.")]
        | UnsetType
    ) = UNSET
