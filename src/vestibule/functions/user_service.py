"""Hands confirmed people over to the user service."""

from __future__ import annotations

import os

from vestibule.delivery.breaker import Breaker
from vestibule.delivery.consumer import Consumer
from vestibule.delivery.marks import Marks
from vestibule.delivery.outbound import Peer
from vestibule.delivery.queue import Queue
from vestibule.delivery.secrets import SecretValue
from vestibule.delivery.service import Service
from vestibule.delivery.settings import QueueSettings, together
from vestibule.delivery.user_service import KIND, UserService, UserServiceSettings
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

NAME: Final = "user_service"
RECEIVES: Final = 100


def _consumer(environment: Mapping[str, str]) -> Consumer:
    settings, queues, place = together(
        lambda: Settings.from_environment(environment),
        lambda: QueueSettings.from_environment(environment),
        lambda: UserServiceSettings.from_environment(environment),
    )
    parts = Parts.of(settings, AwsClient)
    budget = Budget()
    users = UserService(_service(parts, place, budget), Marks(parts.table, KIND))
    sqs = parts.client("sqs")
    return Consumer(
        users.handle,
        Queue(sqs, queues.queue_url),
        Queue(sqs, queues.dead_letters_url),
        receives=RECEIVES,
        budget=budget,
        buried=users.buried,
    )


def _service(parts: Parts, place: UserServiceSettings | None, budget: Budget) -> Service | None:
    if place is None:
        return None
    key = None
    if place.secret_id is not None:
        key = SecretValue(parts.client("secretsmanager"), place.secret_id, "USER_SERVICE_SECRET")
    recorder = Recorder(parts.table)

    def opened(peer: str) -> None:
        recorder.record(BREAKER_OPENED, NAME, {"peer": peer})

    breaker = Breaker(KIND, opened=opened, in_step=True)
    return Service(Peer(place.at, left=budget.left), breaker, key)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breaker lives as long.
_take = _consumer(os.environ).take
