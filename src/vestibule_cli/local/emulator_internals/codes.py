"""The codes that Cognito mails: random, and worded by CustomMessage."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers import messages
from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from vestibule_cli.local.completions.triggers.calls import Triggers
    from vestibule_cli.local.emulator_internals.accounts import Record


def random_codes() -> None:
    """The emulator's codes are constants, so a test that mixes up two people would pass."""
    cognito = part("services.cognito")
    genuine = cognito._send_verification_email

    def send_verification_email(
        pool: Record, username: str, attributes: Any, code: str, attribute_name: str = "email"
    ) -> Any:
        user, _ = cognito._resolve_user(pool, username)
        field = {"password": "_reset_code", "email": "_confirmation_code"}.get(attribute_name)
        if user is not None and field and user.get(field) == code:
            code = new_code()
            user[field] = code
        return genuine(pool, username, attributes, code, attribute_name=attribute_name)

    cognito._send_verification_email = send_verification_email


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def code_mails(triggers: Triggers) -> None:
    """CustomMessage words the mails with codes. The code itself is filled in afterwards."""
    cognito = part("services.cognito")
    genuine, genuine_otp = cognito._send_verification_email, cognito._send_email_otp

    def send_verification_email(
        pool: Record, username: str, attributes: Any, code: str, attribute_name: str = "email"
    ) -> Any:
        message = triggers.code_message(pool, username, attributes)
        worded = messages.worded(pool, message)
        return genuine(worded, username, attributes, code, attribute_name=attribute_name)

    def send_email_otp(pool: Record, username: str, attributes: Any, constant: str) -> Any:
        code = new_code()
        for session in list(cognito._pending_user_auth.values()):
            if (session.get("username"), session.get("otp_code")) == (username, constant):
                session["otp_code"] = code
        source = "CustomMessage_Authentication"
        message = triggers.code_message(pool, username, attributes, source)
        if message.body is None:
            return genuine_otp(pool, username, attributes, code)
        return cognito._deliver_cognito_email(
            pool,
            attributes["email"],
            message.subject or "Your sign-in code",
            message.body.replace("{####}", code),
            type_name="CognitoEmailOtpMessage",
            extra={"Username": username},
        )

    cognito._send_verification_email = send_verification_email
    cognito._send_email_otp = send_email_otp
