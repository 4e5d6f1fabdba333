"""A function's code, as it is uploaded."""

from __future__ import annotations

import io
import zipfile


def zipped(source: str) -> bytes:
    """One module, whose handler is `code.handler`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", source)
    return packed.getvalue()
