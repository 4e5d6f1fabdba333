"""Finishes what was left undone: messages of the retry queue, and what nobody has told of."""

from __future__ import annotations

import os

from vestibule.functions.maintenance_wiring import Wiring
from vestibule.platform import logs, metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer a queue with what has to stay in it, and a task with what it found."""
    if "task" not in event:
        return wiring.consumer.take(event, context)
    logs.bind(request_id=getattr(context, "aws_request_id", ""))
    metrics.forget()
    try:
        return wiring.task(event["task"], context)
    finally:
        metrics.flush()


wiring = Wiring.from_environment(os.environ)
