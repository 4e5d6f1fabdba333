"""What every consumer of a queue is told beside what every function is."""

from __future__ import annotations

import os

from vestibule.platform.settings import queue_url, together
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class QueueSettings:
    queue_url: str
    dead_letters_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> QueueSettings:
        """Read QUEUE_URL and DEAD_LETTERS_URL. Raise SettingsError."""
        return cls(
            *together(
                lambda: queue_url(environment, "QUEUE_URL"),
                lambda: queue_url(environment, "DEAD_LETTERS_URL"),
            )
        )
