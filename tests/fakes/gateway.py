"""Events as API Gateway sends them, and the parts of an `Api` that a test can do without."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vestibule.platform.authorization import CallerRecord
    from vestibule.platform.http.routes import Route

USER_POOL_ID = "us-east-1_aBcDeFgHi"
IDENTITY_POOL_ID = "us-east-1:11111111-2222-3333-4444-555555555555"
PROVIDER = f"cognito-idp.us-east-1.amazonaws.com/{USER_POOL_ID}"
REQUEST_ID = "0f0e0d0c-0b0a-0908-0706-050403020100"


class InMemoryRecords:
    """Keeps the promise of `Records`."""

    def __init__(self, records: Mapping[str, CallerRecord] | None = None) -> None:
        self.records = dict(records or {})

    def find(self, user_id: str) -> CallerRecord | None:
        return self.records.get(user_id)


class NoRecords:
    """Stands where no record may be read."""

    def find(self, user_id: str) -> CallerRecord | None:
        raise AssertionError(f"the record of {user_id} was read, and nothing asked for it")


def claims(sub: str, **other: str | None) -> dict[str, str]:
    """An access token's claims; None leaves one out."""
    given = {
        "sub": sub,
        "username": sub,
        "token_use": "access",
        "client_id": "1example23456789",
        "scope": "aws.cognito.signin.user.admin",
        **other,
    }
    return {name: value for name, value in given.items() if value is not None}


def signed_identity(sub: str, **other: str | None) -> dict[str, str | None]:
    return {
        "cognitoAuthenticationProvider": f"{PROVIDER},{PROVIDER}:CognitoSignIn:{sub}",
        "cognitoAuthenticationType": "authenticated",
        "cognitoIdentityId": f"us-east-1:{uuid.uuid4()}",
        "cognitoIdentityPoolId": IDENTITY_POOL_ID,
        "userArn": "arn:aws:sts::000000000000:assumed-role/vestibule/CognitoIdentityCredentials",
        **other,
    }


def event(  # noqa: PLR0913 - what an event consists of
    method: str,
    resource: str,
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    sub: str | None = None,
    token: Mapping[str, str] | None = None,
    identity: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """One call. A `body` that is no text is sent as JSON."""
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    if body is not None and headers is None:
        headers = {"Content-Type": "application/json"}
    values = {
        name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()
    }
    context: dict[str, Any] = {
        "requestId": REQUEST_ID,
        "httpMethod": method,
        "path": f"/api{resource}",
        "resourcePath": resource,
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "a test", **(identity or {})},
    }
    if token is None and sub is not None:
        token = claims(sub)
    if token is not None:
        context["authorizer"] = {"claims": dict(token)}
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": dict(headers) if headers else None,
        "multiValueHeaders": {k: [v] for k, v in headers.items()} if headers else None,
        "queryStringParameters": {k: v[-1] for k, v in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": dict(path) if path else None,
        "stageVariables": None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": False,
    }


def api(routes: Iterable[Route], records: Mapping[str, CallerRecord] | None = None) -> Api:
    return Api(
        routes,
        records=InMemoryRecords(records),
        signed_callers=SignedCallers(user_pool_id=USER_POOL_ID, identity_pool_id=IDENTITY_POOL_ID),
    )


def answered(answer: Mapping[str, Any]) -> Any:
    """What the body of an answer says."""
    return json.loads(answer["body"])


def problems(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The field and rule of everything that an answer refuses."""
    return [(detail["field"], detail["rule"]) for detail in answered(answer)["details"]]
