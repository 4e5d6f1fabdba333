"""Business hours on the clocks of a place. Imported only where a policy sets some."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from vestibule.platform import logs, metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from vestibule.policy.model import Hours

log = logs.logger(__name__)


def covers(hours: Hours, moment: datetime) -> bool:
    """Whether the moment lies within the hours. Without data for the time zone nothing does."""
    try:
        there = moment.astimezone(ZoneInfo(hours.time_zone))
    except (KeyError, ValueError, OSError) as error:
        metrics.count("TimeZoneUnknown")
        log.warning("time zone unreadable: nobody with such hours may sign in", error=str(error))
        return False
    minute = there.hour * 60 + there.minute
    if hours.start < hours.end:
        return there.weekday() in hours.days and hours.start <= minute < hours.end
    # A night shift belongs to the day that it begins on.
    began_today = there.weekday() in hours.days and minute >= hours.start
    began_yesterday = (there.weekday() - 1) % 7 in hours.days and minute < hours.end
    return began_today or began_yesterday
