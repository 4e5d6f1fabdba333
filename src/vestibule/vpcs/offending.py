"""Names the value that broke a rule of a body's shape, as `checks.py` does for all other rules."""

from __future__ import annotations

import json

from vestibule.platform.cidr import shown
from vestibule.platform.http.errors import Detail, InvalidRequest
from vestibule.platform.http.strict_json import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

# There is no value, or its name says it all.
_WITHOUT: Final = frozenset({"required", "unknown"})
_SOMEWHERE: Final = "[...]"


def naming(refusal: InvalidRequest, text: str) -> InvalidRequest:
    """The same refusal; where a field's value broke the rule, its message shows it."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return refusal
    return InvalidRequest(*(_named(detail, content) for detail in refusal.details))


def _named(detail: Detail, content: Any) -> Detail:
    if detail.rule in _WITHOUT:
        return detail
    field = detail.field
    try:
        if field.endswith(_SOMEWHERE):
            # A mapping of texts: what reads it does not say which of them is none.
            field = field.removesuffix(_SOMEWHERE)
            mapping = _at(content, field)
            key = next(key for key, one in mapping.items() if type(one) is not str)
            field, value = join(field, key), mapping[key]
        else:
            value = _at(content, field)
    except (LookupError, StopIteration, TypeError, ValueError):
        return detail
    got = shown(value)
    if isinstance(value, (list, dict)):
        got = f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    return Detail(field, detail.rule, f"{detail.message.rstrip('.')}, got {got}.")


def _at(content: Any, path: str) -> Any:
    """Follow `subnets[2].cidr`."""
    for part in path.replace("[", ".[").split("."):
        content = content[int(part[1:-1]) if part.startswith("[") else part]
    return content
