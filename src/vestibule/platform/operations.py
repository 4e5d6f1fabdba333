"""What a table is asked to do and what it answers, as values."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from vestibule.platform.conditions import Condition

Item = dict[str, "Any"]
"""Plain values: str, int, float, Decimal, bool, None, bytes, list, dict."""

_MOST_OPERATIONS = 100


@frozen
class Put:
    """Replaces the whole item."""

    item: Item
    condition: Condition | None = None


@frozen
class Update:
    """Changes some attributes; makes the item if it is missing."""

    pk: str
    sk: str
    changes: Mapping[str, Any] = {}
    remove: tuple[str, ...] = ()
    increment: Mapping[str, int] = {}
    condition: Condition | None = None


@frozen
class Delete:
    pk: str
    sk: str
    condition: Condition | None = None


@frozen
class Check:
    """Writes nothing; its condition must hold for the others to happen."""

    pk: str
    sk: str
    condition: Condition


Operation = Put | Update | Delete | Check


@frozen
class Page:
    items: tuple[Item, ...]
    next_key: Item | None


@frozen
class Reason:
    """Why one operation stopped its transaction: `code` is "None" for those that did not."""

    code: str
    item: Item | None = None

    @property
    def is_verdict(self) -> bool:
        """Whether the condition was looked at and did not hold: other codes say nothing of it."""
        return self.code == "ConditionalCheckFailed"


class ConditionFailed(Exception):
    def __init__(self, item: Item | None = None) -> None:
        super().__init__("the condition does not hold for the item as it stands")
        self.item = item
        """What stood there, None if nothing did."""


class TransactionRefused(Exception):
    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__(f"transaction refused: {', '.join(reason.code for reason in reasons)}")
        self.reasons = reasons
        """In the order of the operations."""


def key_of(pk: str, sk: str) -> dict[str, Any]:
    if not pk or not sk:
        raise ValueError(f"a key needs both parts, got pk={pk!r}, sk={sk!r}")
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def target(operation: Operation) -> tuple[str, str]:
    if isinstance(operation, Put):
        return operation.item.get("pk", ""), operation.item.get("sk", "")
    return operation.pk, operation.sk


def check_operations(operations: Sequence[Operation]) -> None:
    """Raise ValueError for what DynamoDB would refuse whatever the items hold."""
    if not 1 <= len(operations) <= _MOST_OPERATIONS:
        raise ValueError(f"a transaction has 1 to {_MOST_OPERATIONS} operations")
    targets = [target(operation) for operation in operations]
    for pk, sk in targets:
        key_of(pk, sk)
    if len(set(targets)) < len(targets):
        raise ValueError("a transaction touches each item once")
    for operation in operations:
        if isinstance(operation, Update):
            _check_update(operation)


def _check_update(update: Update) -> None:
    touched = [*update.changes, *update.remove, *update.increment]
    if not touched:
        raise ValueError("an update changes, removes or increments something")
    if len(set(touched)) < len(touched):
        raise ValueError("an update touches each attribute once")
    if not {"pk", "sk"}.isdisjoint(touched):
        raise ValueError("an update cannot change the key")


def check_range(
    pk: str,
    sk_between: tuple[str, str] | None,
    sk_prefix: str | None,
    index: str | None,
    *,
    consistent: bool,
) -> None:
    """Raise ValueError for a query DynamoDB would refuse."""
    if not pk:
        raise ValueError("a query needs a partition key")
    if sk_between is not None and sk_prefix is not None:
        raise ValueError("a query takes sk_between or sk_prefix, not both")
    if sk_between is not None and not "" < sk_between[0] <= sk_between[1]:
        raise ValueError("sk_between is (first, last), neither empty, in this order")
    if index is not None and consistent:
        raise ValueError("an index cannot be read consistently")
