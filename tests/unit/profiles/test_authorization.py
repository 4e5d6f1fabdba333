"""Every route of profiles, called by everybody: who gets in, and that a refusal changes nothing."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import LATER, address, keep, new_sub, profile
from vestibule.functions import wiring
from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http import health
from vestibule.platform.http.routes import Routes
from vestibule.profiles import items
from vestibule.profiles.routes import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.accounts import InMemoryAccounts
    from fakes.table import FakeTable
    from vestibule.platform.http.router import Api
    from vestibule.profiles.service import ProfileService

# Each calls with the owner's id in the path, but for "erased", who asks for what was theirs.
CALLERS = (
    "anonymous",
    "owner",
    "other user",
    "manager",
    "admin",
    "suspended owner",
    "suspended admin",
    "demoted admin",
    "erased",
    "erased admin",
    "machine token",
    "ID token",
)


def statuses(*expected: int) -> dict[str, int]:
    return dict(zip(CALLERS, expected, strict=True))


EXPECTED = {
    #                                anon own oth man adm s-o s-a dem era e-a mach ID
    "GET /health": statuses(200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200),
    "GET /me": statuses(401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 401),
    "GET /profiles": statuses(401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 401),
    "POST /profiles": statuses(401, 201, 409, 409, 409, 403, 403, 409, 409, 409, 403, 401),
    "GET /profiles/{userId}": statuses(401, 200, 200, 200, 200, 200, 200, 200, 404, 200, 403, 401),
    "PUT /profiles/{userId}": statuses(401, 200, 403, 403, 200, 403, 403, 403, 404, 403, 403, 401),
    "DELETE /profiles/{userId}": statuses(
        401, 200, 403, 403, 200, 403, 403, 403, 404, 403, 403, 401
    ),
}
SEES_EVERYTHING = {"owner", "admin", "suspended owner"}


class Scene:
    """One person whose profile is called for, and everybody who calls."""

    def __init__(self, table: FakeTable, accounts: InMemoryAccounts, caller: str) -> None:
        status = "suspended" if caller == "suspended owner" else "active"
        owner = keep(
            table,
            profile(
                email=address(),
                email_verified=True,
                phone_number="+14155550123",
                status=status,
                onboarding_completed=False,
            ),
        )
        self.path_id = owner.user_id
        self.caller_id = new_sub()
        if caller in {"owner", "suspended owner", "ID token"}:
            self.caller_id = owner.user_id
        elif caller.startswith("erased"):
            table.put(items.tombstone(self.caller_id, by=self.caller_id, at=LATER))
            self.path_id = self.caller_id if caller == "erased" else owner.user_id
        else:
            role = {"admin": "admin", "suspended admin": "admin", "manager": "manager"}
            status = "suspended" if caller == "suspended admin" else "active"
            keep(table, profile(self.caller_id, role=role.get(caller, "user"), status=status))
        accounts.add(self.caller_id, address())


def claims_of(caller: str, user_id: str) -> dict[str, Any] | None:
    """What the gateway's authorizer passes on. A token's groups are up to 15 minutes old."""
    if caller == "anonymous":
        return None
    claims = {"sub": user_id, "client_id": "client", "token_use": "access"}
    if caller == "machine token":
        return claims | {"sub": "client", "scope": "vestibule/api"}
    if caller == "ID token":
        return {"sub": user_id, "cognito:username": user_id, "aud": "client", "token_use": "id"}
    if "admin" in caller:
        claims["cognito:groups"] = "admin"
    return claims | {"username": user_id, "scope": "aws.cognito.signin.user.admin"}


@pytest.fixture
def handler(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The deployed entry point, on the table in memory."""
    for name, value in {
        "AWS_REGION": "us-east-1",
        "ENVIRONMENT": "test",
        "TABLE_NAME": "vestibule-test",
        "USER_POOL_ID": "us-east-1_test",
    }.items():
        monkeypatch.setenv(name, value)
    entry = importlib.import_module("vestibule.functions.api")
    monkeypatch.setattr(entry, "_api", api)
    deployed: Callable[..., dict[str, Any]] = entry.handler
    return deployed


def test_every_route_has_its_row(service: ProfileService, services: wiring.Services) -> None:
    profiles = Routes(health.routes("0"), routes(service, services.organizations))

    assert {route.name for route in profiles} == EXPECTED.keys()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", EXPECTED)
def test_who_may_call_what(  # noqa: PLR0913, PLR0917 - all of the scene
    handler: Callable[..., dict[str, Any]],
    services: wiring.Services,
    table: FakeTable,
    accounts: InMemoryAccounts,
    route: str,
    caller: str,
) -> None:
    scene = Scene(table, accounts, caller)
    method, resource = route.split(" ")
    rule = next(one.rule for one in wiring.routes(services, "0") if one.name == route)
    # A public route has no authorizer, so nobody is known on it.
    claims = None if rule is PUBLIC else claims_of(caller, scene.caller_id)
    before = table.all_items()

    answer = handler(
        {
            "resource": resource,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"},
            "pathParameters": {"userId": scene.path_id} if "{" in resource else None,
            "requestContext": {"requestId": "r"}
            | ({"authorizer": {"claims": claims}} if claims else {}),
            "body": '{"name": "Jo New"}' if method in {"POST", "PUT"} else None,
        },
        None,
    )

    assert answer["statusCode"] == EXPECTED[route][caller], answer["body"]
    changed = method != "GET" and answer["statusCode"] < 400
    assert (table.all_items() != before) is changed
    if route == "GET /profiles/{userId}":
        assert ("phoneNumber" in answer["body"]) is (caller in SEES_EVERYTHING)
