"""Finds what must never be written down: secrets by their field's name or by their look."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

REDACTED = "[redacted]"

_SECRET_PARTS = (
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "email",
    "passphrase",
    "passwd",
    "password",
    "phone",
    "secret",
    "signature",
    "token",
)
_SECRET_NAMES = frozenset(
    {
        "answer",
        "challengeanswer",
        "code",
        "confirmationcode",
        "event",
        "invitationcode",
        "invitecode",
        "otp",
        "pin",
        "proof",
        "pwd",
        "to",
        "username",
        "verificationcode",
    }
)
# What a text with something to hide holds at least one of.
_SIGNS = frozenset("0123456789@=:%")
_WORDS = ("eyJ", "earer", "EARER", "assword", "ASSWORD")
# In quotes that are escaped themselves, in quotes, or up to the next separator.
_VALUE = (
    r"""(?:\\{1,3}["'].{0,500}?\\{1,3}["']|"(?:[^"\\]|\\.){0,500}"|'(?:[^'\\]|\\.){0,500}'"""
    r"""|[\\"']{0,4}[^\s&,;}"'\\]{1,500})"""
)
# Repetitions are bounded: a hostile text costs no more than a long one.
_PATTERNS = (
    (r"eyJ[\w-]{5,}(?:\.[\w-]*){0,4}", "[token]"),
    (r"(?i)\bbearer[\s:=]{1,5}[^\s,;\"']{4,}", f"Bearer {REDACTED}"),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b", "[key]"),
    (r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}", "[e-mail]"),
    (
        r"(?i)((?:password|passwd|passphrase|pwd|secret|token|authorization|cookie|api[-_]?key"
        r"|credential|signature|otp|code)[\"'\\]{0,3}\s{0,3}(?:[:=]|\bis\b)\s{0,3})" + _VALUE,
        rf"\1{REDACTED}",
    ),
    (r"(?<![\w.:/+-])\d{6}(?![\w:/-]|\.\d)", "[code]"),
    (r"(?<!\w)\+[1-9]\d{6,14}\b", "[phone]"),
)

_replacements: list[tuple[Callable[[str, str], str], str]] = []


def is_secret_name(name: str) -> bool:
    plain = name.replace("_", "").replace("-", "").lower()
    return plain in _SECRET_NAMES or any(part in plain for part in _SECRET_PARTS)


def redact(text: str) -> str:
    """Replace what looks like a token, a password, a code, an address or a telephone number."""
    if _SIGNS.isdisjoint(text) and not any(word in text for word in _WORDS):
        return text
    if text.replace("-", "").isalnum() and not text.isdigit() and _is_plain(text):
        return text  # an id
    if not _replacements:  # compiled at the first need: it takes milliseconds
        _replacements.extend((re.compile(look).sub, put) for look, put in _PATTERNS)
    for replace, replacement in _replacements:
        text = replace(replacement, text)
    return text


def _is_plain(text: str) -> bool:
    return not any(word in text for word in ("eyJ", "AKIA", "ASIA"))
