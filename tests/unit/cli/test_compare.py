from __future__ import annotations

from typing import Any

import pytest

from vestibule_cli.local.provision.compare import ProvisionError, differences, same, verify


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [2, 1]}, "c": 3}),
        ({"a": [{"k": 1, "l": 2}]}, {"a": [{"l": 2, "k": 1}]}),
        ({"a": []}, {"a": None}),
        ({}, {}),
    ],
)
def test_more_than_was_asked_for_and_another_order_are_the_same(wanted: Any, found: Any) -> None:
    assert same(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found", "difference"),
    [
        ({"a": 1}, {"a": 2}, "a is 2, not 1"),
        ({"a": {"b": "x"}}, {"a": {}}, "a.b is None, not 'x'"),
        ({"a": {"b": "x"}}, {"a": None}, "a.b is None, not 'x'"),
        ({"a": [1]}, {"a": [1, 2]}, "a is [1, 2], not [1]"),
        ({"a": [1, 1]}, {"a": [1]}, "a is [1], not [1, 1]"),
        ({"a": True}, {"a": "true"}, "a is 'true', not True"),
    ],
)
def test_each_difference_is_told_by_its_place(wanted: Any, found: Any, difference: str) -> None:
    assert list(differences(wanted, found)) == [difference]


def test_a_difference_that_stays_is_refused_by_name() -> None:
    with pytest.raises(ProvisionError, match=r"the table was not made .*: ttl is 'a', not 'b'"):
        verify("the table", {"ttl": "b"}, {"ttl": "a"})
