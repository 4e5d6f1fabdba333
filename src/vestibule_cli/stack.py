"""What stack.yaml says, typed. `load` refuses a wrong file with every problem and its place."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
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
from pydantic_core import PydanticCustomError

from vestibule_cli import policies, routes_file
from vestibule_cli.stack_file import REFERENCE, TEXT, Document, StackError, oneof

__all__ = ["Function", "Queue", "Stack", "StackError", "StreamEvent", "Table", "UserPool", "load"]

ENVIRONMENT_REFERENCES = (
    "environment",
    "identity_pool",
    "table",
    "table_stream",
    "user_pool",
    "user_pool_client",
    "version",
)
STANDARD_ATTRIBUTES = (
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
)
MAXIMUM_RETENTION = 1_209_600


@dataclass(frozen=True)
class Names:
    """What a reference may point to, read from the file before it is validated."""

    root: Path
    functions: tuple[str, ...]
    queues: tuple[str, ...]
    custom_attributes: tuple[str, ...]
    keys: frozenset[str]
    scopes: frozenset[str]

    @classmethod
    def of(cls, data: Any, root: Path) -> Self:
        table = _mapping(_mapping(data).get("table"))
        key_schemas = [
            table,
            *(_mapping(each) for each in _mapping(table.get("indexes")).values()),
        ]
        attributes = _mapping(_mapping(data).get("user_pool")).get("custom_attributes")
        routes = _mapping(_mapping(data).get("api")).get("definition")
        return cls(
            root=root,
            functions=tuple(_mapping(_mapping(data).get("functions"))),
            queues=tuple(_mapping(_mapping(data).get("queues"))),
            custom_attributes=tuple(
                f"custom:{name}" for name in attributes if isinstance(name, str)
            )
            if isinstance(attributes, list)
            else (),
            keys=frozenset(
                str(name) for each in key_schemas for name in _mapping(each.get("key")).values()
            ),
            scopes=routes_file.scopes(root / routes) if isinstance(routes, str) else frozenset(),
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def _refuse(rule: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{rule}", {"rule": rule})


def _between(low: int, high: int) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise _refuse(f"must be between {low} and {high}, got {value}")
        return value

    return AfterValidator(check)


def _shaped(pattern: str, description: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise _refuse(f"must be {description}, got {value!r}")
        return value

    return AfterValidator(check)


def _known(kind: str, allowed: Callable[[Names], tuple[str, ...]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        names: Names | None = info.context
        if names is not None and value not in allowed(names):
            raise _refuse(oneof(kind, value, allowed(names)))
        return value

    return AfterValidator(check)


def _standard(value: str) -> str:
    if value not in STANDARD_ATTRIBUTES:
        raise _refuse(oneof("standard attribute", value, STANDARD_ATTRIBUTES))
    return value


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise _refuse(f"names {', '.join(repeated)} more than once")
    return values


def _json_object(text: str) -> str:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise _refuse(f"must be JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise _refuse(f"must be a JSON object, got {text!r}")
    return text


def _policy_file(value: str, info: ValidationInfo) -> str:
    names: Names | None = info.context
    if names is not None:
        problem = policies.problem(names.root / value, names.queues)
        if problem:
            raise _refuse(problem)
    return value


def _routes_file(value: str, info: ValidationInfo) -> str:
    names: Names | None = info.context
    found = names and routes_file.problem(names.root / value)
    if found:
        raise _refuse(found)
    return value


Key = Annotated[StrictStr, _shaped(r"[a-z][a-z0-9_-]{0,31}", "lower-case letters, digits, - and _")]
Attribute = Annotated[StrictStr, _shaped(r"[A-Za-z][A-Za-z0-9_]{0,63}", "an attribute name")]
FunctionName = Annotated[StrictStr, _known("function", lambda names: names.functions)]
QueueName = Annotated[StrictStr, _known("queue", lambda names: names.queues)]
StandardAttribute = Annotated[StrictStr, AfterValidator(_standard)]
WritableAttribute = Annotated[
    StrictStr,
    _known("attribute", lambda names: (*STANDARD_ATTRIBUTES, *names.custom_attributes)),
]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Runtime(Part):
    python: Literal["3.11", "3.12", "3.13", "3.14"]
    architecture: Literal["arm64", "x86_64"]

    @property
    def identifier(self) -> str:
        return f"python{self.python}"


class Reference(Part):
    """A name or id that only the place knows."""

    ref: Annotated[StrictStr, _known("reference", lambda _names: ENVIRONMENT_REFERENCES)]


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return TEXT
    return REFERENCE if isinstance(value, dict | Reference) else None


Value = Annotated[
    Annotated[StrictStr, Tag(TEXT)] | Annotated[Reference, Tag(REFERENCE)], Discriminator(_kind)
]


def _variable_name(name: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise _refuse(f"must be upper-case letters, digits and _, got {name!r}")
    if name.startswith(("AWS_", "LAMBDA_")):
        raise _refuse(f"{name} belongs to Lambda; names may not begin with AWS_ or LAMBDA_")
    return name


class StreamEvent(Part):
    """A function fed by the table's stream."""

    stream: Annotated[StrictStr, _known("stream", lambda _names: ("table",))]
    batch_size: Annotated[StrictInt, _between(1, 10_000)]
    filter: Annotated[StrictStr, AfterValidator(_json_object)] | None = None
    maximum_age: Annotated[StrictInt, _between(60, 604_800)]
    maximum_retries: Annotated[StrictInt, _between(0, 10_000)]
    on_failure: QueueName | None = None


class Function(Part):
    description: Annotated[StrictStr, Field(max_length=256)] = ""
    handler: Annotated[
        StrictStr, _shaped(r"[a-z_][\w]*(\.[a-z_]\w*)+", "a dotted path to a function")
    ]
    memory: Annotated[StrictInt, _between(128, 10_240)]
    timeout: Annotated[StrictInt, _between(1, 900)]
    policy: Annotated[StrictStr, AfterValidator(_policy_file)]
    environment: dict[
        Annotated[StrictStr, AfterValidator(_variable_name)],
        Value,
    ] = Field(default_factory=dict)
    events: Annotated[tuple[StreamEvent, ...], Field(strict=False)] = ()

    def variables(self, values: Mapping[str, str]) -> dict[str, str]:
        """The environment with every reference replaced by what `values` says it is here."""
        return {
            name: value if isinstance(value, str) else values[value.ref]
            for name, value in self.environment.items()
        }


class TableKey(Part):
    partition: Attribute
    sort: Attribute


class Index(Part):
    key: TableKey
    projection: Annotated[
        tuple[Attribute, ...], Field(strict=False, min_length=1), AfterValidator(_unique)
    ]

    @model_validator(mode="after")
    def _keys_project_themselves(self, info: ValidationInfo) -> Self:
        names: Names | None = info.context
        keys = sorted((names.keys if names else frozenset()).intersection(self.projection))
        if keys:
            raise _refuse(f"projection must leave out {', '.join(keys)}: keys are always there")
        return self


class Table(Part):
    key: TableKey
    indexes: dict[Key, Index] = Field(default_factory=dict)
    stream: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
    ttl: Attribute
    point_in_time_recovery: bool


class Queue(Part):
    visibility: Annotated[StrictInt, _between(0, 43_200)] = 30
    max_receives: Annotated[StrictInt, _between(1, 1_000)] | None = None
    retention: Annotated[StrictInt, _between(60, MAXIMUM_RETENTION)] = 345_600
    dead_letters: QueueName | None = None

    @model_validator(mode="after")
    def _dead_letters_need_a_limit(self) -> Self:
        if (self.dead_letters is None) != (self.max_receives is None):
            raise _refuse("max_receives and dead_letters go together: give both or neither")
        return self


class TokenMinutes(Part):
    # The least Cognito takes, and as long as a stolen token may be of use.
    access: Annotated[StrictInt, _between(5, 60)]
    id: Annotated[StrictInt, _between(5, 60)]


class ResourceServer(Part):
    identifier: Annotated[StrictStr, _shaped(r"[\x21\x23-\x5B\x5D-\x7E]{1,256}", "an identifier")]
    scopes: dict[Key, StrictStr]

    @model_validator(mode="after")
    def _gives_what_the_routes_ask_for(self, info: ValidationInfo) -> Self:
        names: Names | None = info.context
        given = {f"{self.identifier}/{scope}" for scope in self.scopes}
        missing = sorted((names.scopes if names else frozenset()) - given)
        if missing:
            raise _refuse(
                f"must give {', '.join(missing)}, which the routes of api.definition ask for; "
                f"gives {', '.join(sorted(given)) or 'nothing'}"
            )
        return self


class UserPool(Part):
    sign_in: Literal["email"]
    case_sensitive: Literal[False]
    required_attributes: Annotated[
        tuple[StandardAttribute, ...], Field(strict=False), AfterValidator(_unique)
    ]
    custom_attributes: Annotated[
        tuple[
            Annotated[
                StrictStr,
                _shaped(r"[a-z][a-z0-9_]{0,19}", "1 to 20 lower-case letters, digits and _"),
            ],
            ...,
        ],
        Field(strict=False, max_length=50),
        AfterValidator(_unique),
    ]
    client_writes: Annotated[
        tuple[WritableAttribute, ...], Field(strict=False), AfterValidator(_unique)
    ]
    password_minimum_length: Annotated[StrictInt, _between(12, 99)]
    mfa: Literal["OPTIONAL", "ON"]
    account_recovery: Literal["admin_only", "verified_email", "verified_phone_number"]
    verify_before_update: Annotated[
        tuple[Literal["email", "phone_number"], ...], Field(strict=False), AfterValidator(_unique)
    ]
    token_minutes: TokenMinutes
    refresh_token_days: Annotated[StrictInt, _between(1, 365)]
    password_flow: bool
    resource_server: ResourceServer

    @model_validator(mode="after")
    def _required_attributes_are_writable(self) -> Self:
        missing = [name for name in self.required_attributes if name not in self.client_writes]
        if missing:
            raise _refuse(
                f"client_writes must hold {', '.join(missing)}: nobody could sign up without"
            )
        return self


class Throttle(Part):
    rate: Annotated[StrictInt, _between(1, 10_000)]
    burst: Annotated[StrictInt, _between(1, 5_000)]


class Api(Part):
    stage: Annotated[StrictStr, _shaped(r"[A-Za-z0-9_]{1,128}", "letters, digits and _")]
    function: FunctionName
    definition: Annotated[StrictStr, AfterValidator(_routes_file)]
    throttle: Throttle


class Stack(Part):
    name: Annotated[
        StrictStr, _shaped(r"[a-z][a-z0-9-]{0,19}", "1 to 20 lower-case letters, digits and -")
    ]
    runtime: Runtime
    functions: Annotated[dict[Key, Function], Field(min_length=1)]
    table: Table
    queues: dict[Key, Queue] = Field(default_factory=dict)
    user_pool: UserPool
    api: Api

    _root: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _dead_letters_end_somewhere(self) -> Self:
        for key, queue in self.queues.items():
            target = self.queues.get(queue.dead_letters or "")
            if target is not None and target.dead_letters is not None:
                raise _refuse(
                    f"queues.{key}.dead_letters: {queue.dead_letters} has dead letters of its own"
                )
        return self

    @property
    def root(self) -> Path:
        """The folder that stack.yaml stands in; paths inside it start here."""
        return self._root

    def resource(self, environment: str, key: str | None = None) -> str:
        """`vestibule-local`, or `vestibule-local-api` for a key."""
        return "-".join(filter(None, (self.name, environment, key)))


def load(path: Path) -> Stack:
    """Read and check stack.yaml. Raise StackError with one line for each problem."""
    document = Document.read(path)
    root = path.resolve().parent
    try:
        stack = Stack.model_validate(document.data, context=Names.of(document.data, root))
    except ValidationError as error:
        raise StackError(document.problems(error, Stack)) from None
    stack._root = root  # noqa: SLF001 - the file does not say where it stands
    return stack
