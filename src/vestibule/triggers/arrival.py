"""Somebody is here: what a trigger says of a person who may be new to us."""

from __future__ import annotations

from vestibule.platform.ids import is_sub
from vestibule.platform.values import frozen
from vestibule.profiles.accounts import Account
from vestibule.triggers import origin as origins
from vestibule.triggers.events import is_true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.triggers.events import Event

NAMELESS: Final = "Unnamed"
_LONGEST_NAME: Final = 256
_SHORTEST_NAME: Final = 2
_LONGEST_PART: Final = 128
_LONGEST_PHONE: Final = 16
_LANGUAGE_LENGTHS: Final = (2, 3)
# They turn the text around them: a name could pass for another one.
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


@frozen
class Arrival:
    """Plain values alone, and no secret: it may wait in a queue."""

    user_id: str  # Cognito's sub
    door: str  # the trigger source
    at: str
    email: str | None = None
    email_verified: bool = False
    name: str = NAMELESS
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None
    phone_verified: bool = False
    account_type: str = "standard"
    language: str | None = None
    marketing_consent: bool = False
    origin: Mapping[str, str] = {}
    sign_in_name: str | None = None  # Cognito's user name, if it isn't the sub: a provider's

    @classmethod
    def from_event(cls, event: Event, at: str) -> Arrival:
        attributes = event.attributes
        account = Account.from_attributes(attributes)
        email = event.email
        first, last = (_part(attributes.get(key)) for key in ("given_name", "family_name"))
        phone = _phone(attributes.get("phone_number"))
        return cls(
            user_id=event.user_id,
            door=event.source,
            at=at,
            email=email,
            email_verified=event.email_verified,
            name=_name(attributes.get("name"), first, last),
            first_name=first,
            last_name=last,
            phone_number=phone,
            phone_verified=phone is not None and is_true(attributes.get("phone_number_verified")),
            account_type=account.account_type,
            language=_language(attributes.get("locale")),
            marketing_consent=account.marketing_consent,
            origin=origins.read(attributes, event.client_metadata),
            sign_in_name=event.sign_in_name,
        )

    @property
    def has_sub(self) -> bool:
        """Nobody could ever be found by another id."""
        return is_sub(self.user_id)

    @property
    def proven_email(self) -> str | None:
        """Only a verified address counts."""
        return self.email if self.email_verified else None


def to_message(arrival: Arrival) -> dict[str, Any]:
    return {name: getattr(arrival, name) for name in Arrival.__match_args__}


def from_message(message: Mapping[str, Any]) -> Arrival:
    """Raise TypeError for a message of another make; what a newer version added is passed over."""
    known = {name: message[name] for name in Arrival.__match_args__ if name in message}
    return Arrival(**known)


def clean(text: str, longest: int) -> str:
    """Make one line of it that shows itself as it is: nobody can be asked to write it anew."""
    kept = "".join(
        character
        for character in text
        if not ("\ud800" <= character <= "\udfff" or character in _DIRECTIONS)
    )
    words = "".join(one if one.isprintable() or one in "\u200c\u200d" else " " for one in kept)
    return " ".join(words.split())[:longest].strip()


def _name(full: str | None, first: str | None, last: str | None) -> str:
    """Never the address: a name is public."""
    joined = " ".join(part for part in (first, last) if part)
    for candidate in (clean(full or "", _LONGEST_NAME), joined[:_LONGEST_NAME]):
        if len(candidate) >= _SHORTEST_NAME:
            return candidate
    return NAMELESS


def _part(text: str | None) -> str | None:
    return clean(text or "", _LONGEST_PART) or None


def _phone(text: str | None) -> str | None:
    if text is None or not text.startswith("+") or len(text) > _LONGEST_PHONE:
        return None
    digits = text[1:]
    return text if digits.isascii() and digits.isdigit() and digits[0] != "0" else None


def _language(locale: str | None) -> str | None:
    """`de` of `de-DE` and `de_AT`."""
    language = (locale or "").replace("_", "-").partition("-")[0].lower()
    fits = language.isascii() and language.isalpha() and len(language) in _LANGUAGE_LENGTHS
    return language if fits else None
