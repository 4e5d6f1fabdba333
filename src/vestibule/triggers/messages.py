"""CustomMessage: the words of Cognito's own mails and SMS, in the person's language.

Cognito puts the code in itself: what we write holds its placeholder, and never meets the code.
Nothing here reads or writes anything but files of this package, and no fault stops a mail: without
an answer the pool's own wording goes out.
"""

from __future__ import annotations

from vestibule.mail.letters import Composer, Contents
from vestibule.platform import logs, metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from vestibule.mail.letters import Letter
    from vestibule.triggers.events import Event

log = logs.logger(__name__)

_KINDS: Final = {
    "CustomMessage_SignUp": "sign_up",
    "CustomMessage_ResendCode": "resend_code",
    "CustomMessage_AdminCreateUser": "invitation",
    "CustomMessage_ForgotPassword": "forgot_password",
    "CustomMessage_UpdateUserAttribute": "update_address",
    "CustomMessage_VerifyUserAttribute": "verify_address",
    "CustomMessage_Authentication": "second_factor",
}
_CODE: Final = "{####}"
_USERNAME: Final = "{username}"


class Messages:
    def __init__(self, composer: Composer, *, with_mail: bool) -> None:
        """`with_mail` says that the pool sends by SES: with its default sender it takes no mail."""
        self._composer = composer
        self._with_mail = with_mail

    def handle(self, event: Event) -> Mapping[str, str | None] | None:
        kind = _KINDS.get(event.source)
        if kind is None:
            log.warning("no message for this source", source=event.source)
            return None
        try:
            letter = self._compose(kind, event)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a text, the mail must go
            metrics.count("MailTemplateFault")
            log.failure("message left to the pool", error, source=event.source)
            return _answer()
        if not self._with_mail:
            return _answer(sms=letter.sms)
        return _answer(subject=letter.subject, html=letter.html, sms=letter.sms)

    def _compose(self, kind: str, event: Event) -> Letter:
        contents = Contents(
            code=_placeholder(event, "codeParameter")
            or _placeholder(event, "linkParameter")
            or _CODE,
            username=_username(event) if kind == "invitation" else "",
            name=event.attributes.get("name") or event.attributes.get("given_name") or "",
        )
        return self._composer.compose(
            kind,
            contents,
            locale=event.attributes.get("locale"),
            account_type=event.attributes.get("custom:account_type"),
        )


def _username(event: Event) -> str:
    return _placeholder(event, "usernameParameter") or _USERNAME


def _placeholder(event: Event, name: str) -> str | None:
    """Cognito's own, exactly as it gave it: it looks for this text."""
    value = event.request.get(name)
    return value if isinstance(value, str) and value else None


def _answer(
    *, subject: str | None = None, html: str | None = None, sms: str | None = None
) -> Mapping[str, str | None]:
    return {"smsMessage": sms, "emailMessage": html, "emailSubject": subject}
