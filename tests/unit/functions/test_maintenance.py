from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.accounts import InMemoryAccounts
from fakes.arrivals import activities, arrival, ensuring
from fakes.people import LATER, keep, new_sub, profile
from fakes.table import FakeTable
from fakes.tenants import keep_member, keep_organization, membership_of
from vestibule.organizations.store import Departures
from vestibule.platform.aws import AwsUnavailable
from vestibule.profiles import items
from vestibule.profiles.erase import Eraser
from vestibule.profiles.store import TableRemains
from vestibule.triggers import retry
from vestibule.triggers.ensure_user import Outcome
from vestibule.triggers.line import note

if TYPE_CHECKING:
    from types import ModuleType

    from vestibule.triggers.arrival import Arrival

EXAMPLE = Path(__file__).parents[3] / "examples" / "events" / "maintenance-erased.json"


@pytest.fixture
def maintenance(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in {
        "AWS_REGION": "us-east-1",
        "ENVIRONMENT": "test",
        "TABLE_NAME": "vestibule-test",
        "USER_POOL_ID": "us-east-1_test",
    }.items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("vestibule.functions.maintenance")


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def accounts() -> InMemoryAccounts:
    return InMemoryAccounts()


@pytest.fixture
def eraser(
    maintenance: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    table: FakeTable,
    accounts: InMemoryAccounts,
) -> Eraser:
    """Stands in the module too, for tests that call the entry point."""
    made = Eraser(accounts, TableRemains(table), Departures(table))
    monkeypatch.setattr(maintenance, "eraser", made)
    return made


def erased(user_id: str, *, name: str = "INSERT", sk: str = items.TOMBSTONE) -> dict[str, Any]:
    keys = {"pk": {"S": items.person_key(user_id)}, "sk": {"S": sk}}
    return {"eventID": "1", "eventName": name, "dynamodb": {"Keys": keys}}


def a_tombstone(table: FakeTable, user_id: str) -> None:
    table.put(items.tombstone(user_id, by=user_id, at=LATER))


@pytest.mark.usefixtures("eraser")
def test_an_erased_person_loses_account_and_history(
    maintenance: ModuleType, table: FakeTable, accounts: InMemoryAccounts
) -> None:
    gone, other = accounts.add(new_sub()), keep(table, profile())
    accounts.add(other.user_id)
    a_tombstone(table, gone)
    for number in range(3):
        table.put({"pk": items.person_key(gone), "sk": f"ACTIVITY#{number}"})

    maintenance.handler({"Records": [erased(gone)]}, None)

    assert gone not in accounts
    assert other.user_id in accounts
    left = {(item["pk"], item["sk"]) for item in table.all_items()}
    assert left == {
        (items.person_key(gone), items.TOMBSTONE),
        (items.person_key(other.user_id), items.PROFILE),
    }


@pytest.mark.usefixtures("eraser")
@pytest.mark.parametrize("status", ["active", "pending"])
def test_an_erased_person_leaves_their_organization(
    maintenance: ModuleType, table: FakeTable, status: str
) -> None:
    organization_id = keep_organization(table).id
    gone = keep_member(table, organization_id, status=status)
    other = keep_member(table, organization_id)
    a_tombstone(table, gone)

    maintenance.handler({"Records": [erased(gone)]}, None)

    assert membership_of(table, organization_id, gone) is None
    assert membership_of(table, organization_id, other) is not None
    left = [item["sk"] for item in table.all_items() if item["pk"] == items.person_key(gone)]
    assert left == [items.TOMBSTONE]


@pytest.mark.usefixtures("eraser")
def test_a_record_that_comes_again_finds_everything_done(
    maintenance: ModuleType, table: FakeTable, accounts: InMemoryAccounts
) -> None:
    gone = accounts.add(new_sub())
    a_tombstone(table, gone)
    event = {"Records": [erased(gone), erased(gone)]}
    maintenance.handler(event, None)
    before = table.all_items()

    maintenance.handler(event, None)

    assert table.all_items() == before


@pytest.mark.usefixtures("eraser")
def test_one_persons_failure_keeps_nobody_else_waiting_and_is_raised(
    maintenance: ModuleType, table: FakeTable, accounts: InMemoryAccounts
) -> None:
    first, second = accounts.add(new_sub()), accounts.add(new_sub())
    for user_id in (first, second):
        a_tombstone(table, user_id)
        table.put({"pk": items.person_key(user_id), "sk": "ACTIVITY#1"})
    event = {"Records": [erased(first), erased(second)]}
    table.fail_next(AwsUnavailable)

    with pytest.raises(maintenance.Unfinished, match=first):
        maintenance.handler(event, None)
    assert second not in accounts
    assert [item["pk"] for item in table.all_items() if item["sk"] == "ACTIVITY#1"] == [
        items.person_key(first)
    ]

    maintenance.handler(event, None)
    assert {item["sk"] for item in table.all_items()} == {items.TOMBSTONE}


@pytest.mark.parametrize(
    "record",
    [
        erased("x", name="MODIFY"),
        erased("x", name="REMOVE"),
        erased("x", sk=items.PROFILE),
        {
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"pk": {"S": "ORG#x"}, "sk": {"S": "ERASED"}}},
        },
        {"eventName": "INSERT", "dynamodb": {}},
        {},
    ],
    ids=["modified", "removed", "a profile", "no person", "no keys", "nothing"],
)
@pytest.mark.usefixtures("eraser")
def test_what_is_no_new_tombstone_erases_nothing(
    maintenance: ModuleType, accounts: InMemoryAccounts, table: FakeTable, record: dict[str, Any]
) -> None:
    accounts.add("x")
    table.put({"pk": items.person_key("x"), "sk": "ACTIVITY#1"})

    maintenance.handler({"Records": [record]}, None)
    maintenance.handler({}, None)

    assert "x" in accounts
    assert len(table.all_items()) == 1


@pytest.mark.usefixtures("eraser")
def test_the_log_names_the_person_by_id_alone(
    maintenance: ModuleType, accounts: InMemoryAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = accounts.add(new_sub(), "jo@example.test")

    maintenance.handler({"Records": [erased(gone)]}, None)

    printed = capsys.readouterr().out
    assert gone in printed
    assert "jo@example.test" not in printed
    assert all(json.loads(line) for line in printed.splitlines())


@pytest.mark.usefixtures("eraser")
def test_the_example_event_is_understood(
    maintenance: ModuleType, accounts: InMemoryAccounts
) -> None:
    event = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    gone = accounts.add(event["Records"][0]["dynamodb"]["NewImage"]["userId"]["S"])

    maintenance.handler(event, None)

    assert gone not in accounts


@pytest.fixture
def arrivals(
    maintenance: ModuleType, monkeypatch: pytest.MonkeyPatch, table: FakeTable
) -> FakeTable:
    """The table into which the module lets people in."""
    monkeypatch.setattr(maintenance, "ensure_user", ensuring(table))
    return table


def message(body: str, message_id: str = "m1") -> dict[str, Any]:
    return {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}


def test_who_had_to_wait_is_let_in_once(maintenance: ModuleType, arrivals: FakeTable) -> None:
    who = arrival()
    event = {"Records": [message(retry.write(who)), message(retry.write(who), "m2")]}

    answers = [maintenance.handler(event, None) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert len(activities(arrivals, who.user_id)) == 1


def test_what_cannot_be_done_stays_in_the_queue_and_keeps_nobody_waiting(
    maintenance: ModuleType, arrivals: FakeTable
) -> None:
    first, second = arrival(), arrival()
    records = [
        message(retry.write(first), "away"),
        message('{"DDBStreamBatchInfo": {}}', "not ours"),
        message(retry.write(second), "fine"),
    ]
    arrivals.fail_next(AwsUnavailable)

    answer = maintenance.handler({"Records": records}, None)

    assert answer == {
        "batchItemFailures": [{"itemIdentifier": "away"}, {"itemIdentifier": "not ours"}]
    }
    assert activities(arrivals, first.user_id) == []
    assert len(activities(arrivals, second.user_id)) == 1


def test_what_was_said_of_one_message_is_in_no_other_s_line(
    maintenance: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = arrival(), arrival()

    class Ensuring:
        def run(self, who: Arrival) -> Outcome:
            if who.user_id == first.user_id:
                note(trouble="the table is away")
                raise AwsUnavailable("dynamodb", "Query")
            note(arrival="opened")
            return Outcome(None)

    monkeypatch.setattr(maintenance, "ensure_user", Ensuring())

    maintenance.handler({"Records": [message(retry.write(each)) for each in (first, second)]}, None)
    note(arrival="nobody's")

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (taken_up,) = (line for line in said if line.get("userId") == second.user_id)
    assert taken_up["arrival"] == "opened"
    assert "trouble" not in taken_up


def test_somebody_erased_meanwhile_is_done_with(
    maintenance: ModuleType, arrivals: FakeTable
) -> None:
    who = arrival()
    a_tombstone(arrivals, who.user_id)

    answer = maintenance.handler({"Records": [message(retry.write(who))]}, None)

    assert answer == {"batchItemFailures": []}
    assert [item["sk"] for item in arrivals.all_items()] == [items.TOMBSTONE]


def test_the_example_arrival_is_understood(maintenance: ModuleType, arrivals: FakeTable) -> None:
    event = json.loads((EXAMPLE.parent / "maintenance-arrival.json").read_text(encoding="utf-8"))

    assert maintenance.handler(event, None) == {"batchItemFailures": []}
    assert items.PROFILE in {item["sk"] for item in arrivals.all_items()}
