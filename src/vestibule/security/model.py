"""What somebody watching for attacks wants to hear of, and how loudly."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

SIGNUP_BLOCKED_SUSPICIOUS: Final = "signup_blocked_suspicious"
MULTIPLE_FAILED_VALIDATIONS: Final = "multiple_failed_validations"
INVALID_TOKEN_DETECTED: Final = "invalid_token_detected"  # noqa: S105 - a name
BREAKER_OPENED: Final = "breaker_opened"
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
    BREAKER_OPENED: HIGH,
    INVITE_CODE_INVALID: MEDIUM,
    DOMAIN_RESTRICTION_TRIGGERED: MEDIUM,
    UNUSUAL_SIGNUP_PATTERN: MEDIUM,
    IDENTITY_LINKED: MEDIUM,
}


def severity(kind: str) -> str:
    return _SEVERITIES.get(kind, LOW)
