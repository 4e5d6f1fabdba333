"""How a security event lies in the table until the stream has told the bus of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.operations import Item
    from vestibule.security.recorder import Sighting

EVENT: Final = "EVENT"
PREFIX: Final = "SECURITY#"
LIFETIME_SECONDS: Final = 7 * 24 * 60 * 60


def from_sighting(event_id: str, sighting: Sighting, at: str, forgotten_at: int) -> Item:
    item: Item = {
        "pk": f"{PREFIX}{event_id}",
        "sk": EVENT,
        "kind": sighting.kind,
        "severity": sighting.severity,
        "source": sighting.source,
        "at": at,
        "facts": dict(sighting.facts),
        "expiresAt": forgotten_at,
    }
    if sighting.user_id is not None:
        item["userId"] = sighting.user_id
    return item
