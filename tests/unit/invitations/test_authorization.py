"""Every route of invitations, called by everybody: who gets in, and what a refusal changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.gateway import claims
from fakes.tenants import keep_invitation, keep_member, keep_organization, keep_person
from vestibule.functions import wiring
from vestibule.invitations.routes import routes
from vestibule.profiles import items as people

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import WholeApi

CALLERS = (
    "anonymous",
    "stranger",
    "admin elsewhere",
    "member",
    "pending admin",
    "org admin",
    "suspended org admin",
    "erased org admin",
    "admin",
    "suspended admin",
    "machine token",
)

ACCEPT = "POST /invitations/accept"


def statuses(*expected: int) -> dict[str, int]:
    return dict(zip(CALLERS, expected, strict=True))


EXPECTED = {
    #                                     anon str els mem p-a o-a s-o e-o adm s-a mach
    "POST /invitations": statuses(401, 404, 404, 403, 404, 201, 403, 404, 201, 404, 403),
    # Only who has proven an address and belongs nowhere could join: tests/unit/invitations.
    "POST /invitations/accept": statuses(401, 404, 409, 409, 409, 409, 403, 404, 404, 403, 403),
    "GET /invitations": statuses(401, 404, 404, 403, 404, 200, 200, 404, 200, 404, 403),
    "DELETE /invitations/{id}": statuses(401, 404, 404, 404, 404, 200, 403, 404, 200, 403, 403),
}


def caller_id(table: FakeTable, organization_id: str, caller: str) -> str:
    if caller == "admin elsewhere":
        return keep_member(table, keep_organization(table).id, role="admin")
    if caller == "member":
        return keep_member(table, organization_id)
    if caller == "pending admin":
        return keep_member(table, organization_id, role="admin", status="pending")
    if "org admin" in caller:
        user_id = keep_member(table, organization_id, role="admin")
        key = people.person_key(user_id)
        if caller.startswith("erased"):
            table.delete(key, people.PROFILE)
        if caller.startswith("suspended"):
            table.update(key, people.PROFILE, changes={"status": "suspended"})
        return user_id
    status = "suspended" if "suspended" in caller else "active"
    return keep_person(table, role="admin" if "admin" in caller else "user", status=status)


def token(caller: str, user_id: str) -> dict[str, str] | None:
    if caller == "anonymous":
        return None
    if caller == "machine token":
        return claims("client", username=None, scope="vestibule/api")
    return claims(user_id, **{"cognito:groups": "admin"})


def body_of(route: str, code: str, organization_id: str) -> dict[str, str] | None:
    if route == ACCEPT:
        return {"code": code}
    return {"organizationId": organization_id} if route.startswith("POST") else None


def test_every_route_has_its_row() -> None:
    described: Any = wiring.described().invitations

    assert {route.name for route in routes(described)} == EXPECTED.keys()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", EXPECTED)
def test_who_may_call_what_for_one_organization(
    api: WholeApi, table: FakeTable, organization_id: str, route: str, caller: str
) -> None:
    code, made = keep_invitation(table, organization_id=organization_id)
    user_id = caller_id(table, organization_id, caller)
    before = table.all_items()

    answer = api.call(
        route,
        token=token(caller, user_id),
        path={"id": made.id},
        query={"organizationId": organization_id} if route.startswith("GET") else None,
        body=body_of(route, code, organization_id),
    )

    assert answer.status == EXPECTED[route][caller], answer.body
    changed = not route.startswith("GET") and answer.status < 400
    assert (table.all_items() != before) is changed


@pytest.mark.parametrize("caller", ["stranger", "member", "pending admin", "suspended admin"])
@pytest.mark.parametrize("route", ["POST /invitations", "GET /invitations"])
def test_without_an_organization_only_inviters_get_in(
    api: WholeApi, table: FakeTable, organization_id: str, route: str, caller: str
) -> None:
    user_id = caller_id(table, organization_id, caller)
    body = {} if route.startswith("POST") else None

    assert api.call(route, user_id, body=body).status == 403


@pytest.mark.parametrize("route", [route for route in EXPECTED if route != ACCEPT])
def test_what_is_anothers_and_what_is_not_there_are_one_answer(
    api: WholeApi, table: FakeTable, organization_id: str, route: str
) -> None:
    _, made = keep_invitation(table, organization_id=organization_id)
    elsewhere = caller_id(table, organization_id, "admin elsewhere")

    answers = [
        api.call(
            route,
            elsewhere,
            path={"id": invite_id},
            query={"organizationId": of} if route.startswith("GET") else None,
            body={"organizationId": of} if route.startswith("POST") else None,
        )
        for invite_id, of in ((made.id, organization_id), ("nothing", "nothing"))
    ]

    assert answers[0] == answers[1]
    assert answers[0].status == 404


def test_an_organizations_admin_revokes_no_invitation_of_the_whole_place(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    _, made = keep_invitation(table)
    admin = caller_id(table, organization_id, "org admin")

    assert api.call("DELETE /invitations/{id}", admin, path={"id": made.id}).status == 404
