"""Who is calling, by the word of the gateway alone: never a header, a body or a path."""

from __future__ import annotations

from vestibule.platform.http.errors import Forbidden, Unauthenticated
from vestibule.platform.http.request import Caller
from vestibule.platform.ids import is_sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SIGN_IN = ":CognitoSignIn:"


def from_token(context: Mapping[str, Any]) -> Caller | None:
    """Read the claims that the Cognito authorizer verified. None where the route has no authorizer.

    Raise Unauthenticated for an ID token: it says who somebody is, not what may be done for them.
    """
    authorizer = context.get("authorizer")
    claims = authorizer.get("claims") if isinstance(authorizer, dict) else None
    if not isinstance(claims, dict):
        return None
    sub = claims.get("sub")
    if claims.get("token_use") != "access" or not isinstance(sub, str):
        raise Unauthenticated
    # A machine's token has no user name, and the client's id for a sub.
    is_person = bool(claims.get("username"))
    if is_person and not is_sub(sub):
        raise Unauthenticated
    return Caller(sub, is_person=is_person)


class SignedCallers:
    """Knows people by the identity pool's credentials that signed a request."""

    def __init__(self, *, user_pool_id: str, identity_pool_id: str | None) -> None:
        region = user_pool_id.partition("_")[0]
        self._provider = f"cognito-idp.{region}.amazonaws.com/{user_pool_id}"
        self._identity_pool_id = identity_pool_id

    def find(self, context: Mapping[str, Any]) -> Caller:
        """Raise Forbidden unless our identity pool vouches for a sign-in at our user pool."""
        identity = context.get("identity")
        if (
            self._identity_pool_id
            and isinstance(identity, dict)
            and identity.get("cognitoAuthenticationType") == "authenticated"
            and identity.get("cognitoIdentityPoolId") == self._identity_pool_id
        ):
            sub = self._sub(identity.get("cognitoAuthenticationProvider"))
            if sub is not None:
                return Caller(sub)
        raise Forbidden

    def _sub(self, provider: object) -> str | None:
        """Read `<pool>,<pool>:CognitoSignIn:<sub>`; any other provider in it spoils it."""
        if not isinstance(provider, str):
            return None
        found = set()
        for part in provider.split(","):
            name, marker, sub = part.strip().partition(_SIGN_IN)
            if name != self._provider:
                return None
            if marker:
                found.add(sub)
        sub = found.pop() if len(found) == 1 else ""
        return sub if is_sub(sub) else None
