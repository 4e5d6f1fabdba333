"""An event as it goes over the bus and lies in the queues: what happened, told the same each time.

The catalogue is in docs/events.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

SOURCE: Final = "vestibule"

USER_SIGNUP_STARTED: Final = "user.signup_started"
USER_CONFIRMED: Final = "user.confirmed"
USER_UPDATED: Final = "user.updated"
USER_ROLE_ASSIGNED: Final = "user.role_assigned"
USER_SUSPENDED: Final = "user.suspended"
USER_REACTIVATED: Final = "user.reactivated"
USER_SIGNED_IN: Final = "user.signed_in"
USER_EMAIL_CONFLICT: Final = "user.email_conflict"
USER_ERASED: Final = "user.erased"
ORGANIZATION_CREATED: Final = "organization.created"
ORGANIZATION_JOINED: Final = "organization.joined"
ORGANIZATION_LEFT: Final = "organization.left"
INVITATION_ACCEPTED: Final = "invitation.accepted"
VPC_REQUESTED: Final = "vpc.requested"
VPC_CONTINUED: Final = "vpc.continued"
VPC_DELETION_REQUESTED: Final = "vpc.deletion_requested"
VPC_AVAILABLE: Final = "vpc.available"
VPC_FAILED: Final = "vpc.failed"
VPC_DELETED: Final = "vpc.deleted"
MAIL_SENT: Final = "mail.sent"
SECURITY: Final = "security."
"""What security events begin with: the kind follows, and all kinds look alike."""

VERSIONS: Final[Mapping[str, int]] = {
    USER_SIGNUP_STARTED: 1,
    USER_CONFIRMED: 1,
    USER_UPDATED: 1,
    USER_ROLE_ASSIGNED: 1,
    USER_SUSPENDED: 1,
    USER_REACTIVATED: 1,
    USER_SIGNED_IN: 1,
    USER_EMAIL_CONFLICT: 1,
    USER_ERASED: 1,
    ORGANIZATION_CREATED: 1,
    ORGANIZATION_JOINED: 1,
    ORGANIZATION_LEFT: 1,
    INVITATION_ACCEPTED: 1,
    VPC_REQUESTED: 1,
    VPC_CONTINUED: 1,
    VPC_DELETION_REQUESTED: 1,
    VPC_AVAILABLE: 1,
    VPC_FAILED: 1,
    VPC_DELETED: 1,
    MAIL_SENT: 1,
    SECURITY: 1,
}
"""Every type with the version of its data that this code writes; it reads the older ones too."""

_ID_DIGITS: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MEMBERS: Final[Mapping[str, type]] = {
    "id": str,
    "type": str,
    "schemaVersion": int,
    "time": str,
    "subject": str,
    "sequence": int,
    "data": dict,
}


class UnknownEvent(Exception):
    """A message that is no event, or one of a type or version this code does not know."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Event:
    id: str
    """The same for every telling of the same fact."""
    type: str
    schema_version: int
    time: str
    subject: str
    sequence: int
    """Microseconds from 1970 to the change: of two about one subject the higher is the newer."""
    data: Mapping[str, Any]


def make(
    type_: str, subject: str, time: str, data: Mapping[str, Any], discriminator: str = ""
) -> Event:
    """Tell a fact. `discriminator` tells it from others of its type about the same subject.

    `time` is a timestamp as `clock.timestamp` writes it. Raise ValueError for an unknown type.
    """
    version = version_of(type_)
    if version is None:
        raise ValueError(f"{type_!r} is no type of event")
    return Event(
        id=event_id(type_, subject, discriminator),
        type=type_,
        schema_version=version,
        time=time,
        subject=subject,
        sequence=_microseconds(time),
        data=data,
    )


def event_id(type_: str, subject: str, discriminator: str = "") -> str:
    return sha256(f"{type_}|{subject}|{discriminator}".encode()).hexdigest()[:_ID_DIGITS]


def version_of(type_: str) -> int | None:
    """Give the version this code writes; None for an unknown type."""
    if type_.startswith(SECURITY):
        return VERSIONS[SECURITY] if type_ != SECURITY else None
    return VERSIONS.get(type_)


def write(event: Event) -> str:
    return json.dumps(to_message(event), separators=(",", ":"), allow_nan=False)


def to_message(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "schemaVersion": event.schema_version,
        "time": event.time,
        "subject": event.subject,
        "sequence": event.sequence,
        "data": dict(event.data),
    }


def parse(body: str | Mapping[str, Any]) -> Event:
    """Read an event, passing over members that a newer version added. Raise UnknownEvent."""
    message = _loaded(body) if isinstance(body, str) else body
    if not isinstance(message, dict):
        raise UnknownEvent("the message is not a JSON object")
    for name, kind in _MEMBERS.items():
        if name not in message:
            raise UnknownEvent(f"the event has no {name!r}")
        if not isinstance(message[name], kind) or isinstance(message[name], bool):
            raise UnknownEvent(f"the event's {name!r} is not {_KINDS[kind]}")
    _check_version(message["type"], message["schemaVersion"])
    return Event(
        id=message["id"],
        type=message["type"],
        schema_version=message["schemaVersion"],
        time=message["time"],
        subject=message["subject"],
        sequence=message["sequence"],
        data=message["data"],
    )


_KINDS: Final = {str: "text", int: "a whole number", dict: "an object"}


def _loaded(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnknownEvent("the message is not JSON") from None


def _check_version(type_: str, version: int) -> None:
    known = version_of(type_)
    if known is None:
        raise UnknownEvent(f"events of type {type_[:60]!r} are not known here")
    if not 1 <= version <= known:
        raise UnknownEvent(
            f"version {version} of {type_[:60]!r} is not known here, only 1 to {known}"
        )


def _microseconds(time: str) -> int:
    span = datetime.fromisoformat(time) - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
