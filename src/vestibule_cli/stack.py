"""What stack.yaml says, typed. `load` refuses a wrong file with every problem and its place."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    PrivateAttr,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from vestibule_cli.stack_events import (
    Bus,
    Event,
    Key,
    Parameter,
    Part,
    Queue,
    QueueEvent,
    Rule,
    ScheduleEvent,
    Secret,
    StreamEvent,
)
from vestibule_cli.stack_rules import (
    STANDARD_ATTRIBUTES,
    Names,
    between,
    known,
    policy_file,
    routes,
    shaped,
    standard,
    unique,
)
from vestibule_cli.yaml_file import KEY, OTHER_KIND, Document, FileRefused, Place, refuse

# Names of union members, as they stand in the place of a problem.
TEXT = "(text)"
REFERENCE = "(reference)"
# Cognito waits for 5 seconds and then starts a second one beside the first.
TRIGGER_SECONDS = 5


__all__ = [
    "Api",
    "Bus",
    "Function",
    "Index",
    "Parameter",
    "Queue",
    "QueueEvent",
    "Rule",
    "Runtime",
    "ScheduleEvent",
    "Secret",
    "Stack",
    "StackError",
    "StreamEvent",
    "Table",
    "TableKey",
    "UserPool",
    "load",
]


class StackError(FileRefused):
    """stack.yaml is wrong."""


Attribute = Annotated[StrictStr, shaped(r"[A-Za-z][A-Za-z0-9_]{0,63}", "an attribute name")]
FunctionName = Annotated[StrictStr, known("function", lambda names: names.functions)]
StandardAttribute = Annotated[StrictStr, AfterValidator(standard)]
WritableAttribute = Annotated[
    StrictStr,
    known("attribute", lambda names: (*STANDARD_ATTRIBUTES, *names.custom_attributes)),
]


class Runtime(Part):
    python: Literal["3.11", "3.12", "3.13", "3.14"]
    architecture: Literal["arm64", "x86_64"]

    @property
    def identifier(self) -> str:
        return f"python{self.python}"


class Reference(Part):
    """A name or id that only the place knows."""

    ref: Annotated[StrictStr, known("reference", lambda names: names.references)]


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return TEXT
    return REFERENCE if isinstance(value, dict | Reference) else None


Value = Annotated[
    Annotated[StrictStr, Tag(TEXT)] | Annotated[Reference, Tag(REFERENCE)],
    Discriminator(
        _kind, custom_error_type=OTHER_KIND, custom_error_message="must be text or {ref: ...}"
    ),
]


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise refuse(f"must be upper-case letters, digits and _, got {name!r}")
    if name.startswith(("AWS_", "LAMBDA_")):
        raise refuse(f"{name} belongs to Lambda; names may not begin with AWS_ or LAMBDA_")
    return name


class Function(Part):
    description: Annotated[StrictStr, Field(max_length=256)] = ""
    handler: Annotated[
        StrictStr, shaped(r"[a-z_][\w]*(\.[a-z_]\w*)+", "a dotted path to a function")
    ]
    memory: Annotated[StrictInt, between(128, 10_240)]
    timeout: Annotated[StrictInt, between(1, 900)]
    policy: Annotated[StrictStr, AfterValidator(policy_file)]
    environment: dict[
        Annotated[StrictStr, AfterValidator(_variable_name)],
        Value,
    ] = Field(default_factory=dict)
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ()

    def variables(self, values: Mapping[str, str]) -> dict[str, str]:
        """The environment with every reference replaced by what `values` says it is here."""
        return {
            name: value if isinstance(value, str) else values[value.ref]
            for name, value in self.environment.items()
        }

    def dead_letters(self, queues: "Mapping[str, Queue]") -> str | None:
        """The queue for what it could not be called for: that of the queue which feeds it."""
        for event in self.events:
            if isinstance(event, QueueEvent):
                return queues[event.queue].dead_letters
        return None


class TableKey(Part):
    partition: Attribute
    sort: Attribute


class Index(Part):
    key: TableKey
    projection: Annotated[
        tuple[Attribute, ...], Field(strict=False, min_length=1), AfterValidator(unique)
    ]

    @model_validator(mode="after")
    def _keys_project_themselves(self, info: ValidationInfo) -> Self:
        names: Names | None = info.context
        keys = sorted((names.keys if names else frozenset()).intersection(self.projection))
        if keys:
            raise refuse(f"projection must leave out {', '.join(keys)}: keys are always there")
        return self


class Table(Part):
    key: TableKey
    indexes: dict[Key, Index] = Field(default_factory=dict)
    stream: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
    ttl: Attribute
    point_in_time_recovery: bool


class TokenMinutes(Part):
    # The least Cognito takes, and as long as a stolen token may be of use.
    access: Annotated[StrictInt, between(5, 60)]
    id: Annotated[StrictInt, between(5, 60)]


class ResourceServer(Part):
    identifier: Annotated[StrictStr, shaped(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}", "an identifier")]
    scopes: dict[Key, StrictStr]

    @model_validator(mode="after")
    def _gives_what_the_routes_ask_for(self, info: ValidationInfo) -> Self:
        names: Names | None = info.context
        given = {f"{self.identifier}/{scope}" for scope in self.scopes}
        missing = sorted((names.scopes if names else frozenset()) - given)
        if missing:
            raise refuse(
                f"must give {', '.join(missing)}, which the routes of api.definition ask for; "
                f"gives {', '.join(sorted(given)) or 'nothing'}"
            )
        return self


class UserPool(Part):
    sign_in: Literal["email"]
    case_sensitive: Literal[False]
    required_attributes: Annotated[
        tuple[StandardAttribute, ...], Field(strict=False), AfterValidator(unique)
    ]
    custom_attributes: Annotated[
        tuple[
            Annotated[
                StrictStr,
                shaped(r"[a-z][a-z0-9_]{0,19}", "1 to 20 lower-case letters, digits and _"),
            ],
            ...,
        ],
        Field(strict=False, max_length=50),
        AfterValidator(unique),
    ]
    client_writes: Annotated[
        tuple[WritableAttribute, ...], Field(strict=False), AfterValidator(unique)
    ]
    password_minimum_length: Annotated[StrictInt, between(12, 99)]
    mfa: Literal["OPTIONAL", "ON"]
    account_recovery: Literal["admin_only", "verified_email", "verified_phone_number"]
    verify_before_update: Annotated[
        tuple[Literal["email", "phone_number"], ...], Field(strict=False), AfterValidator(unique)
    ]
    token_minutes: TokenMinutes
    refresh_token_days: Annotated[StrictInt, between(1, 365)]
    password_flow: bool
    resource_server: ResourceServer
    # Answers the sign-in by custom challenges, for as long as a challenge may take.
    custom_auth: bool
    auth_session_minutes: Annotated[StrictInt, between(3, 15)]
    # The function for all ten classic triggers, and the shape of its token events.
    triggers: FunctionName
    token_event: Literal["V1_0", "V2_0", "V3_0"]

    @model_validator(mode="after")
    def _required_attributes_are_writable(self) -> Self:
        missing = [name for name in self.required_attributes if name not in self.client_writes]
        if missing:
            raise refuse(
                f"client_writes must hold {', '.join(missing)}: nobody could sign up without"
            )
        return self


class Mail(Part):
    """Who mails come from. On AWS the address needs a verified identity of SES."""

    from_address: Annotated[
        StrictStr, shaped(r"[a-z0-9._+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", "a plain address")
    ] = Field(alias="from")


class Throttle(Part):
    rate: Annotated[StrictInt, between(1, 10_000)]
    burst: Annotated[StrictInt, between(1, 5_000)]


class Api(Part):
    stage: Annotated[StrictStr, shaped(r"[A-Za-z0-9_]{1,128}", "letters, digits and _")]
    function: FunctionName
    definition: Annotated[StrictStr, AfterValidator(routes)]
    throttle: Throttle


class Stack(Part):
    name: Annotated[
        StrictStr, shaped(r"[a-z][a-z0-9-]{0,19}", "1 to 20 lower-case letters, digits and -")
    ]
    runtime: Runtime
    functions: Annotated[dict[Key, Function], Field(min_length=1)]
    table: Table
    queues: dict[Key, Queue] = Field(default_factory=dict)
    bus: Bus = Field(default_factory=Bus)
    secrets: dict[Key, Secret] = Field(default_factory=dict)
    parameters: dict[Key, Parameter] = Field(default_factory=dict)
    user_pool: UserPool
    mail: Mail
    api: Api

    _root: Path = PrivateAttr(default=Path())

    @property
    def root(self) -> Path:
        """The folder that stack.yaml stands in; paths inside it start here."""
        return self._root

    def resource(self, environment: str, key: str | None = None) -> str:
        """`vestibule-local`, or `vestibule-local-api` for a key."""
        return "-".join(filter(None, (self.name, environment, key)))

    def parameter(self, environment: str, key: str) -> str:
        """`/vestibule/local/policy`"""
        return f"/{self.name}/{environment}/{key}"

    def secret(self, environment: str, key: str) -> str:
        """`vestibule/local/user-service`"""
        return f"{self.name}/{environment}/{key}"

    def disagreements(self) -> Iterator[tuple[Place, str]]:
        """What is right by itself and wrong beside something else, with its place."""
        yield from self._wrong_queues()
        for key, function in self.functions.items():
            yield from self._wrong_events(key, function)
        yield from self._wrong_rules()
        if "policy" in self.parameters:
            yield (
                ("parameters", "policy", KEY),
                "is where the live policy stands: name it otherwise",
            )
        trigger = self.user_pool.triggers
        if self.functions[trigger].timeout >= TRIGGER_SECONDS:
            words = (
                f"must be less than {TRIGGER_SECONDS}: Cognito then starts a second one beside it"
            )
            yield ("functions", trigger, "timeout"), words

    def _wrong_queues(self) -> Iterator[tuple[Place, str]]:
        for key, queue in self.queues.items():
            target = self.queues.get(queue.dead_letters or "")
            if target is not None and target.dead_letters is not None:
                place = ("queues", key, "dead_letters")
                yield place, f"{queue.dead_letters} has dead letters of its own"

    def _wrong_events(self, key: str, function: Function) -> Iterator[tuple[Place, str]]:
        seen = set()
        for number, event in enumerate(function.events):
            kind, name = _source(event)
            where = ("functions", key, "events", number, kind)
            if (kind, name) in seen:
                yield where, f"{name} feeds this function already"
            seen.add((kind, name))
            if isinstance(event, QueueEvent):
                yield from self._too_short(where, event.queue, function.timeout)

    def _wrong_rules(self) -> Iterator[tuple[Place, str]]:
        for key, rule in self.bus.rules.items():
            if self.queues[rule.queue].dead_letters is None:
                words = f"{rule.queue} needs dead_letters: for events that cannot be put into it"
                yield ("bus", "rules", key, "queue"), words

    def _too_short(self, place: Place, queue: str, timeout: int) -> Iterator[tuple[Place, str]]:
        hidden = self.queues[queue].visibility
        if hidden < timeout:
            words = f"{queue} hides a message for {hidden} s, and this works on it for {timeout} s"
            yield place, f"{words}: it would come twice"


def _source(event: StreamEvent | QueueEvent | ScheduleEvent) -> tuple[str, str]:
    """The kind of what feeds a function, and its name."""
    if isinstance(event, StreamEvent):
        return "stream", event.stream
    if isinstance(event, QueueEvent):
        return "queue", event.queue
    return "schedule", event.schedule


def load(path: Path) -> Stack:
    """Read and check stack.yaml. Raise StackError with one line for each problem."""
    try:
        document = Document.read(path)
    except FileRefused as error:
        raise StackError(error.problems) from None
    root = path.resolve().parent
    try:
        stack = Stack.model_validate(document.data, context=Names.of(document.data, root))
    except ValidationError as error:
        raise StackError(document.problems(error, Stack)) from None
    if problems := document.lines(stack.disagreements()):
        raise StackError(problems)
    stack._root = root  # noqa: SLF001 - the file does not say where it stands
    return stack
