"""The list of accounts on the emulator, and reconciliation's place on the fake and the emulator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakes.people import new_sub
from vestibule.delivery.pool import Pool
from vestibule.delivery.reconcile_store import (
    LeaseLost,
    Marks,
    Progress,
    TableCursor,
    TableMarks,
)
from vestibule.platform.ids import new_id
from vestibule.profiles import items

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.aws import AwsClient
    from vestibule.platform.table import Table

NOW = datetime(2026, 11, 20, 9, 41, tzinfo=UTC)
AT = "2026-11-20T09:41:00.000000Z"
MADE = 130


@pytest.fixture(scope="module")
def pool(connect: Callable[..., AwsClient]) -> Pool:
    cognito = connect("cognito-idp")
    made = cognito.call("CreateUserPool", {"PoolName": "listed", "UsernameAttributes": ["email"]})[
        "UserPool"
    ]["Id"]
    for number in range(MADE):
        attributes = {"email": f"p{number}@example.test", "email_verified": "true"}
        cognito.call(
            "AdminCreateUser",
            {
                "UserPoolId": made,
                "Username": attributes["email"],
                "MessageAction": "SUPPRESS",
                "UserAttributes": [{"Name": n, "Value": v} for n, v in attributes.items()],
            },
        )
    password = {"Password": "A-long-enough-one-1", "Permanent": True}
    cognito.call(
        "AdminSetUserPassword", {"UserPoolId": made, "Username": "p7@example.test", **password}
    )
    cognito.call("AdminDisableUser", {"UserPoolId": made, "Username": "p8@example.test"})
    return Pool(cognito, made)


def test_every_account_is_on_one_page_of_the_list(pool: Pool) -> None:
    sizes, found, token = [], {}, None
    while True:
        listing = pool.page(token)
        sizes.append(len(listing.accounts))
        found |= {one.attributes["email"]: one for one in listing.accounts}
        token = listing.token
        if token is None:
            break

    assert sizes == [60, 60, 10]
    assert len(found) == MADE
    settled = found["p7@example.test"]
    assert settled.is_settled
    assert settled.user_id == settled.attributes["sub"]
    assert not found["p8@example.test"].enabled
    assert [one.status for one in found.values() if one.is_settled] == ["CONFIRMED"]


@pytest.fixture
def cursor(table: Table) -> Callable[[], TableCursor]:
    """Make cursors of different runs, with nobody at work."""
    table.delete("MAINTENANCE#reconcile", "CURSOR")
    return lambda: TableCursor(table, new_id())


def test_of_runs_that_begin_at_once_one_gets_the_lease(cursor: Callable[[], TableCursor]) -> None:
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda one: one.take(NOW, 60.0), [cursor() for _ in range(8)]))

    assert [one for one in taken if one is not None] == [Progress("", None)]


def test_the_next_run_goes_on_where_one_was_released(cursor: Callable[[], TableCursor]) -> None:
    first, second = cursor(), cursor()
    first.take(NOW, 60.0)
    first.keep(Progress(AT, "t1", counts={"checked": 60}))
    first.release(Progress(AT, "t2", counts={"checked": 120, "failed": 0}))

    assert second.take(NOW, 60.0) == Progress(AT, "t2", counts={"checked": 120, "failed": 0})


def test_a_lease_ends_by_itself_and_its_first_owner_writes_no_more(
    cursor: Callable[[], TableCursor],
) -> None:
    first, second = cursor(), cursor()
    first.take(NOW, 60.0)
    first.keep(Progress(AT, "t1", counts={"checked": 60}))

    assert second.take(NOW + timedelta(seconds=59), 60.0) is None
    assert second.take(NOW + timedelta(seconds=62), 60.0) == Progress(
        AT, "t1", counts={"checked": 60}
    )
    for write in (first.keep, first.release):
        with pytest.raises(LeaseLost):
            write(Progress(AT, "t9", counts={}))
    with pytest.raises(LeaseLost):
        first.finish(Progress(AT, None, counts={}), AT)
    second.release(Progress(AT, "t2", counts={}))


def test_after_a_whole_pass_the_next_one_begins_at_the_beginning(
    cursor: Callable[[], TableCursor],
) -> None:
    first, second = cursor(), cursor()
    first.take(NOW, 60.0)
    first.keep(Progress(AT, "t1", counts={"checked": 60}))
    first.finish(Progress(AT, None, counts={"checked": 61}), AT)

    assert second.take(NOW, 60.0) == Progress("", None)


def test_a_page_of_people_is_read_with_all_their_marks(table: Table) -> None:
    people = [new_sub() for _ in range(60)]
    pk = items.person_key(people[59])
    for sk in (items.PROFILE, items.CONFIRMED, items.TOMBSTONE, "DELIVERY#user-service"):
        table.put({"pk": pk, "sk": sk, "at": AT})

    found = TableMarks(table).read(people)

    assert list(found) == people
    assert all(found[one] == Marks() for one in people[:59])
    marks = found[people[59]]
    assert marks.has_profile
    assert [one and one["at"] for one in (marks.confirmed, marks.tombstone, marks.delivery)] == [
        AT
    ] * 3


def test_somebody_is_told_of_again_once_by_whoever_is_first(table: Table) -> None:
    user_id = new_sub()
    key = (items.person_key(user_id), items.CONFIRMED)
    table.put({"pk": key[0], "sk": key[1], "at": AT})
    found = TableMarks(table).read([user_id])[user_id].confirmed
    assert found is not None

    with ThreadPoolExecutor(4) as threads:
        told = list(
            threads.map(lambda _: TableMarks(table).tell_again(user_id, found, AT), range(4))
        )

    assert sorted(told) == [False, False, False, True]
    item = table.get(*key, consistent=True)
    assert item is not None
    assert item["again"] == 1
