"""Plain Python values as DynamoDB attributes, and back."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from typing import Any

    Item = dict[str, Any]

_DIGITS = 38
_SMALLEST, _TOO_LARGE = 1e-130, 1e126


def to_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Raise TypeError or ValueError, naming the attribute, for what DynamoDB cannot hold."""
    return {name: to_attribute(value, name) for name, value in item.items()}


def from_item(attributes: Mapping[str, Any]) -> Item:
    return {name: from_attribute(attribute) for name, attribute in attributes.items()}


def to_attribute(value: Any, path: str = "value") -> dict[str, Any]:  # noqa: PLR0911 - one a type
    if isinstance(value, str):
        return {"S": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": _number(value, path)}
    if isinstance(value, bytes):
        return {"B": b2a_base64(value, newline=False).decode()}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(one, f"{path}[{place}]") for place, one in enumerate(value)]}
    if isinstance(value, dict):
        return {
            "M": {
                _name(name, path): to_attribute(one, f"{path}.{name}")
                for name, one in value.items()
            }
        }
    if type(value).__name__ == "Decimal":
        return {"N": _number(value, path)}
    raise TypeError(f"{path}: a {type(value).__name__} cannot be stored")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    try:
        return _READERS[kind](value)
    except KeyError:
        raise TypeError(f"an attribute of type {kind} cannot be read") from None


def _number(value: float | Decimal, path: str) -> str:
    text = repr(value + 0) if isinstance(value, (int, float)) else str(value)
    digits = text.lower().partition("e")[0].lstrip("-").replace(".", "").strip("0")
    if any(letter not in "0123456789" for letter in digits):
        raise ValueError(f"{path}: {text} is not a number DynamoDB can hold")
    if len(digits) > _DIGITS:
        raise ValueError(f"{path}: a number has at most {_DIGITS} digits, this one {len(digits)}")
    size = value if value > 0 else -value
    if size and not _SMALLEST <= size < _TOO_LARGE:
        raise ValueError(f"{path}: {text} is outside what DynamoDB can hold, 1E-130 to 1E+126")
    return text


def _read_number(text: str) -> int | float | Decimal:
    """Whole numbers as int, others as float where a float says exactly the same."""
    if text.lstrip("-").isdigit():
        return int(text)
    from decimal import Decimal  # noqa: PLC0415 - 1 ms, and numbers with a fraction are rare

    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    short = float(text)
    return short if Decimal(repr(short)) == exact else exact


def _name(name: Any, path: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{path}: a map's keys must be text, got {name!r}")
    return name


_READERS = {
    "S": lambda value: value,
    "N": _read_number,
    "BOOL": lambda value: value,
    "NULL": lambda _value: None,
    "B": a2b_base64,
    "L": lambda value: [from_attribute(one) for one in value],
    "M": from_item,
}
