"""A YAML file as text: where each value stands, and the words for what is wrong with it."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from vestibule_cli.failures import Misuse

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[int | str, ...]
# pydantic's own word for "the key itself, not its value".
KEY = "[key]"
UNKNOWN = "extra_forbidden"
# The error type for a union none of whose members the value resembles.
OTHER_KIND = "other_kind"
RULES = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "int_type": "must be a whole number",
    "model_attributes_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "tuple_type": "must be a list",
}


class FileRefused(Misuse):
    """A file that people write is wrong; the message has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def refuse(rule: str) -> PydanticCustomError:
    """What a validator raises: the rule, in words for whoever wrote the file."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule})


def oneof(kind: str, value: str, allowed: Iterable[str]) -> str:
    """`unknown queue 'retri' (did you mean retry?); allowed: retry, retry-dlq`"""
    choices = sorted(allowed)
    near = difflib.get_close_matches(value, choices, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown {kind} {value!r}{hint}; allowed: {', '.join(choices) or 'none yet'}"


@dataclass(frozen=True)
class Document:
    name: str
    node: yaml.Node
    data: Any

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raise FileRefused if it cannot be read, is no YAML, or says something twice."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise FileRefused([f"{path}: no such file"]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise FileRefused([f"{path}: {error}"]) from None
        node, data = _parse(path.name, text)
        repeated = [
            _line(path.name, key.start_mark, f"key {key.value!r} stands here a second time")
            for key in _repeated_keys(node)
        ]
        if repeated:
            raise FileRefused(repeated)
        return cls(path.name, node, data)

    def problems(self, error: ValidationError, model: type[BaseModel]) -> list[str]:
        """One line for each problem, in the order of the file."""
        errors = error.errors(include_url=False)
        unknown = [_without_tags(each["loc"]) for each in errors if each["type"] == UNKNOWN]
        told = []
        for each in errors:
            path, text = _without_tags(each["loc"]), _words(each, model)
            if each["type"] == UNKNOWN:
                told.append(self._told((*path, KEY), text))
            elif each["type"] == "missing":
                # A misspelled key comes before the missing one that it was meant for.
                causes = [(*one, KEY) for one in unknown if one[:-1] == path[:-1]]
                told.append(self._told(path, text, after=causes))
            else:
                told.append(self._told(path, text))
        return [line for *_order, line in sorted(told)]

    def lines(self, problems: Iterable[tuple[Place, str]]) -> list[str]:
        """One line for each problem, in the order of the file. `KEY` ends the place of a key."""
        return [line for *_order, line in sorted(self._told(*each) for each in problems)]

    def _told(
        self, place: Place, text: str, after: Iterable[Place] = ()
    ) -> tuple[int, bool, int, str]:
        """Where in the order of the lines one stands, and the line."""
        mark = self._mark(place, at_key=KEY in place)
        dotted = ".".join(str(part) for part in place if part != KEY)
        line = _line(self.name, mark, f"{dotted}: {text}" if dotted else text)
        causes = [self._mark(each, at_key=True).line for each in after]
        return max([mark.line, *causes]), bool(causes), mark.column, line

    def _mark(self, path: Place, *, at_key: bool) -> yaml.Mark:
        """Where the value stands; where its nearest parent stands if it is missing."""
        node, mark = self.node, self.node.start_mark
        for part in path:
            if part == KEY:
                return mark
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
                if pair is None:
                    return mark
                mark = pair[0].start_mark
                node = pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                mark = node.start_mark
            else:
                return mark
        return mark if at_key or isinstance(node, yaml.CollectionNode) else node.start_mark


def _parse(name: str, text: str) -> tuple[yaml.Node, Any]:
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise FileRefused([f"{name}:1:1: is empty"])
        return node, loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = ", ".join(filter(None, (error.context, error.problem)))
        begun = error.context_mark
        if mark and begun and begun.line != mark.line:
            text += f" (it begins in line {begun.line + 1})"
        raise FileRefused([_line(name, mark, text)]) from None
    except yaml.YAMLError as error:
        raise FileRefused([f"{name}: {error}"]) from None
    finally:
        loader.dispose()


def _line(name: str, mark: yaml.Mark | None, text: str) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1}: {text}" if mark else f"{name}: {text}"


def _repeated_keys(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _repeated_keys(each)


def _without_tags(location: Place) -> Place:
    """Without the names of union members, which pydantic puts between the keys."""
    return tuple(part for part in location if not _is_tag(part))


def _is_tag(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith("(") and part.endswith(")")


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    got, kind, location = error["input"], error["type"], error["loc"]
    if kind == UNKNOWN:
        return oneof("key", str(location[-1]), _keys(model, location[:-1]))
    if kind == "literal_error":
        return f"must be one of {error['ctx']['expected']}, got {got!r}{_quotes(got)}"
    if kind == OTHER_KIND:
        shown = "" if isinstance(got, dict | list) else f", got {got!r}"
        return f"{error['msg']}{shown}{_quotes(got)}"
    if kind in RULES:
        return f"{RULES[kind]}, got {got!r}{_quotes(got) if 'text' in RULES[kind] else ''}"
    return "is missing" if kind == "missing" else error["msg"]


def _quotes(got: object) -> str:
    return "; put quotes around it" if isinstance(got, bool | int | float) else ""


def _keys(model: type[BaseModel], location: Place) -> list[str]:
    """The keys that the mapping at `location` may have."""
    found: Any = model
    for part in location:
        if _is_tag(part):
            found = next(each for each in _members(found) if _tag(each) == part)
        elif isinstance(part, str) and hasattr(found := _innermost(found), "model_fields"):
            found = _field(found, part).annotation
        else:
            found = get_args(_innermost(found))[-1 if _is_mapping(found) else 0]
    fields = _innermost(found).model_fields
    return [field.alias or name for name, field in fields.items()]


def _field(model: type[BaseModel], key: str) -> FieldInfo:
    fields = model.model_fields
    return next(field for name, field in fields.items() if (field.alias or name) == key)


def _is_mapping(annotation: Any) -> bool:
    return get_origin(_innermost(annotation)) is dict


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of the union inside Annotated."""
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return get_args(annotation)


def _tag(member: Any) -> str | None:
    metadata = getattr(member, "__metadata__", ())
    return next((each.tag for each in metadata if isinstance(each, Tag)), None)


def _innermost(annotation: Any) -> Any:
    """The type inside Annotated or Optional."""
    if hasattr(annotation, "__metadata__"):
        return _innermost(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return _innermost(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation
