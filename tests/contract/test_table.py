"""What every table promises: run on the fake and on the emulator alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.conditions import (
    Condition,
    absent,
    all_of,
    any_of,
    equals,
    greater_than,
    less_than,
    not_equals,
    present,
)
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Delete,
    Put,
    TransactionRefused,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table

VALUES = {
    "text": "plain",
    "empty": "",
    "words": 'naïve 日本 \U0001f600 " \\ \n\x00',
    "zero": 0,
    "negative": -17,
    "long": 10**37 + 1,
    "fraction": 0.1,
    "exact": Decimal("0.12345678901234567890123456789"),
    "tiny": 1e-100,
    "huge": 10**100,
    "whole float": 2.0,
    "true": True,
    "false": False,
    "nothing": None,
    "bytes": b"\x00\xff",
    "list": [],
    "map": {},
    "nested": {"a": [1, "two", {"three": [None, True, 3.5]}], "empty": {"": ""}},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_reads_back_as_it_was_written(table: Table, pk: str, value: object) -> None:
    item = {"pk": pk, "sk": "1", "value": value}

    table.put(item)

    assert table.get(pk, "1", consistent=True) == item


def test_a_number_keeps_its_kind(table: Table, pk: str) -> None:
    item = {"pk": pk, "sk": "1", "whole": 3, "half": 0.5, "true": True, "exact": VALUES["exact"]}

    table.put(item)

    read = table.get(pk, "1", consistent=True) or {}
    assert {name: type(value) for name, value in read.items()} == {
        name: type(value) for name, value in item.items()
    }


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("-Infinity"),
        10**40 + 1,
        1e200,
        {1},
        pytest.param(object(), id="an object"),
        {1: 2},
    ],
    ids=repr,
)
def test_what_cannot_be_stored_is_refused_by_the_attributes_name(
    table: Table, pk: str, value: object
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"settings\.depth"):
        table.put({"pk": pk, "sk": "1", "settings": {"depth": value}})

    assert table.get(pk, "1") is None


def test_an_item_that_is_not_there_is_none(table: Table, pk: str) -> None:
    assert table.get(pk, "missing") is None


@pytest.mark.parametrize(("sort", "partition"), [("", "p"), ("s", "")])
def test_a_key_without_a_part_is_a_mistake(table: Table, sort: str, partition: str) -> None:
    with pytest.raises(ValueError, match="key needs both"):
        table.get(partition, sort)
    with pytest.raises(ValueError, match="key needs both"):
        table.put({"pk": partition, "sk": sort})


def test_a_read_item_is_the_callers_own(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "1", "map": {"a": [1]}})

    (table.get(pk, "1") or {})["map"]["a"].append(2)

    assert table.get(pk, "1") == {"pk": pk, "sk": "1", "map": {"a": [1]}}


def test_many_are_read_at_once_and_the_missing_left_out(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "000", "n": 1})
    table.put({"pk": pk, "sk": "149", "n": 2})
    keys = [(pk, f"{number:03}") for number in range(150)]

    found = table.get_many([*keys, keys[0]], consistent=True)

    assert found == {
        (pk, "000"): {"pk": pk, "sk": "000", "n": 1},
        (pk, "149"): {"pk": pk, "sk": "149", "n": 2},
    }


def test_none_are_read_when_none_are_asked_for(table: Table) -> None:
    assert table.get_many([]) == {}


def fill(table: Table, pk: str, *sort_keys: str) -> None:
    for sort_key in sort_keys:
        table.put(
            {
                "pk": pk,
                "sk": sort_key,
                "gsi1pk": f"{pk}#all",
                "gsi1sk": f"at#{sort_key}",
                "name": f"name {sort_key}",
                "secret": "not for lists",
            }
        )


def pages(table: Table, pk: str, **narrowed: Any) -> list[list[str]]:
    """Follow a list to its end, a page at a time."""
    found = []
    start = None
    while True:
        page = table.query(pk, start=start, **narrowed)
        found.append([item["sk"] for item in page.items])
        start = page.next_key
        if start is None:
            return found


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, ["A#1", "A#2", "A#3", "B#1"]),
        ({"newest_first": True}, ["B#1", "A#3", "A#2", "A#1"]),
        ({"sk_prefix": "A#"}, ["A#1", "A#2", "A#3"]),
        ({"sk_prefix": ""}, ["A#1", "A#2", "A#3", "B#1"]),
        ({"sk_between": ("A#2", "B#1")}, ["A#2", "A#3", "B#1"]),
        ({"sk_between": ("C", "D")}, []),
        ({"limit": 2}, ["A#1", "A#2", "A#3", "B#1"]),
        ({"limit": 3, "newest_first": True}, ["B#1", "A#3", "A#2", "A#1"]),
        ({"limit": 1, "sk_prefix": "A#", "consistent": True}, ["A#1", "A#2", "A#3"]),
    ],
    ids=str,
)
def test_a_query_lists_a_partition_in_order(
    table: Table, pk: str, narrowed: dict[str, Any], expected: list[str]
) -> None:
    fill(table, pk, "B#1", "A#3", "A#1", "A#2")

    found = pages(table, pk, **narrowed)

    assert [sort_key for page in found for sort_key in page] == expected
    assert all(len(page) <= narrowed.get("limit", 4) for page in found)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, None])
def test_an_index_lists_only_what_it_projects(
    table: Table, pk: str, limit: int | None, *, newest_first: bool
) -> None:
    fill(table, pk, "1", "2", "3")
    table.put({"pk": pk, "sk": "4", "secret": "not in the index"})
    where: dict[str, Any] = {"index": "gsi1", "newest_first": newest_first}

    found = pages(table, f"{pk}#all", limit=limit, **where)
    first = table.query(f"{pk}#all", sk_prefix="at#1", **where).items

    assert [one for page in found for one in page] == sorted("123", reverse=newest_first)
    assert first == (
        {"pk": pk, "sk": "1", "gsi1pk": f"{pk}#all", "gsi1sk": "at#1", "name": "name 1"},
    )


@pytest.mark.parametrize(
    "mistake",
    [
        {"sk_between": ("a", "b"), "sk_prefix": "a"},
        {"sk_between": ("b", "a")},
        {"sk_between": ("", "a")},
        {"index": "gsi1", "consistent": True},
        {"pk": ""},
    ],
    ids=str,
)
def test_a_query_that_cannot_be_is_a_mistake(table: Table, mistake: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"query|sk_between|index"):
        table.query(**{"pk": "p", **mistake})


STANDING = {"text": "b", "number": 5, "yes": True, "none": None, "list": [1, {"a": 2}], "size": 1}
CONDITIONS = [
    (absent(), False),
    (absent("other"), True),
    (absent("none"), False),
    (present(), True),
    (present("other"), False),
    (equals("text", "b"), True),
    (equals("text", "B"), False),
    (equals("number", 5), True),
    (equals("number", 5.0), True),
    (equals("number", "5"), False),
    (equals("yes", value=True), True),
    (equals("yes", 1), False),
    (equals("none", None), True),
    (equals("other", None), False),
    (equals("list", [1, {"a": 2}]), True),
    (equals("list", [1, {"a": 3}]), False),
    (equals("size", 1), True),
    (not_equals("text", "b"), False),
    (not_equals("text", "c"), True),
    (not_equals("number", "5"), True),
    (not_equals("other", 1), True),
    (less_than("number", 6), True),
    (less_than("number", 5), False),
    (less_than("number", "6"), False),
    (less_than("text", "c"), True),
    (less_than("other", 6), False),
    (greater_than("number", 4), True),
    (greater_than("number", 5), False),
    (greater_than("text", "a"), True),
    (greater_than("text", "bb"), False),
    (greater_than("other", 0), False),
    (present() & equals("number", 5), True),
    (present() & equals("number", 6), False),
    (absent() | equals("number", 5), True),
    (absent() | equals("number", 6), False),
    (any_of(absent(), all_of(present("yes"), less_than("number", 9), equals("size", 1))), True),
    (all_of(any_of(equals("number", 5), absent()), equals("size", 2)), False),
    (equals("number", 6) & absent() | present(), True),
]


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS, ids=str)
def test_a_condition_decides_whether_anything_is_written(
    table: Table, pk: str, condition: Condition, *, holds: bool
) -> None:
    standing = {"pk": pk, "sk": "1", **STANDING}
    wanted = {"pk": pk, "sk": "1", "new": True}
    writes: list[tuple[Callable[[], object], dict[str, Any] | None]] = [
        (lambda: table.put(wanted, condition=condition), wanted),
        (
            lambda: table.update(pk, "1", changes={"size": 2}, condition=condition),
            standing | {"size": 2},
        ),
        (lambda: table.delete(pk, "1", condition=condition), None),
    ]
    for write, result in writes:
        table.put(standing)

        if holds:
            write()
        else:
            with pytest.raises(ConditionFailed) as caught:
                write()
            assert caught.value.item == standing

        assert table.get(pk, "1", consistent=True) == (result if holds else standing)


def test_a_condition_on_a_missing_item_fails_with_none(table: Table, pk: str) -> None:
    for write in (
        lambda: table.put({"pk": pk, "sk": "1"}, condition=present()),
        lambda: table.update(pk, "1", changes={"a": 1}, condition=equals("version", 1)),
        lambda: table.delete(pk, "1", condition=present()),
    ):
        with pytest.raises(ConditionFailed) as caught:
            write()
        assert caught.value.item is None

    assert table.get(pk, "1", consistent=True) is None


def test_an_update_changes_removes_and_increments_what_it_names(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "1", "name": "old", "bio": "gone", "version": 4, "kept": [1]})

    changed = table.update(
        pk,
        "1",
        changes={"name": "new", "status": {"at": 1}},
        remove=["bio", "never-there"],
        increment={"version": 1, "count": -2},
        condition=equals("version", 4),
    )

    assert changed == {
        "pk": pk,
        "sk": "1",
        "name": "new",
        "status": {"at": 1},
        "version": 5,
        "count": -2,
        "kept": [1],
    }
    assert table.get(pk, "1", consistent=True) == changed


def test_an_update_makes_a_missing_item(table: Table, pk: str) -> None:
    changed = table.update(pk, "1", increment={"count": 3})

    assert changed == {"pk": pk, "sk": "1", "count": 3}


@pytest.mark.parametrize(
    ("update", "rule"),
    [
        ({}, "changes, removes or increments"),
        ({"changes": {"a": 1}, "remove": ["a"]}, "each attribute once"),
        ({"changes": {"sk": "2"}}, "cannot change the key"),
    ],
)
def test_an_update_that_cannot_be_is_a_mistake(
    table: Table, pk: str, update: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        table.update(pk, "1", **update)


def test_deleting_a_missing_item_is_no_failure(table: Table, pk: str) -> None:
    table.delete(pk, "1")

    assert table.get(pk, "1") is None


def test_a_transaction_does_all_it_says(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "old", "version": 1})
    table.put({"pk": pk, "sk": "checked", "status": "active"})
    table.put({"pk": pk, "sk": "counted", "version": 1})

    table.transact(
        Put({"pk": pk, "sk": "new", "name": "n"}, absent()),
        Update(pk, "counted", changes={"a": 1}, increment={"version": 1}),
        Delete(pk, "old", equals("version", 1)),
        Check(pk, "checked", equals("status", "active")),
    )

    items = {item["sk"]: item for item in table.query(pk, consistent=True).items}
    assert items == {
        "new": {"pk": pk, "sk": "new", "name": "n"},
        "counted": {"pk": pk, "sk": "counted", "a": 1, "version": 2},
        "checked": {"pk": pk, "sk": "checked", "status": "active"},
    }


def test_a_refused_transaction_says_why_in_order_and_changes_nothing(table: Table, pk: str) -> None:
    table.put({"pk": pk, "sk": "2", "status": "suspended"})
    table.put({"pk": pk, "sk": "3", "version": 7})

    with pytest.raises(TransactionRefused) as caught:
        table.transact(
            Put({"pk": pk, "sk": "1"}, absent()),
            Check(pk, "2", equals("status", "active")),
            Update(pk, "3", changes={"a": 1}),
            Delete(pk, "4", present()),
        )

    assert [(reason.code, reason.item) for reason in caught.value.reasons] == [
        ("None", None),
        ("ConditionalCheckFailed", {"pk": pk, "sk": "2", "status": "suspended"}),
        ("None", None),
        ("ConditionalCheckFailed", None),
    ]
    assert [item["sk"] for item in table.query(pk, consistent=True).items] == ["2", "3"]
    assert table.get(pk, "3", consistent=True) == {"pk": pk, "sk": "3", "version": 7}


def test_a_transaction_that_cannot_be_is_a_mistake(table: Table, pk: str) -> None:
    with pytest.raises(ValueError, match="each item once"):
        table.transact(Delete(pk, "1"), Put({"pk": pk, "sk": "1"}))
    with pytest.raises(ValueError, match="1 to 100"):
        table.transact()


def test_of_many_at_once_exactly_one_is_first(table: Table, pk: str) -> None:
    def claim(number: int) -> bool:
        try:
            if number % 2:
                table.put({"pk": pk, "sk": "1", "by": number}, condition=absent())
            else:
                table.transact(Put({"pk": pk, "sk": "1", "by": number}, absent()))
        except (ConditionFailed, TransactionRefused):
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(claim, range(16)))

    assert outcomes.count(True) == 1
    assert (table.get(pk, "1", consistent=True) or {})["by"] == outcomes.index(True)


def test_increments_made_at_once_all_count(table: Table, pk: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: table.update(pk, "1", increment={"count": 1}), range(24)))

    assert (table.get(pk, "1", consistent=True) or {})["count"] == 24
