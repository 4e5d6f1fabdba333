"""The way back to the application when another provider's person is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    Answer = tuple[int, dict[str, Any], bytes]


def begun(codes: Mapping[str, Any], args: tuple[Any, ...]) -> dict[str, Any]:
    """What the application asked for, by the key that the provider has brought back."""
    *_, body, query = args
    form = parse_qs((body or b"").decode("utf-8", errors="replace"))
    brought = [form.get("RelayState"), form.get("state"), query.get("state")]
    keys = [key for value in brought if value for key in (value[0], value)]
    return next((dict(codes[k]) for k in keys if isinstance(k, str) and k in codes), {})


def sent_back(begun: Mapping[str, Any], text: str) -> Answer:
    said = {"error_description": text, "error": "invalid_request"}
    if begun.get("state"):
        said["state"] = begun["state"]
    target = begun["redirect_uri"]
    location = target + ("&" if "?" in target else "?") + urlencode(said)
    return 302, {"Location": location, "Cache-Control": "no-store"}, b""
