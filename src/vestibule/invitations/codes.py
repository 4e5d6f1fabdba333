"""Codes: how they are made, read as somebody typed them, and hashed.

A long code holds 144 random bits, a short one 50: a person can type it, and a machine could guess
it, so tries at short ones are limited (`reservations.py`).
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from hashlib import sha256

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

LONG: Final = "long"
SHORT: Final = "short"
SHORT_LENGTH: Final = 10
# Crockford's base 32: no I, L, O (they look like 1 and 0) and no U.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_LONG_BYTES: Final = 18  # 24 letters, none of them padding
# As many as a Cognito attribute can bring.
_LONGEST: Final = 2048


@frozen
class Code:
    """A code as it is compared, whatever case and dashes it was typed with."""

    text: str
    is_short: bool

    @property
    def hash(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def shown(self) -> str:
        """As people get it: a short one in two groups of five."""
        if not self.is_short:
            return self.text
        half = SHORT_LENGTH // 2
        return f"{self.text[:half]}-{self.text[half:]}"


def make(style: str) -> Code:
    if style == SHORT:
        letters = (_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(SHORT_LENGTH))
        return Code("".join(letters), is_short=True)
    text = b2a_base64(os.urandom(_LONG_BYTES), newline=False).decode()
    return Code(text.replace("+", "-").replace("/", "_"), is_short=False)


def read(typed: str) -> Code:
    """Whatever has the shape of a short code is one; all else is taken as it stands."""
    text = typed.strip()[:_LONGEST]
    short = text.upper().translate(_ALIKE)
    if len(short) == SHORT_LENGTH and set(_LETTERS).issuperset(short):
        return Code(short, is_short=True)
    return Code(text.encode("utf-8", "replace").decode(), is_short=False)
