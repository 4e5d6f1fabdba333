from __future__ import annotations

import os

from vestibule.mail.addresses import deliverable
from vestibule.platform.settings import SettingsError
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

COGNITO: Final = "cognito"
SES: Final = "ses"
_LONGEST_SENDER: Final = 320


@frozen
class MailSettings:
    """Who sends what: Cognito's mails, and ours."""

    cognito_uses_ses: bool
    """Whether the pool's own mails go by SES: with its default sender, Cognito takes no texts."""
    from_address: str | None
    """The sender of our mails; without one there are none, so no passwordless sign-in either."""
    configuration_set: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> MailSettings:
        """Read MAIL_SENDER, MAIL_FROM and MAIL_CONFIGURATION_SET. Raise SettingsError."""
        sender = environment.get("MAIL_SENDER") or COGNITO
        from_address = environment.get("MAIL_FROM") or None
        problems = []
        if sender not in {COGNITO, SES}:
            problems.append(f"MAIL_SENDER: must be {SES} or {COGNITO}, got {sender[:60]!r}")
        if from_address is not None and not _is_sender(from_address):
            problems.append(
                "MAIL_FROM: must be an address, or NAME <ADDRESS> without quotes, got "
                f"{from_address[:60]!r}"
            )
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(
            cognito_uses_ses=sender == SES,
            from_address=from_address,
            configuration_set=environment.get("MAIL_CONFIGURATION_SET") or None,
        )


def _is_sender(text: str) -> bool:
    name, bracket, address = text.rpartition("<")
    if bracket:
        plain = name.replace(" ", "")
        return plain.isascii() and plain.isalnum() and text.endswith(">") and _bare(address[:-1])
    return _bare(text)


def _bare(address: str) -> bool:
    return len(address) <= _LONGEST_SENDER and deliverable(address) == address
