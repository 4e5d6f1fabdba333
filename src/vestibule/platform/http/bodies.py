"""Reads a JSON body into a msgspec Struct and names everything that is wrong with it.

A field's type says what it takes; `msgspec.Meta` adds bounds. What bounds can't say is a function
in `Meta(extra={"check": function})`: it takes the value, returns it as it shall be kept, and raises
ValueError (with `rule` and `message` attributes, or a text) to refuse it. Unknown members are
refused everywhere but in the structs of a list: those say `forbid_unknown_fields` themselves.
"""

from __future__ import annotations

import enum
import types
import typing
from typing import Any, TypeVar

import msgspec

from vestibule.platform.http import strict_json
from vestibule.platform.http.errors import Detail, InvalidRequest
from vestibule.platform.http.strict_json import MOST_PROBLEMS, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from msgspec.structs import FieldInfo

Body = TypeVar("Body")

_UNKNOWN = "Is not a field here: leave it out."
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def read(
    text: str | None, headers: Mapping[str, str], type_: type[Body], *, is_binary: bool = False
) -> Body:
    """Raise InvalidRequest with every problem, PayloadTooLarge or UnsupportedMediaType."""
    content = strict_json.read(text, headers, is_binary=is_binary)
    if not isinstance(content, dict):
        raise InvalidRequest.of("body", "type", f"Must be a JSON object, not {_kind_of(content)}.")
    problems: list[Detail] = []
    values = _validate(content, type_, problems)
    if problems:
        problems.sort(key=lambda problem: problem.field)
        raise InvalidRequest(*problems[:MOST_PROBLEMS])
    return type_(**values)


def _validate(
    content: dict[str, Any], type_: type[Any], problems: list[Detail], path: str = ""
) -> dict[str, Any]:
    """Convert member by member, so that one problem does not hide the next."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    unknown = sorted(content.keys() - fields.keys())
    problems.extend(Detail(join(path, name), "unknown", _UNKNOWN) for name in unknown)
    values = {}
    for name, field in fields.items():
        if name in content:
            values[field.name] = _convert(content[name], field, problems, join(path, name))
        elif field.required:
            problems.append(Detail(join(path, name), "required", "Must be given."))
    return values


def _convert(value: Any, field: FieldInfo, problems: list[Detail], path: str) -> Any:
    struct = _struct_in(field.type) if isinstance(value, dict) else None
    if struct is not None:
        known = len(problems)
        values = _validate(value, struct, problems, path)
        return struct(**values) if len(problems) == known else None
    try:
        converted = msgspec.convert(value, field.type)
        return converted if converted is None else _checked(converted, field.type)
    except msgspec.ValidationError as error:
        problems.append(_explain(str(error), field.type, path))
    except ValueError as error:
        rule = getattr(error, "rule", "invalid")
        problems.append(Detail(path, rule, getattr(error, "message", str(error))))
    return None


def _checked(value: Any, type_: Any) -> Any:
    for meta in _metas(type_):
        check: Callable[[Any], Any] | None = (meta.extra or {}).get("check")
        if check is not None:
            value = check(value)
    return value


def _explain(error: str, type_: Any, path: str) -> Detail:
    """Turn msgspec's words for programmers into a rule and a sentence for strangers."""
    said, _, place = error.partition(" - at `$")
    path += place.rstrip("`")
    quoted = said.split("`")[1::2]
    if said.startswith("Object ") and quoted:
        if "unknown" in said:
            return Detail(join(path, quoted[0]), "unknown", _UNKNOWN)
        return Detail(join(path, quoted[0]), "required", "Must be given.")
    if "enum value" in said:
        choices = ", ".join(map(str, _choices(type_)))
        return Detail(path, "enum", f"Must be one of: {choices}.")
    if ", got " in said and len(quoted) == 2:
        return Detail(path, "type", f"Must be {_kind(quoted[0])}, not {_kind(quoted[1])}.")
    rule, message = _bound(said, quoted[0] if quoted else "")
    for meta in _metas(type_):
        message = (meta.extra or {}).get("message", message)
    return Detail(path, rule, message)


def _bound(said: str, kind: str) -> tuple[str, str]:
    if " matching regex " in said:
        return "pattern", f"Must match {said.partition(' matching regex ')[2]}."
    limit = said.rpartition(" ")[2]
    most = "<" in said
    if " of length " not in said:
        return (
            ("maximum", f"Must not exceed {limit}.")
            if most
            else ("minimum", f"Must be {limit} or more.")
        )
    name, what = {"str": ("Length", "characters"), "array": ("Items", "members")}.get(
        kind, ("Properties", "members")
    )
    return (
        (f"max{name}", f"Must have at most {limit} {what}.")
        if most
        else (f"min{name}", f"Must have at least {limit} {what}.")
    )


def _kind(quoted: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in quoted.split(" | "))


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", type(None): "null"}
    return names[type(value)]


def _members(type_: Any) -> Iterator[Any]:
    """Give the type, or the types it is a union of, each as it is annotated."""
    if typing.get_origin(type_) in {typing.Union, types.UnionType}:
        for member in typing.get_args(type_):
            yield from _members(member)
    else:
        yield type_


def _metas(type_: Any) -> Iterator[msgspec.Meta]:
    for member in _members(type_):
        if typing.get_origin(member) is typing.Annotated:
            inner, *metadata = typing.get_args(member)
            yield from (meta for meta in metadata if isinstance(meta, msgspec.Meta))
            yield from _metas(inner)


def _plain_members(type_: Any) -> Iterator[Any]:
    for member in _members(type_):
        if typing.get_origin(member) is typing.Annotated:
            yield from _plain_members(typing.get_args(member)[0])
        else:
            yield member


def _struct_in(type_: Any) -> type[Any] | None:
    for member in _plain_members(type_):
        if isinstance(member, type) and issubclass(member, msgspec.Struct):
            return member
    return None


def _choices(type_: Any) -> Iterator[Any]:
    for member in _plain_members(type_):
        if typing.get_origin(member) is typing.Literal:
            yield from typing.get_args(member)
        elif isinstance(member, type) and issubclass(member, enum.Enum):
            yield from (choice.value for choice in member)
