"""Links of a mail, marked so that whoever counts visits knows which mail they came from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MEDIUM: Final = "email"
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")


def tagged(url: str, *, source: str, campaign: str, content: str) -> str:
    """Add the UTM parameters; what the link says already stays, an address to write to as well."""
    if not url.startswith(("https://", "http://")):
        return url
    place, mark, fragment = url.partition("#")
    named = {
        "utm_source": source,
        "utm_medium": MEDIUM,
        "utm_campaign": campaign,
        "utm_content": content,
    }
    query = "&".join(f"{name}={_plain(value)}" for name, value in named.items())
    return f"{place}{'&' if '?' in place else '?'}{query}{mark}{fragment}"


def _plain(text: str) -> str:
    letters = (letter if letter in _PLAIN else "-" for letter in text.lower())
    return "".join(letters)
