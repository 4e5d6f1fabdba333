"""What each field of a profile may hold. Not on the reading path: `re` and Unicode tables cost."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NAME_LENGTH: Final = (2, 256)
SHORT_LENGTH: Final = (1, 128)
BIO_LENGTH: Final = (1, 2000)
EMAIL_LENGTH: Final = (3, 254)
PHONE_PATTERN: Final = r"^\+[1-9][0-9]{1,14}$"

_PHONE: Final = re.compile(r"\+[1-9][0-9]{1,14}")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
# They turn the text around them: a name could pass for another one.
_DIRECTION_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS: Final = frozenset("\u200c\u200d")  # some scripts spell with them
_INVISIBLE: Final = frozenset("ZCM")  # first letters of the categories that print nothing alone


class RuleBroken(ValueError):
    """A value that its field may not hold. The text is for whoever sent it."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


def full_name(value: str) -> str:
    return _name(value, *NAME_LENGTH)


def short_name(value: str) -> str | None:
    """First name, last name, department. Nothing but blanks clears it."""
    return _name(value, *SHORT_LENGTH) if value.strip() else None


def bio(value: str) -> str | None:
    """Kept as typed, markup and line breaks included. Nothing but blanks clears it."""
    text = _printable(value.replace("\r\n", "\n"), allowed="\n\t")
    return _of_length(text, *BIO_LENGTH) if text.strip() else None


def phone_number(value: str) -> str:
    text = value.strip()
    if not _PHONE.fullmatch(text):
        raise RuleBroken(
            "e164",
            "Must be an international number: a plus sign, the country code and the number, "
            "15 digits at most and nothing between them, such as +14155550123. "
            "Send null to clear it.",
        )
    return text


def email(value: str) -> str:
    """Give the address in lower case, as every comparison expects it."""
    text = _of_length(_printable(value.strip()), *EMAIL_LENGTH)
    # Composed, or in lower case, letters beyond ASCII may be somebody else's plain ones.
    if not value.isascii() or not _EMAIL.fullmatch(text):
        raise RuleBroken("email", "Must be an e-mail address such as jo@example.com.")
    return text.lower()


def _name(value: str, shortest: int, longest: int) -> str:
    text = _printable(value).strip()
    if not _DIRECTION_OVERRIDES.isdisjoint(text):
        raise RuleBroken("direction", "Must not hold characters that reverse the text around them.")
    if any(unicodedata.category(each) == "Cf" and each not in _JOINERS for each in text):
        raise RuleBroken("visible", "Must not hold characters that nobody can see.")
    _of_length(text, shortest, longest)
    if all(unicodedata.category(character)[0] in _INVISIBLE for character in text):
        raise RuleBroken("visible", "Must hold at least one character that can be seen.")
    return text


def _printable(value: str, allowed: str = "") -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise RuleBroken("unicode", "Must be valid Unicode: it holds half of a surrogate pair.")
    text = unicodedata.normalize("NFC", value)
    for character in text:
        if unicodedata.category(character) in {"Cc", "Zl", "Zp"} and character not in allowed:
            raise RuleBroken(
                "control", f"Must not hold control characters: U+{ord(character):04X} is one."
            )
    return text


def _of_length(text: str, shortest: int, longest: int) -> str:
    if not shortest <= len(text) <= longest:
        raise RuleBroken(
            "length", f"Must be {shortest} to {longest} characters long; it has {len(text)}."
        )
    return text
