"""People who come from another directory, as the emulator keeps people."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def newcomer(
    pool: Mapping[str, Any],
    username: str,
    attributes: Mapping[str, str],
    password: str,
    status: str,
) -> dict[str, Any]:
    """What a sign-up under this name would leave behind."""
    sub = str(uuid.uuid4())
    named = {name: value for name, value in attributes.items() if name not in ("sub", "username")}
    signs_in_by = pool.get("UsernameAttributes") or []
    if signs_in_by:
        kind = "email" if "@" in username or "phone_number" not in signs_in_by else "phone_number"
        named[kind] = username
    now = time.time()
    return {
        "Username": sub if signs_in_by else username,
        "Attributes": [{"Name": k, "Value": v} for k, v in {**named, "sub": sub}.items()],
        "UserCreateDate": now,
        "UserLastModifiedDate": now,
        "Enabled": True,
        "UserStatus": status,
        "MFAOptions": [],
        "_password": password,
        "_groups": [],
        "_tokens": [],
    }
