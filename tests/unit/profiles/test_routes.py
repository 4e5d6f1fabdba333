from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.interruptions import before_each_write
from fakes.people import LATER, claimant, draft, keep, new_sub, profile
from vestibule.platform.aws import AwsUnavailable
from vestibule.profiles import items

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.accounts import InMemoryAccounts
    from fakes.table import FakeTable
    from vestibule.platform.http.router import Api
    from vestibule.profiles.service import ProfileService

    Call = Callable[..., Any]

EXAMPLES = Path(__file__).parents[3] / "examples" / "events"
EVERY_FIELD = {
    "name": "Jo Doe",
    "firstName": "Jo",
    "lastName": "Doe",
    "phoneNumber": "+14155550123",
    "bio": "<b>Hi</b>\nthere",
    "department": "R&D",
}


def test_creating_answers_with_the_profile_its_place_and_its_version(
    call: Call, accounts: InMemoryAccounts
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")

    answer = call(
        "POST", "/profiles", caller=user_id, body=EVERY_FIELD | {"email": "Jo@Example.TEST"}
    )

    assert answer.status == 201
    assert answer.body["message"] == "Profile created successfully"
    assert answer.body["profile"].items() >= EVERY_FIELD.items()
    assert answer.body["profile"]["userId"] == user_id
    assert answer.body["profile"]["email"] == "jo@example.test"
    assert answer.headers["Location"] == f"/api/profiles/{user_id}"
    assert answer.headers["ETag"] == '"1"'


def test_creating_again_answers_409_in_plain_words(call: Call, accounts: InMemoryAccounts) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    call("POST", "/profiles", caller=user_id, body={"name": "Jo Doe"})

    answer = call("POST", "/profiles", caller=user_id, body={"name": "Jo Doe"})

    assert answer.status == 409
    assert answer.body["error"] == "You have a profile already. Change it with PUT."


def test_creating_after_an_erasure_answers_409_in_plain_words(
    call: Call, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    table.put(items.tombstone(user_id, by=user_id, at=LATER))

    answer = call("POST", "/profiles", caller=user_id, body={"name": "Jo Doe"})

    assert answer.status == 409
    assert "was erased" in answer.body["error"]


def test_creating_without_an_account_answers_403(call: Call) -> None:
    assert call("POST", "/profiles", caller=new_sub(), body={"name": "Jo"}).status == 403


def test_a_conflict_of_addresses_does_not_tell_who_holds_it(
    call: Call, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    holder = keep(table, profile(email="jo@example.test", email_verified=True, name="Holder"))
    accounts.add(holder.user_id, "jo@example.test")
    user_id = accounts.add(new_sub(), "jo@example.test")

    answer = call("POST", "/profiles", caller=user_id, body={"name": "Jo Doe"})

    assert answer.status == 201
    assert answer.body["profile"]["emailConflict"] is True
    assert "email" not in answer.body["profile"]
    assert holder.user_id not in str(answer)
    assert "Holder" not in str(answer)


def test_a_suspended_caller_is_told_so(call: Call, table: FakeTable) -> None:
    known = keep(table, profile(status="suspended"))

    answer = call("PUT", f"/profiles/{known.user_id}", caller=known.user_id, body={"name": "Jo"})

    assert answer.status == 403
    assert "suspended" in answer.body["error"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_another_address_is_refused_with_the_way_to_change_it(
    call: Call, accounts: InMemoryAccounts, table: FakeTable, method: str
) -> None:
    known = profile(email="jo@example.test", email_verified=True, onboarding_completed=False)
    user_id = accounts.add(keep(table, known).user_id, "jo@example.test")
    path = "/profiles" if method == "POST" else f"/profiles/{user_id}"

    answer = call(method, path, caller=user_id, body={"name": "Jo", "email": "x@example.test"})

    assert answer.status == 400
    (detail,) = answer.body["details"]
    assert (detail["field"], detail["rule"]) == ("email", "unchangeable")
    assert "sign-in account" in detail["message"]
    assert claimant(table, "x@example.test") is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "name", "required"),
        ({"name": None}, "name", "type"),
        ({"name": 7}, "name", "type"),
        ({"name": "J"}, "name", "length"),
        ({"name": " J "}, "name", "length"),
        ({"name": "x" * 257}, "name", "length"),
        ({"name": "Jo\u0000"}, "name", "control"),
        ({"name": "Jo\nDoe"}, "name", "control"),
        ({"name": "Jo \u202eeoD"}, "name", "direction"),
        ('{"name": "Jo\\ud800"}', "name", "unicode"),
        ('{"name": "Jo", "name": "Doe"}', "name", "duplicate"),
        ({"name": "Jo", "firstName": "x" * 129}, "firstName", "length"),
        ({"name": "Jo", "lastName": "\u2066x"}, "lastName", "direction"),
        ({"name": "Jo", "department": ["R&D"]}, "department", "type"),
        ({"name": "Jo", "phoneNumber": "0123"}, "phoneNumber", "e164"),
        ({"name": "Jo", "phoneNumber": 14155550123}, "phoneNumber", "type"),
        ({"name": "Jo", "bio": "x" * 2001}, "bio", "length"),
        ({"name": "Jo", "bio": "\u0007"}, "bio", "control"),
        ({"name": "Jo", "email": "no address"}, "email", "email"),
        ({"name": "Jo", "email": "x" * 250 + "@x.io"}, "email", "length"),
        ({"name": "Jo", "nickname": "J"}, "nickname", "unknown"),
        *(
            ({"name": "Jo", field: value}, field, "unknown")
            for field, value in {
                "userId": "00000000-0000-4000-8000-000000000000",
                "role": "admin",
                "roleSource": "invitation",
                "status": "active",
                "accountType": "enterprise",
                "organizationId": "org-1",
                "emailVerified": True,
                "phoneVerified": True,
                "onboardingCompleted": True,
                "emailConflict": False,
                "createdAt": LATER,
                "updatedAt": LATER,
                "lastLoginAt": LATER,
                "version": 7,
                "pk": "USER#x",
            }.items()
        ),
        ([], "body", "type"),
        ("{", "body", "json"),
        ("", "body", "required"),
    ],
    ids=str,
)
def test_a_bad_body_names_its_field_and_rule_and_changes_nothing(  # noqa: PLR0913, PLR0917 - a table
    call: Call,
    accounts: InMemoryAccounts,
    table: FakeTable,
    method: str,
    body: Any,
    field: str,
    rule: str,
) -> None:
    known = keep(table, profile(onboarding_completed=False))
    accounts.add(known.user_id, "jo@example.test")
    path = "/profiles" if method == "POST" else f"/profiles/{known.user_id}"
    before = table.all_items()

    answer = call(method, path, caller=known.user_id, body=body)

    assert answer.status == 400
    assert (field, rule) in {(one["field"], one["rule"]) for one in answer.body["details"]}
    assert table.all_items() == before


def test_all_problems_of_a_body_are_named_at_once(call: Call, table: FakeTable) -> None:
    known = keep(table, profile())

    answer = call(
        "PUT",
        f"/profiles/{known.user_id}",
        caller=known.user_id,
        body={"name": "J", "phoneNumber": "1", "role": "admin"},
    )

    assert [one["field"] for one in answer.body["details"]] == ["name", "phoneNumber", "role"]


def test_a_list_shows_public_fields_and_leads_to_its_next_page(
    call: Call, table: FakeTable
) -> None:
    people = [
        keep(table, profile(created_at=f"2026-01-0{day}T00:00:00.000000Z", email="a@b.test"))
        for day in range(1, 6)
    ]
    reader = people[0].user_id
    seen: list[dict[str, str]] = []
    counts = []
    query = {"limit": "2"}
    while True:
        answer = call("GET", "/profiles", caller=reader, query=query)
        assert answer.status == 200
        seen += answer.body["profiles"]
        counts.append(answer.body["count"])
        if "nextToken" not in answer.body:
            break
        query["nextToken"] = answer.body["nextToken"]

    assert counts == [2, 2, 1]
    assert seen == [
        {"userId": one.user_id, "name": one.name, "createdAt": one.created_at} for one in people
    ]


def test_a_page_costs_one_query_of_the_index(call: Call, table: FakeTable) -> None:
    reader = keep(table, profile()).user_id
    table.calls.clear()

    call("GET", "/profiles", caller=reader)

    assert table.calls == ["Query"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"nextToken": "forged"}, "nextToken"),
    ],
    ids=str,
)
def test_a_bad_page_is_refused(call: Call, query: dict[str, str], field: str) -> None:
    answer = call("GET", "/profiles", caller=new_sub(), query=query)

    assert answer.status == 400
    assert [one["field"] for one in answer.body["details"]] == [field]


def test_showing_gives_its_owner_everything_and_the_version(call: Call, table: FakeTable) -> None:
    known = keep(table, profile(email="jo@example.test", version=3, bio="Hi"))
    table.put({"pk": items.person_key(known.user_id), "sk": "LOGIN", "lastLoginAt": LATER})

    answer = call("GET", f"/profiles/{known.user_id}", caller=known.user_id)

    assert answer.status == 200
    assert answer.headers["ETag"] == '"3"'
    assert answer.body["profile"]["email"] == "jo@example.test"
    assert answer.body["profile"]["lastLoginAt"] == LATER


def test_showing_gives_others_public_fields_and_no_version(call: Call, table: FakeTable) -> None:
    known = keep(table, profile(email="jo@example.test", bio="Hi"))

    answer = call("GET", f"/profiles/{known.user_id}", caller=new_sub())

    assert answer.status == 200
    assert answer.body["profile"].keys() == {"userId", "name", "bio", "createdAt"}
    assert "ETag" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_where_nobody_is_an_admin_is_told_404(call: Call, table: FakeTable, method: str) -> None:
    admin = keep(table, profile(role="admin")).user_id
    body = {"name": "Jo"} if method == "PUT" else None

    answer = call(method, f"/profiles/{new_sub()}", caller=admin, body=body)

    assert answer.status == 404
    assert answer.body["error"] == "There is no such profile."


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_no_id_is_refused(call: Call, table: FakeTable, method: str) -> None:
    admin = keep(table, profile(role="admin")).user_id

    answer = call(method, "/profiles/no-id", caller=admin, body={"name": "Jo"})

    assert answer.status == 400
    assert [one["field"] for one in answer.body["details"]] == ["userId"]


def test_changing_answers_with_the_whole_profile_and_its_next_version(
    call: Call, table: FakeTable
) -> None:
    known = keep(table, profile(first_name="Jo", last_name="Doe", bio="old"))

    answer = call(
        "PUT",
        f"/profiles/{known.user_id}",
        caller=known.user_id,
        body={"name": " Jo New ", "lastName": None, "bio": "  "},
        headers={"If-Match": '"1"'},
    )

    assert answer.status == 200
    assert answer.body["message"] == "Profile updated successfully"
    assert answer.headers["ETag"] == '"2"'
    changed = answer.body["profile"]
    assert (changed["name"], changed["firstName"], changed["version"]) == ("Jo New", "Jo", 2)
    assert not {"lastName", "bio"} & changed.keys()


def test_changing_a_version_that_is_past_answers_412(call: Call, table: FakeTable) -> None:
    known = keep(table, profile(version=2))

    answer = call(
        "PUT",
        f"/profiles/{known.user_id}",
        caller=known.user_id,
        body={"name": "Jo New"},
        headers={"If-Match": '"1"'},
    )

    assert answer.status == 412
    assert table.all_items() == [items.from_profile(known)]


def test_an_admin_changes_another_and_is_held_to_the_version_too(
    call: Call, table: FakeTable
) -> None:
    known, admin = keep(table, profile()), keep(table, profile(role="admin")).user_id
    path, body = f"/profiles/{known.user_id}", {"name": "Jo New"}

    changed = call("PUT", path, caller=admin, body=body, headers={"If-Match": '"1"'})
    stale = call("PUT", path, caller=admin, body=body, headers={"If-Match": '"1"'})

    assert (changed.status, changed.body["profile"]["name"]) == (200, "Jo New")
    assert stale.status == 412


def test_an_admin_demoted_between_the_check_and_the_write_is_stopped(
    call: Call, table: FakeTable
) -> None:
    known, admin = keep(table, profile()), keep(table, profile(role="admin")).user_id
    key = (items.person_key(admin), items.PROFILE)
    before_each_write(table, lambda: table.update(*key, changes={"role": "user"}))

    changing = call("PUT", f"/profiles/{known.user_id}", caller=admin, body={"name": "Jo New"})
    table.update(*key, changes={"role": "admin"})
    erasing = call("DELETE", f"/profiles/{known.user_id}", caller=admin)

    assert (changing.status, erasing.status) == (403, 403)
    assert items.from_profile(known) in table.all_items()


def test_erasing_answers_once_and_then_finds_nobody(
    call: Call, service: ProfileService, accounts: InMemoryAccounts
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    service.create(user_id, draft())

    first = call("DELETE", f"/profiles/{user_id}", caller=user_id)
    second = call("DELETE", f"/profiles/{user_id}", caller=user_id)

    assert first.status == 200
    assert first.body == {"message": "Profile deleted successfully", "userId": user_id}
    assert second.status == 404


def test_me_is_empty_but_for_defaults_before_there_is_a_profile(call: Call) -> None:
    answer = call("GET", "/me", caller=new_sub())

    assert answer.status == 200
    assert (answer.body["profile"], answer.body["organization"]) == (None, None)
    assert answer.body["role"] == "user"
    assert answer.body["preferences"]["marketingEmails"] is False


def test_me_shows_all_of_ones_own(call: Call, table: FakeTable) -> None:
    known = keep(table, profile(email="jo@example.test", role="manager"))
    table.put({"pk": items.person_key(known.user_id), "sk": "LOGIN", "lastActivityAt": LATER})

    answer = call("GET", "/me", caller=known.user_id)

    assert answer.body["profile"]["email"] == "jo@example.test"
    assert answer.body["profile"]["lastActivityAt"] == LATER
    assert answer.body["role"] == "manager"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_table_that_is_away_is_a_clean_503(
    call: Call, accounts: InMemoryAccounts, table: FakeTable, method: str
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    path = "/profiles" if method == "POST" else f"/profiles/{user_id}"
    body = {"name": "Jo"} if method in {"POST", "PUT"} else None
    table.fail_next(AwsUnavailable, times=5)

    answer = call(method, path, caller=user_id, body=body)

    assert answer.status == 503
    assert answer.headers["Retry-After"]


def test_endless_races_are_a_clean_503(
    call: Call, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    waiting = keep(table, profile(onboarding_completed=False))
    accounts.add(waiting.user_id, "jo@example.test")
    key = (items.person_key(waiting.user_id), items.PROFILE)
    before_each_write(table, lambda: table.update(*key, increment={"version": 1}))

    answer = call("POST", "/profiles", caller=waiting.user_id, body={"name": "Jo"})

    assert answer.status == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("name", "status"), [("health", 200), ("show-me", 200), ("create-profile", 201)]
)
def test_the_example_events_are_answered(
    api: Api, accounts: InMemoryAccounts, name: str, status: int
) -> None:
    event = json.loads((EXAMPLES / f"api-{name}.json").read_text(encoding="utf-8"))
    claims = event["requestContext"].get("authorizer", {}).get("claims", {})
    accounts.add(claims.get("sub", ""), "jo@example.test")

    assert api(event)["statusCode"] == status


def test_the_example_of_a_change_is_answered(api: Api, table: FakeTable) -> None:
    event = json.loads((EXAMPLES / "api-change-profile.json").read_text(encoding="utf-8"))
    keep(table, profile(event["pathParameters"]["userId"], bio="old"))

    answer = json.loads(api(event)["body"])

    assert answer["message"] == "Profile updated successfully"
    assert "bio" not in answer["profile"]
