"""infra/policies/*.json: who may do what. Resources are symbols until a place puts ARNs in.

An ARN may stand there too, for what no place makes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vestibule_cli.yaml_file import oneof

SYMBOLS = (
    "identity_pool",
    "logs",
    "mail_identity",
    "policy_parameter",
    "table",
    "table_indexes",
    "table_stream",
    "user_pool",
)


def symbols(queues: Iterable[str]) -> tuple[str, ...]:
    return (*SYMBOLS, *(f"queue:{key}" for key in queues))


def problem(path: Path, queues: Iterable[str]) -> str | None:
    """What is wrong with a policy file, or None."""
    name = "/".join(path.parts[-3:])
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = sorted(each.name for each in path.parent.glob("*.json"))
        return f"no such file: {name}; there are {', '.join(found) or 'none'}"
    except (OSError, ValueError) as error:
        return f"{name} cannot be read: {error}"
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        return f"{name}: Statement must be a list of statements"
    return _symbol_problem(name, statements, symbols(queues))


def _symbol_problem(
    name: str, statements: Sequence[Mapping[str, Any]], allowed: Sequence[str]
) -> str | None:
    for number, statement in enumerate(statements, 1):
        where = f"{name}: {statement.get('Sid', f'statement {number}')}"
        resources = statement.get("Resource")
        if not isinstance(resources, list) or not resources:
            return f"{where}: Resource must be a list of: {', '.join(sorted(allowed))}"
        for resource in resources:
            if resource not in allowed and not _is_arn(resource):
                return f"{where}: {oneof('Resource', str(resource), allowed)}"
    return None


def with_arns(path: Path, arns: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The policy with each symbol replaced by the ARNs it stands for here."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for statement in document["Statement"]:
        statement["Resource"] = [
            arn
            for named in statement["Resource"]
            for arn in ([named] if _is_arn(named) else arns[named])
        ]
    return document


def _is_arn(resource: object) -> bool:
    """What no place makes, such as a secret, is named as it is."""
    return isinstance(resource, str) and resource.startswith("arn:")
