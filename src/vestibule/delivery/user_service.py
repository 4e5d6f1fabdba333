"""Confirmed people reach the user service: what is sent, what is noted, what is taken back."""

from __future__ import annotations

import json
import os

from vestibule.delivery.events import USER_CONFIRMED
from vestibule.delivery.marks import DEAD, PersonErased
from vestibule.delivery.outbound import hosts, location
from vestibule.delivery.outcomes import DONE, Outcome, later, never
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.settings import SettingsError
from vestibule.platform.values import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.delivery.events import Event
    from vestibule.delivery.marks import Marks
    from vestibule.delivery.queue import Message
    from vestibule.delivery.service import Service
    from vestibule.platform.endpoint import Location

KIND: Final = "user-service"
WRITER: Final = "vestibule"
TABLE_AWAY: Final = "table_away"
UNEXPECTED_EVENT: Final = "unexpected_event"

_TAKEN: Final = frozenset({409})
# 405: a service that can't delete has nothing more to be asked.
_GONE: Final = frozenset({404, 405, 410})
_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")

log = logs.logger(__name__)


@frozen
class UserServiceSettings:
    """Where the user service is, and what names the secret with its key."""

    at: Location
    secret_id: str | None

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ
    ) -> UserServiceSettings | None:
        """Read USER_SERVICE_URL, USER_SERVICE_SECRET and OUTBOUND_HOSTS. None: there is none.

        Raise SettingsError.
        """
        url = environment.get("USER_SERVICE_URL")
        if not url:
            return None
        try:
            at = location(url, hosts(environment.get("OUTBOUND_HOSTS") or ""))
        except ValueError as error:
            raise SettingsError(f"USER_SERVICE_URL: {error}, got {url[:100]!r}") from error
        return cls(at, environment.get("USER_SERVICE_SECRET") or None)


class UserService:
    def __init__(self, service: Service | None, marks: Marks) -> None:
        """Without a service nothing is sent and nothing noted: reconciliation makes up for it."""
        self._service = service
        self._marks = marks

    def handle(self, event: Event, message: Message) -> Outcome:
        if event.type != USER_CONFIRMED:
            return never(UNEXPECTED_EVENT, f"{event.type} has nothing to do here")
        if self._service is None:
            metrics.count("DeliverySkipped")
            return DONE
        return self._service.wait() or self._delivered(self._service, event, message)

    def erase(self, user_id: str) -> Outcome:
        """Have the service forget somebody; it does no harm if it never knew them."""
        if self._service is None:
            return DONE
        result = self._service.exchange("DELETE", f"/{_segment(user_id)}", also_done=_GONE)
        if result.outcome.is_done:
            metrics.count("UserServiceErased")
        return result.outcome

    def buried(self, event: Event, outcome: Outcome) -> None:
        """Note that a dead letter tells of it."""
        try:
            self._marks.tried(event.subject, event.id, outcome.reason, status=DEAD)
        except (AwsError, PersonErased) as error:
            log.warning("delivery not noted", event_id=event.id, why=type(error).__name__)

    def _delivered(self, service: Service, event: Event, message: Message) -> Outcome:
        try:
            standing = self._marks.of(event.subject)
        except AwsError:
            return later(TABLE_AWAY, "whether it was delivered can't be read")
        if standing.erased:
            # An earlier try may have arrived after all.
            return self.erase(event.subject) if message.receives > 1 else DONE
        if standing.is_delivered(event.id):
            metrics.count("DeliveryRepeated")
            return DONE
        if event.sequence < standing.sequence:
            # Overtaken: the service knows what became of them later.
            metrics.count("DeliveryOutdated")
            return DONE
        if not event.data.get("email"):
            # Their address is somebody else's so far. They are told of anew once it is theirs.
            metrics.count("DeliveryHeld")
            log.info("not delivered: no address yet", user_id=event.subject, event_id=event.id)
            return DONE
        return self._noted(event, self._send(service, event), standing.attempts)

    def _send(self, service: Service, event: Event) -> Outcome:
        headers = {"content-type": "application/json", "idempotency-key": event.id}
        body = json.dumps(body_of(event), separators=(",", ":")).encode()
        return service.exchange("POST", "", headers, body, also_done=_TAKEN).outcome

    def _noted(self, event: Event, outcome: Outcome, attempts: int) -> Outcome:
        try:
            if outcome.is_done:
                self._marks.delivered(event.subject, event.id, event.sequence)
                metrics.count("UsersDelivered")
                log.info("user delivered", user_id=event.subject, event_id=event.id)
            elif not outcome.is_deferred:
                outcome = replace(outcome, attempts=attempts + 1)
                self._marks.tried(event.subject, event.id, outcome.reason)
        except PersonErased:
            # Erased while it was under way: the service must not be the last to know them.
            return self.erase(event.subject)
        except AwsError:
            # The service answers 409 next time.
            return later(TABLE_AWAY, "the delivery can't be noted") if outcome.is_done else outcome
        return outcome


def body_of(event: Event) -> dict[str, Any]:
    """What a user service is told of a confirmed person."""
    data = event.data
    return {
        "cognitoSub": event.subject,
        "email": data.get("email"),
        "fullName": full_name(data),
        "status": "ACTIVE",
        "role": "USER",
        "createdBy": WRITER,
        "updatedBy": WRITER,
    }


def full_name(data: Mapping[str, Any]) -> str:
    """The name, else given and family name, else nothing."""
    name = str(data.get("name") or "").strip()
    parts = (str(data.get(part) or "").strip() for part in ("firstName", "lastName"))
    return name or " ".join(part for part in parts if part)


def _segment(text: str) -> str:
    """Make a text one segment of a path."""
    return "".join(
        letter if letter in _SAFE else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in text
    )
