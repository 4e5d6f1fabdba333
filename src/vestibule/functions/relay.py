"""Tells the bus what changed in the table, from the table's stream."""

from __future__ import annotations

import os

from vestibule.delivery.relay import EventBus, Relay, TableShelf
from vestibule.functions.parts import Parts
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsClient
from vestibule.platform.budget import seconds_left
from vestibule.platform.settings import Settings, SettingsError, together
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

log = logs.logger(__name__)

_LONGEST_NAME: Final = 1600
_NAME_LETTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:"
)
_SECONDS: Final = 20.0
# For what is put aside at the end, and for the runtime.
_RESERVED_SECONDS: Final = 5.0


@frozen
class RelaySettings:
    bus_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> RelaySettings:
        """Read BUS_NAME. Raise SettingsError."""
        name = environment.get("BUS_NAME")
        if not name:
            raise SettingsError("BUS_NAME: is not set; must be the event bus's name or ARN")
        if len(name) > _LONGEST_NAME or not _NAME_LETTERS.issuperset(name):
            raise SettingsError(f"BUS_NAME: must be an event bus's name or ARN, got {name[:60]!r}")
        return cls(name)


def _wire(settings: Settings, more: RelaySettings) -> Relay:
    parts = Parts.of(settings, AwsClient)
    return Relay(EventBus(parts.client("events"), more.bus_name), TableShelf(parts.table))


def handler(event: Mapping[str, Any], context: object) -> None:
    """Tell of every record. Raise for any that was not accepted: the stream brings all again."""
    logs.bind(request_id=getattr(context, "aws_request_id", ""))
    metrics.forget()
    records = event.get("Records", ())
    try:
        seconds = min(_SECONDS, seconds_left(context, reserve=_RESERVED_SECONDS))
        done = relay.relay(records, seconds)
    except Exception as error:
        log.failure("not relayed", error, records=len(records))
        raise
    else:
        log.info(
            "relayed",
            records=done.records,
            events=done.events,
            put_aside=done.aside,
            rounds=done.rounds,
            oldest_seconds=done.oldest_seconds,
        )
    finally:
        metrics.flush()


relay = _wire(*together(Settings.from_environment, RelaySettings.from_environment))
