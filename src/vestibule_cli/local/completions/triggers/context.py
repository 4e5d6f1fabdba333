"""The API call that is being answered: what a trigger fired somewhere inside it must know of it."""

from __future__ import annotations

import contextvars
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers import sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIGNING_IN = ("PreAuthentication", "UserMigration")
_ANSWERING = (
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
    "PostAuthentication",
    "PreTokenGeneration",
    "CustomMessage",
)
_CONFIRMING = ("PostConfirmation",)
_MAILING = ("CustomMessage",)
# Whom the ClientMetadata of a call reaches. Refresh, and all that is not listed: nobody.
METADATA_REACHES: Mapping[str, tuple[str, ...]] = {
    "SignUp": ("PreSignUp", "CustomMessage", "PostConfirmation"),
    "AdminCreateUser": ("PreSignUp", "CustomMessage"),
    "InitiateAuth": _SIGNING_IN,
    "AdminInitiateAuth": _SIGNING_IN,
    "RespondToAuthChallenge": _ANSWERING,
    "AdminRespondToAuthChallenge": _ANSWERING,
    "ConfirmSignUp": _CONFIRMING,
    "AdminConfirmSignUp": _CONFIRMING,
    "ConfirmForgotPassword": _CONFIRMING,
    "ForgotPassword": ("UserMigration", "CustomMessage"),
    "ResendConfirmationCode": _MAILING,
    "UpdateUserAttributes": _MAILING,
    "AdminUpdateUserAttributes": _MAILING,
    "GetUserAttributeVerificationCode": _MAILING,
    "AdminResetUserPassword": _MAILING,
}
# These two triggers read a sign-in's ClientMetadata as their validationData.
_AS_VALIDATION_DATA = ("InitiateAuth", "AdminInitiateAuth")


@dataclass
class Call:
    action: str
    client_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    # What TokenGeneration answered: once for both tokens of a sign-in.
    token_answers: dict[Any, dict[str, Any]] = field(default_factory=dict)
    # Of a sign-in by another provider: whether the person came for the first time.
    is_first_visit: bool = False

    def metadata(self, source: str) -> dict[str, Any]:
        """clientMetadata or validationData of a source's request, where the call gave any."""
        trigger = sources.trigger_of(source)
        request: dict[str, Any] = {}
        if trigger == "PreSignUp":
            request["validationData"] = _named(self.data.get("ValidationData"))
        elif trigger in _SIGNING_IN:
            request["validationData"] = {}
        given = self.data.get("ClientMetadata")
        if given and trigger in METADATA_REACHES.get(self.action, ()):
            as_validation = self.action in _AS_VALIDATION_DATA
            request["validationData" if as_validation else "clientMetadata"] = dict(given)
        return request


def _named(entries: Any) -> dict[str, str] | None:
    """AWS sends null where a sign-up brought nothing."""
    found = {entry["Name"]: entry.get("Value", "") for entry in entries or [] if "Name" in entry}
    return found or None


_current: contextvars.ContextVar[Call] = contextvars.ContextVar("cognito_call")


def current() -> Call:
    return _current.get(None) or Call("")


@contextmanager
def answering(call: Call) -> Iterator[Call]:
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
