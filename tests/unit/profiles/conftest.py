"""The profile rules on tables and accounts in memory, and the whole API around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from fakes.accounts import InMemoryAccounts
from fakes.table import FakeTable
from vestibule.functions import wiring
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api
from vestibule.policy.model import Policy
from vestibule.profiles.store import TableRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vestibule.profiles.service import ProfileService

POOL = "us-east-1_aBcDeFgHi"


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def accounts() -> InMemoryAccounts:
    return InMemoryAccounts()


@pytest.fixture
def services(table: FakeTable, accounts: InMemoryAccounts) -> wiring.Services:
    return wiring.services(table, accounts, Policy)


@pytest.fixture
def service(services: wiring.Services) -> ProfileService:
    return services.profiles


@pytest.fixture
def api(table: FakeTable, services: wiring.Services) -> Api:
    return Api(
        wiring.routes(services, "0"),
        records=TableRecords(table),
        signed_callers=SignedCallers(user_pool_id=POOL, identity_pool_id=None),
    )


@pytest.fixture
def call(api: Api) -> Callable[..., Answer]:
    """Call the API as the gateway does, with the claims that its authorizer found."""

    def send(  # noqa: PLR0913 - what an HTTP call is made of
        method: str,
        path: str,
        *,
        caller: str | None = None,
        claims: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        if caller is not None:
            claims = access_token(caller)
        event = proxy_event(method, path, claims, body, headers, query)
        answer = api(event, None)
        return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])

    return send


def access_token(user_id: str) -> dict[str, str]:
    return {"sub": user_id, "username": user_id, "token_use": "access", "client_id": "client"}


def proxy_event(  # noqa: PLR0913, PLR0917 - what an HTTP call is made of
    method: str,
    path: str,
    claims: Mapping[str, str] | None,
    body: Any,
    headers: Mapping[str, str] | None,
    query: Mapping[str, str] | None,
) -> dict[str, Any]:
    user_id = path.removeprefix("/profiles/") if path.startswith("/profiles/") else None
    context: dict[str, Any] = {
        "requestId": "made-up",
        "path": f"/api{path}",
        "identity": {"sourceIp": "127.0.0.1"},
    }
    if claims is not None:
        context["authorizer"] = {"claims": dict(claims)}
    return {
        "resource": "/profiles/{userId}" if user_id else path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "pathParameters": {"userId": user_id} if user_id else None,
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {n: [v] for n, v in query.items()} if query else None,
        "requestContext": context,
        "body": body if isinstance(body, str) else None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
