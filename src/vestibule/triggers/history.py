"""What a trigger adds to somebody's activity."""

from __future__ import annotations

from vestibule.activity import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.operations import Put
    from vestibule.triggers.arrival import Arrival


def entry(arrival: Arrival, kind: str, **details: str) -> Put:
    return items.entry(arrival.user_id, kind, arrival.at, details={"door": arrival.door, **details})
