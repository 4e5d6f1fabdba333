"""UserMigration: somebody new to us may be known to the directory that was there before.

The event holds the password as it was typed. It goes to the directory and nowhere else: no log
line, no exception and no item ever has it.
"""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.policy.addresses import normalized
from vestibule.policy.model import ACCOUNT_TYPES
from vestibule.triggers.arrival import NAMELESS, clean
from vestibule.triggers.dispatch import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final, Protocol

    from vestibule.triggers.events import Event

    Person = Mapping[str, object]
    """What the directory says of somebody, unchecked."""

    class Directory(Protocol):
        """The accounts from before. Both methods raise DirectoryAway."""

        def authenticate(self, username: str, password: str) -> Person | None:
            """Give the person if the password is theirs; None for a wrong one and for nobody."""

        def find(self, username: str) -> Person | None:
            """Give the person who goes by this name, None if nobody does."""


log = logs.logger(__name__)

AWAY: Final = "Your account could not be looked up just now. Please try again in a few minutes"

_SIGN_IN: Final = "UserMigration_Authentication"
_FORGOTTEN: Final = "UserMigration_ForgotPassword"
_LONGEST_USERNAME: Final = 128
_LONGEST_PASSWORD: Final = 256
_LONGEST_NAME: Final = 256
_SHORTEST_NAME: Final = 2
_NAME_PARTS: Final = (("given_name", "givenName"), ("family_name", "familyName"))
_LOCALE_LETTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
)
_LONGEST_LOCALE: Final = 35


class DirectoryAway(Exception):
    """The directory gave no usable answer. The text says why, and holds nothing of the person."""


class Migration:
    """No answer from here is Cognito's for an unknown name or a wrong password, word for word."""

    def __init__(self, directory: Directory | None) -> None:
        """Without a directory nobody is ever brought over."""
        self._directory = directory

    def handle(self, event: Event) -> Mapping[str, Any] | None:
        try:
            person = self._ask(event)
        except DirectoryAway as error:
            metrics.count("MigrationDirectoryAway")
            log.failure("the directory did not answer", error, source=event.source)
            raise Refusal(AWAY) from None
        if person is None:
            return None
        attributes = to_attributes(person, event.user_name)
        if attributes is None:
            metrics.count("MigrationAnswerUnusable")
            log.error("the directory named somebody else, or nobody", source=event.source)
            return None
        if event.source == _FORGOTTEN and attributes["email_verified"] != "true":
            # A new password could be sent to nowhere that is known to be theirs.
            metrics.count("MigrationUnverified")
            return None
        metrics.count("Migrated")
        return {
            "userAttributes": attributes,
            # What AWS makes of a missing one differs with who tells it.
            "finalUserStatus": "CONFIRMED",
            "messageAction": "SUPPRESS",
            "desiredDeliveryMediums": ["EMAIL"],
            "forceAliasCreation": False,
        }

    def _ask(self, event: Event) -> Person | None:
        directory, username = self._directory, event.user_name.strip()
        if directory is None or not 0 < len(username) <= _LONGEST_USERNAME:
            return None
        if event.source == _FORGOTTEN:
            return directory.find(username)
        password = event.request.get("password")
        if event.source != _SIGN_IN or not isinstance(password, str):
            return None
        if not 0 < len(password) <= _LONGEST_PASSWORD:
            return None
        return directory.authenticate(username, password)


def to_attributes(person: Person, username: str) -> dict[str, str] | None:
    """Map what may be believed; None unless it is of the one who goes by this address.

    A role, a sub, an organization are ours to give, whatever a directory says.
    """
    email = normalized(_text(person, "email"))
    if email is None or email != normalized(username):
        return None
    attributes = {
        "email": email,
        # Only a real true: "false" is a text, too.
        "email_verified": "true" if person.get("emailVerified") is True else "false",
    }
    for ours, theirs in _NAME_PARTS:
        if part := clean(_text(person, theirs), _LONGEST_NAME):
            attributes[ours] = part
    attributes["name"] = _name(person, attributes)
    if locale := _locale(_text(person, "locale")):
        attributes["locale"] = locale
    account_type = _text(person, "accountType")
    if account_type in ACCOUNT_TYPES:
        attributes["custom:account_type"] = account_type
    return attributes


def _text(person: Person, name: str) -> str:
    value = person.get(name)
    return value if isinstance(value, str) else ""


def _name(person: Person, attributes: Mapping[str, str]) -> str:
    """The pool requires one. Never the address: a name is public."""
    parts = (attributes.get(ours, "") for ours, _ in _NAME_PARTS)
    for candidate in (_text(person, "name"), " ".join(parts)):
        name = clean(candidate, _LONGEST_NAME)
        if len(name) >= _SHORTEST_NAME:
            return name
    return NAMELESS


def _locale(text: str) -> str:
    return text if len(text) <= _LONGEST_LOCALE and _LOCALE_LETTERS.issuperset(text) else ""
