"""What somebody watching for attacks wants to hear of: one line and one count each."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.ids import is_sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.triggers.events import Event

log = logs.logger(__name__)

SIGNUP_BLOCKED_SUSPICIOUS: Final = "signup_blocked_suspicious"
MULTIPLE_FAILED_VALIDATIONS: Final = "multiple_failed_validations"
INVALID_TOKEN_DETECTED: Final = "invalid_token_detected"  # noqa: S105 - a name
INVITE_CODE_INVALID: Final = "invite_code_invalid"
DOMAIN_RESTRICTION_TRIGGERED: Final = "domain_restriction_triggered"
UNUSUAL_SIGNUP_PATTERN: Final = "unusual_signup_pattern"
INVITATION_MISSING: Final = "invitation_missing"
SIGNUP_ATTRIBUTE_REFUSED: Final = "signup_attribute_refused"
SIGN_IN_SUSPENDED: Final = "sign_in_suspended"
SIGN_IN_OUTSIDE_HOURS: Final = "sign_in_outside_hours"
SIGN_IN_ERASED: Final = "sign_in_erased"
EMAIL_CONFLICT: Final = "email_conflict"
IDENTITY_LINKED: Final = "identity_linked"
IDENTITY_REFUSED: Final = "identity_refused"

HIGH: Final = "HIGH"
MEDIUM: Final = "MEDIUM"
LOW: Final = "LOW"
_SEVERITIES: Final = {
    SIGNUP_BLOCKED_SUSPICIOUS: HIGH,
    MULTIPLE_FAILED_VALIDATIONS: HIGH,
    INVALID_TOKEN_DETECTED: HIGH,
    INVITE_CODE_INVALID: MEDIUM,
    DOMAIN_RESTRICTION_TRIGGERED: MEDIUM,
    UNUSUAL_SIGNUP_PATTERN: MEDIUM,
    IDENTITY_LINKED: MEDIUM,
}


def severity(kind: str) -> str:
    return _SEVERITIES.get(kind, LOW)


def report(kind: str, event: Event, **facts: object) -> None:
    """Say what happened. `facts` name no person and no address."""
    _report(kind, event.source, event.user_id if is_sub(event.user_id) else None, facts)


def report_person(kind: str, door: str, user_id: str, **facts: object) -> None:
    _report(kind, door, user_id, facts)


def _report(kind: str, source: str, user_id: str | None, facts: dict[str, object]) -> None:
    level = severity(kind)
    write = log.info if level == LOW else log.warning
    write(
        "security event",
        security_event=kind,
        severity=level,
        source=source,
        user_id=user_id,
        **facts,
    )
    metrics.count(f"SecurityEvents{level.capitalize()}")
    metrics.count(f"Security{''.join(word.capitalize() for word in kind.split('_'))}")
