"""Writes that happen while their answers are lost, in front of the real emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.fault_server import FaultServer, Step, forward, hang_up, reset
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.conditions import absent, equals, present
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Delete,
    Put,
    TransactionRefused,
    Update,
)
from vestibule.platform.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule.platform.aws import AwsClient


@pytest.fixture(params=[hang_up, reset], ids=["hung up", "reset"])
def lose(request: pytest.FixtureRequest, emulator_port: int) -> Step:
    """Let the write happen and drop its answer."""
    return forward(emulator_port, then=request.param)


@pytest.fixture
def deaf_table(
    connect: Callable[..., AwsClient], real_table: Table, emulator_port: int, lose: Step
) -> Iterator[Table]:
    """The answers to the first two tries are lost."""
    del real_table
    with FaultServer(lose, lose, forward(emulator_port)) as server:
        client = connect(port=server.port)
        yield Table(client, "contract")
        assert len(server.requests) == 3
        client.close()


def test_a_put_that_wanted_to_be_first_was(deaf_table: Table, real_table: Table, pk: str) -> None:
    deaf_table.put({"pk": pk, "sk": "1", "name": "n"}, condition=absent())

    assert real_table.get(pk, "1", consistent=True) == {"pk": pk, "sk": "1", "name": "n"}


def test_a_put_that_came_second_is_told_so(deaf_table: Table, real_table: Table, pk: str) -> None:
    real_table.put({"pk": pk, "sk": "1", "by": "another"}, condition=absent())

    with pytest.raises(ConditionFailed) as caught:
        deaf_table.put({"pk": pk, "sk": "1", "by": "me"}, condition=absent())

    assert caught.value.item == {"pk": pk, "sk": "1", "by": "another"}


def test_a_change_of_one_version_is_made_once(
    deaf_table: Table, real_table: Table, pk: str
) -> None:
    real_table.put({"pk": pk, "sk": "1", "version": 1})

    changed = deaf_table.update(
        pk, "1", changes={"a": 1}, increment={"version": 1}, condition=equals("version", 1)
    )

    assert changed == {"pk": pk, "sk": "1", "a": 1, "version": 2}
    assert real_table.get(pk, "1", consistent=True) == changed


def test_a_change_of_another_version_is_refused(
    deaf_table: Table, real_table: Table, pk: str
) -> None:
    real_table.put({"pk": pk, "sk": "1", "version": 9})

    with pytest.raises(ConditionFailed) as caught:
        deaf_table.update(pk, "1", changes={"a": 1}, condition=equals("version", 1))

    assert caught.value.item == {"pk": pk, "sk": "1", "version": 9}


def test_an_increment_counts_once(deaf_table: Table, real_table: Table, pk: str) -> None:
    changed = deaf_table.update(pk, "1", increment={"count": 1})

    assert changed == {"pk": pk, "sk": "1", "count": 1}
    assert real_table.get(pk, "1", consistent=True) == changed


def test_what_was_deleted_was_there(deaf_table: Table, real_table: Table, pk: str) -> None:
    real_table.put({"pk": pk, "sk": "1", "version": 1})

    deaf_table.delete(pk, "1", condition=equals("version", 1))

    assert real_table.get(pk, "1", consistent=True) is None


def test_what_was_not_there_was_not_deleted(deaf_table: Table, pk: str) -> None:
    with pytest.raises(ConditionFailed):
        deaf_table.delete(pk, "1", condition=present())


def test_a_transaction_happens_once(deaf_table: Table, real_table: Table, pk: str) -> None:
    real_table.put({"pk": pk, "sk": "old"})

    deaf_table.transact(
        Put({"pk": pk, "sk": "new"}, absent()),
        Update(pk, "counted", increment={"count": 1}),
        Delete(pk, "old", present()),
        Check(pk, "other", absent()),
    )

    items = real_table.query(pk, consistent=True).items
    assert items == ({"pk": pk, "sk": "counted", "count": 1}, {"pk": pk, "sk": "new"})


def test_a_transaction_refused_stays_refused(deaf_table: Table, pk: str) -> None:
    with pytest.raises(TransactionRefused) as caught:
        deaf_table.transact(Put({"pk": pk, "sk": "1"}, present()))

    assert [reason.code for reason in caught.value.reasons] == ["ConditionalCheckFailed"]


def test_a_write_never_answered_is_unavailable_though_it_happened(
    connect: Callable[..., AwsClient], real_table: Table, lose: Step, pk: str
) -> None:
    with FaultServer(lose) as server:
        client = connect(port=server.port, attempts=2)

        with pytest.raises(AwsUnavailable):
            Table(client, "contract").put({"pk": pk, "sk": "1"}, condition=absent())

    assert real_table.get(pk, "1", consistent=True) == {"pk": pk, "sk": "1"}


def test_a_mark_left_by_one_write_is_not_taken_for_another(real_table: Table, pk: str) -> None:
    real_table.put({"pk": pk, "sk": "1"}, condition=absent())

    with pytest.raises(ConditionFailed):
        real_table.put({"pk": pk, "sk": "1"}, condition=absent())
