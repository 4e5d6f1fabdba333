"""A table in memory that keeps the promises of `vestibule.platform.table.Table`.

The tests in tests/contract run on both. Operations are atomic; threads may share a table.
"""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

from vestibule.platform.attributes import from_item, to_attribute, to_item
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Delete,
    Item,
    Page,
    Put,
    Reason,
    TransactionRefused,
    Update,
    check_operations,
    check_range,
    key_of,
    target,
)
from vestibule.platform.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vestibule.platform.aws import AwsError
    from vestibule.platform.conditions import Condition
    from vestibule.platform.operations import Operation

PROJECTIONS = {"gsi1": ("userId", "name", "bio", "createdAt")}


class FakeTable(Table):
    def __init__(
        self, projections: Mapping[str, Sequence[str]] = PROJECTIONS, *, lags: bool = False
    ) -> None:
        """With `lags`, a read that does not ask for consistency misses the newest write."""
        self._items: dict[tuple[str, str], Item] = {}
        self._before: dict[tuple[str, str], Item] = {}
        self._lags = lags
        self._projections = projections
        self._lock = threading.RLock()
        self._faults: list[tuple[BaseException, bool]] = []
        self.calls: list[str] = []
        """The operations so far, by their DynamoDB names."""

    def fail_next(
        self, error: type[AwsError] | BaseException, *, times: int = 1, applied: bool = False
    ) -> None:
        """Make the next calls raise; with `applied`, after they did what they were asked to."""
        with self._lock:
            for _ in range(times):
                made = error if isinstance(error, BaseException) else error("dynamodb", "(made)")
                self._faults.append((made, applied))

    def all_items(self) -> list[Item]:
        with self._lock:
            return [copy.deepcopy(self._items[key]) for key in sorted(self._items)]

    def get(self, pk: str, sk: str, *, consistent: bool = False) -> Item | None:
        key_of(pk, sk)
        with self._during("GetItem"):
            return copy.deepcopy(self._seen(consistent=consistent).get((pk, sk)))

    def get_many(
        self, keys: Sequence[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], Item]:
        for key in keys:
            key_of(*key)
        if not keys:
            return {}
        with self._during("BatchGetItem"):
            seen = self._seen(consistent=consistent)
            return {key: copy.deepcopy(seen[key]) for key in keys if key in seen}

    def query(  # noqa: PLR0913 - as the table it stands for
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
        check_range(pk, sk_between, sk_prefix, index, consistent=consistent)
        sort = f"{index or ''}sk"

        def place(item: Item) -> tuple[str, str, str]:
            return item[sort], item["pk"], item["sk"]

        with self._during("Query"):
            found = [
                item
                for item in self._seen(consistent=consistent).values()
                if item.get(f"{index or ''}pk") == pk
                and sort in item
                and (sk_between is None or sk_between[0] <= item[sort] <= sk_between[1])
                and item[sort].startswith(sk_prefix or "")
            ]
            found.sort(key=place, reverse=newest_first)
            if start is not None:
                passed = place(start)
                found = [
                    one
                    for one in found
                    if (place(one) < passed if newest_first else place(one) > passed)
                ]
            page = found if limit is None else found[:limit]
            # DynamoDB stops at the limit without looking whether anything follows.
            more = limit is not None and len(page) == limit
            return Page(
                tuple(self._project(item, index) for item in page),
                self._keys(page[-1], index) if more else None,
            )

    def put(self, item: Item, *, condition: Condition | None = None) -> None:
        self._apply("PutItem", Put(item, condition))

    def update(  # noqa: PLR0913 - as the table it stands for
        self,
        pk: str,
        sk: str,
        *,
        changes: Mapping[str, Any] | None = None,
        remove: Iterable[str] = (),
        increment: Mapping[str, int] | None = None,
        condition: Condition | None = None,
    ) -> Item:
        update = Update(pk, sk, changes or {}, tuple(remove), increment or {}, condition)
        return self._apply("UpdateItem", update) or {}

    def delete(self, pk: str, sk: str, *, condition: Condition | None = None) -> None:
        self._apply("DeleteItem", Delete(pk, sk, condition))

    def transact(self, *operations: Operation) -> None:
        check_operations(operations)
        with self._during("TransactWriteItems"):
            reasons = tuple(self._reason(operation) for operation in operations)
            if any(reason.code != "None" for reason in reasons):
                raise TransactionRefused(reasons)
            changed = [(target(one), self._result(one)) for one in operations]
            self._before = dict(self._items)
            for key, item in changed:
                self._store(key, item)

    def _apply(self, action: str, operation: Operation) -> Item | None:
        check_operations((operation,))
        with self._during(action):
            key = target(operation)
            standing = self._items.get(key)
            if operation.condition and not holds(operation.condition, standing):
                raise ConditionFailed(copy.deepcopy(standing))
            result = self._result(operation)
            self._before = dict(self._items)
            self._store(key, result)
            return copy.deepcopy(result)

    def _reason(self, operation: Operation) -> Reason:
        standing = self._items.get(target(operation))
        if operation.condition is None or holds(operation.condition, standing):
            return Reason("None")
        return Reason("ConditionalCheckFailed", copy.deepcopy(standing))

    def _result(self, operation: Operation) -> Item | None:
        if isinstance(operation, Put):
            return stored(operation.item)
        standing = self._items.get(target(operation))
        if isinstance(operation, Delete):
            return None
        if isinstance(operation, Check):
            return standing
        item = dict(standing or {"pk": operation.pk, "sk": operation.sk}) | dict(operation.changes)
        for name, step in operation.increment.items():
            item[name] = item.get(name, 0) + step
        return stored({name: value for name, value in item.items() if name not in operation.remove})

    def _seen(self, *, consistent: bool) -> Mapping[tuple[str, str], Item]:
        return self._before if self._lags and not consistent else self._items

    def _store(self, key: tuple[str, str], item: Item | None) -> None:
        if item is None:
            self._items.pop(key, None)
        else:
            self._items[key] = item

    def _project(self, item: Item, index: str | None) -> Item:
        if index is None:
            return copy.deepcopy(item)
        shown = {*self._keys(item, index), *self._projections[index]}
        return copy.deepcopy({name: value for name, value in item.items() if name in shown})

    def _keys(self, item: Item, index: str | None) -> Item:
        names = ["pk", "sk", *([f"{index}pk", f"{index}sk"] if index else [])]
        return {name: item[name] for name in names}

    def _during(self, action: str) -> _Call:
        return _Call(self, action)


class _Call:
    """Holds the table still for one operation, and makes it fail when a test asked for that."""

    def __init__(self, table: FakeTable, action: str) -> None:
        self._table = table
        self._action = action
        self._afterwards: BaseException | None = None

    def __enter__(self) -> None:
        self._table._lock.acquire()
        self._table.calls.append(self._action)
        if not self._table._faults:
            return
        error, applied = self._table._faults.pop(0)
        if applied:
            self._afterwards = error
            return
        self._table._lock.release()
        raise error

    def __exit__(self, *_raised: object) -> None:
        self._table._lock.release()
        if self._afterwards is not None:
            raise self._afterwards


def stored(item: Item) -> Item:
    """What reading an item back gives: the same refusals, the same types."""
    return from_item(to_item(item))


def holds(condition: Condition, item: Item | None) -> bool:
    if condition.parts:
        each = (holds(part, item) for part in condition.parts)
        return all(each) if condition.kind == "all_of" else any(each)
    there = item is not None and condition.attribute in item
    if condition.kind in {"absent", "present"}:
        return there is (condition.kind == "present")
    if item is None or not there:
        return condition.kind == "not_equals"
    return _compare(condition.kind, item[condition.attribute], condition.value)


def _compare(kind: str, value: Any, other: Any) -> bool:
    (shape, _), (other_shape, _) = (next(iter(to_attribute(one).items())) for one in (value, other))
    same = shape == other_shape and value == other
    if kind in {"equals", "not_equals"}:
        return same is (kind == "equals")
    if shape != other_shape or shape not in {"S", "N", "B"}:
        return False
    return bool(value < other if kind == "less_than" else value > other)
