"""What an operator asks of the builder directly, done while they wait."""

from __future__ import annotations

import time

from vestibule.platform.http.errors import ApiError, InvalidRequest
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs import model, routes
from vestibule.vpcs.errors import VpcsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.vpcs.builder import Builder
    from vestibule.vpcs.model import VpcRecord
    from vestibule.vpcs.request import Wanted
    from vestibule.vpcs.service import VpcService

_POLL: Final = 1.0
_LONGEST_ID: Final = 128


class Orders:
    """Every answer is a value: what a request did wrong is an `error` with `details`."""

    def __init__(
        self,
        service: VpcService,
        builder: Builder,
        *,
        time_left: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`time_left` tells whether there is time for another go."""
        self._service = service
        self._builder = builder
        self._time_left = time_left
        self._sleep = sleep

    def create(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Store the record and build: `request` is what POST /vpcs takes."""
        return self._answered(lambda: self._create(order))

    def delete(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Take away the VPC named by `id`, ours."""
        return self._answered(lambda: self._delete(order))

    def _create(self, order: Mapping[str, Any]) -> VpcRecord:
        by = _text(order, "createdBy", OPERATOR)
        key = _text(order, "idempotencyKey", "") or None
        record = self._service.create(_wanted(order.get("request")), by=by, key=key)
        return self._followed(record.id)

    def _delete(self, order: Mapping[str, Any]) -> VpcRecord:
        vpc_id = _text(order, "id", "")
        if not vpc_id:
            raise InvalidRequest.of("id", "required", "Name the VPC by our id.")
        self._service.delete(vpc_id, by=OPERATOR)
        return self._followed(vpc_id)

    def _followed(self, vpc_id: str) -> VpcRecord:
        # The queue's own go may come in between: each goes on from what the record says.
        while self._time_left():
            wait = self._builder.work(vpc_id)
            if wait is None:
                break
            self._sleep(min(wait.seconds, _POLL))
        return self._service.show(vpc_id)

    def _answered(self, act: Callable[[], VpcRecord]) -> dict[str, Any]:
        try:
            record = act()
        except VpcsError as error:
            return routes.refusal(error).view()
        except ApiError as error:
            return error.view()
        answer: dict[str, Any] = {"vpc": routes.full(record)}
        if record.state in model.UNDER_WAY:
            answer["note"] = f"It is {record.state}; the work goes on in the background."
        return answer


def _wanted(request: object) -> Wanted:
    from vestibule.vpcs import bodies  # noqa: PLC0415 - msgspec, when it is needed

    if not isinstance(request, dict):
        raise InvalidRequest.of("request", "type", "Must be an object: what POST /vpcs takes.")
    return bodies.read_wanted(request)


def _text(order: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = order.get(name, otherwise)
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not value.isprintable():
        message = f"Must be text of up to {_LONGEST_ID} characters, got {str(value)[:40]!r}."
        raise InvalidRequest.of(name, "type", message)
    return value
