"""What an identity pool refuses on AWS and the emulator answers.

Strangers, where it lets in none; the classic flow, where it is off; and, of a provider whose tokens
are checked at the user pool, people who are disabled or gone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local.asgi import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TARGET = "AWSCognitoIdentityService."
GUARDED = frozenset({"GetId", "GetCredentialsForIdentity", "GetOpenIdToken"})
NOT_AUTHORIZED = "NotAuthorizedException"
STRANGER = "Unauthenticated access is not supported for this identity pool."
CLASSIC = "Basic (classic) flow is not enabled, please use enhanced flow."
GONE = "Invalid login token. The user is disabled or does not exist."


class Emulator(Protocol):
    async def as_caller(self, action: str) -> Reply:
        """What the emulator answers the same caller's same request, for this action."""

    async def as_root(self, service: str, action: str, **request: Any) -> Mapping[str, Any] | None:
        """An answer to the root's key, or None if it is a refusal."""


def guarded(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The action that a request asks for, if it is one of these."""
    # Of all headers by that name: which of them the emulator goes by is its business.
    for name, value in headers:
        target = value.decode("latin-1") if name == b"x-amz-target" else ""
        action = target.rpartition(".")[2]
        if target.startswith(TARGET) and action in GUARDED:
            return action
    return None


async def answer(emulator: Emulator, action: str, body: bytes) -> Reply:
    request = _object(body)
    logins = request.get("Logins") or {}
    if action == "GetId" and not logins:
        # Before it makes an identity.
        pool = await _pool(emulator, request.get("IdentityPoolId"))
        if pool is not None and not pool.get("AllowUnauthenticatedIdentities"):
            return _refusal(NOT_AUTHORIZED, STRANGER)
    # It looks at the logins' signatures first: else a forged one would tell who has an account.
    reply = await emulator.as_caller("GetId" if action == "GetId" else "GetOpenIdToken")
    if reply.status != 200:
        return reply
    pool_id = request.get("IdentityPoolId") if action == "GetId" else _audience(reply)
    pool = await _pool(emulator, pool_id) or {}
    if not logins and not pool.get("AllowUnauthenticatedIdentities"):
        return _refusal(NOT_AUTHORIZED, STRANGER)
    if action == "GetOpenIdToken" and not pool.get("AllowClassicFlow"):
        return _refusal("InvalidParameterException", CLASSIC)
    for provider, token in logins.items():
        if await _is_gone(emulator, pool, provider, internals.claims_of(token)):
            return _refusal(NOT_AUTHORIZED, GONE)
    return await emulator.as_caller(action) if action == "GetCredentialsForIdentity" else reply


async def _pool(emulator: Emulator, pool_id: object) -> Mapping[str, Any] | None:
    return await emulator.as_root(
        "AWSCognitoIdentityService", "DescribeIdentityPool", IdentityPoolId=pool_id
    )


async def _is_gone(
    emulator: Emulator, pool: Mapping[str, Any], provider: str, claims: Mapping[str, Any]
) -> bool:
    is_checked = any(
        each.get("ServerSideTokenCheck")
        and (each.get("ProviderName"), each.get("ClientId")) == (provider, claims.get("aud"))
        for each in pool.get("CognitoIdentityProviders") or []
    )
    if not is_checked:
        return False
    person = await emulator.as_root(
        "AWSCognitoIdentityProviderService",
        "AdminGetUser",
        UserPoolId=provider.rpartition("/")[2],
        Username=claims.get("sub"),
    )
    return person is None or not person.get("Enabled")


def _audience(reply: Reply) -> object:
    return internals.claims_of(_object(reply.body).get("Token")).get("aud")


def _object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _refusal(code: str, message: str) -> Reply:
    status, headers, body = internals.error(code, message)
    given = [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]
    return Reply(status, given, body)
