"""What the functions behind queues are made of, beside what every function is."""

from __future__ import annotations

from functools import cached_property, partial

from vestibule.delivery.consumer import Consumer
from vestibule.delivery.queue import Queue
from vestibule.delivery.settings import QueueSettings
from vestibule.functions.parts import Parts
from vestibule.platform.aws import AwsClient
from vestibule.platform.budget import Budget
from vestibule.platform.settings import Settings, together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Required, TypedDict, Unpack

    from vestibule.delivery.consumer import Handle, Whole
    from vestibule.delivery.outcomes import Outcome
    from vestibule.delivery.secrets import SecretValue
    from vestibule.security.recorder import Recorder

    class Rules(TypedDict, total=False):
        """What else a Consumer is told."""

        receives: Required[int]
        read: Callable[[Any], Any]
        needs: float
        buried: Callable[[Any, Outcome], None]


class Worker:
    def __init__(self, name: str, settings: Settings, queues: QueueSettings) -> None:
        """`name` is the function's, as security events give it."""
        self.settings = settings
        self.parts = Parts.of(settings, AwsClient)
        self.budget = Budget()
        self._name = name
        self._queues = queues

    @classmethod
    def read(
        cls,
        name: str,
        environment: Mapping[str, str],
        *more: Callable[[Mapping[str, str]], Any],
    ) -> tuple[Worker, list[Any]]:
        """Give the worker, and what each of `more` reads.

        Raise one SettingsError with the problems of all.
        """
        reads = (Settings.from_environment, QueueSettings.from_environment, *more)
        settings, queues, *others = together(*(partial(each, environment) for each in reads))
        return cls(name, settings, queues), others

    @cached_property
    def queue(self) -> Queue:
        return Queue(self._sqs, self._queues.queue_url)

    @cached_property
    def dead_letters(self) -> Queue:
        return Queue(self._sqs, self._queues.dead_letters_url)

    def consumer(self, handle: Handle | Whole, **rules: Unpack[Rules]) -> Consumer:
        return Consumer(handle, self.queue, self.dead_letters, budget=self.budget, **rules)

    def secret(self, secret_id: str | None, setting: str) -> SecretValue | None:
        """None where the variable `setting` names none."""
        if not secret_id:
            return None
        from vestibule.delivery.secrets import SecretValue  # noqa: PLC0415 - not all have one

        return SecretValue(self.parts.client("secretsmanager"), secret_id, setting)

    def breaker_opened(self, peer: str) -> None:
        """Have it told that a peer is left alone."""
        from vestibule.security.model import BREAKER_OPENED  # noqa: PLC0415 - seldom

        self.recorder.record(BREAKER_OPENED, self._name, {"peer": peer})

    @cached_property
    def recorder(self) -> Recorder:
        from vestibule.security.recorder import Recorder  # noqa: PLC0415 - seldom

        return Recorder(self.parts.table)

    @cached_property
    def _sqs(self) -> AwsClient:
        return self.parts.client("sqs")
