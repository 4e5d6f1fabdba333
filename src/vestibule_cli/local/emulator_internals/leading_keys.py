"""Which items a DynamoDB call is about, for conditions on `dynamodb:LeadingKeys`.

The emulator knows the key, and no value of it. As on AWS, those are the partition keys that a
request names: of the table, or of the index that is queried. Scans and PartiQL name none.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Self

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Where `enforce` finds the request, among the keys that conditions may name.
BODY = "vestibule:dynamodb-body"
LEADING_KEYS = "dynamodb:leadingkeys"
_EQUALITY = re.compile(r"([#\w.-]+)\s*=\s*(:\w+)")


class PartOfTransaction(str):
    """The ARN of the table that a part of a transaction is about, and what it names there."""

    __slots__ = ("named",)
    named: Mapping[str, Any]

    def __new__(cls, arn: str, named: Mapping[str, Any]) -> Self:
        made = super().__new__(cls, arn)
        made.named = named
        return made

    def keys(self) -> list[str]:
        return list(_keys(self.named, _table(self)))


def named_by_requests() -> None:
    """Conditions on leading keys are met by what the request names, and by nothing else."""
    evaluator, actions = part("core.iam_evaluator"), part("core.iam_actions")
    enforced, context_of = evaluator.enforce, actions.dynamodb_service_context
    checks_of = actions.dynamodb_transaction_checks

    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        return {**context_of(body), BODY: body}

    def dynamodb_transaction_checks(
        iam_action: str, body: bytes, *place: str
    ) -> list[tuple[str, str]]:
        checks = checks_of(iam_action, body, *place)
        if not checks:
            return []
        parts = _parts(_read(body), actions._DYNAMODB_TRANSACT_ITEM_ACTIONS)
        return [
            (action, PartOfTransaction(arn, named))
            for (action, arn), named in zip(checks, parts, strict=True)
        ]

    def enforce(access_key_id: str, iam_action: str, service: str, *args: Any, **named: Any) -> Any:
        context = named.get("service_context")
        if (
            service == "dynamodb"
            and context
            and BODY in context
            and not evaluator.is_root_access_key(access_key_id)
        ):
            arn = named["resource_arn"]
            is_part = isinstance(arn, PartOfTransaction)
            if keys := arn.keys() if is_part else of_request(context[BODY], arn):
                named = {**named, "service_context": {**context, LEADING_KEYS: keys}}
        return enforced(access_key_id, iam_action, service, *args, **named)

    actions.dynamodb_service_context = dynamodb_service_context
    actions.dynamodb_transaction_checks = dynamodb_transaction_checks
    evaluator.enforce = enforce


def of_request(body: bytes, arn: str) -> list[str]:
    """The keys in a table that a request names; none of a transaction's."""
    request = _read(body)
    batch = request.get("RequestItems")
    if not isinstance(batch, dict):
        return list(_keys(request, _table(arn)))
    return [
        key
        for name, wanted in batch.items()
        if _name(name) == _name(arn)
        for named in _of_batch(wanted)
        for key in _keys(named, _table(arn))
    ]


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return _object(found)


def _of_batch(wanted: object) -> Iterator[Mapping[str, Any]]:
    """Each item of a batch as a request of its own would name it."""
    if isinstance(wanted, dict):
        yield from ({"Key": key} for key in wanted.get("Keys") or ())
    for each in wanted if isinstance(wanted, list) else ():
        yield from map(_object, _object(each).values())


def _parts(request: Mapping[str, Any], members: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """In the order of the emulator's own checks."""
    return [
        item[member]
        for item in request.get("TransactItems") or ()
        if isinstance(item, dict)
        for member in members
        if isinstance(item.get(member), dict)
        if isinstance(table := item[member].get("TableName"), str) and table
    ]


def _name(table: str) -> str:
    """Of a table named by its ARN, or by that of one of its indexes, or as it is."""
    return table.rpartition(":table/")[2].partition("/")[0]


def _table(arn: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = part("services.dynamodb")._tables.get(_name(arn)) or {}
    return found


def _keys(named: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[str]:
    key = _partition_key(table, named.get("IndexName"))
    for member in ("Item", "Key"):
        yield from _plain(_object(named.get(member)).get(key))
    values = _object(named.get("ExpressionAttributeValues"))
    names = _object(named.get("ExpressionAttributeNames"))
    for attribute, value in _EQUALITY.findall(str(named.get("KeyConditionExpression", ""))):
        if names.get(attribute, attribute) == key:
            yield from _plain(values.get(value))
    condition = _object(_object(named.get("KeyConditions")).get(key))
    for value in condition.get("AttributeValueList") or ():
        yield from _plain(value)


def _partition_key(table: Mapping[str, Any], index: object) -> str:
    schema = table
    if index:
        indexes = [*(table.get("GlobalSecondaryIndexes") or ())]
        schema = next((one for one in indexes if one.get("IndexName") == index), table)
    for one in schema.get("KeySchema") or ():
        if one.get("KeyType") == "HASH":
            name: str = one["AttributeName"]
            return name
    return ""


def _plain(value: object) -> Iterator[str]:
    """`{"S": "a"}` as conditions compare it."""
    yield from map(str, _object(value).values())


def _object(value: object) -> Mapping[str, Any]:
    """What is of another type, DynamoDB refuses by itself."""
    return value if isinstance(value, dict) else {}
