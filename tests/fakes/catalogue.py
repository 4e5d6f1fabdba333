"""The events' schemas as they are published in docs/events, for whoever checks an event."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from vestibule.delivery import events

if TYPE_CHECKING:
    from vestibule.delivery.events import Event

FOLDER = Path(__file__).parents[2] / "docs" / "events"
PUBLISHED = "published.json"


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """By type; those of security events by what all of them begin with."""
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        if path.name != PUBLISHED:
            schema = json.loads(path.read_text(encoding="utf-8"))
            found[schema["title"].removesuffix("*")] = schema
    return found


def published() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads((FOLDER / PUBLISHED).read_text(encoding="utf-8"))
    return read


def schema_of(type_: str) -> dict[str, Any]:
    is_security = type_.startswith(events.SECURITY)
    return schemas()[events.SECURITY if is_security else type_]


def checked(event: Event) -> Event:
    """Fail for an event that its schema refuses, or that says more than the catalogue does."""
    schema = schema_of(event.type)
    message = json.loads(events.write(event))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(message)]
    assert problems == []
    assert message["data"].keys() <= schema["properties"]["data"]["properties"].keys()
    return event
