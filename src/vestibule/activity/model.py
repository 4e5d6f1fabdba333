"""What people did, and what was done to them: kept for ninety days."""

from __future__ import annotations

from vestibule.platform.origin import Origin
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item

SIGNUP: Final = "signup"
LOGIN: Final = "login"
LOGOUT: Final = "logout"
PASSWORD_RESET: Final = "password_reset"  # noqa: S105 - a name
EMAIL_CHANGE: Final = "email_change"
PROFILE_UPDATE: Final = "profile_update"
ROLE_CHANGE: Final = "role_change"
SUSPENSION: Final = "suspension"
REACTIVATION: Final = "reactivation"
DATA_EXPORT: Final = "data_export"

_NOTHING: Final[Mapping[str, Any]] = {}


@frozen
class Activity:
    kind: str
    time: str
    origin: Origin = Origin()
    details: Mapping[str, Any] = _NOTHING


@frozen
class ActivityPage:
    """The newest first, and where the next page starts."""

    activities: Sequence[Activity]
    next_key: Item | None


def view(activity: Activity) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": activity.kind, "time": activity.time}
    if activity.origin.ip:
        shown["ip"] = activity.origin.ip
    if activity.origin.user_agent:
        shown["userAgent"] = activity.origin.user_agent
    if activity.details:
        shown["details"] = dict(activity.details)
    return shown
