"""The one place where the user service's parts are put together, whoever calls it."""

from __future__ import annotations

from vestibule.delivery.breaker import Breaker
from vestibule.delivery.marks import Marks
from vestibule.delivery.outbound import Peer
from vestibule.delivery.service import Service
from vestibule.delivery.user_service import KIND, UserService

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.delivery.user_service import UserServiceSettings
    from vestibule.functions.worker import Worker


def user_service(
    worker: Worker, place: UserServiceSettings | None, *, in_step: bool = False
) -> UserService:
    """`in_step`: its breaker ends when those of all other workers do."""
    made = None if place is None else service(worker, place, in_step=in_step)
    return UserService(made, Marks(worker.parts.table, KIND))


def service(worker: Worker, place: UserServiceSettings, *, in_step: bool = False) -> Service:
    key = worker.secret(place.secret_id, "USER_SERVICE_SECRET")
    breaker = Breaker(KIND, opened=worker.breaker_opened, in_step=in_step)
    return Service(Peer(place.at, left=worker.budget.left), breaker, key)
