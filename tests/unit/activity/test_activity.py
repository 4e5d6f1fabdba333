from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fakes.people import keep, new_sub, profile
from vestibule.activity import items
from vestibule.activity.model import LOGIN
from vestibule.activity.store import TableActivity
from vestibule.platform.aws import AwsUnavailable

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import WholeApi


def log_in(table: FakeTable, user_id: str, *days: int) -> None:
    for day in days:
        put = items.entry(user_id, LOGIN, f"2026-03-{day:02d}T00:00:00.000000Z", ip="192.0.2.7")
        table.put(put.item)


def test_own_activity_comes_newest_first_page_by_page(api: WholeApi, table: FakeTable) -> None:
    user_id = keep(table, profile()).user_id
    log_in(table, user_id, 1, 3, 2)
    log_in(table, new_sub(), 4)

    first = api.call("GET /me/activity", user_id, query={"limit": "2"})
    token = first.body["nextToken"]
    second = api.call("GET /me/activity", user_id, query={"limit": "2", "nextToken": token})

    assert first.body["count"] == 2
    times = [entry["time"][:10] for entry in first.body["activity"] + second.body["activity"]]
    assert times == ["2026-03-03", "2026-03-02", "2026-03-01"]
    assert first.body["activity"][0] == {
        "type": "login",
        "time": "2026-03-03T00:00:00.000000Z",
        "ip": "192.0.2.7",
    }
    assert "nextToken" not in second.body


def test_an_admin_reads_somebody_elses(api: WholeApi, table: FakeTable, admin: str) -> None:
    user_id = keep(table, profile()).user_id
    log_in(table, user_id, 1)

    answer = api.call("GET /users/{userId}/activity", admin, path={"userId": user_id})

    assert (answer.status, answer.body["count"]) == (200, 1)


def test_a_token_of_somebody_elses_list_is_refused(api: WholeApi, table: FakeTable) -> None:
    mine, other = new_sub(), new_sub()
    log_in(table, other, 1, 2)
    token = api.call("GET /me/activity", other, query={"limit": "1"}).body["nextToken"]

    answer = api.call("GET /me/activity", mine, query={"nextToken": token})

    assert answer.status == 400
    assert answer.body["details"][0]["field"] == "nextToken"


def test_an_entry_lives_ninety_days() -> None:
    at = "2026-03-01T00:00:00.000000Z"

    item = items.entry(new_sub(), LOGIN, at).item

    assert item["expiresAt"] - datetime.fromisoformat(at).timestamp() == 90 * 86400


def test_a_changed_profile_is_noted(api: WholeApi, table: FakeTable) -> None:
    user_id = keep(table, profile()).user_id

    api.call("PUT /profiles/{userId}", user_id, path={"userId": user_id}, body={"name": "Jo New"})

    (entry,) = api.call("GET /me/activity", user_id).body["activity"]
    assert (entry["type"], entry["ip"], entry["userAgent"]) == (
        "profile_update",
        "192.0.2.1",
        "a test",
    )


def test_a_profile_changed_by_an_admin_is_noted_as_theirs(api: WholeApi, table: FakeTable) -> None:
    user_id, admin = keep(table, profile()).user_id, keep(table, profile(role="admin")).user_id

    api.call("PUT /profiles/{userId}", admin, path={"userId": user_id}, body={"name": "Jo New"})

    (entry,) = api.call("GET /me/activity", user_id).body["activity"]
    assert (entry["type"], entry["details"]) == ("profile_update", {"by": admin})
    assert not {"ip", "userAgent"} & entry.keys()


def test_a_note_that_cannot_be_kept_costs_nothing_else(table: FakeTable) -> None:
    user_id = new_sub()
    table.fail_next(AwsUnavailable("dynamodb", "PutItem"))

    TableActivity(table).note(user_id, LOGIN, "2026-03-01T00:00:00.000000Z")

    assert table.all_items() == []


def test_nothing_is_noted_of_somebody_erased(api: WholeApi, table: FakeTable) -> None:
    user_id = keep(table, profile()).user_id
    api.services.profiles.erase(user_id, by=user_id)
    left = table.all_items()

    answer = api.call("POST /me/sign-out", user_id)

    assert answer.status == 204
    assert table.all_items() == left


def test_everything_is_read_over_many_pages_up_to_a_bound(table: FakeTable) -> None:
    user_id = new_sub()
    for minute in range(125):
        at = f"2026-03-01T{minute // 60:02d}:{minute % 60:02d}:00.000000Z"
        table.put(items.entry(user_id, LOGIN, at).item)
    activity = TableActivity(table)

    assert len(list(activity.all(user_id, 1000))) == 125
    assert [entry.time[11:16] for entry in activity.all(user_id, 101)][-1] == "00:24"
