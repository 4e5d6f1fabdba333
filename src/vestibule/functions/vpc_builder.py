"""Builds and removes networks: as its queue says, as a schedule says, or as an operator asks."""

from __future__ import annotations

import os
import time

from vestibule.delivery.consumer import RESERVE, Consumer
from vestibule.delivery.outcomes import DONE, deferred, later, never
from vestibule.functions.worker import Worker
from vestibule.platform import clock, logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.budget import Budget, seconds_left
from vestibule.platform.http.errors import Detail, InvalidRequest
from vestibule.vpcs.builder import Builder
from vestibule.vpcs.drift import Drift
from vestibule.vpcs.ec2 import Ec2Client
from vestibule.vpcs.orders import Orders
from vestibule.vpcs.removal import Removal
from vestibule.vpcs.resting import Resting, note_buried
from vestibule.vpcs.service import FIRST_REGION, VpcService
from vestibule.vpcs.site import Site
from vestibule.vpcs.store import TableVpcStore
from vestibule.vpcs.sweep import Sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.delivery.events import Event
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.queue import Message, Queue
    from vestibule.platform.settings import Settings
    from vestibule.vpcs.ports import Rules
    from vestibule.vpcs.resources import Ec2

    Act = Callable[[Mapping[str, Any]], dict[str, Any]]

NAME: Final = "vpc_builder"
RECEIVES: Final = 100
NEEDS: Final = 20.0
"""Seconds that one round may take: with fewer left, no other is begun."""

log = logs.logger(__name__)


class VpcBuilder:
    """What this function does, by the kind of its event."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        store: TableVpcStore,
        connect: Callable[[str], Ec2],
        rules: Callable[[], Rules],
        queue: Queue,
        dead_letters: Queue,
        settings: Settings,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._budget = Budget()
        environment, table_name = settings.environment, settings.table_name
        site = Site(connect, environment=environment, table_name=table_name)
        has_time = self._has_time
        self._store, self._now = store, site.now
        removal = Removal(store, site)
        self._builder = Builder(store, site, removal, time_left=has_time, sleep=sleep)
        service = VpcService(store, rules, settings.region)
        orders = Orders(service, self._builder, time_left=has_time, sleep=sleep)
        self._consumer = Consumer(
            self._handle,
            queue,
            dead_letters,
            receives=RECEIVES,
            needs=NEEDS,
            budget=self._budget,
            buried=self._note_buried,
        )
        drift = Drift(store, site, time_left=has_time)
        resting = Resting(store, site, removal, time_left=has_time)
        sweep = Sweep(store, site, time_left=has_time)

        def regions() -> set[str]:
            return {FIRST_REGION, settings.region, *rules().allowed_regions}

        self._acts: dict[str, Act] = {
            "create": orders.create,
            "delete": orders.delete,
            "drift": lambda _order: drift.run(),
            "sweep": lambda _order: resting.run() | sweep.run(regions()),
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> VpcBuilder:
        """Raise SettingsError."""
        worker, _ = Worker.read(NAME, environment)
        parts, settings = worker.parts, worker.settings
        return cls(
            store=TableVpcStore(parts.table),
            connect=lambda region: Ec2Client(region, endpoint_url=settings.endpoint_url),
            rules=lambda: parts.policies.current().vpcs,
            queue=worker.queue,
            dead_letters=worker.dead_letters,
            settings=settings,
        )

    def handle(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Answer the queue with what has to stay in it, anybody else with what came of it."""
        if "Records" in event:
            return self._consumer.take(event, context)
        logs.bind(request_id=getattr(context, "aws_request_id", ""))
        metrics.forget()
        self._budget.begin(seconds_left(context, reserve=RESERVE))
        asked = event.get("action", event.get("task"))
        act = self._acts.get(asked) if isinstance(asked, str) else None
        try:
            if act is None:
                return _unknown(asked, self._acts)
            answer = act(event)
            log.info("done by hand or schedule", action=asked, refused="error" in answer)
            return answer
        finally:
            metrics.flush()

    def _handle(self, event: Event, _message: Message) -> Outcome:
        vpc_id = event.data.get("vpcId")
        if not isinstance(vpc_id, str) or not vpc_id:
            return never("no_vpc", "the event names no VPC")
        wait = self._builder.work(vpc_id)
        log.info("worked on", vpc_id=vpc_id, event_type=event.type, waits_for=wait and wait.reason)
        if wait is None:
            return DONE
        if wait.in_vain:
            return later(wait.reason, wait.detail, seconds=wait.seconds)
        return deferred(wait.reason, wait.seconds, wait.detail)

    def _note_buried(self, event: Event, outcome: Outcome) -> None:
        vpc_id = event.data.get("vpcId")
        if not isinstance(vpc_id, str) or not vpc_id:
            return
        try:
            note_buried(self._store, vpc_id, outcome.reason, at=clock.timestamp(self._now()))
        except AwsError as error:
            log.failure("dead letter not noted", error, vpc_id=vpc_id)

    def _has_time(self) -> bool:
        return self._budget.left() >= NEEDS


def _unknown(asked: object, known: Mapping[str, Any]) -> dict[str, Any]:
    message = f"Must be one of {', '.join(known)}, got {str(asked)[:40]!r}."
    log.error("unknown action")
    detail = Detail("action", "oneOf", message)
    return InvalidRequest(detail, error="There is no such action.").view()


_builder = VpcBuilder.from_environment(os.environ)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    return _builder.handle(event, context)
