"""Turns msgspec types into the part of OpenAPI 3.0.1 that API Gateway imports.

It keeps models in JSON Schema draft 4. It refuses or forgets readOnly, discriminator, example,
exclusiveMinimum, oneOf, anyOf, additionalProperties, int32, int64, and any model whose name is not
letters and digits ("Amazon API Gateway important notes" in its developer guide). So none of these
is written, and a type that can't be said without them is refused here, not at a deployment.
"""

from __future__ import annotations

import copy
import importlib
from typing import Any

import msgspec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "#/components/schemas/"

_KEPT = (
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
)
# Of use to msgspec's readers and to nobody else.
_DROPPED = ("additionalProperties", "default", "examples", "title")
_ENUM_TYPES = {str: "string", int: "integer", bool: "boolean", float: "number"}


class SchemaError(Exception):
    """A type that API Gateway would refuse, or quietly forget half of."""


def load(name: str) -> type[Any]:
    """Import a type named as "module:Type"."""
    module, _, type_name = name.partition(":")
    found = getattr(importlib.import_module(module), type_name)
    if not isinstance(found, type):
        raise SchemaError(f"{name} is not a type")
    return found


def components(names: Iterable[str]) -> dict[str, Any]:
    """Give the schemas of these types and of all they mention, by their models' names."""
    types = [load(name) for name in sorted(set(names))]
    _, found = msgspec.json.schema_components(types, ref_template=PREFIX + "{name}")
    for name in found:
        if not (name.isascii() and name.isalnum()):
            raise SchemaError(f"{name}: a model's name is letters and digits alone, and unique")
    return {name: _adapted(found[name], found, name) for name in sorted(found)}


def reference(name: str) -> dict[str, str]:
    return {"$ref": PREFIX + name.partition(":")[2]}


def _adapted(schema: dict[str, Any], found: dict[str, Any], place: str) -> dict[str, Any]:
    schema = _without_null(schema, found, place)
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if "type" not in schema:
        schema["type"] = _type_of(schema, place)
    if "exclusiveMinimum" in schema and schema["type"] == "integer":
        schema["minimum"] = schema.pop("exclusiveMinimum") + 1
    if "exclusiveMaximum" in schema and schema["type"] == "integer":
        schema["maximum"] = schema.pop("exclusiveMaximum") - 1
    strange = schema.keys() - set(_KEPT) - set(_DROPPED) - {"nullable"}
    if strange:
        raise SchemaError(f"{place}: API Gateway knows no {', '.join(sorted(strange))}")
    adapted = {name: schema[name] for name in (*_KEPT, "nullable") if name in schema}
    if "properties" in adapted:
        adapted["properties"] = {
            name: _adapted(member, found, f"{place}.{name}")
            for name, member in adapted["properties"].items()
        }
        adapted["required"] = sorted(adapted.get("required", ()))
        if not adapted["required"]:
            del adapted["required"]
    if "items" in adapted:
        adapted["items"] = _adapted(adapted["items"], found, f"{place}[]")
    return adapted


def _without_null(schema: dict[str, Any], found: dict[str, Any], place: str) -> dict[str, Any]:
    """Say "or null" by `nullable`, as OpenAPI 3.0 does."""
    schema = copy.deepcopy(schema)
    choices = schema.pop("anyOf", None)
    if choices is None:
        return schema
    others = [choice for choice in choices if choice.get("type") != "null"]
    if len(others) != 1 or len(choices) != 2:
        raise SchemaError(f"{place}: a field takes one type, and null besides, but not two types")
    other = others[0]
    if "$ref" in other:
        # Nothing may stand beside a $ref in OpenAPI 3.0, so what it names is repeated here.
        other = copy.deepcopy(found[other["$ref"].removeprefix(PREFIX)])
    return {**other, **schema, "nullable": True}


def _type_of(schema: dict[str, Any], place: str) -> str:
    kinds = {type(value) for value in schema.get("enum", ())}
    if len(kinds) == 1 and (kind := kinds.pop()) in _ENUM_TYPES:
        return _ENUM_TYPES[kind]
    raise SchemaError(f"{place}: say which type it has")
