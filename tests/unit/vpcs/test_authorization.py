"""Every route of VPCs, called by everybody: who gets in, and what a refusal changes."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.gateway import claims, event, signed_identity
from fakes.people import new_sub
from fakes.table import FakeTable
from fakes.tenants import keep_claimant
from fakes.vpcs import keep_vpc
from fakes.whole_api import WholeApi
from vestibule.functions import wiring
from vestibule.profiles import items as people
from vestibule.vpcs.routes import routes

CALLERS = (
    "anonymous",
    "without a profile",
    "stranger",
    "manager",
    "creator",
    "suspended creator",
    "erased creator",
    "admin",
    "suspended admin",
    "erased admin",
    "machine token",
)


def statuses(*expected: int) -> dict[str, int]:
    return dict(zip(CALLERS, expected, strict=True))


EXPECTED = {
    #                             anon w/o str man cre s-c e-c adm s-a e-a mach
    "POST /vpcs": statuses(401, 403, 202, 202, 202, 403, 403, 202, 403, 403, 403),
    "GET /vpcs": statuses(401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403),
    "GET /vpcs/{id}": statuses(401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403),
    "DELETE /vpcs/{id}": statuses(401, 403, 403, 403, 202, 403, 403, 202, 403, 403, 403),
}
BODY = {"name": "web", "cidr": "10.0.0.0/16", "subnetCount": 1}


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def caller_id(table: FakeTable, caller: str) -> str:
    if caller in {"anonymous", "without a profile", "machine token"}:
        return new_sub()
    role = next((role for role in ("admin", "manager") if role in caller), "user")
    status = "suspended" if "suspended" in caller else "active"
    user_id = keep_claimant(table, role=role, status=status)
    if "erased" in caller:
        person = people.person_key(user_id)
        table.delete(person, people.PROFILE)
        table.put({"pk": person, "sk": people.TOMBSTONE, "userId": user_id})
    return user_id


def token(caller: str, user_id: str) -> dict[str, str] | None:
    if caller == "anonymous":
        return None
    if caller == "machine token":
        return claims("client", username=None, scope="vestibule/api")
    # What a token claims opens nothing.
    return claims(user_id, **{"cognito:groups": "admin"})


def test_every_route_has_its_row() -> None:
    described: Any = wiring.described().vpcs

    assert {route.name for route in routes(described)} == EXPECTED.keys()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", EXPECTED)
def test_who_may_call_what(table: FakeTable, route: str, caller: str) -> None:
    user_id = caller_id(table, caller)
    made = keep_vpc(table, "10.9.0.0/16", created_by=user_id if "creator" in caller else new_sub())
    before = table.all_items()

    answer = WholeApi(table).call(
        route,
        token=token(caller, user_id),
        path={"id": made.id} if "{id}" in route else None,
        body=BODY if route.startswith("POST") else None,
    )

    assert answer.status == EXPECTED[route][caller], answer.body
    changed = not route.startswith("GET") and answer.status < 400
    assert (table.all_items() != before) is changed


@pytest.mark.parametrize(
    "caller", ["suspended creator", "erased creator", "suspended admin", "without a profile"]
)
def test_who_may_change_nothing_gets_no_plan_either(table: FakeTable, caller: str) -> None:
    answer = WholeApi(table).call(
        "POST /vpcs", caller_id(table, caller), body=BODY, query={"dryRun": "true"}
    )

    assert answer.status == 403


def test_whoever_signs_requests_reaches_the_same_routes(table: FakeTable) -> None:
    api, jo = WholeApi(table), keep_claimant(table)
    made = keep_vpc(table, created_by=jo)
    other = keep_vpc(table, "10.9.0.0/16")

    found = [
        api.send(
            event(
                "DELETE",
                "/signed/{proxy+}",
                path={"proxy": f"vpcs/{vpc.id}"},
                identity=signed_identity(jo),
            )
        )["statusCode"]
        for vpc in (made, other)
    ]

    assert found == [202, 403]
