"""Conditions on an item, as values: a table renders them, a fake evaluates them."""

from __future__ import annotations

from vestibule.platform.attributes import to_attribute
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@frozen
class Condition:
    """What must hold for the item as it stands; make one with the functions below."""

    kind: str
    attribute: str = ""
    value: Any = None
    parts: tuple[Condition, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return all_of(self, other)

    def __or__(self, other: Condition) -> Condition:
        return any_of(self, other)


def absent(attribute: str = "pk") -> Condition:
    """No such attribute; by default: no such item."""
    return Condition("absent", attribute)


def present(attribute: str = "pk") -> Condition:
    """The attribute exists; by default: the item does."""
    return Condition("present", attribute)


def equals(attribute: str, value: Any) -> Condition:
    return Condition("equals", attribute, value)


def not_equals(attribute: str, value: Any) -> Condition:
    """Holds for a missing attribute too."""
    return Condition("not_equals", attribute, value)


def less_than(attribute: str, value: Any) -> Condition:
    """Never holds for a missing attribute, nor for a value of another type."""
    return Condition("less_than", attribute, value)


def greater_than(attribute: str, value: Any) -> Condition:
    """Never holds for a missing attribute, nor for a value of another type."""
    return Condition("greater_than", attribute, value)


def all_of(*conditions: Condition) -> Condition:
    return _joined("all_of", conditions)


def any_of(*conditions: Condition) -> Condition:
    return _joined("any_of", conditions)


def _joined(kind: str, conditions: tuple[Condition, ...]) -> Condition:
    if not conditions:
        raise ValueError(f"{kind} needs at least one condition")
    return Condition(kind, parts=conditions)


class Placeholders:
    """The names and values of one request: aliased, all, so no reserved word matters."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, dict[str, Any]] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Any, attribute: str) -> str:
        alias = f":v{len(self._values)}"
        self._values[alias] = to_attribute(value, attribute)
        return alias

    def parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = {}
        if self._names:
            parameters["ExpressionAttributeNames"] = {
                alias: attribute for attribute, alias in self._names.items()
            }
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        return parameters


_TEXTS = {
    "absent": "attribute_not_exists({name})",
    "present": "attribute_exists({name})",
    "equals": "{name} = {value}",
    "not_equals": "(attribute_not_exists({name}) OR {name} <> {value})",
    "less_than": "{name} < {value}",
    "greater_than": "{name} > {value}",
}


def render(condition: Condition, placeholders: Placeholders) -> str:
    if condition.parts:
        word = " AND " if condition.kind == "all_of" else " OR "
        return f"({word.join(render(part, placeholders) for part in condition.parts)})"
    text = _TEXTS[condition.kind]
    name = placeholders.name(condition.attribute)
    if "{value}" not in text:
        return text.format(name=name)
    return text.format(name=name, value=placeholders.value(condition.value, condition.attribute))
