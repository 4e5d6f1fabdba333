"""Headers and tags of a mail: SES takes them, and the emulator forgets them."""

from __future__ import annotations

import json
from typing import Any

PATH = "/v2/email/outbound-emails"


def stamp(body: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Read the headers and the tags that a request to send asks for."""
    try:
        request = json.loads(body)
    except ValueError:
        return {}, {}
    simple = _object(_object(_object(request).get("Content")).get("Simple"))
    return _pairs(simple.get("Headers")), _pairs(_object(request).get("EmailTags"))


def message_id(body: bytes) -> str:
    return str(json.loads(body).get("MessageId", ""))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _pairs(entries: object) -> dict[str, str]:
    named = [_object(entry) for entry in entries] if isinstance(entries, list) else []
    return {str(entry.get("Name")): str(entry.get("Value")) for entry in named}
