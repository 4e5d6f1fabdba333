"""What single values of stack.yaml may be, and what a reference in it may point to."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import AfterValidator, ValidationInfo

from vestibule_cli import policies, routes_file
from vestibule_cli.yaml_file import oneof, refuse

ENVIRONMENT_REFERENCES = (
    "bus",
    "configuration_set",
    "environment",
    "identity_pool",
    "mail_from",
    "mail_sender",
    "outbound_hosts",
    "policy_parameter",
    "site_url",
    "table",
    "table_stream",
    "user_pool",
    "user_pool_client",
    "user_service_url",
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


@dataclass(frozen=True)
class Names:
    """What a reference may point to, read from the file before it is validated."""

    root: Path
    functions: tuple[str, ...]
    queues: tuple[str, ...]
    secrets: tuple[str, ...]
    parameters: tuple[str, ...]
    custom_attributes: tuple[str, ...]
    keys: frozenset[str]
    scopes: frozenset[str]

    @property
    def references(self) -> tuple[str, ...]:
        return (
            *ENVIRONMENT_REFERENCES,
            *(f"queue_url:{key}" for key in self.queues),
            *(f"secret:{key}" for key in self.secrets),
            *(f"{key}_parameter" for key in self.parameters),
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """What a policy may name."""
        return policies.symbols(self.queues, self.secrets, self.parameters)

    @classmethod
    def of(cls, data: Any, root: Path) -> Self:
        table = _mapping(_mapping(data).get("table"))
        key_schemas = [
            table,
            *(_mapping(each) for each in _mapping(table.get("indexes")).values()),
        ]
        attributes = _mapping(_mapping(data).get("user_pool")).get("custom_attributes")
        definition = _mapping(_mapping(data).get("api")).get("definition")
        return cls(
            root=root,
            functions=tuple(_mapping(_mapping(data).get("functions"))),
            queues=tuple(_mapping(_mapping(data).get("queues"))),
            secrets=tuple(_mapping(_mapping(data).get("secrets"))),
            parameters=tuple(_mapping(_mapping(data).get("parameters"))),
            custom_attributes=tuple(
                f"custom:{name}" for name in attributes if isinstance(name, str)
            )
            if isinstance(attributes, list)
            else (),
            keys=frozenset(
                str(name) for each in key_schemas for name in _mapping(each.get("key")).values()
            ),
            scopes=routes_file.scopes(root / definition)
            if isinstance(definition, str)
            else frozenset(),
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def between(low: int, high: int) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise refuse(f"must be between {low} and {high}, got {value}")
        return value

    return AfterValidator(check)


def shaped(pattern: str, description: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refuse(f"must be {description}, got {value!r}")
        return value

    return AfterValidator(check)


def known(kind: str, allowed: Callable[[Names], tuple[str, ...]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        names: Names | None = info.context
        if names is not None and value not in allowed(names):
            raise refuse(oneof(kind, value, allowed(names)))
        return value

    return AfterValidator(check)


def standard(value: str) -> str:
    if value not in STANDARD_ATTRIBUTES:
        raise refuse(oneof("standard attribute", value, STANDARD_ATTRIBUTES))
    return value


def unique(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise refuse(f"names {', '.join(repeated)} more than once")
    return values


def json_object(text: str) -> str:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise refuse(f"must be JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise refuse(f"must be a JSON object, got {text!r}")
    return text


def policy_file(value: str, info: ValidationInfo) -> str:
    names: Names | None = info.context
    if names is not None:
        problem = policies.problem(names.root / value, names.symbols)
        if problem:
            raise refuse(problem)
    return value


def routes(value: str, info: ValidationInfo) -> str:
    names: Names | None = info.context
    problem = names and routes_file.problem(names.root / value)
    if problem:
        raise refuse(problem)
    return value
