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
_LONGEST_PLACE: Final = 200
_LONGEST_PARAMETER: Final = 1011
_NOT_IN_PLACES: Final = frozenset(" <>,\"'?#")


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


@frozen
class LinkSettings:
    """Where people stop our mails, and where the key is that signs the links there."""

    unsubscribe_url: str
    parameter: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> LinkSettings | None:
        """Read SITE_URL (or API_URL, where no site is) and UNSUBSCRIBE_PARAMETER.

        None where neither address is set: there is nowhere to lead to. Raise SettingsError.
        """
        site = (environment.get("SITE_URL") or "").rstrip("/")
        api = (environment.get("API_URL") or "").rstrip("/") or (f"{site}/api" if site else "")
        if not api:
            return None
        problems = []
        parameter = ""
        try:
            parameter = unsubscribe_parameter(environment) or ""
        except SettingsError as error:
            problems.append(str(error))
        else:
            if not parameter:
                problems.append("UNSUBSCRIBE_PARAMETER: is not set; must be a parameter's name")
        if not _is_place(api):
            problems.append(
                f"SITE_URL, API_URL: must be an https:// address without a query, got {api[:60]!r}"
            )
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(f"{api}/unsubscribe", parameter)


def unsubscribe_parameter(environment: Mapping[str, str] = os.environ) -> str | None:
    """Read UNSUBSCRIBE_PARAMETER; without one no link is valid. Raise SettingsError."""
    name = environment.get("UNSUBSCRIBE_PARAMETER") or None
    if name is not None and not _is_parameter(name):
        raise SettingsError(
            f"UNSUBSCRIBE_PARAMETER: must be a parameter's name from / on, got {name[:60]!r}"
        )
    return name


def _is_place(url: str) -> bool:
    """Whether it can stand in a header: plain, without a query of its own."""
    return (
        url.startswith(("https://", "http://127.0.0.1", "http://localhost"))
        and len(url) <= _LONGEST_PLACE
        and url.isascii()
        and url.isprintable()
        and _NOT_IN_PLACES.isdisjoint(url)
    )


def _is_parameter(name: str) -> bool:
    return name.startswith("/") and len(name) <= _LONGEST_PARAMETER and name.isprintable()


def _is_sender(text: str) -> bool:
    name, bracket, address = text.rpartition("<")
    if bracket:
        plain = name.replace(" ", "")
        return plain.isascii() and plain.isalnum() and text.endswith(">") and _bare(address[:-1])
    return _bare(text)


def _bare(address: str) -> bool:
    return len(address) <= _LONGEST_SENDER and deliverable(address) == address
