"""Every route of organizations, called by everybody: who gets in, and what a refusal changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.gateway import claims
from fakes.people import LATER, new_sub
from fakes.tenants import keep_member, keep_organization, keep_person
from vestibule.functions import wiring
from vestibule.organizations.routes import routes
from vestibule.profiles import items as people

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import WholeApi

CALLERS = (
    "anonymous",
    "stranger",
    "admin elsewhere",
    "member",
    "pending",
    "pending admin",
    "org admin",
    "suspended member",
    "suspended org admin",
    "erased org admin",
    "admin",
    "suspended admin",
    "machine token",
)


def statuses(*expected: int) -> dict[str, int]:
    return dict(zip(CALLERS, expected, strict=True))


EXPECTED = {
    #                                    anon str els mem pen p-a o-a s-m s-o e-o adm s-a mach
    "POST /organizations": statuses(
        401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 201, 403, 403
    ),
    "GET /organizations": statuses(401, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    "GET /organizations/{id}": statuses(
        401, 404, 404, 200, 404, 404, 200, 200, 200, 404, 200, 404, 403
    ),
    "PUT /organizations/{id}": statuses(
        401, 404, 404, 403, 404, 404, 200, 403, 403, 404, 200, 404, 403
    ),
    "GET /organizations/{id}/members": statuses(
        401, 404, 404, 200, 404, 404, 200, 200, 200, 404, 200, 404, 403
    ),
    "POST /organizations/{id}/members/{userId}/accept": statuses(
        401, 404, 404, 403, 404, 404, 200, 403, 403, 404, 200, 404, 403
    ),
    "PUT /organizations/{id}/members/{userId}": statuses(
        401, 404, 404, 403, 404, 404, 200, 403, 403, 404, 200, 404, 403
    ),
    "DELETE /organizations/{id}/members/{userId}": statuses(
        401, 404, 404, 403, 404, 404, 200, 403, 403, 404, 200, 404, 403
    ),
}
BODIES = {
    "POST /organizations": {"name": "Other"},
    "PUT /organizations/{id}": {"name": "Acme New"},
    "PUT /organizations/{id}/members/{userId}": {"role": "admin"},
}


def caller_id(table: FakeTable, organization_id: str, caller: str) -> str | None:
    if caller == "anonymous":
        return None
    status = "suspended" if "suspended" in caller else "active"
    if caller == "admin elsewhere":
        return keep_member(table, keep_organization(table).id, role="admin")
    if "member" in caller:
        user_id = keep_member(table, organization_id)
        return suspended(table, user_id) if status == "suspended" else user_id
    if caller.startswith("pending"):
        role = "admin" if "admin" in caller else "member"
        return keep_member(table, organization_id, role=role, status="pending")
    if "org admin" in caller:
        user_id = keep_member(table, organization_id, role="admin")
        if caller.startswith("erased"):
            table.delete(people.person_key(user_id), people.PROFILE)
            table.put(people.tombstone(user_id, by=user_id, at=LATER))
        return suspended(table, user_id) if status == "suspended" else user_id
    role = "admin" if "admin" in caller else "user"
    return keep_person(table, role=role, status=status)


def suspended(table: FakeTable, user_id: str) -> str:
    table.update(people.person_key(user_id), people.PROFILE, changes={"status": "suspended"})
    return user_id


def token(caller: str, user_id: str | None) -> dict[str, str] | None:
    if user_id is None:
        return None
    if caller == "machine token":
        return claims("client", username=None, scope="vestibule/api")
    # What a token says of groups is up to 15 minutes old, and decides nothing.
    groups = {"cognito:groups": "admin"} if "admin" in caller else {}
    return claims(user_id, **groups)


def test_every_route_has_its_row() -> None:
    described: Any = wiring.described().organizations

    assert {route.name for route in routes(described)} == EXPECTED.keys()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", EXPECTED)
def test_who_may_call_what(
    api: WholeApi, table: FakeTable, organization_id: str, route: str, caller: str
) -> None:
    keep_member(table, organization_id, role="admin")
    # Only who is in has a role; only who waits is accepted.
    status = "active" if route.startswith("PUT") else "pending"
    target = keep_member(table, organization_id, status=status)
    user_id = caller_id(table, organization_id, caller)
    before = table.all_items()

    answer = api.call(
        route,
        token=token(caller, user_id),
        path={"id": organization_id, "userId": target},
        body=BODIES.get(route),
    )

    assert answer.status == EXPECTED[route][caller], answer.body
    changed = not route.startswith("GET") and answer.status < 400
    assert (table.all_items() != before) is changed


@pytest.mark.parametrize("route", [route for route in EXPECTED if "{id}" in route])
def test_what_is_not_ours_and_what_is_not_there_are_one_answer(
    api: WholeApi, table: FakeTable, organization_id: str, route: str
) -> None:
    stranger, target = keep_person(table), keep_member(table, organization_id)
    paths = [{"id": one, "userId": target} for one in (organization_id, "nothing")]
    calls_before = len(table.calls)

    answers = []
    counts = []
    for path in paths:
        answers.append(api.call(route, stranger, path=path, body=BODIES.get(route)))
        counts.append(len(table.calls) - calls_before)
        calls_before = len(table.calls)

    assert answers[0] == answers[1]
    assert answers[0].status == 404
    assert counts[0] == counts[1]


def test_a_person_is_looked_for_only_by_who_may(
    api: WholeApi, table: FakeTable, organization_id: str
) -> None:
    member = keep_member(table, organization_id)

    answer = api.call(
        "DELETE /organizations/{id}/members/{userId}",
        member,
        path={"id": organization_id, "userId": new_sub()},
    )

    assert answer.status == 403
