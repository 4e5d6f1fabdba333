"""Tells analytics services what happened, of those who agreed."""

from __future__ import annotations

import os

from vestibule.delivery.analytics.batch import Analytics, read
from vestibule.delivery.analytics.knowledge import TableKnowledge
from vestibule.delivery.analytics.source import SETTING, SecretSinks
from vestibule.delivery.analytics.telling import Teller
from vestibule.delivery.consumer import Consumer, Whole
from vestibule.delivery.outbound import hosts
from vestibule.delivery.queue import Queue
from vestibule.delivery.secrets import SecretValue
from vestibule.delivery.settings import QueueSettings, together
from vestibule.functions.parts import Parts
from vestibule.platform.aws import AwsClient
from vestibule.platform.budget import Budget
from vestibule.platform.settings import Settings
from vestibule.security.model import BREAKER_OPENED
from vestibule.security.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

NAME: Final = "analytics"
RECEIVES: Final = 100


def _consumer(environment: Mapping[str, str]) -> Consumer:
    settings, queues = together(
        lambda: Settings.from_environment(environment),
        lambda: QueueSettings.from_environment(environment),
    )
    parts = Parts.of(settings, AwsClient)
    recorder = Recorder(parts.table)
    budget = Budget()
    secret_id = environment.get(SETTING)
    secrets = parts.client("secretsmanager")
    source = SecretSinks(
        SecretValue(secrets, secret_id, SETTING) if secret_id else None,
        allowed_hosts=hosts(environment.get("OUTBOUND_HOSTS") or ""),
    )
    teller = Teller(
        source,
        left=budget.left,
        breaker_opened=lambda peer: recorder.record(BREAKER_OPENED, NAME, {"peer": peer}),
    )
    sqs = parts.client("sqs")
    queue = Queue(sqs, queues.queue_url)
    analytics = Analytics(source, TableKnowledge(parts.table), teller, queue)
    return Consumer(
        Whole(analytics.tell),
        queue,
        Queue(sqs, queues.dead_letters_url),
        receives=RECEIVES,
        read=read,
        # Each sink is told of all of them at once, and has its own limit.
        needs=0.0,
        budget=budget,
    )


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breakers live as long.
_take = _consumer(os.environ).take
