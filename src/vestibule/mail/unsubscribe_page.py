"""The pages behind an unsubscribe link. They say nothing of whom the link belongs to."""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha256

from vestibule.mail import escaping
from vestibule.mail.brand import Brand
from vestibule.mail.templates import COMMON, Library, fill
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

_TEMPLATE: Final = "unsubscribe"
_LONGEST_HEADER: Final = 200
_MOST_LANGUAGES: Final = 10
_STYLE: Final = (
    "body{{margin:0;background:{background};color:{text};font:17px/1.5 system-ui,sans-serif}}"
    "main{{max-width:34rem;margin:12vh auto;padding:1.5rem 2rem;background:{card};"
    "border:1px solid {line};border-radius:8px}}h1{{font-size:1.4rem}}"
    "button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:6px;"
    "background:{accent};color:{on_accent};cursor:pointer}}footer{{color:{quiet};font-size:.85rem}}"
)
_PAGE: Final = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
<footer>{imprint}</footer>
</main>
</body>
</html>
"""
# Without an action it goes to the page's own address, wherever that is served: token and all.
_FORM: Final = """<p>{question}</p>
<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<p><button type="submit">{button}</button></p>
</form>"""
_CONTENTS: Final = {
    "offer": _FORM,
    "done": "<p>{done}</p>\n<p>{change}</p>",
    "invalid": "<p>{invalid}</p>",
}


@frozen
class Page:
    text: str
    policy: str
    """What a browser may do with it: next to nothing."""


class Pages:
    """Reads its texts where the mails' are. Raises TemplateFault."""

    def __init__(self, library: Library | None = None) -> None:
        self._library = library or Library()
        self._brand: Brand | None = None

    def show(self, what: str, accept_language: str) -> Page:
        """Give the page that offers, says that it is done, or that the link is invalid."""
        brand = self._brand = self._brand or Brand.parse(self._library.file("brand.json"))
        template = self._library.find(_TEMPLATE, _language(self._library, accept_language))
        values = {"brand": escaping.html(brand.name), "support": escaping.html(brand.support)}

        def said(name: str) -> str:
            return fill(template.line(name), values, escaping.html)

        style = _STYLE.format(**brand.colors)
        text = _PAGE.format(
            language=template.language,
            direction=self._library.find(COMMON, template.language).line("direction"),
            title=said("title"),
            style=style,
            content=_CONTENTS[what].format_map(_Said(said)),
            imprint=escaping.html(brand.imprint),
        )
        return Page(text, _policy(style))


class _Said(dict[str, str]):
    """Fills in the texts that a page asks for, and no others."""

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, name: str) -> str:
        return self._say(name)


HEADERS: Final = {
    # The address holds the token. With `no-referrer` a browser would hide its origin from us, too.
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def _policy(style: str) -> str:
    digest = b2a_base64(sha256(style.encode()).digest(), newline=False).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _language(library: Library, accept_language: str) -> str | None:
    """Give the first language of the reader's that there is, by their own order."""
    ranked = []
    for place, part in enumerate(accept_language[:_LONGEST_HEADER].split(",")[:_MOST_LANGUAGES]):
        tag, _, parameter = part.partition(";")
        ranked.append((-_quality(parameter), place, tag.strip().lower()))
    for rank, _, tag in sorted(ranked):
        if rank and not library.languages().isdisjoint((tag, tag.partition("-")[0])):
            return tag
    return None


def _quality(text: str) -> float:
    _, _, value = text.replace(" ", "").partition("q=")
    try:
        return min(max(float(value), 0.0), 1.0) if value else 1.0
    except ValueError:
        return 0.0
