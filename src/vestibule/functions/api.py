"""Answers every route of the HTTP API."""

from __future__ import annotations

from vestibule.functions import wiring
from vestibule.platform.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Built once for all the calls that this process will answer, and before the first.
_api = wiring.api(Settings.from_environment())


def handler(event: object, context: object) -> dict[str, Any]:
    return _api(event, context)
