"""Frozen value classes at a tenth of the cold-start price of `dataclasses`.

`dataclasses` imports `inspect` and compiles every method it writes: 8 ms, then 1 ms a class.
"""

from __future__ import annotations

# The name alone tells a type checker; importing it from `typing` would cost 3 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, dataclass_transform

    Value = TypeVar("Value")

    @dataclass_transform(frozen_default=True)
    def frozen(cls: type[Value]) -> type[Value]: ...

else:

    def frozen(cls):  # noqa: ANN001, ANN201 - typed above, as a checker must see it
        """Turn a class with annotated fields into a slotted value that never changes.

        Made anew as `dataclass(slots=True)` would make it, so its methods can't use bare `super()`.
        A `__post_init__` runs last and may refuse the values. Defaults must be unchangeable too.
        """
        fields = tuple(
            name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)
        )
        body = {
            name: value
            for name, value in vars(cls).items()
            if name not in fields and name not in {"__dict__", "__weakref__"}
        }
        defaults = {name: vars(cls)[name] for name in fields if name in vars(cls)}
        methods = {
            "__slots__": fields,
            "__match_args__": fields,
            "__init__": _initializer(cls.__qualname__, fields, defaults),
            "__repr__": _represent,
            "__eq__": _equal,
            "__hash__": _hash,
            "__setattr__": _refuse_change,
            "__delattr__": _refuse_change,
        }
        return type(cls)(cls.__name__, cls.__bases__, methods | body)


def replace(value: Value, /, **changes: Any) -> Value:
    """Copy a value with some fields changed."""
    fields: tuple[str, ...] = value.__match_args__  # type: ignore[attr-defined]
    return type(value)(**{name: getattr(value, name) for name in fields} | changes)


def wire_name(field: str) -> str:
    """`createdAt` of `created_at`: a field's name in JSON and in the table."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


def wire_names(cls: type) -> dict[str, str]:
    fields: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    return {field: wire_name(field) for field in fields}


def to_wire(value: object, names: Mapping[str, str]) -> dict[str, Any]:
    """Give a value's fields, each by the name that `names` says. What is None is left out."""
    found = {wire: getattr(value, name) for name, wire in names.items()}
    return {wire: one for wire, one in found.items() if one is not None}


def from_wire(item: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Give the fields that an item has. What `names` does not know is passed over."""
    return {name: item[wire] for name, wire in names.items() if wire in item}


def _initializer(
    owner: str, fields: tuple[str, ...], defaults: dict[str, Any]
) -> Callable[..., None]:
    """Stand in until a class's first instance: a compiled initializer is worth 0.3 ms only then."""

    def initialize(self: Any, /, *given: Any, **named: Any) -> None:
        cls = type(self)
        compiled = _compiled(cls, owner, fields, defaults)
        type.__setattr__(cls, "__init__", compiled)
        compiled(self, *given, **named)

    return initialize


def _compiled(
    cls: type, owner: str, fields: tuple[str, ...], defaults: dict[str, Any]
) -> Callable[..., None]:
    parameters = [f"{name}=defaults[{name!r}]" if name in defaults else name for name in fields]
    body = [f"set_{name}(self, {name})" for name in fields]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    scope: dict[str, Any] = {f"set_{name}": vars(cls)[name].__set__ for name in fields}
    scope["defaults"] = defaults
    source = f"def __init__(self, {', '.join(parameters)}):\n    " + "\n    ".join(body or ["pass"])
    exec(source, scope)  # noqa: S102 - of names in our own classes
    initializer: Callable[..., None] = scope["__init__"]
    initializer.__qualname__ = f"{owner}.__init__"
    return initializer


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__match_args__)


def _represent(self: Any) -> str:
    pairs = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({', '.join(pairs)})"


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash((type(self), *_values(self)))


def _refuse_change(self: Any, name: str, *_value: Any) -> None:
    raise AttributeError(f"{type(self).__qualname__}.{name} cannot be changed: the value is frozen")
