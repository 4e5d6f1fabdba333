"""The few shapes that pictures are made of, as SVG text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from typing import Final

ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
# Widths of characters in ems, as a wide font has them: what fits there fits everywhere.
_NARROW: Final = frozenset(" ijl.,:;'|!-()[]/")
_BROAD: Final = frozenset("mwMW@%\N{HORIZONTAL ELLIPSIS}")
_BOLD: Final = 1.13
_MONOSPACE: Final = 0.62


def text_width(words: str, size: float, *, bold: bool = False, monospace: bool = False) -> float:
    """Say how wide words are at most, in the fonts that the picture is shown in."""
    ems = sum(map(_ems_monospace if monospace else _ems, words))
    return size * ems * (_BOLD if bold else 1)


def _ems(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return 1.3
    if letter in _NARROW:
        return 0.42
    if letter in _BROAD or not letter.isascii():
        return 1.05
    return 0.8 if letter.isupper() else 0.66


def _ems_monospace(letter: str) -> float:
    return _MONOSPACE if letter.isascii() else _ems(letter)


def text(  # noqa: PLR0913 - what a text is
    x: float, y: float, words: str, classes: str, room: float, *, size: float = 0
) -> str:
    """Write words, cut so that they take no more than `room`.

    `size` is that of the classes in the picture's own style, where they are not the usual ones.
    """
    is_address, is_bold = "address" in classes, bool({"name", "inverse"} & set(classes.split()))
    size = size or (12 if is_address else 11 if "inverse" in classes else 13)
    shown = words = "".join(filter(str.isprintable, words))
    while shown and text_width(shown, size, bold=is_bold, monospace=is_address) > room:
        words = words[:-1]
        shown = words.rstrip() + ELLIPSIS if words else ""
    attribute = f" class={quoteattr(classes)}" if classes else ""
    return f'<text{attribute} x="{x:g}" y="{y:g}">{escape(shown)}</text>'


def clean(words: str) -> str:
    return escape("".join(filter(str.isprintable, words)))


def rect(  # noqa: PLR0913 - what a rectangle is
    kind: str, x: float, y: float, width: float, height: float, *, radius: int = 0
) -> str:
    rounded = f' rx="{radius}"' if radius else ""
    return (
        f'<rect class="{kind}" x="{_number(x)}" y="{_number(y)}" '
        f'width="{_number(width)}" height="{_number(height)}"{rounded}/>'
    )


def line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = start, end
    return f'<path class="route" d="M{x:g} {y:g}L{to_x:g} {to_y:g}"/>'


def arrow_head(x: float, y: float, *, is_up: bool = False) -> str:
    """Draw the head of an arrow that ends there."""
    back = y + 9 if is_up else y - 9
    return f'<polygon class="head" points="{x:g},{y:g} {x - 5:g},{back:g} {x + 5:g},{back:g}"/>'


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
