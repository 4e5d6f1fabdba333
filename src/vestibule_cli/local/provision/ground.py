"""What the functions and the API stand on, once it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.provision import functions
from vestibule_cli.local.provision.code import Code
from vestibule_cli.local.provision.identity import MadePool
from vestibule_cli.local.provision.queues import MadeQueue
from vestibule_cli.local.provision.roles import MadeRole
from vestibule_cli.local.provision.table import MadeTable
from vestibule_cli.stack import QueueEvent, StreamEvent

if TYPE_CHECKING:
    from vestibule_cli.stack import Function


@dataclass(frozen=True)
class Ground:
    code: Code
    table: MadeTable
    queues: Mapping[str, MadeQueue]
    pool: MadePool
    identity_pool_id: str
    secrets: Mapping[str, str]
    roles: Mapping[str, MadeRole]
    """Those there were, by name."""

    def sources(self, function: "Function") -> dict[str, Any]:
        """What feeds the function, by the source's ARN."""
        sources = {}
        for event in function.events:
            if isinstance(event, QueueEvent):
                sources[self.queues[event.queue].arn] = functions.queue_mapping(event)
            if isinstance(event, StreamEvent):
                failures = self.queues[event.on_failure].arn if event.on_failure else None
                sources[self.table.stream_arn] = functions.stream_mapping(event, failures)
        return sources
