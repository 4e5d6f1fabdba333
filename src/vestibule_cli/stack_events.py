"""What feeds a function, and what carries events to it: streams, queues, schedules, the bus."""

import json
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from vestibule_cli.stack_rules import between, json_object, known, shaped, unique
from vestibule_cli.yaml_file import OTHER_KIND, refuse

MAXIMUM_RETENTION = 1_209_600
# Who the events on the bus come from.
SOURCE = "vestibule"
# Names of union members, as they stand in the place of a problem.
STREAM = "(stream)"
QUEUE = "(queue)"
SCHEDULE = "(schedule)"
KINDS = {"stream": STREAM, "queue": QUEUE, "schedule": SCHEDULE}

Key = Annotated[StrictStr, shaped(r"[a-z][a-z0-9_-]{0,31}", "lower-case letters, digits, - and _")]
QueueName = Annotated[StrictStr, known("queue", lambda names: names.queues)]
EventType = Annotated[
    StrictStr,
    shaped(r"[a-z][a-z_]*\.([a-z][a-z_]*|\*)", "an event's type, or all that begin alike: user.*"),
]
Rate = Annotated[
    StrictStr,
    shaped(
        r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)",
        "rate(1 hour) or rate(15 minutes)",
    ),
]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StreamEvent(Part):
    """A function fed by the table's stream."""

    stream: Annotated[StrictStr, known("stream", lambda _names: ("table",))]
    batch_size: Annotated[StrictInt, between(1, 10_000)]
    filter: Annotated[StrictStr, AfterValidator(json_object)] | None = None
    maximum_age: Annotated[StrictInt, between(60, 604_800)]
    maximum_retries: Annotated[StrictInt, between(0, 10_000)]
    on_failure: QueueName | None = None


class QueueEvent(Part):
    """A function fed by a queue. What it does not answer for stays in the queue."""

    queue: QueueName
    # More would need a window to gather them in.
    batch_size: Annotated[StrictInt, between(1, 10)]
    # How many may work on it at a time; as many as there are without.
    concurrency: Annotated[StrictInt, between(2, 1_000)] | None = None


class ScheduleEvent(Part):
    """A function called again and again with `{"task": NAME}`."""

    schedule: Key
    rate: Rate

    @property
    def input(self) -> str:
        return json.dumps({"task": self.schedule}, separators=(",", ":"))


def _event_kind(value: Any) -> str | None:
    found = (tag for name, tag in KINDS.items() if hasattr(value, name) or _has(value, name))
    return next(found, None)


def _has(value: Any, name: str) -> bool:
    return isinstance(value, dict) and name in value


Event = Annotated[
    Annotated[StreamEvent, Tag(STREAM)]
    | Annotated[QueueEvent, Tag(QUEUE)]
    | Annotated[ScheduleEvent, Tag(SCHEDULE)],
    Discriminator(
        _event_kind,
        custom_error_type=OTHER_KIND,
        custom_error_message="must say `stream:`, `queue:` or `schedule:`",
    ),
]


class Queue(Part):
    visibility: Annotated[StrictInt, between(0, 43_200)] = 30
    max_receives: Annotated[StrictInt, between(1, 1_000)] | None = None
    retention: Annotated[StrictInt, between(60, MAXIMUM_RETENTION)] = 345_600
    dead_letters: QueueName | None = None

    @model_validator(mode="after")
    def _dead_letters_need_a_limit(self) -> Self:
        if (self.dead_letters is None) != (self.max_receives is None):
            raise refuse("max_receives and dead_letters go together: give both or neither")
        return self


class Rule(Part):
    """Which events a queue gets."""

    types: Annotated[
        tuple[EventType, ...], Field(strict=False, min_length=1), AfterValidator(unique)
    ]
    queue: QueueName

    @property
    def pattern(self) -> str:
        """What EventBridge compares an event with."""
        types = [
            {"prefix": each.removesuffix("*")} if each.endswith("*") else each
            for each in self.types
        ]
        return json.dumps({"detail-type": types, "source": [SOURCE]}, separators=(",", ":"))


class Bus(Part):
    rules: dict[Key, Rule] = Field(default_factory=dict)


class Secret(Part):
    """What people give: it may be absent, and what needs it is then off."""

    description: Annotated[StrictStr, Field(max_length=2048)] = ""
    # The field that the laptop fills by chance, once, for what it brings along itself.
    laptop: Annotated[StrictStr, shaped(r"[A-Za-z][A-Za-z0-9]{0,63}", "a field's name")] | None = (
        None
    )


class Parameter(Part):
    """A random value, encrypted, made once and never shown."""

    description: Annotated[StrictStr, Field(max_length=1024)] = ""
