"""Hands confirmed people over to the user service."""

from __future__ import annotations

import os

from vestibule.delivery.user_service import UserServiceSettings
from vestibule.functions.user_service_wiring import user_service
from vestibule.functions.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from vestibule.delivery.consumer import Consumer

NAME: Final = "user_service"
RECEIVES: Final = 100


def _consumer(environment: Mapping[str, str]) -> Consumer:
    worker, (place,) = Worker.read(NAME, environment, UserServiceSettings.from_environment)
    users = user_service(worker, place, in_step=True)
    return worker.consumer(users.handle, receives=RECEIVES, buried=users.buried)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _take(event, context)


# Built once for all the batches that this process will take: the breaker lives as long.
_take = _consumer(os.environ).take
