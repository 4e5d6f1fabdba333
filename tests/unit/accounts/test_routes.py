from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import CREATED, address, keep, new_sub, profile
from fakes.tenants import keep_member, keep_organization
from vestibule.invitations import items as invites
from vestibule.invitations.model import Reservation
from vestibule.platform.aws import AwsUnavailable
from vestibule.profiles import items

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import WholeApi

ROLE = "PUT /users/{userId}/role"
SUSPEND = "POST /users/{userId}/suspend"
REACTIVATE = "POST /users/{userId}/reactivate"
ACTIONS = {ROLE: {"body": {"role": "manager"}}, SUSPEND: {}, REACTIVATE: {}}


def person(table: FakeTable, **fields: Any) -> str:
    return keep(table, profile(email=address(), email_verified=True, **fields)).user_id


def record(table: FakeTable, user_id: str) -> dict[str, Any]:
    item = table.get(items.person_key(user_id), items.PROFILE)
    assert item is not None
    return item


def activity(table: FakeTable, user_id: str) -> list[dict[str, Any]]:
    page = table.query(items.person_key(user_id), sk_prefix="ACTIVITY#")
    return [dict(item) for item in page.items]


def test_a_role_is_given_with_where_it_came_from(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    user_id = person(table)

    answer = api.call(ROLE, admin, path={"userId": user_id}, body={"role": "manager"})

    assert answer.status == 200
    assert answer.body["message"] == "Role updated successfully"
    assert answer.body["profile"]["role"] == "manager"
    assert (record(table, user_id)["role"], record(table, user_id)["roleSource"]) == (
        "manager",
        "admin",
    )
    assert answer.headers["ETag"] == '"2"'
    (entry,) = activity(table, user_id)
    assert (entry["type"], entry["details"]) == ("role_change", {"by": admin, "role": "manager"})


def test_a_role_the_policy_does_not_name_is_refused_with_those_it_does(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    user_id = person(table)

    answer = api.call(ROLE, admin, path={"userId": user_id}, body={"role": "emperor"})

    assert answer.status == 400
    assert answer.body["details"] == [
        {
            "field": "role",
            "rule": "enum",
            "message": "Must be one of: admin, guest, manager, user.",
        }
    ]
    assert record(table, user_id)["role"] == "user"


def test_suspending_stops_writes_and_ends_sessions(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    user_id = person(table)

    answer = api.call(SUSPEND, admin, path={"userId": user_id})

    assert (answer.status, answer.body["profile"]["status"]) == (200, "suspended")
    assert user_id in api.accounts.disabled
    assert api.accounts.signed_out == [user_id]
    written = api.call(
        "PUT /profiles/{userId}", user_id, path={"userId": user_id}, body={"name": "Jo New"}
    )
    assert written.status == 403
    assert api.call("PUT /me/preferences", user_id, body={"theme": "dark"}).status == 403
    assert api.call("GET /me", user_id).status == 200


@pytest.mark.parametrize("times", [1, 2])
def test_sessions_end_before_the_account_is_disabled(
    api: WholeApi, table: FakeTable, admin: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = person(table)
    calls: list[str] = []
    monkeypatch.setattr(
        api.accounts, "disable", lambda _user_id: calls.append(f"disable {status()}")
    )
    monkeypatch.setattr(
        api.accounts, "sign_out", lambda _user_id: calls.append(f"sign out {status()}")
    )

    def status() -> str:
        return str(record(table, user_id)["status"])

    for _ in range(times):
        assert api.call(SUSPEND, admin, path={"userId": user_id}).status == 200

    assert calls == ["sign out suspended", "disable suspended"] * times


def test_reactivating_gives_back_what_was_before(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    waiting = person(table, status="pending")
    api.call(SUSPEND, admin, path={"userId": waiting})
    api.call(SUSPEND, admin, path={"userId": waiting})

    answer = api.call(REACTIVATE, admin, path={"userId": waiting})

    assert (answer.status, answer.body["profile"]["status"]) == (200, "pending")
    assert waiting not in api.accounts.disabled
    assert "statusBefore" not in record(table, waiting)


def test_reactivating_somebody_active_leaves_them_active(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    user_id = person(table)

    answer = api.call(REACTIVATE, admin, path={"userId": user_id})

    assert (answer.status, answer.body["profile"]["status"]) == (200, "active")


def test_a_suspension_that_cognito_missed_holds_and_can_be_repeated(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    user_id = person(table)
    api.accounts.refuses = AwsUnavailable("cognito-idp", "AdminDisableUser")

    answer = api.call(SUSPEND, admin, path={"userId": user_id})

    assert answer.status == 503
    assert record(table, user_id)["status"] == "suspended"
    api.accounts.refuses = None
    assert api.call(SUSPEND, admin, path={"userId": user_id}).status == 200
    assert user_id in api.accounts.disabled


@pytest.mark.parametrize("route", ACTIONS)
def test_nobody_does_it_to_themselves(api: WholeApi, admin: str, route: str) -> None:
    answer = api.call(route, admin, path={"userId": admin}, **ACTIONS[route])

    assert answer.status == 409
    assert "another admin" in answer.body["error"]


@pytest.mark.parametrize("route", ACTIONS)
def test_somebody_without_a_profile_is_not_found(api: WholeApi, admin: str, route: str) -> None:
    assert api.call(route, admin, path={"userId": new_sub()}, **ACTIONS[route]).status == 404


@pytest.mark.parametrize("route", [*ACTIONS, "GET /users/{userId}/activity"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"role": "user"}, 403),
        ({"role": "manager"}, 403),
        ({"role": "admin", "status": "suspended"}, 403),
        ({"role": "admin", "status": "pending"}, 403),
    ],
)
def test_only_active_admins_do_it(
    api: WholeApi, table: FakeTable, route: str, fields: dict[str, Any], status: int
) -> None:
    caller, user_id = person(table, **fields), person(table)
    before = table.all_items()

    answer = api.call(route, caller, path={"userId": user_id}, **ACTIONS.get(route, {}))

    assert answer.status == status
    assert table.all_items() == before
    assert not api.accounts.disabled


@pytest.mark.parametrize(
    "route",
    [
        *ACTIONS,
        "GET /users/{userId}/activity",
        "GET /me/activity",
        "GET /me/export",
        "GET /me/preferences",
        "PUT /me/preferences",
        "POST /me/sign-out",
    ],
)
def test_strangers_are_asked_to_sign_in(api: WholeApi, table: FakeTable, route: str) -> None:
    path = {"userId": person(table)} if "{" in route else None

    assert api.call(route, None, path=path, **ACTIONS.get(route, {})).status == 401


def test_signing_out_ends_the_callers_own_sessions(api: WholeApi, table: FakeTable) -> None:
    user_id = person(table)

    answer = api.call("POST /me/sign-out", user_id)

    assert (answer.status, answer.body) == (204, {})
    assert api.accounts.signed_out == [user_id]
    (entry,) = activity(table, user_id)
    assert (entry["type"], entry["ip"], entry["userAgent"]) == ("logout", "192.0.2.1", "a test")


def test_preferences_are_the_defaults_until_they_are_changed(
    api: WholeApi, table: FakeTable
) -> None:
    user_id = person(table)
    before = api.call("GET /me/preferences", user_id).body["preferences"]
    assert (before["theme"], before["marketingEmails"]) == ("auto", False)

    changed = api.call(
        "PUT /me/preferences",
        user_id,
        body={"theme": "dark", "timezone": "Europe/Vienna", "dashboardLayout": {"a": [1, None]}},
    )

    assert changed.status == 200
    assert changed.body["preferences"] == before | {
        "theme": "dark",
        "timezone": "Europe/Vienna",
        "dashboardLayout": {"a": [1, None]},
    }
    assert api.call("GET /me", user_id).body["preferences"] == changed.body["preferences"]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("theme", "blue", "enum"),
        ("emailNotifications", "yes", "type"),
        ("language", "english please", "language"),
        ("timezone", "Europe/../etc", "timezone"),
        ("dateFormat", "<b>", "dateFormat"),
        ("defaultView", "x" * 65, "view"),
        ("dashboardLayout", {"a": "x" * 9000}, "maxBytes"),
        ("dashboardLayout", {"f": 1e-140}, "number"),
        ("role", "admin", "unknown"),
        ("theme", None, "type"),
    ],
)
def test_a_preference_that_breaks_a_rule_changes_nothing(
    api: WholeApi, table: FakeTable, field: str, value: Any, rule: str
) -> None:
    user_id = person(table)
    before = table.all_items()

    answer = api.call("PUT /me/preferences", user_id, body={field: value})

    assert answer.status == 400
    ((found, broken),) = [(each["field"], each["rule"]) for each in answer.body["details"]]
    assert (found.partition(".")[0], broken) == (field, rule)
    assert table.all_items() == before


def test_preferences_need_a_profile(api: WholeApi) -> None:
    assert api.call("PUT /me/preferences", new_sub(), body={"theme": "dark"}).status == 404


def test_an_export_holds_everything_and_is_noted(api: WholeApi, table: FakeTable) -> None:
    user_id = person(table, bio="Likes doors.")
    api.accounts.add(user_id, "jo@example.test")
    api.call("POST /me/sign-out", user_id)

    first = api.call("GET /me/export", user_id)

    assert first.status == 200
    assert first.body["profile"]["bio"] == "Likes doors."
    assert first.body["preferences"]["theme"] == "auto"
    assert first.body["account"] == {"sub": user_id, "email": "jo@example.test"}
    assert [entry["type"] for entry in first.body["activity"]] == ["logout"]
    assert first.body["activityComplete"] is True
    assert first.body["organization"] is None
    second = api.call("GET /me/export", user_id)
    assert [entry["type"] for entry in second.body["activity"]] == ["data_export", "logout"]


def test_an_export_holds_what_others_were_told_and_who_has_it(
    api: WholeApi, table: FakeTable
) -> None:
    user_id = person(table)
    key = items.person_key(user_id)
    table.put({"pk": key, "sk": items.CONFIRMED, "email": "jo@example.test", "at": CREATED})
    table.put({"pk": key, "sk": "DELIVERY#user-service", "status": "done"})
    table.put({"pk": key, "sk": "DELIVERY#mail:welcome", "state": "sent"})

    body = api.call("GET /me/export", user_id).body

    assert body["confirmation"] == {"email": "jo@example.test", "at": CREATED}
    assert body["deliveries"] == {
        "user-service": {"status": "done"},
        "mail:welcome": {"state": "sent"},
    }
    nobody = api.call("GET /me/export", new_sub()).body
    assert (nobody["confirmation"], nobody["deliveries"]) == (None, {})


def test_an_export_holds_a_membership_that_waits(api: WholeApi, table: FakeTable) -> None:
    organization_id = keep_organization(table).id
    user_id = keep_member(table, organization_id, status="pending")

    body = api.call("GET /me/export", user_id).body

    assert body["organization"] is None
    (held,) = body["memberships"]
    assert (held["organizationId"], held["role"], held["status"], held["joinedAt"]) == (
        organization_id,
        "member",
        "pending",
        CREATED,
    )


def kept_under(table: FakeTable, email: str) -> None:
    table.put({"pk": f"EMAIL#{email}", "sk": "SIGNUP", "origin": {"campaign": "spring"}})
    aside = {"reason": "bounce", "kind": "General"}
    table.put({"pk": f"EMAIL#{email}", "sk": "SUPPRESSED", **aside})
    made = Reservation(email, "hash-of-the-code", "i1", "user", "email", CREATED, 2**33)
    table.put(invites.from_reservation(made))


def test_an_export_holds_what_is_kept_under_the_address_without_the_code(
    api: WholeApi, table: FakeTable
) -> None:
    user_id = person(table)
    kept_under(table, record(table, user_id)["email"])

    answer = api.call("GET /me/export", user_id)

    kept = answer.body["address"]
    assert kept["signUp"]["origin"] == {"campaign": "spring"}
    assert kept["reservedInvitation"]["inviteId"] == "i1"
    assert kept["setAside"] == {"reason": "bounce", "kind": "General"}
    assert "hash-of-the-code" not in json.dumps(answer.body)


def test_an_export_holds_nothing_of_an_address_that_is_not_proven_or_anothers(
    api: WholeApi, table: FakeTable
) -> None:
    unproven = keep(table, profile(email=address(), email_verified=False))
    other = keep(table, profile(email=address(), email_verified=True))
    table.put(
        items.claiming(other.email or "", new_sub(), CREATED).item,
    )
    for one in (unproven, other):
        kept_under(table, one.email or "")

        assert api.call("GET /me/export", one.user_id).body["address"] == {}


def test_somebody_without_a_profile_may_export_what_there_is(api: WholeApi) -> None:
    answer = api.call("GET /me/export", new_sub())

    assert (answer.status, answer.body["profile"], answer.body["activity"]) == (200, None, [])


def test_a_change_that_always_loses_is_answered_503(
    api: WholeApi, table: FakeTable, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = person(table)
    real = table.transact

    def overtaken(*operations: Any) -> None:
        table.update(items.person_key(user_id), items.PROFILE, increment={"version": 1})
        real(*operations)

    monkeypatch.setattr(table, "transact", overtaken)

    answer = api.call(SUSPEND, admin, path={"userId": user_id})

    assert answer.status == 503
    assert record(table, user_id)["status"] == "active"
    assert not api.accounts.disabled
