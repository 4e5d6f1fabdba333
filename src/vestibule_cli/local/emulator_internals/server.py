"""The emulator's own HTTP server, which is not used here: uvicorn serves the stack."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the emulator changes of it while it is imported.
CHANGED = {
    "hypercorn.config": ("Config",),
    "hypercorn.protocol.events": ("EndBody", "Response"),
    "hypercorn.protocol.h11": ("H11Protocol",),
    "hypercorn.protocol.ws_stream": ("WSStream",),
}


@contextmanager
def left_out() -> Iterator[None]:
    """Stand-ins for what is changed: with HTTP/2 and all, it takes longer to import than the rest.

    Whoever imports it later gets the genuine one.
    """
    stand_ins = {}
    for name, classes in CHANGED.items():
        if name not in sys.modules:
            stand_ins[name] = ModuleType(name)
            for each in classes:
                setattr(stand_ins[name], each, type(each, (), {}))
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
