from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import new_sub
from fakes.tenants import (
    keep_member,
    keep_organization,
    keep_person,
    membership_of,
    organization_of,
    profile_of,
)
from vestibule.organizations import items
from vestibule.organizations.memberships import joining
from vestibule.organizations.service import ATTEMPTS
from vestibule.profiles import items as people

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import WholeApi

MEMBERS = "GET /organizations/{id}/members"
ACCEPT = "POST /organizations/{id}/members/{userId}/accept"
ASSIGN = "PUT /organizations/{id}/members/{userId}"
REMOVE = "DELETE /organizations/{id}/members/{userId}"


@pytest.fixture
def admin(table: FakeTable) -> str:
    return keep_person(table, role="admin")


def problems(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["rule"]) for one in answer.body["details"]]


def test_making_an_organization_answers_with_it_its_place_and_its_version(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    answer = api.call(
        "POST /organizations",
        admin,
        body={"name": " Acme Tools ", "domain": "Acme.Example", "plan": "team"},
    )

    assert answer.status == 201
    shown = answer.body["organization"]
    assert (shown["name"], shown["plan"], shown["domain"]) == ("Acme Tools", "team", "acme.example")
    assert shown["features"] == ["profiles", "members", "invitations"]
    assert shown["domainVerified"] is False
    assert answer.headers["Location"] == f"/api/organizations/{shown['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert organization_of(table, shown["id"]).created_by == admin
    assert "createdBy" not in shown


def test_what_is_left_out_is_decided_by_the_policy(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    shown = api.call("POST /organizations", admin, body={"name": "Acme"}).body["organization"]

    assert (shown["plan"], shown["features"]) == ("free", ["profiles"])
    assert "domain" not in shown
    assert [item for item in table.all_items() if item["sk"] == items.CLAIM] == []


def test_a_named_person_becomes_the_first_admin(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    person = keep_person(table)

    answer = api.call("POST /organizations", admin, body={"name": "Acme", "adminId": person})

    organization_id = answer.body["organization"]["id"]
    membership = membership_of(table, organization_id, person)
    assert membership is not None
    assert membership.is_active_admin
    assert profile_of(table, person).organization_id == organization_id


def test_an_admin_may_name_themselves(api: WholeApi, table: FakeTable, admin: str) -> None:
    answer = api.call("POST /organizations", admin, body={"name": "Acme", "adminId": admin})

    assert answer.status == 201
    assert profile_of(table, admin).organization_id == answer.body["organization"]["id"]


@pytest.mark.parametrize("status", ["active", "pending"])
def test_who_belongs_or_waits_elsewhere_is_no_first_admin(
    api: WholeApi, table: FakeTable, admin: str, organization_id: str, status: str
) -> None:
    person = keep_member(table, organization_id, status=status)

    answer = api.call("POST /organizations", admin, body={"name": "Other", "adminId": person})

    assert answer.status == 409
    assert len([item for item in table.all_items() if item["sk"] == items.ORGANIZATION]) == 1


def test_nobody_is_no_first_admin(api: WholeApi, admin: str) -> None:
    answer = api.call("POST /organizations", admin, body={"name": "Acme", "adminId": new_sub()})

    assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"name": ""}, ("name", "length")),
        ({"name": "\u202eemcA"}, ("name", "direction")),
        ({"name": "x" * 257}, ("name", "length")),
        ({}, ("name", "required")),
        ({"name": "Acme", "plan": "gold"}, ("plan", "enum")),
        ({"name": "Acme", "features": ["teleport"]}, ("features", "enum")),
        ({"name": "Acme", "features": "profiles"}, ("features", "type")),
        ({"name": "Acme", "domain": "gmail.com"}, ("domain", "public")),
        ({"name": "Acme", "domain": "mail.gmail.com"}, ("domain", "public")),
        ({"name": "Acme", "domain": "localhost"}, ("domain", "domain")),
        ({"name": "Acme", "domain": "b\u00fccher.example"}, ("domain", "domain")),
        ({"name": "Acme", "domain": "\u212aates.example"}, ("domain", "domain")),  # lower: kates
        ({"name": "Acme", "adminId": "jo"}, ("adminId", "uuid")),
        ({"name": "Acme", "status": "active"}, ("status", "unknown")),
        ({"name": "Acme", "domainVerified": True}, ("domainVerified", "unknown")),
    ],
)
def test_what_breaks_a_rule_is_named(
    api: WholeApi, table: FakeTable, admin: str, body: dict[str, Any], problem: tuple[str, str]
) -> None:
    before = table.all_items()

    answer = api.call("POST /organizations", admin, body=body)

    assert (answer.status, problems(answer)) == (400, [problem])
    assert table.all_items() == before


def test_a_claimed_domain_answers_409(api: WholeApi, admin: str, organization_id: str) -> None:
    del organization_id

    answer = api.call("POST /organizations", admin, body={"name": "Bee", "domain": "acme.example"})

    assert answer.status == 409


def test_the_list_pages_through_all_organizations(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    made = {keep_organization(table, created_at=f"2026-01-0{n}").id for n in range(1, 6)}

    first = api.call("GET /organizations", admin, query={"limit": "3"})
    second = api.call(
        "GET /organizations",
        admin,
        query={"limit": "3", "nextToken": first.body["nextToken"]},
    )

    listed = first.body["organizations"] + second.body["organizations"]
    assert [first.body["count"], second.body["count"]] == [3, 2]
    assert {one["id"] for one in listed} == made
    assert "nextToken" not in second.body


def test_members_list_each_other_and_admins_see_who_waits(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin", name="Ada Admin")
    member = keep_member(table, organization_id, name="Jo Member", email="jo@example.test")
    waiting = keep_member(table, organization_id, status="pending")

    seen = {
        reader: api.call(MEMBERS, reader, path={"id": organization_id}).body
        for reader in (admin, member)
    }

    assert {one["userId"] for one in seen[member]["members"]} == {admin, member}
    assert {one["userId"] for one in seen[admin]["members"]} == {admin, member, waiting}
    assert [seen[member]["count"], seen[admin]["count"]] == [2, 3]
    assert "jo@example.test" not in str(seen)
    shown = next(one for one in seen[member]["members"] if one["userId"] == member)
    assert (shown["name"], shown["role"], shown["status"]) == ("Jo Member", "member", "active")


def test_a_page_of_members_goes_on_where_it_ended_and_nowhere_else(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    members = {keep_member(table, organization_id) for _ in range(5)}
    reader = min(members)
    query = {"limit": "2"}
    listed: set[str] = set()
    while True:
        body = api.call(MEMBERS, reader, path={"id": organization_id}, query=query).body
        listed |= {one["userId"] for one in body["members"]}
        if "nextToken" not in body:
            break
        query["nextToken"] = body["nextToken"]

    assert listed == members
    other = keep_organization(table).id
    keeper = keep_member(table, other)
    assert api.call(MEMBERS, keeper, path={"id": other}, query=query).status == 400


@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_nothing_shown_to_plain_members_names_who_waits(
    api: WholeApi, table: FakeTable, organization_id: str, limit: str
) -> None:
    members = {keep_member(table, organization_id) for _ in range(3)}
    waiting = {keep_member(table, organization_id, status="pending") for _ in range(12)}
    query = {"limit": limit}
    listed: list[str] = []
    while True:
        body = api.call(MEMBERS, min(members), path={"id": organization_id}, query=query).body
        assert 0 < body["count"] <= int(limit)
        listed += [one["userId"] for one in body["members"]]
        if "nextToken" not in body:
            break
        query["nextToken"] = body["nextToken"]
        shown = base64.urlsafe_b64decode(body["nextToken"] + "==").decode()
        assert not any(one in shown for one in waiting)

    assert listed == sorted(members)


@pytest.mark.parametrize("role", ["admin", "member"])
def test_whoever_is_suspended_is_not_let_in(
    api: WholeApi, table: FakeTable, organization_id: str, role: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = keep_member(table, organization_id, role=role, status="pending")
    table.update(people.person_key(person), people.PROFILE, changes={"status": "suspended"})

    answer = api.call(ACCEPT, admin, path={"id": organization_id, "userId": person})

    assert answer.status == 409
    assert "suspended" in answer.body["error"]
    membership = membership_of(table, organization_id, person)
    assert membership is not None
    assert not membership.is_active


def test_whoever_is_suspended_becomes_no_admin_but_a_plain_member(
    api: WholeApi, table: FakeTable, organization_id: str, admin: str
) -> None:
    keep_member(table, organization_id, role="admin")
    member, other = keep_member(table, organization_id), keep_person(table)
    demoted = keep_member(table, organization_id, role="admin")
    for person in (member, other, demoted):
        table.update(people.person_key(person), people.PROFILE, changes={"status": "suspended"})

    def assign(person: str, role: str) -> int:
        path = {"id": organization_id, "userId": person}
        return api.call(ASSIGN, admin, path=path, body={"role": role}).status

    assert assign(member, "admin") == 409
    assert assign(demoted, "member") == 200
    named = api.call("POST /organizations", admin, body={"name": "Other", "adminId": other})
    assert named.status == 409


def test_an_organizations_admin_changes_its_name_alone(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")

    def change(**body: Any) -> Any:
        return api.call("PUT /organizations/{id}", admin, path={"id": organization_id}, body=body)

    assert change(name="Acme New").body["organization"]["name"] == "Acme New"
    assert change(name="Acme", plan="team").status == 403
    assert change(name="Acme", features=["members"]).status == 403
    assert change(name="Acme", plan="free", features=["profiles"]).status == 200
    assert organization_of(table, organization_id).plan == "free"


def test_an_admin_changes_plan_and_features(
    api: WholeApi, table: FakeTable, admin: str, organization_id: str
) -> None:
    def change(**body: Any) -> Any:
        answer = api.call("PUT /organizations/{id}", admin, path={"id": organization_id}, body=body)
        return answer.body["organization"]

    assert change(name="Acme", plan="team")["features"] == ["profiles", "members", "invitations"]
    shown = change(name="Acme", features=["members"])
    assert (shown["plan"], shown["features"], shown["version"]) == ("team", ["members"], 3)
    assert organization_of(table, organization_id).features == ("members",)


def test_a_change_to_another_version_answers_412(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")

    answers = [
        api.call(
            "PUT /organizations/{id}",
            admin,
            path={"id": organization_id},
            body={"name": f"Acme {version}"},
            headers={"Content-Type": "application/json", "If-Match": f'"{version}"'},
        )
        for version in (1, 1, 2)
    ]

    assert [one.status for one in answers] == [200, 412, 200]
    assert answers[2].headers["ETag"] == '"3"'


def test_joining_of_others_is_no_change_of_the_organization(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    keep_member(table, organization_id, role="admin")

    shown = api.call("GET /organizations/{id}", admin, path={"id": organization_id})

    assert shown.body["organization"]["version"] == 1


def test_whoever_waits_sees_nothing_until_accepted(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = keep_member(table, organization_id, status="pending")
    path = {"id": organization_id, "userId": person}
    assert api.call("GET /organizations/{id}", person, path=path).status == 404

    accepted = api.call(ACCEPT, admin, path=path)

    assert accepted.status == 200
    assert accepted.body["member"]["status"] == "active"
    assert api.call("GET /organizations/{id}", person, path=path).status == 200
    assert api.call(ACCEPT, admin, path=path).status == 200
    assert profile_of(table, person).version == 2


def test_a_removed_member_sees_nothing_any_more(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = keep_member(table, organization_id)
    path = {"id": organization_id, "userId": person}

    removed = api.call(REMOVE, admin, path=path)

    assert (removed.status, removed.body["userId"]) == (200, person)
    assert api.call("GET /organizations/{id}", person, path=path).status == 404
    assert api.call(REMOVE, admin, path=path).status == 404
    assert profile_of(table, person).organization_id is None


def test_the_last_admin_stays_even_against_an_admin_of_all(
    api: WholeApi, table: FakeTable, admin: str, organization_id: str
) -> None:
    last = keep_member(table, organization_id, role="admin")
    keep_member(table, organization_id, role="admin", status="pending")
    keep_member(table, organization_id)
    path = {"id": organization_id, "userId": last}

    assert [api.call(REMOVE, by, path=path).status for by in (last, admin)] == [409, 409]
    assert membership_of(table, organization_id, last) is not None


def test_a_member_becomes_admin_and_a_member_again(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    member = keep_member(table, organization_id)

    def assign(user_id: str, role: str) -> int:
        path = {"id": organization_id, "userId": user_id}
        return api.call(ASSIGN, admin, path=path, body={"role": role}).status

    assert [assign(member, "admin") for _ in range(2)] == [200, 200]
    assert organization_of(table, organization_id).admins == 2
    assert assign(admin, "member") == 200
    assert assign(admin, "admin") == 403
    assert organization_of(table, organization_id).admins == 1
    kept = membership_of(table, organization_id, member)
    assert kept is not None
    assert kept.is_active_admin


def test_the_last_admin_remains_one(api: WholeApi, table: FakeTable, organization_id: str) -> None:
    last = keep_member(table, organization_id, role="admin")
    path = {"id": organization_id, "userId": last}

    assert api.call(ASSIGN, last, path=path, body={"role": "member"}).status == 409
    assert organization_of(table, organization_id).admins == 1


@pytest.mark.parametrize("status", ["pending", "nobody"])
def test_who_is_not_in_has_no_role(
    api: WholeApi, table: FakeTable, organization_id: str, status: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = new_sub()
    if status == "pending":
        person = keep_member(table, organization_id, status=status)

    path = {"id": organization_id, "userId": person}

    assert api.call(ASSIGN, admin, path=path, body={"role": "admin"}).status == 404
    assert organization_of(table, organization_id).admins == 1


def test_a_role_there_is_not_is_refused(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    path = {"id": organization_id, "userId": admin}

    answer = api.call(ASSIGN, admin, path=path, body={"role": "owner"})

    assert (answer.status, problems(answer)) == (400, [("role", "enum")])


def test_a_person_who_is_not_there_is_neither_accepted_nor_removed(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    path = {"id": organization_id, "userId": keep_person(table)}

    assert [api.call(route, admin, path=path).status for route in (ACCEPT, REMOVE)] == [404, 404]


def test_an_erased_person_who_waited_is_removed_and_not_accepted(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin, erased = keep_member(table, organization_id, role="admin"), new_sub()
    table.transact(*joining(erased, organization_id, status="pending", at="2026"))
    path = {"id": organization_id, "userId": erased}

    assert api.call(ACCEPT, admin, path=path).status == 404
    assert api.call(REMOVE, admin, path=path).status == 200


def test_a_person_whose_profile_names_another_place_is_not_accepted(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = keep_person(table, organization_id="elsewhere")
    table.transact(*joining(person, organization_id, status="pending", at="2026"))

    answer = api.call(ACCEPT, admin, path={"id": organization_id, "userId": person})

    assert answer.status == 409
    assert profile_of(table, person).organization_id == "elsewhere"


def test_giving_up_when_others_never_stop_writing_says_when_to_come_back(
    api: WholeApi, table: FakeTable, organization_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    transact = table.transact

    def interrupted(*operations: Any) -> None:
        table.update(*items.organization_key(organization_id), increment={"version": 1})
        transact(*operations)

    monkeypatch.setattr(table, "transact", interrupted)
    answer = api.call(
        "PUT /organizations/{id}", admin, path={"id": organization_id}, body={"name": "Acme"}
    )

    assert answer.status == 503
    assert "Retry-After" in answer.headers
    assert organization_of(table, organization_id).version == 1 + ATTEMPTS


@pytest.mark.parametrize(
    ("status", "expected"), [("active", "Acme"), ("pending", None)], ids=["member", "waiting"]
)
def test_people_are_told_of_their_own_organization_once_they_are_in(
    api: WholeApi, table: FakeTable, organization_id: str, status: str, expected: str | None
) -> None:
    person = keep_member(table, organization_id, status=status)

    own = api.services.organizations.own(person, organization_id)

    assert (own and own["name"]) == expected
    assert own is None or (own["id"], own["role"]) == (organization_id, "member")


def test_people_without_one_are_told_of_no_organization(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    person = keep_person(table)

    assert api.services.organizations.own(person, None) is None
    assert api.services.organizations.own(person, organization_id) is None
    assert api.services.organizations.own(person, "nothing") is None


@pytest.mark.parametrize("status", ["active", "pending"])
def test_a_member_leaves_and_whoever_waits_waits_no_longer(
    api: WholeApi, table: FakeTable, organization_id: str, status: str
) -> None:
    keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id, status=status)

    answer = api.call(REMOVE, user_id, path={"id": organization_id, "userId": user_id})

    assert answer.status == 200
    assert membership_of(table, organization_id, user_id) is None
    assert profile_of(table, user_id).organization_id is None
    again = api.call(REMOVE, user_id, path={"id": organization_id, "userId": user_id})
    assert again.status == 404


def test_the_last_admin_does_not_leave_and_the_suspended_change_nothing(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    last = keep_member(table, organization_id, role="admin")
    suspended = keep_member(table, organization_id, status="active")
    table.update(people.person_key(suspended), people.PROFILE, changes={"status": "suspended"})

    answers = [
        api.call(REMOVE, one, path={"id": organization_id, "userId": one}).status
        for one in (last, suspended)
    ]

    assert answers == [409, 403]
    assert membership_of(table, organization_id, last) is not None
    assert membership_of(table, organization_id, suspended) is not None


def test_who_waits_is_told_that_and_by_whom_they_are_kept_waiting_but_no_more(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    admin = keep_member(table, organization_id, role="admin")
    person = keep_member(table, organization_id, status="pending")
    table.update(people.person_key(person), people.PROFILE, changes={"status": "pending"})

    waiting = api.call("GET /me", person).body

    assert waiting["organization"] is None
    assert waiting["profile"]["status"] == "pending"
    assert waiting["membership"]["organizationId"] == organization_id
    assert waiting["membership"]["status"] == "pending"
    assert "Acme" not in str(waiting)

    api.call(ACCEPT, admin, path={"id": organization_id, "userId": person})

    member = api.call("GET /me", person).body
    assert member["organization"]["name"] == "Acme"
    assert (member["profile"]["status"], member["membership"]["status"]) == ("active", "active")
    assert "membership" not in api.call("GET /me", keep_person(table)).body


@pytest.mark.parametrize("by_then", ["accepted", "refused"])
def test_a_suspension_gives_back_a_wait_only_while_it_lasts(
    api: WholeApi, table: FakeTable, organization_id: str, admin: str, by_then: str
) -> None:
    head = keep_member(table, organization_id, role="admin")
    person = keep_member(table, organization_id, status="pending")
    table.update(people.person_key(person), people.PROFILE, changes={"status": "pending"})
    api.call("POST /users/{userId}/suspend", admin, path={"userId": person})
    if by_then == "refused":
        api.call(REMOVE, head, path={"id": organization_id, "userId": person})

    api.call("POST /users/{userId}/reactivate", admin, path={"userId": person})

    expected = "active" if by_then == "refused" else "pending"
    assert profile_of(table, person).status == expected


def test_whoever_waits_and_becomes_an_admin_of_all_acts_as_one(
    api: WholeApi, table: FakeTable, organization_id: str, admin: str
) -> None:
    people_of_all = []
    for suspended in (False, True):
        person = keep_member(table, organization_id, status="pending")
        table.update(people.person_key(person), people.PROFILE, changes={"status": "pending"})
        said: dict[str, Any] = {"path": {"userId": person}}
        if suspended:
            api.call("POST /users/{userId}/suspend", admin, **said)
        api.call("PUT /users/{userId}/role", admin, body={"role": "admin"}, **said)
        if suspended:
            api.call("POST /users/{userId}/reactivate", admin, **said)
        people_of_all.append(person)

    assert [profile_of(table, one).is_active_admin for one in people_of_all] == [True, True]
    assert api.call("GET /me", people_of_all[0]).body["membership"]["status"] == "pending"
