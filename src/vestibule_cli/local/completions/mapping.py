"""The part of API Gateway's mapping templates that mocks and gateway responses use."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$(?:\{context\.([\w.]+)\}|context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*))")


def render(template: str, context: Mapping[str, str]) -> str:
    """Put `$context` variables in. One that is not known is empty, as on AWS."""
    return _VARIABLE.sub(lambda found: context.get(found[1] or found[2], ""), template)


def parameter(value: str, context: Mapping[str, str]) -> str:
    """A header's mapping expression: `'text'`, `context.requestId`, or text as it is."""
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1]
    if value.startswith("context."):
        return context.get(value.removeprefix("context."), "")
    return value


def has_body(integration: Mapping[str, Any], status: int) -> bool:
    """A mock answers with a template, or with nothing at all."""
    if status in (204, 304):
        return False
    return any(
        (response.get("responseTemplates") or {}).get("application/json")
        for response in (integration.get("integrationResponses") or {}).values()
        if str(response.get("statusCode")) == str(status)
    )


def is_proxy_answer(payload: Any) -> bool:
    """What a function has to give back behind AWS_PROXY; for anything else AWS answers 502."""
    if isinstance(payload, str | bytes):
        try:
            payload = json.loads(payload)
        except ValueError:
            return False
    if not isinstance(payload, dict):
        return False
    return (
        re.fullmatch(r"[1-5]\d\d", str(payload.get("statusCode"))) is not None
        and isinstance(payload.get("headers") or {}, dict)
        and isinstance(payload.get("multiValueHeaders") or {}, dict)
        and isinstance(payload.get("body") or "", str)
    )
