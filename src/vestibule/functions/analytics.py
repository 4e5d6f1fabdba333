"""Tells analytics services what happened, of those who agreed."""

from __future__ import annotations

import os

from vestibule.delivery.analytics.batch import Analytics, read
from vestibule.delivery.analytics.knowledge import TableKnowledge
from vestibule.delivery.analytics.source import SETTING, SecretSinks
from vestibule.delivery.analytics.telling import Teller
from vestibule.delivery.consumer import Whole
from vestibule.delivery.outbound import hosts
from vestibule.functions.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.delivery.consumer import Consumer

NAME: Final = "analytics"
RECEIVES: Final = 100


def _consumer(environment: Mapping[str, str]) -> Consumer:
    worker, _ = Worker.read(NAME, environment)
    source = SecretSinks(
        worker.secret(environment.get(SETTING), SETTING),
        allowed_hosts=hosts(environment.get("OUTBOUND_HOSTS") or ""),
    )
    teller = Teller(source, left=worker.budget.left, breaker_opened=worker.breaker_opened)
    analytics = Analytics(source, TableKnowledge(worker.parts.table), teller, worker.queue)
    return worker.consumer(
        Whole(analytics.tell),
        receives=RECEIVES,
        read=read,
        # Each sink is told of all of them at once, and has its own limit.
        needs=0.0,
    )


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breakers live as long.
_take = _consumer(os.environ).take
