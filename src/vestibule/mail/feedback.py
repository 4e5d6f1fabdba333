"""What SES tells of mails that were sent: who they never reached, and who complained of them.

It comes as a topic's envelope or as it is, from an identity (`notificationType`) or from a
configuration set (`eventType`).
"""

from __future__ import annotations

import json

from vestibule.mail import suppression
from vestibule.platform import logs, metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from vestibule.mail.suppression import Suppressions

log = logs.logger(__name__)

_BOUNCE: Final = "Bounce"
_COMPLAINT: Final = "Complaint"
# Of no consequence here, and nobody's fault: a configuration set may send them along.
_OTHERS: Final = frozenset(
    {
        "AmazonSnsSubscriptionSucceeded",
        "Click",
        "Delivery",
        "DeliveryDelay",
        "Open",
        "Reject",
        "Rendering Failure",
        "Send",
        "Subscription",
    }
)
_PERMANENT: Final = "Permanent"
_NOT_SPAM: Final = "not-spam"  # a complaint taken back
_LONGEST_KIND: Final = 40


class Feedback:
    def __init__(self, suppressions: Suppressions) -> None:
        self._suppressions = suppressions

    def handle(self, message: str | Mapping[str, Any]) -> bool:
        """Take up a notification; False for what is none. May be repeated.

        Raises what the table raises: the message is to come again then.
        """
        told = _notification(message)
        if told is None:
            return False
        type_ = _type(told)
        if type_ == _BOUNCE:
            self._bounced(_part(told, "bounce"))
        elif type_ == _COMPLAINT:
            self._complained(_part(told, "complaint"))
        return True

    def _bounced(self, bounce: Mapping[str, Any]) -> None:
        kind = _kind(bounce.get("bounceSubType"))
        if bounce.get("bounceType") != _PERMANENT:
            metrics.count("MailBouncedTransient")
            log.info("a mail bounced for now", kind=kind)
            return
        metrics.count("MailBounced")
        self._set_aside(bounce, "bouncedRecipients", suppression.BOUNCE, kind)

    def _complained(self, complaint: Mapping[str, Any]) -> None:
        kind = _kind(complaint.get("complaintFeedbackType"))
        if kind == _NOT_SPAM:
            log.info("a mail is no spam, its reader says")
            return
        metrics.count("MailComplained")
        self._set_aside(complaint, "complainedRecipients", suppression.COMPLAINT, kind)

    def _set_aside(self, told: Mapping[str, Any], name: str, reason: str, kind: str) -> None:
        done = sum(self._suppressions.add(one, reason, kind) for one in _addresses(told.get(name)))
        log.info("addresses set aside", count=done, reason=reason, kind=kind)


def _notification(message: str | Mapping[str, Any]) -> Mapping[str, Any] | None:
    told = _object(message)
    if told is not None and told.get("Type") == "Notification":
        told = _object(told.get("Message"))
    return told if told is not None and _is_feedback(told) else None


def _is_feedback(told: Mapping[str, Any]) -> bool:
    type_ = _type(told)
    if type_ == _BOUNCE:
        return isinstance(told.get("bounce"), dict)
    if type_ == _COMPLAINT:
        return isinstance(told.get("complaint"), dict)
    return type_ in _OTHERS


def _type(told: Mapping[str, Any]) -> str:
    return str(told.get("notificationType") or told.get("eventType") or "")


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = told[name]
    return part


def _object(message: object) -> Mapping[str, Any] | None:
    if isinstance(message, str):
        try:
            message = json.loads(message)
        except (ValueError, RecursionError):
            return None
    return message if isinstance(message, dict) else None


def _addresses(recipients: object) -> Iterator[str]:
    """Read `Name <address>` as the address: SES gives what the mail was sent to."""
    for one in recipients if isinstance(recipients, list) else ():
        address = one.get("emailAddress") if isinstance(one, dict) else None
        if isinstance(address, str):
            yield address.rpartition("<")[2].rstrip("> ")


def _kind(told: object) -> str:
    """Keep a word of SES's, and nothing that somebody else may have put in its place."""
    word = told if isinstance(told, str) else ""
    is_plain = word.replace("-", "").replace("_", "").isalnum() and word.isascii()
    return word[:_LONGEST_KIND] if is_plain else "unknown"
