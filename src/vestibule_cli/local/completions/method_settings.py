"""Settings of a stage's single methods: AWS gives them back by the path they were set by.

Its slashes are escaped, as in `~1vpcs~1{id}/DELETE`, and Terraform looks for that. The emulator
takes the escapes away.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vestibule_cli.local.asgi import Reply

STAGES = re.compile(r"^/restapis/[^/]+/stages(?:/[^/]+)?$")


def escape(reply: Reply) -> None:
    """Of the one stage, or of each in the list, that the emulator answered with."""
    if reply.status not in (200, 201):
        return
    content = json.loads(reply.body)
    for stage in content.get("item", [content]):
        stage["methodSettings"] = {
            _escaped(name): held for name, held in (stage.get("methodSettings") or {}).items()
        }
    reply.body = json.dumps(content).encode()


def _escaped(name: str) -> str:
    path, _, method = name.rpartition("/")
    return f"{path.replace('/', '~1')}/{method}"
