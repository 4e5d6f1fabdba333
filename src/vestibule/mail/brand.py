"""Whose mails these are: name, colors, links and addresses, all from templates/brand.json."""

from __future__ import annotations

import json

from vestibule.mail.templates import TemplateFault
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_COLORS: Final = ("accent", "background", "card", "line", "on_accent", "quiet", "text")
LINKS: Final = ("onboarding", "dashboard", "support")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


@frozen
class Brand:
    name: str
    site: str
    support: str
    imprint: str
    colors: Mapping[str, str]
    links: Mapping[str, str]
    utm_source: str

    @classmethod
    def parse(cls, text: str) -> Brand:
        """Raise TemplateFault, naming what is wrong."""
        try:
            given = json.loads(text)
        except ValueError as error:
            raise TemplateFault(f"brand.json is not JSON: {error}") from error
        if not isinstance(given, dict):
            raise TemplateFault("brand.json must hold an object")
        colors = given.get("colors")
        if not isinstance(colors, dict) or not all(_is_color(colors.get(name)) for name in _COLORS):
            raise TemplateFault(f"brand.json: colors must give {', '.join(_COLORS)} as #rrggbb")
        site = _line(given, "site")
        if not _is_safe(site):
            raise TemplateFault("brand.json: site must begin with https://")
        return cls(
            name=_line(given, "name"),
            site=site,
            support=_line(given, "support"),
            imprint=_line(given, "imprint"),
            colors={name: colors[name] for name in _COLORS},
            links=_links(given.get("links", {}), site),
            utm_source=_line({"utm_source": "vestibule", **given}, "utm_source"),
        )


def _line(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value or not value.isprintable() or "{" in value:
        raise TemplateFault(f"brand.json: {name} must be one line of text without braces")
    return value


def _links(given: object, site: str) -> Mapping[str, str]:
    """Read where mails lead to. A path is one of the site; what is left out is the site itself."""
    if not isinstance(given, dict) or not given.keys() <= set(LINKS):
        raise TemplateFault(f"brand.json: links must be an object of {', '.join(LINKS)}")
    links = {}
    for name in LINKS:
        link = _line({name: site, **given}, name)
        links[name] = f"{site.rstrip('/')}{link}" if link.startswith("/") else link
        if not _is_safe(links[name]):
            raise TemplateFault(f"brand.json: links.{name} must begin with https:// or /")
    return links


def _is_safe(link: str) -> bool:
    return link.startswith(("https://", "http://127.0.0.1", "http://localhost"))


def _is_color(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) == 7
        and value.startswith("#")
        and _HEX.issuperset(value[1:])
    )
