"""What CustomMessage may put in the place of the pool's own wording."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from vestibule_cli.local.completions.triggers import failures

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE, LINK, USERNAME = "{####}", "{##Click Here##}", "{username}"
LONGEST_MAIL = 20_000
# What mails a code, and as which source.
SOURCE_OF_ACTION: Mapping[str, str] = {
    "SignUp": "CustomMessage_SignUp",
    "ResendConfirmationCode": "CustomMessage_ResendCode",
    "ForgotPassword": "CustomMessage_ForgotPassword",
    "AdminResetUserPassword": "CustomMessage_ForgotPassword",
    "UpdateUserAttributes": "CustomMessage_UpdateUserAttribute",
    "AdminUpdateUserAttributes": "CustomMessage_UpdateUserAttribute",
    "GetUserAttributeVerificationCode": "CustomMessage_VerifyUserAttribute",
}
_LETTERS = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*"


class Message(NamedTuple):
    subject: str | None = None
    body: str | None = None


def parameters(*, invites: bool) -> dict[str, str | None]:
    return {
        "codeParameter": CODE,
        "linkParameter": LINK,
        "usernameParameter": USERNAME if invites else None,
    }


def checked(pool: Mapping[str, Any], response: Mapping[str, Any], *, invites: bool) -> Message:
    """The mail that the function worded. Raises TriggerFailed where Cognito would not send it."""
    message = Message(response.get("emailSubject"), response.get("emailMessage"))
    if message == Message():
        return message
    sender = (pool.get("EmailConfiguration") or {}).get("EmailSendingAccount")
    if sender != "DEVELOPER":
        raise failures.invalid(
            "emailMessage and emailSubject are for pools whose EmailSendingAccount is DEVELOPER"
        )
    body = message.body
    if body is not None:
        needed = (CODE, USERNAME) if invites else (CODE,)
        by_link = (pool.get("VerificationMessageTemplate") or {}).get("DefaultEmailOption")
        linked = by_link == "CONFIRM_WITH_LINK" and not invites and "{##" in body
        if not linked and not all(name in body for name in needed):
            raise failures.invalid_parameter(_violation("emailBody", needed))
        if not _is_printable(body) or len(body) > LONGEST_MAIL:
            raise failures.invalid_parameter(_violation("emailBody", needed))
    return message


def worded(pool: Mapping[str, Any], message: Message) -> Mapping[str, Any]:
    """The pool as the mailer should see it: with this message in the place of its template."""
    given = {"EmailSubject": message.subject, "EmailMessage": message.body}
    template = {name: text for name, text in given.items() if text is not None}
    if not template:
        return pool
    held = pool.get("VerificationMessageTemplate") or {}
    by_link = {f"{name}ByLink": text for name, text in template.items()}
    return {**pool, "VerificationMessageTemplate": {**held, **template, **by_link}}


def _violation(place: str, needed: tuple[str, ...]) -> str:
    pattern = _LETTERS + "".join(_escaped(name) + _LETTERS for name in needed)
    return (
        f"1 validation error detected: Value at '{place}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}"
    )


def _escaped(placeholder: str) -> str:
    return placeholder.replace("{", r"\{").replace("}", r"\}")


def _is_printable(text: str) -> bool:
    """Letters, marks, symbols, numbers, punctuation and space: no direction marks, no controls."""
    return all(unicodedata.category(sign)[0] in "LMSNP" or sign.isspace() for sign in text)
