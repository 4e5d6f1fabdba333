"""Triggers this backend has no opinion on yet: each event goes back as it came.

Give a source a handler of its own in the wiring, and that one is asked instead.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vestibule.triggers.events import Event


def federation(event: Event) -> Mapping[str, Any]:
    """Keep all the provider sent: an empty map says so, a partial one drops the rest."""
    return {"userAttributesToMap": event.response.get("userAttributesToMap") or {}}


def sender(event: Event) -> None:
    """Cognito expects nothing back."""
    del event
