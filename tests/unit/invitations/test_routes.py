from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.tenants import (
    invitation_now,
    keep_invitation,
    keep_organization,
    keep_person,
)
from fakes.whole_api import WholeApi
from vestibule.invitations import codes
from vestibule.invitations.reservations import Reservations, spending
from vestibule.platform.aws import AwsUnavailable

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import Answer

EXAMPLES = Path(__file__).parents[3] / "examples" / "events"
REVOKE = "DELETE /invitations/{id}"


def invite(api: WholeApi, by: str, **body: Any) -> Answer:
    return api.call("POST /invitations", by, body=body)


def problems(answer: Answer) -> list[tuple[str, str]]:
    return [(one["field"], one["rule"]) for one in answer.body["details"]]


def days_left(shown: dict[str, Any]) -> float:
    until = datetime.fromisoformat(shown["expiresAt"])
    return (until - datetime.now(UTC)).total_seconds() / 86400


def test_the_code_is_in_the_answer_once_and_nowhere_else(
    api: WholeApi, table: FakeTable, admin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = invite(api, admin, role="manager")
    code, shown = made.body["code"], made.body["invitation"]

    listed = api.call("GET /invitations", admin)

    assert made.status == 201
    assert made.headers["Location"] == f"/api/invitations/{shown['id']}"
    assert listed.body["invitations"] == [shown]
    assert code not in str(listed)
    assert code not in str(table.all_items())
    assert code not in capsys.readouterr().out
    assert codes.read(code).hash not in str(listed)


def test_what_is_left_out_is_decided_by_the_rules(api: WholeApi, admin: str) -> None:
    answer = invite(api, admin)

    shown = answer.body["invitation"]
    assert (shown["role"], shown["maxUses"], shown["uses"]) == ("user", 1, 0)
    assert (shown["status"], shown["delivery"], shown["createdBy"]) == ("open", "code", admin)
    assert days_left(shown) == pytest.approx(7, abs=0.01)
    assert {"email", "organizationId", "accountType"}.isdisjoint(shown)
    assert len(answer.body["code"]) == 24
    assert "mailed" not in answer.body


def test_everything_asked_for_is_kept(api: WholeApi, admin: str, organization_id: str) -> None:
    shown = invite(
        api,
        admin,
        email="Jo@Example.TEST",
        role="manager",
        organizationId=organization_id,
        accountType="business",
        expiresInDays=90,
    ).body["invitation"]

    assert (shown["email"], shown["role"]) == ("jo@example.test", "manager")
    assert (shown["organizationId"], shown["accountType"]) == (organization_id, "business")
    assert days_left(shown) == pytest.approx(90, abs=0.01)


def test_a_short_code_can_be_typed(api: WholeApi, table: FakeTable, admin: str) -> None:
    code = invite(api, admin, codeStyle="short").body["code"]

    reservation = Reservations(table).reserve(code.lower(), "jo@example.test", datetime.now(UTC))

    assert len(code) == 11
    assert reservation is not None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"role": "emperor"}, ("role", "enum")),
        ({"email": "jo.example.test"}, ("email", "email")),
        ({"email": "\u212aate@example.test"}, ("email", "email")),  # composed, or lower: kate
        ({"email": "jo@example.test\nBcc: x@example.test"}, ("email", "control")),
        ({"email": "jo@example.test", "maxUses": 2}, ("maxUses", "bound")),
        ({"maxUses": 0}, ("maxUses", "minimum")),
        ({"maxUses": 1001}, ("maxUses", "maximum")),
        ({"maxUses": "2"}, ("maxUses", "type")),
        ({"expiresInDays": 91}, ("expiresInDays", "maximum")),
        ({"expiresInDays": 0}, ("expiresInDays", "minimum")),
        ({"delivery": "pigeon"}, ("delivery", "enum")),
        ({"delivery": "email"}, ("email", "required")),
        ({"language": "fr"}, ("language", "enum")),
        ({"accountType": "gold"}, ("accountType", "enum")),
        ({"codeStyle": "none"}, ("codeStyle", "enum")),
        ({"code": "mine"}, ("code", "unknown")),
        ({"organizationId": "../x"}, ("organizationId", "pattern")),
    ],
)
def test_what_breaks_a_rule_is_named(
    api: WholeApi, table: FakeTable, admin: str, body: dict[str, Any], problem: tuple[str, str]
) -> None:
    before = table.all_items()

    answer = invite(api, admin, **body)

    assert (answer.status, problems(answer)) == (400, [problem])
    assert table.all_items() == before


def test_an_organizations_admin_invites_to_their_own_with_the_default_role(
    api: WholeApi, organization_admin: str, organization_id: str
) -> None:
    shown = invite(api, organization_admin, maxUses=10, role="user").body["invitation"]

    assert (shown["organizationId"], shown["role"]) == (organization_id, "user")


@pytest.mark.parametrize("role", ["admin", "manager", "guest"])
def test_an_organizations_admin_mints_no_role_of_the_whole_place(
    api: WholeApi, table: FakeTable, organization_admin: str, role: str
) -> None:
    before = table.all_items()

    assert invite(api, organization_admin, role=role).status == 403
    assert invite(api, organization_admin, accountType="enterprise").status == 403

    assert table.all_items() == before


def test_an_admin_invites_to_no_organization_that_is_not_there(api: WholeApi, admin: str) -> None:
    assert invite(api, admin, organizationId="nothing").status == 404
    answer = api.call("GET /invitations", admin, query={"organizationId": "nothing"})
    assert answer.status == 404


def test_a_mailed_code_is_shown_to_nobody_else(
    api: WholeApi, table: FakeTable, admin: str, organization_id: str, post_box: Any
) -> None:
    answer = invite(
        api,
        admin,
        email="jo@example.test",
        delivery="email",
        organizationId=organization_id,
        language="de",
    )

    (mail,) = post_box.mails
    assert answer.body["mailed"] is True
    assert "code" not in answer.body
    assert mail.code not in str(answer)
    assert (mail.email, mail.language) == ("jo@example.test", "de")
    reservation = Reservations(table).reserve(mail.code, "jo@example.test", datetime.now(UTC))
    assert reservation is not None
    assert reservation.proves_address


def test_a_mail_that_fails_costs_the_mail_alone(
    api: WholeApi, table: FakeTable, admin: str, post_box: Any
) -> None:
    post_box.fault = AwsUnavailable("ses", "SendEmail")

    answer = invite(api, admin, email="jo@example.test", delivery="email")

    assert (answer.status, answer.body["mailed"]) == (201, False)
    assert "code" not in answer.body
    revoked = api.call(REVOKE, admin, path={"id": answer.body["invitation"]["id"]})
    assert revoked.status == 200
    assert len([item for item in table.all_items() if item["sk"] == "INVITE"]) == 1


def test_without_a_sender_nothing_is_promised_by_mail(table: FakeTable, admin: str) -> None:
    answer = invite(WholeApi(table), admin, email="jo@example.test", delivery="email")

    assert (answer.status, problems(answer)) == (400, [("delivery", "unavailable")])


def test_the_list_tells_what_became_of_each(api: WholeApi, table: FakeTable, admin: str) -> None:
    now = datetime.now(UTC)
    later = int(now.timestamp()) + 1000
    made = {
        "open": keep_invitation(table, valid_until=later)[1],
        "expired": keep_invitation(table, valid_until=later - 2000)[1],
        "revoked": keep_invitation(table, valid_until=later)[1],
    }
    code, made["spent"] = keep_invitation(table, valid_until=later)
    reservation = Reservations(table).reserve(code, "jo@example.test", now)
    assert reservation is not None
    table.transact(*spending(reservation, admin, "2026"))
    api.call(REVOKE, admin, path={"id": made["revoked"].id})

    listed = api.call("GET /invitations", admin).body["invitations"]

    found = {one["id"]: one["status"] for one in listed}
    assert found == {one.id: status for status, one in made.items()}


def test_the_list_pages_within_one_organization(
    api: WholeApi, table: FakeTable, organization_admin: str, organization_id: str
) -> None:
    made = {keep_invitation(table, organization_id=organization_id)[1].id for _ in range(5)}
    keep_invitation(table, organization_id=keep_organization(table).id)
    keep_invitation(table)
    query: dict[str, str] = {"limit": "2"}
    listed: list[str] = []
    while True:
        body = api.call("GET /invitations", organization_admin, query=query).body
        listed += [one["id"] for one in body["invitations"]]
        if "nextToken" not in body:
            break
        query["nextToken"] = body["nextToken"]

    assert sorted(listed) == sorted(made)


def test_a_token_of_one_organizations_list_opens_no_other(
    api: WholeApi, table: FakeTable, organization_admin: str, organization_id: str, admin: str
) -> None:
    for _ in range(2):
        keep_invitation(table, organization_id=organization_id)
    page = api.call("GET /invitations", organization_admin, query={"limit": "1"})

    query = {"nextToken": page.body["nextToken"]}

    assert api.call("GET /invitations", admin, query=query).status == 400


@pytest.mark.parametrize("organization_id", ["", "a b", "x" * 129, "a#b", "\u00e4"])
def test_an_organization_that_can_be_none_is_refused(
    api: WholeApi, admin: str, organization_id: str
) -> None:
    answer = api.call("GET /invitations", admin, query={"organizationId": organization_id})

    assert (answer.status, problems(answer)) == (400, [("organizationId", "id")])


def test_a_revoked_code_opens_for_nobody_and_stays_so(
    api: WholeApi, table: FakeTable, admin: str
) -> None:
    made = invite(api, admin).body
    path = {"id": made["invitation"]["id"]}

    assert [api.call(REVOKE, admin, path=path).status for _ in range(2)] == [200, 200]

    now = datetime.now(UTC)
    assert Reservations(table).reserve(made["code"], "jo@example.test", now) is None


def test_a_used_code_cannot_be_revoked(api: WholeApi, table: FakeTable, admin: str) -> None:
    made = invite(api, admin).body
    reservation = Reservations(table).reserve(made["code"], "jo@example.test", datetime.now(UTC))
    assert reservation is not None
    table.transact(*spending(reservation, admin, "2026"))

    answer = api.call(REVOKE, admin, path={"id": made["invitation"]["id"]})

    assert answer.status == 409


def test_a_code_used_while_it_is_revoked_is_told_so(
    api: WholeApi, table: FakeTable, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, made = keep_invitation(table, valid_until=int(datetime.now(UTC).timestamp()) + 1000)
    reservation = Reservations(table).reserve(code, "jo@example.test", datetime.now(UTC))
    assert reservation is not None
    transact = table.transact

    def interrupted(*operations: Any) -> None:
        monkeypatch.setattr(table, "transact", transact)
        transact(*spending(reservation, admin, "2026"))
        transact(*operations)

    monkeypatch.setattr(table, "transact", interrupted)

    assert api.call(REVOKE, admin, path={"id": made.id}).status == 409
    assert invitation_now(table, made).status == "open"


@pytest.mark.parametrize("name", ["api-create-organization", "api-create-invitation"])
def test_an_example_event_is_answered(api: WholeApi, table: FakeTable, name: str) -> None:
    event = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    keep_person(table, role="admin", user_id=event["requestContext"]["authorizer"]["claims"]["sub"])

    assert api.send(event)["statusCode"] == 201
