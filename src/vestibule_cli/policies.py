"""infra/policies/*.json: who may do what. Resources are symbols until a place puts ARNs in.

An ARN may stand there too, for what no place makes. In a condition, the values `environment` and
`table` are the environment's name and the table's.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vestibule_cli.yaml_file import oneof

# The values that stand for names in a condition.
ENVIRONMENT = "environment"
TABLE = "table"
# What a network is made of. Nobody knows the ids beforehand: tags tell what is ours.
NETWORK = (
    "elastic-ip",
    "internet-gateway",
    "natgateway",
    "route-table",
    "subnet",
    "vpc",
)
SYMBOLS = (
    # For what has no resources of its own, such as EC2's lists.
    "anything",
    "bus",
    *(f"ec2:{kind}" for kind in NETWORK),
    "identity_pool",
    "logs",
    "mail_identity",
    "policy_parameter",
    "table",
    "table_indexes",
    "table_stream",
    "user_pool",
)


def symbols(
    queues: Iterable[str], secrets: Iterable[str] = (), parameters: Iterable[str] = ()
) -> tuple[str, ...]:
    return (
        *SYMBOLS,
        *(f"queue:{key}" for key in queues),
        *(f"secret:{key}" for key in secrets),
        *(f"{key}_parameter" for key in parameters),
    )


def problem(path: Path, allowed: Sequence[str]) -> str | None:
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
    return _symbol_problem(name, statements, allowed)


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


def with_arns(
    path: Path,
    arns: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """The policy with each symbol replaced by the ARNs it stands for here.

    `names` are what ENVIRONMENT and TABLE stand for in conditions.
    """
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for statement in document["Statement"]:
        found = (
            arn
            for named in statement["Resource"]
            for arn in ([named] if _is_arn(named) else arns[named])
        )
        statement["Resource"] = list(dict.fromkeys(found))
        if condition := statement.get("Condition"):
            statement["Condition"] = _condition(condition, names)
    return document


def _condition(
    condition: Mapping[str, Mapping[str, Sequence[str]]], names: Mapping[str, str]
) -> dict[str, Any]:
    return {
        operator: {
            key: [names.get(value, value) for value in values] for key, values in keys.items()
        }
        for operator, keys in condition.items()
    }


def _is_arn(resource: object) -> bool:
    """What no place makes, such as a secret, is named as it is."""
    return isinstance(resource, str) and resource.startswith("arn:")
