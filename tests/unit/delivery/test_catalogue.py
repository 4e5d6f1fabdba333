"""What docs/events promises is what the code tells, and stays so."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fakes.catalogue import FOLDER, checked, published, schemas
from vestibule.delivery import events

TYPES = sorted(events.VERSIONS)
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def name_of(type_: str) -> str:
    return f"{type_}*" if type_ == events.SECURITY else type_


def bare(schema: Any) -> Any:
    """Drop what only explains."""
    if isinstance(schema, dict):
        return {name: bare(one) for name, one in schema.items() if name != "description"}
    return schema


def promised(schema: dict[str, Any]) -> dict[str, Any]:
    data = schema["properties"]["data"]
    kept = {name: bare(one) for name, one in data["properties"].items()}
    return {"required": data["required"], "properties": kept}


def broken_promises(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Name what somebody who relies on the earlier schema would miss: only additions are none."""
    gone = [name for name in before["properties"] if name not in now["properties"]]
    other = [
        name
        for name, one in before["properties"].items()
        if name in now["properties"] and now["properties"][name] != one
    ]
    optional = [name for name in before["required"] if name not in now["required"]]
    return [
        *(f"{name} is gone" for name in gone),
        *(f"{name} is told otherwise" for name in other),
        *(f"{name} may be missing" for name in optional),
    ]


def test_every_type_has_its_schema_and_no_other_has_one() -> None:
    assert sorted(schemas()) == TYPES


@pytest.mark.parametrize("type_", TYPES)
def test_a_schema_is_sound_and_of_the_version_that_is_told(type_: str) -> None:
    schema = schemas()[type_]

    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schemaVersion"] == {"const": events.VERSIONS[type_]}
    data = schema["properties"]["data"]
    assert set(data["required"]) <= set(data["properties"])
    assert all("description" in one for one in data["properties"].values())


@pytest.mark.parametrize("type_", TYPES)
def test_the_example_is_an_event_as_the_code_reads_it(type_: str) -> None:
    (example,) = schemas()[type_]["examples"]

    event = checked(events.parse(example))

    assert event.type.startswith(type_)
    assert event.sequence == events.make(event.type, event.subject, event.time, {}).sequence


@pytest.mark.parametrize("type_", TYPES)
def test_all_types_have_one_envelope(type_: str) -> None:
    def envelope(schema: dict[str, Any]) -> dict[str, Any]:
        own = {"type", "schemaVersion", "data"}
        return {
            "required": schema["required"],
            **{name: one for name, one in schema["properties"].items() if name not in own},
        }

    assert envelope(schemas()[type_]) == envelope(schemas()[events.USER_CONFIRMED])


@pytest.mark.parametrize("type_", TYPES)
def test_a_published_version_is_never_changed_but_by_additions(type_: str) -> None:
    versions = published()[name_of(type_)]
    version = str(events.VERSIONS[type_])

    assert version in versions, "a new version belongs into docs/events/published.json"
    assert broken_promises(versions[version], promised(schemas()[type_])) == []
    assert versions[version] == promised(schemas()[type_]), (
        "what was added belongs into docs/events/published.json too"
    )


def test_nothing_that_was_published_is_withdrawn() -> None:
    assert sorted(published()) == sorted(name_of(one) for one in TYPES)
    for type_ in TYPES:
        versions = published()[name_of(type_)]
        assert sorted(versions) == [str(n + 1) for n in range(events.VERSIONS[type_])]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda data: data["properties"].pop("email"), ["email is gone"]),
        (lambda data: data["required"].remove("name"), ["name may be missing"]),
        (
            lambda data: data["properties"].update(role={"type": "integer"}),
            ["role is told otherwise"],
        ),
        (lambda data: data["properties"]["accountType"]["enum"].append("x"), ["accountType"]),
        (lambda data: data["properties"].update(phone={"type": "string"}), []),
        (lambda data: data["required"].append("email"), []),
    ],
    ids=["removed", "made optional", "of another type", "a new value", "added", "made required"],
)
def test_a_breaking_change_is_told_from_an_addition(change: Any, broken: list[str]) -> None:
    before = promised(schemas()[events.USER_CONFIRMED])
    after = copy.deepcopy(before)
    change(after)

    found = broken_promises(before, after)

    assert len(found) == len(broken)
    assert all(one.startswith(start) for one, start in zip(found, broken, strict=True))


@pytest.mark.parametrize("type_", TYPES)
def test_the_catalogue_lists_the_type_with_its_version_and_fields(type_: str) -> None:
    file = name_of(type_).removesuffix(".*")
    link = re.escape(f"[`{name_of(type_)}`]({file}.json)")
    row = rf"^\| {link} \| (\d+) \|[^|]+\|([^|]+)\|"

    found = re.search(row, README, re.MULTILINE)

    assert found is not None
    assert int(found[1]) == events.VERSIONS[type_]
    data = schemas()[type_]["properties"]["data"]
    fields = [name if name in data["required"] else f"{name}?" for name in data["properties"]]
    assert re.findall(r"`([^`]+)`", found[2]) == fields
