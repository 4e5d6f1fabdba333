"""What the account routes take and answer, for msgspec and for the API's document."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.activity.bodies import Activity  # noqa: TC001 - msgspec reads it
from vestibule.profiles import preferences
from vestibule.profiles.bodies import Preferences, Profile  # noqa: TC001 - msgspec reads them
from vestibule.profiles.fields import RuleBroken

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_LAYOUT: Final = 8 * 1024

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_TIMEZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_DATE_FORMAT: Final = re.compile(r"[A-Za-z0-9 ,./:_-]{1,32}")
_VIEW: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}")


def _matching(pattern: re.Pattern[str], rule: str, message: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise RuleBroken(rule, message)
        return value

    return check


def _layout(value: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8"))
    if size > LARGEST_LAYOUT:
        raise RuleBroken("maxBytes", f"Must take at most {LARGEST_LAYOUT} bytes as JSON: {size}.")
    return value


Language = Annotated[
    str,
    Meta(
        description="A language tag.",
        extra={"check": _matching(_LANGUAGE, "language", "Must be a language tag such as de-AT.")},
    ),
]
Timezone = Annotated[
    str,
    Meta(
        description="A name of the time zone database.",
        extra={
            "check": _matching(
                _TIMEZONE, "timezone", "Must be a time zone's name such as Europe/Vienna."
            )
        },
    ),
]
DateFormat = Annotated[
    str,
    Meta(
        extra={
            "check": _matching(
                _DATE_FORMAT, "dateFormat", "Must be a pattern such as YYYY-MM-DD, 32 at most."
            )
        }
    ),
]
View = Annotated[
    str,
    Meta(
        extra={
            "check": _matching(_VIEW, "view", "Must be a view's name: letters, digits, '-', '/'.")
        }
    ),
]
Layout = Annotated[
    dict[str, Any],
    Meta(description="Anything in JSON, 8 KB at most.", extra={"check": _layout}),
]


class PreferencesBody(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is."""

    email_notifications: bool | UnsetType = UNSET
    push_notifications: bool | UnsetType = UNSET
    sms_notifications: bool | UnsetType = UNSET
    marketing_emails: bool | UnsetType = UNSET
    theme: Literal["light", "dark", "auto"] | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    date_format: DateFormat | UnsetType = UNSET
    dashboard_layout: Layout | UnsetType = UNSET
    default_view: View | UnsetType = UNSET


def to_changes(body: PreferencesBody) -> dict[str, Any]:
    given = {wire: getattr(body, name) for name, wire in preferences.WIRE_NAMES.items()}
    return {wire: value for wire, value in given.items() if value is not UNSET}


class RoleBody(Struct, forbid_unknown_fields=True):
    role: Annotated[str, Meta(max_length=64, description="One that the policy names.")]


class PreferencesShown(Struct):
    preferences: Preferences


class ProfileChanged(Struct):
    message: str
    profile: Profile


class Export(Struct, kw_only=True, rename="camel"):
    """Everything we hold of a person."""

    exported_at: str
    profile: Profile | None
    preferences: Preferences
    organization: dict[str, Any] | None
    memberships: Annotated[
        list[dict[str, Any]], Meta(description="With those that wait to be accepted.")
    ]
    vpcs: Annotated[
        list[dict[str, Any]],
        Meta(description="Those that you asked for and that have not been removed."),
    ]
    account: Annotated[dict[str, Any], Meta(description="What the sign-in account says.")]
    address: Annotated[
        dict[str, Any],
        Meta(
            description="What is kept under your confirmed address: the claim on it, an invitation "
            "reserved for it, where the sign-up came from."
        ),
    ]
    confirmation: Annotated[
        dict[str, Any] | None,
        Meta(description="What services beside us are told of your arrival."),
    ]
    deliveries: Annotated[
        dict[str, Any], Meta(description="Which of them have it, and the mails it led to.")
    ]
    activity: list[Activity]
    activity_complete: Annotated[
        bool, Meta(description="False if there is more than the newest 5,000 entries.")
    ]
