"""stack.yaml as text: where each value stands, and the words for what is wrong with it."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vestibule_cli.failures import Misuse

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[int | str, ...]
# What pydantic puts into a problem's place to say which member of a union it tried.
TEXT = "(text)"
REFERENCE = "(reference)"
UNKNOWN = "extra_forbidden"
RULES = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "int_type": "must be a whole number",
    "model_attributes_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "union_tag_not_found": "must be text or {ref: ...}",
}


class StackError(Misuse):
    """stack.yaml is wrong; the message has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


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
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise StackError([f"{path}: no such file"]) from None
        except (OSError, UnicodeDecodeError) as error:
            raise StackError([f"{path}: {error}"]) from None
        node, data = _parse(path.name, text)
        repeated = [
            _line(path.name, key.start_mark, f"key {key.value!r} stands here a second time")
            for key in _repeated_keys(node)
        ]
        if repeated:
            raise StackError(repeated)
        return cls(path.name, node, data)

    def problems(self, error: ValidationError, model: type[BaseModel]) -> list[str]:
        """One line for each problem, in the order of the file."""
        found = []
        errors = error.errors(include_url=False)
        unknown = [_without_tags(each["loc"]) for each in errors if each["type"] == UNKNOWN]
        for each in errors:
            path = _without_tags(each["loc"])
            mark = self._mark(path, at_key=each["type"] == UNKNOWN or "[key]" in path)
            dotted = ".".join(str(part) for part in path if part != "[key]")
            where = f"{dotted}: " if dotted else ""
            line = _line(self.name, mark, f"{where}{_words(each, path, model)}")
            # A misspelled key comes before the missing one that it was meant for.
            causes = [self._mark(each, at_key=True) for each in unknown if each[:-1] == path[:-1]]
            last = max((cause.line for cause in causes), default=0)
            is_missing = each["type"] == "missing"
            order = max(mark.line, last) if is_missing else mark.line
            found.append((order, is_missing and bool(causes), mark.column, line))
        return [line for *_order, line in sorted(found)]

    def _mark(self, path: Place, *, at_key: bool) -> yaml.Mark:
        """Where the value stands; where its nearest parent stands if it is missing."""
        node, mark = self.node, self.node.start_mark
        for part in path:
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
            raise StackError([f"{name}:1:1: is empty"])
        return node, loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = ", ".join(filter(None, (error.context, error.problem)))
        begun = error.context_mark
        if mark and begun and begun.line != mark.line:
            text += f" (it begins in line {begun.line + 1})"
        raise StackError([_line(name, mark, text)]) from None
    except yaml.YAMLError as error:
        raise StackError([f"{name}: {error}"]) from None
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
    return tuple(part for part in location if part not in {TEXT, REFERENCE})


def _words(error: ErrorDetails, place: Place, model: type[BaseModel]) -> str:
    got, kind = error["input"], error["type"]
    if kind == UNKNOWN:
        return oneof("key", str(place[-1]), _fields(model, place[:-1]))
    if kind == "literal_error":
        return f"must be one of {error['ctx']['expected']}, got {got!r}{_quotes(got)}"
    if kind in RULES:
        return f"{RULES[kind]}, got {got!r}{_quotes(got) if 'text' in RULES[kind] else ''}"
    return "is missing" if kind == "missing" else error["msg"]


def _quotes(got: object) -> str:
    return "; put quotes around it" if isinstance(got, bool | int | float) else ""


def _fields(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that the mapping at `place` may have."""
    found: Any = model
    for part in place:
        if isinstance(found, type) and issubclass(found, BaseModel):
            found = found.model_fields[str(part)].annotation
        else:
            found = get_args(found)[-1 if get_origin(found) is dict else 0]
        found = _innermost(found)
    return list(found.model_fields)


def _innermost(annotation: Any) -> Any:
    """The type inside Annotated, Optional or a union: the last of its members that has keys."""
    if hasattr(annotation, "__metadata__"):
        return _innermost(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        members = [_innermost(each) for each in get_args(annotation)]
        models = [each for each in members if hasattr(each, "model_fields")]
        return models[-1] if models else members[0]
    return annotation
