"""The one table, in plain Python values.

A request whose answer was lost is sent again, so every write recognizes itself: a transaction by
its token, a conditional put or update by the `writeId` it left in the item.
"""

from __future__ import annotations

import time

from vestibule.platform.attributes import from_item, to_item
from vestibule.platform.aws import AwsClient, AwsRefused, AwsUnavailable
from vestibule.platform.conditions import Condition, Placeholders, not_equals, render
from vestibule.platform.ids import new_id
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Delete,
    Item,
    Operation,
    Page,
    Put,
    Reason,
    TransactionRefused,
    Update,
    check_operations,
    check_range,
    key_of,
)
from vestibule.platform.retry import THROTTLED, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

WRITE_ID = "writeId"
_KEYS_PER_BATCH = 100


class Table:
    """Besides what each method names, all of them raise AwsRefused and AwsUnavailable."""

    def __init__(self, client: AwsClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str, sk: str, *, consistent: bool = False) -> Item | None:
        answer = self._call("GetItem", Key=key_of(pk, sk), ConsistentRead=consistent)
        return _read(answer.get("Item"))

    def get_many(
        self, keys: Sequence[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], Item]:
        """Return the items that exist; they are not one moment's picture."""
        until = time.monotonic() + self._client.deadline
        wanted = [key_of(*key) for key in dict.fromkeys(keys)]
        found: dict[tuple[str, str], Item] = {}
        tries = 0
        while wanted:
            batch, wanted = wanted[:_KEYS_PER_BATCH], wanted[_KEYS_PER_BATCH:]
            request = {self._name: {"Keys": batch, "ConsistentRead": consistent}}
            left = until - time.monotonic()
            answer = self._client.call("BatchGetItem", {"RequestItems": request}, deadline=left)
            items = [from_item(item) for item in answer["Responses"].get(self._name, [])]
            found |= {(item["pk"], item["sk"]): _without_mark(item) for item in items}
            if unread := answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys"):
                wanted = unread + wanted
                tries += 1
                self._wait(tries, until)
        return found

    def query(  # noqa: PLR0913 - ways to narrow, by name
        self,
        pk: str,
        *,
        sk_between: tuple[str, str] | None = None,
        sk_prefix: str | None = None,
        index: str | None = None,
        limit: int | None = None,
        start: Item | None = None,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Return the next items of a partition; an index `x` has the keys `xpk` and `xsk`.

        A page may hold fewer than `limit` and still have a `next_key`: only None ends the list.
        """
        check_range(pk, sk_between, sk_prefix, index, consistent=consistent)
        placeholders = Placeholders()
        prefix = index or ""
        text = f"{placeholders.name(f'{prefix}pk')} = {placeholders.value(pk, 'pk')}"
        if sk_between is not None:
            first, last = (placeholders.value(edge, "sk") for edge in sk_between)
            text += f" AND {placeholders.name(f'{prefix}sk')} BETWEEN {first} AND {last}"
        elif sk_prefix:
            beginning = placeholders.value(sk_prefix, "sk")
            text += f" AND begins_with({placeholders.name(f'{prefix}sk')}, {beginning})"
        answer = self._call(
            "Query",
            KeyConditionExpression=text,
            **placeholders.parameters(),
            ScanIndexForward=not newest_first,
            **({"IndexName": index} if index else {"ConsistentRead": consistent}),
            **({} if limit is None else {"Limit": limit}),
            **({} if start is None else {"ExclusiveStartKey": to_item(start)}),
        )
        items = tuple(_without_mark(from_item(item)) for item in answer["Items"])
        return Page(items, _read(answer.get("LastEvaluatedKey")))

    def put(self, item: Item, *, condition: Condition | None = None) -> None:
        """Raise ConditionFailed."""
        self._write("PutItem", Put(item, condition), new_id())

    def update(  # noqa: PLR0913 - ways to change, by name
        self,
        pk: str,
        sk: str,
        *,
        changes: Mapping[str, Any] | None = None,
        remove: Iterable[str] = (),
        increment: Mapping[str, int] | None = None,
        condition: Condition | None = None,
    ) -> Item:
        """Return the item as changed, made if it was missing. Raise ConditionFailed."""
        update = Update(pk, sk, changes or {}, tuple(remove), increment or {}, condition)
        mark = new_id()
        if update.increment:
            # Without a condition a repeated increment would count twice.
            unmarked = not_equals(WRITE_ID, mark)
            guarded = unmarked if condition is None else condition & unmarked
            update = Update(pk, sk, update.changes, update.remove, update.increment, guarded)
        return self._write("UpdateItem", update, mark, ReturnValues="ALL_NEW")

    def delete(self, pk: str, sk: str, *, condition: Condition | None = None) -> None:
        """Raise ConditionFailed. A missing item is no failure, unless the condition says so."""
        if condition is None:
            self._call("DeleteItem", Key=key_of(pk, sk))
            return
        # A deleted item bears no mark. A transaction's token tells a repetition apart.
        try:
            self.transact(Delete(pk, sk, condition))
        except TransactionRefused as refused:
            (reason,) = refused.reasons
            if not reason.is_verdict:
                raise
            raise ConditionFailed(reason.item) from refused

    def transact(self, *operations: Operation) -> None:
        """Do all or nothing. Raise TransactionRefused with a reason for each operation, in order.

        A conflict with another write alone is not a refusal: it is tried again. Beside a condition
        that does not hold it is given as what it is, and says nothing of its own condition.
        """
        check_operations(operations)
        request = {
            "ClientRequestToken": new_id(),
            "TransactItems": [self._transact_item(operation) for operation in operations],
        }
        try:
            self._client.call("TransactWriteItems", request)
        except AwsRefused as error:
            reasons = _reasons(error)
            if not any(reason.is_verdict for reason in reasons):
                raise
            raise TransactionRefused(reasons) from error

    def transact_named(self, operations: Mapping[str, Operation]) -> set[str]:
        """Do all or nothing. Give the names of what refused: none when all is done."""
        try:
            self.transact(*operations.values())
        except TransactionRefused as refusal:
            reasons = zip(operations, refusal.reasons, strict=True)
            return {name for name, reason in reasons if reason.is_verdict}
        return set()

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._client.call(operation, {"TableName": self._name, **parameters})

    def _write(self, action: str, operation: Put | Update, mark: str, **parameters: Any) -> Item:
        check_operations((operation,))
        request = _request(operation, mark if operation.condition else None)
        try:
            return _read(self._call(action, **request, **parameters).get("Attributes")) or {}
        except AwsRefused as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            standing = from_item(error.body.get("Item", {}))
            if standing.get(WRITE_ID) == mark:
                return _without_mark(standing)
            raise ConditionFailed(_without_mark(standing) or None) from error

    def _transact_item(self, operation: Operation) -> dict[str, Any]:
        kind = "ConditionCheck" if isinstance(operation, Check) else type(operation).__name__
        return {kind: {"TableName": self._name, **_request(operation)}}

    def _wait(self, tries: int, until: float) -> None:
        wait = pause(tries)
        if time.monotonic() + wait >= until:
            raise AwsUnavailable(
                "dynamodb", "BatchGetItem", message=f"keys left unread: {THROTTLED}"
            )
        time.sleep(wait)


def _request(operation: Operation, mark: str | None = None) -> dict[str, Any]:
    """Render what PutItem and its like share with their forms within a transaction."""
    placeholders = Placeholders()
    request: dict[str, Any] = {}
    if isinstance(operation, Put):
        request["Item"] = to_item(operation.item | ({WRITE_ID: mark} if mark else {}))
    else:
        request["Key"] = key_of(operation.pk, operation.sk)
    if isinstance(operation, Update):
        request["UpdateExpression"] = _update_text(operation, mark, placeholders)
    if operation.condition is not None:
        request["ConditionExpression"] = render(operation.condition, placeholders)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request | placeholders.parameters()


def _update_text(update: Update, mark: str | None, placeholders: Placeholders) -> str:
    changes = dict(update.changes) | ({WRITE_ID: mark} if mark else {})
    name, value = placeholders.name, placeholders.value
    clauses = {
        "SET": [f"{name(key)} = {value(new, key)}" for key, new in changes.items()],
        "ADD": [f"{name(key)} {value(step, key)}" for key, step in update.increment.items()],
        "REMOVE": [name(key) for key in update.remove],
    }
    return " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items() if parts)


def _reasons(error: AwsRefused) -> tuple[Reason, ...]:
    return tuple(
        Reason(reason.get("Code", "None"), _read(reason.get("Item")))
        for reason in error.body.get("CancellationReasons", [])
    )


def _read(attributes: Mapping[str, Any] | None) -> Item | None:
    return _without_mark(from_item(attributes)) if attributes else None


def _without_mark(item: Item) -> Item:
    item.pop(WRITE_ID, None)
    return item
