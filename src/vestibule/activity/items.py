"""How activity lies in the table: under its person, in the order of time."""

from __future__ import annotations

from datetime import datetime

from vestibule.activity.model import Activity
from vestibule.platform.ids import new_id
from vestibule.platform.operations import Put
from vestibule.platform.origin import Origin
from vestibule.profiles.items import person_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.platform.operations import Item

PREFIX: Final = "ACTIVITY#"
LIFETIME_SECONDS: Final = 90 * 24 * 60 * 60
_LONGEST_AGENT: Final = 256


def entry(  # noqa: PLR0913 - what an entry says, by name
    user_id: str,
    kind: str,
    at: str,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Put:
    """Give the write of one entry, for a transaction of its own or of somebody else's.

    `at` is a timestamp as `clock.timestamp` writes it.
    """
    item: Item = {
        "pk": person_key(user_id),
        "sk": f"{PREFIX}{at}#{new_id()}",
        "type": kind,
        "time": at,
        "expiresAt": int(datetime.fromisoformat(at).timestamp()) + LIFETIME_SECONDS,
    }
    if ip:
        item["ip"] = ip
    if user_agent:
        item["userAgent"] = user_agent[:_LONGEST_AGENT]
    if details:
        item["details"] = dict(details)
    return Put(item)


def to_activity(item: Item) -> Activity:
    return Activity(
        item["type"],
        item["time"],
        Origin(item.get("ip"), item.get("userAgent")),
        item.get("details", {}),
    )
