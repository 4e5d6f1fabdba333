"""Where a sign-up came from: campaign, referrer, page. Told by the caller, so never relied on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

SOURCE: Final = "signup_source"
_NAMES: Final = (SOURCE, "referrer_id")
_PREFIX: Final = "utm_"
_MOST: Final = 10
_LONGEST_NAME: Final = 40
_LONGEST_VALUE: Final = 256
_NAME_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def read(attributes: Mapping[str, str], *told: Mapping[str, str]) -> dict[str, str]:
    """Gather what the sign-up said of itself; later words win. The unfit is left out."""
    found: dict[str, str] = {}
    if declared := attributes.get(f"custom:{SOURCE}"):
        found[SOURCE] = declared
    for said in told:
        found |= {name: value for name, value in said.items() if _belongs(name)}
    fit = {name: text for name, value in found.items() if (text := _line(value))}
    return dict(sorted(fit.items())[:_MOST])


def is_excessive(*told: Mapping[str, str]) -> bool:
    """More, or longer, than any campaign says."""
    belonging = {name: value for said in told for name, value in said.items() if _belongs(name)}
    return len(belonging) > _MOST or any(
        len(value) > _LONGEST_VALUE for value in belonging.values()
    )


def _belongs(name: str) -> bool:
    return name in _NAMES or (
        name.startswith(_PREFIX) and len(name) <= _LONGEST_NAME and _NAME_LETTERS.issuperset(name)
    )


def _line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_LONGEST_VALUE]
