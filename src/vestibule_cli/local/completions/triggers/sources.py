"""Which trigger source is fired on the laptop, and by whom, so that none is fired twice."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class FiredBy(StrEnum):
    # At the emulator's own moment. Its event, its retries and its errors are replaced.
    EMULATOR = "emulator"
    # The emulator has no moment for it: the completions make one, around the call.
    COMPLETION = "completion"
    NOBODY = "nobody"


_BY_EMULATOR = (
    "PreSignUp_SignUp",
    "PreSignUp_ExternalProvider",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_HostedAuth",
    "TokenGeneration_RefreshTokens",
    "TokenGeneration_ClientCredentials",
    "CustomMessage_AdminCreateUser",
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
    "InboundFederation_ExternalProvider",
)
_BY_COMPLETION = (
    "PreSignUp_AdminCreateUser",
    "PostConfirmation_ConfirmSignUp",
    "PostConfirmation_ConfirmForgotPassword",
    "PreAuthentication_Authentication",
    "PostAuthentication_Authentication",
    "CustomMessage_SignUp",
    "CustomMessage_ResendCode",
    "CustomMessage_ForgotPassword",
    "CustomMessage_UpdateUserAttribute",
    "CustomMessage_VerifyUserAttribute",
    "CustomMessage_Authentication",
    "UserMigration_Authentication",
    "UserMigration_ForgotPassword",
)
_SENT = (
    "SignUp",
    "Authentication",
    "ForgotPassword",
    "ResendCode",
    "UpdateUserAttribute",
    "VerifyUserAttribute",
    "AdminCreateUser",
)
# No device is remembered here, and no sender replaces the captured mails.
_BY_NOBODY = (
    "TokenGeneration_AuthenticateDevice",
    *(f"CustomEmailSender_{event}" for event in (*_SENT, "AccountTakeOverNotification")),
    *(f"CustomSMSSender_{event}" for event in _SENT),
)

SOURCES: Mapping[str, FiredBy] = {
    **dict.fromkeys(_BY_EMULATOR, FiredBy.EMULATOR),
    **dict.fromkeys(_BY_COMPLETION, FiredBy.COMPLETION),
    **dict.fromkeys(_BY_NOBODY, FiredBy.NOBODY),
}

# The keys of a pool's LambdaConfig by what their sources begin with, where the two differ.
_CONFIGURED_AS = {"TokenGeneration": ("PreTokenGeneration", "PreTokenGenerationConfig")}
# Not a trigger: the key that a sender decrypts with.
_SETTINGS = frozenset({"KMSKeyID"})


def trigger_of(source: str) -> str:
    """The trigger's name as Cognito's errors have it."""
    kind = source.partition("_")[0]
    return _CONFIGURED_AS.get(kind, (kind,))[0]


def unfired(lambda_config: Mapping[str, Any] | None) -> list[str]:
    """The triggers of a pool's LambdaConfig that nothing on the laptop would ever fire."""
    fired = {
        key
        for source, who in SOURCES.items()
        if who is not FiredBy.NOBODY
        for kind in (source.partition("_")[0],)
        for key in _CONFIGURED_AS.get(kind, (kind,))
    }
    return sorted(
        key
        for key, value in (lambda_config or {}).items()
        if value and key not in fired and key not in _SETTINGS
    )


def function_of(lambda_config: Mapping[str, Any] | None, source: str) -> str | None:
    """The ARN that is configured for a source's trigger."""
    for key in _CONFIGURED_AS.get(source.partition("_")[0], (trigger_of(source),))[::-1]:
        value = (lambda_config or {}).get(key)
        arn = value.get("LambdaArn") if isinstance(value, dict) else value
        if arn:
            return str(arn)
    return None


def token_version(lambda_config: Mapping[str, Any] | None) -> str:
    configured = (lambda_config or {}).get("PreTokenGenerationConfig") or {}
    return str(configured.get("LambdaVersion") or "V1_0").upper()
