"""Which trace this invocation belongs to. Lambda's own active tracing draws the picture."""

from __future__ import annotations

import os

_LONGEST = 64


def trace_id() -> str | None:
    """Give the id of the trace, None outside one: letters, digits and dashes, safe to write."""
    told = os.environ.get("_X_AMZN_TRACE_ID")
    if not told:
        return None
    for part in told.split(";"):
        if part.startswith("Root="):
            root = part[5:]
            if root.isascii() and root.replace("-", "").isalnum() and len(root) <= _LONGEST:
                return root
    return None
