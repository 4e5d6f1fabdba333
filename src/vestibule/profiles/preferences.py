"""How a person wants to be written to and shown things."""

from __future__ import annotations

from vestibule.platform.values import from_wire, frozen, wire_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_NO_LAYOUT: Final[Mapping[str, Any]] = {}


@frozen
class Preferences:
    email_notifications: bool = True
    push_notifications: bool = True
    sms_notifications: bool = False
    marketing_emails: bool = False  # only ever true by the person's own consent
    theme: str = "auto"
    language: str = "en"
    timezone: str = "UTC"
    date_format: str = "YYYY-MM-DD"
    dashboard_layout: Mapping[str, Any] = _NO_LAYOUT
    default_view: str = "dashboard"


WIRE_NAMES: Final = wire_names(Preferences)


def to_view(preferences: Preferences) -> dict[str, Any]:
    view = {wire: getattr(preferences, name) for name, wire in WIRE_NAMES.items()}
    view["dashboardLayout"] = dict(preferences.dashboard_layout)
    return view


def from_view(view: Mapping[str, Any]) -> Preferences:
    """Read what `to_view` gave; what is missing takes its default, the unknown is passed over."""
    return Preferences(**from_wire(view, WIRE_NAMES))
