"""How the emulator keeps an account, and how it answers."""

from __future__ import annotations

import base64
import json
import secrets
import string
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    Answer = tuple[int, dict[str, Any], bytes]
    Handler = Callable[[dict[str, Any]], Answer]
    Record = MutableMapping[str, Any]

LOWER_CASE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def attributes_of(user: Mapping[str, Any]) -> dict[str, str]:
    return {
        entry["Name"]: entry["Value"] for entry in user.get("Attributes", ()) if "Name" in entry
    }


def in_lower_case(name: str) -> str:
    """ASCII letters only: `str.lower` makes one of two names, such as the Kelvin sign and k."""
    return name.translate(LOWER_CASE)


def is_case_sensitive(pool: Mapping[str, Any]) -> bool:
    return (pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True) is not False


def claims_of(token: object) -> dict[str, Any]:
    """What a token says, unchecked: the emulator has checked it before."""
    try:
        payload = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def unguessable() -> str:
    return secrets.token_hex(32)


def error(code: str, message: str, status: int = 400) -> Answer:
    answer: Answer = part("core.responses").error_response_json(code, message, status)
    return answer


def success(content: Mapping[str, Any]) -> Answer:
    answer: Answer = part("core.responses").json_response(dict(content))
    return answer
