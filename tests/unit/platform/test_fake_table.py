"""What the fake table offers beyond a table; its promises as one are in tests/contract."""

from __future__ import annotations

import pytest

from fakes.table import FakeTable
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.conditions import absent, present
from vestibule.platform.operations import ConditionFailed


def test_a_fault_stops_the_next_call_only() -> None:
    table = FakeTable()
    table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        table.put({"pk": "p", "sk": "s"})
    assert table.get("p", "s") is None

    table.put({"pk": "p", "sk": "s"})
    assert table.get("p", "s") == {"pk": "p", "sk": "s"}


def test_a_fault_may_come_after_the_write() -> None:
    table = FakeTable()
    table.fail_next(AwsUnavailable, applied=True)

    with pytest.raises(AwsUnavailable):
        table.put({"pk": "p", "sk": "s"})

    assert table.get("p", "s") == {"pk": "p", "sk": "s"}


def test_faults_come_in_the_order_they_were_asked_for() -> None:
    table = FakeTable()
    table.fail_next(AwsUnavailable, times=2)
    table.fail_next(AwsRefused("dynamodb", "GetItem", code="AccessDeniedException"))

    for expected in (AwsUnavailable, AwsUnavailable, AwsRefused):
        with pytest.raises(expected):
            table.get("p", "s")


def test_calls_are_recorded() -> None:
    table = FakeTable()

    table.get("p", "s")
    table.put({"pk": "p", "sk": "s"}, condition=absent())
    with pytest.raises(ConditionFailed):
        table.delete("p", "other", condition=present())

    assert table.calls == ["GetItem", "PutItem", "DeleteItem"]
    assert table.all_items() == [{"pk": "p", "sk": "s"}]
