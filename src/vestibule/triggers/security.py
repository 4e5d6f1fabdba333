"""What somebody watching for attacks wants to hear of the triggers.

What is of high severity is written down when the event has been decided: telling of a refusal must
neither delay nor change it.
"""

from __future__ import annotations

from vestibule.platform.ids import is_sub
from vestibule.security.recorder import Sighting, tell
from vestibule.triggers.line import leave

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.triggers.events import Event


def report(kind: str, event: Event, **facts: object) -> None:
    """Say what happened. `facts` name no person and no address."""
    _report(kind, event.source, event.user_id if is_sub(event.user_id) else None, facts)


def report_person(kind: str, door: str, user_id: str, **facts: object) -> None:
    _report(kind, door, user_id, facts)


def _report(kind: str, source: str, user_id: str | None, facts: dict[str, object]) -> None:
    sighting = Sighting(kind, source, facts, user_id)
    tell(sighting)
    leave(sighting)
