"""Which items a DynamoDB call is about, for conditions on `dynamodb:LeadingKeys`.

The emulator knows the key, and no value of it. As on AWS, those are the partition keys that a
request names: of the table, or of the index that is queried. The operation says where they stand;
what stands elsewhere is nobody's. Scans and PartiQL name none.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LEADING_KEYS = "dynamodb:leadingkeys"
# Where an operation names its item.
MEMBERS = {
    "ConditionCheckItem": "Key",
    "DeleteItem": "Key",
    "GetItem": "Key",
    "PutItem": "Item",
    "UpdateItem": "Key",
}
WRITES = {"DeleteRequest": "Key", "PutRequest": "Item"}
TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems"})
BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})


class Unreadable(Exception):
    """The operation is about items, and the request does not say which."""


def ask(
    action: str,
    body: bytes,
    asked_for: tuple[str, str, Mapping[str, Any]],
    asked: Callable[[str, str, Mapping[str, Any]], Any],
) -> Any:
    """Ask for a permission with the keys in that table; for each part of a transaction alone."""
    permission, arn, context = asked_for
    try:
        named = named_in(action.removeprefix("dynamodb:"), body, permission, arn)
    except Unreadable:
        return asked(permission, arn, context) or part("core.iam_evaluator").AuthError(
            "AccessDenied", "The request names no items where its operation has them."
        )
    for keys in named:
        said = {**context, LEADING_KEYS: keys} if keys else context
        if denied := asked(permission, arn, said):
            return denied
    return None


def named_in(operation: str, body: bytes, permission: str, arn: str) -> list[list[str]]:
    """The keys that a request names in a table, for each time that the permission is needed."""
    request = _read(body)
    if operation in TRANSACTIONS:
        named = _of_transaction(request, permission, arn)
    elif operation in BATCHES:
        _must(request.get("RequestItems"))
        named = [_of_batch(operation, request, arn)]
    elif operation == "Query":
        named = [_of_query(request)]
    elif operation in MEMBERS:
        # The emulator would ask about that index.
        _must(not request.get("IndexName"))
        named = [_of_item(request, MEMBERS[operation], _table(request.get("TableName")))]
    else:
        named = [[]]
    _must(named)
    return named


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        return _object(json.loads(body or b"{}"))
    except ValueError:
        raise Unreadable from None


def _of_transaction(request: Mapping[str, Any], permission: str, arn: str) -> list[list[str]]:
    permissions = part("core.iam_actions")._DYNAMODB_TRANSACT_ITEM_ACTIONS
    named = []
    for item in _list(request.get("TransactItems")):
        for member, one in _object(item).items():
            _must(member in permissions)
            table = _text(_object(one).get("TableName"))
            where = MEMBERS[permissions[member].removeprefix("dynamodb:")]
            keys = _of_item(one, where, _table(table))
            if permissions[member] == permission and _is(table, arn):
                named.append(keys)
    return named


def _of_batch(operation: str, request: Mapping[str, Any], arn: str) -> list[str]:
    # The emulator would ask about this table alone.
    _must(not request.get("TableName"))
    items_of = _of_reads if operation == "BatchGetItem" else _of_writes
    named = []
    for name, wanted in _object(request.get("RequestItems")).items():
        items = list(items_of(wanted))
        _must(items)
        keys = [key for item, where in items for key in _of_item(item, where, _table(name))]
        if _is(name, arn):
            named += keys
    return named


def _of_reads(wanted: object) -> Iterator[tuple[Mapping[str, Any], str]]:
    return (({"Key": key}, "Key") for key in _list(_object(wanted).get("Keys")))


def _of_writes(wanted: object) -> Iterator[tuple[Mapping[str, Any], str]]:
    for write in _list(wanted):
        for member, one in _object(write).items():
            _must(member in WRITES)
            yield one, WRITES[member]


def _of_query(request: Mapping[str, Any]) -> list[str]:
    """As the emulator finds them."""
    database = part("services.dynamodb")
    table = _table(request.get("TableName"))
    if table is None:
        return []
    conditions = _object(request.get("KeyConditions") or {})
    expression = _text(request.get("KeyConditionExpression") or "")
    values = _object(request.get("ExpressionAttributeValues") or {})
    names = _object(request.get("ExpressionAttributeNames") or {})
    found = []
    for name in _partition_keys(table, request.get("IndexName")):
        if conditions:
            _list(_object(conditions.get(name)).get("AttributeValueList"))
            value = database._extract_pk_from_key_conditions(conditions, name)
        else:
            value = database._extract_pk_from_condition(expression, values, names, name)
        found.append(_text(value))
    return found


def _of_item(named: Mapping[str, Any], member: str, table: Mapping[str, Any] | None) -> list[str]:
    if table is None:
        return []
    attributes = _object(_object(named).get(member))
    found = []
    for name in _partition_keys(table, None):
        # `{"S": "a"}` as conditions compare it.
        value, *others = _object(attributes.get(name)).values() or [None]
        _must(not others)
        found.append(_text(value))
    return found


def _table(name: object) -> Mapping[str, Any] | None:
    """Nothing happens to one that does not exist."""
    _must(_text(name))
    database = part("services.dynamodb")
    found: Mapping[str, Any] | None = database._tables.get(database._normalize_table_name(name))
    return found


def _is(name: str, arn: str) -> bool:
    return name == arn or arn.endswith(f":table/{name}")


def _partition_keys(table: Mapping[str, Any], index: object) -> list[str]:
    indexes = [
        *(table.get("GlobalSecondaryIndexes") or ()),
        *(table.get("LocalSecondaryIndexes") or ()),
    ]
    schema = next((one for one in indexes if index and one.get("IndexName") == index), table)
    return [one["AttributeName"] for one in schema["KeySchema"] if one.get("KeyType") == "HASH"]


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unreadable
    return value


def _must(holds: object) -> None:
    if not holds:
        raise Unreadable
