"""The accounts of the user pool, page by page."""

from __future__ import annotations

from vestibule.platform.aws import AwsRefused
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.aws import AwsClient

PAGE: Final = 60
"""The most that ListUsers gives at once."""
# Who proved an address and may sign in. Whom an admin made is nobody yet before the first sign-in.
_SETTLED: Final = frozenset({"CONFIRMED", "EXTERNAL_PROVIDER", "RESET_REQUIRED"})


class TokenRefused(Exception):
    """Cognito takes a place in its list for an hour: it has to be begun anew."""


@frozen
class Listed:
    user_id: str
    user_name: str
    status: str
    enabled: bool
    attributes: Mapping[str, str]

    @property
    def is_settled(self) -> bool:
        """Whether we should know this person: enabled, confirmed, and with a proven address."""
        has_proven = self.attributes.get("email_verified", "").lower() == "true"
        return self.enabled and has_proven and self.status in _SETTLED


@frozen
class Listing:
    accounts: Sequence[Listed]
    token: str | None
    """Where the next page begins; None at the end."""


class Pool:
    def __init__(self, client: AwsClient, user_pool_id: str) -> None:
        self._client = client
        self._user_pool_id = user_pool_id

    def page(self, token: str | None) -> Listing:
        """Raise TokenRefused, or AwsError."""
        request: dict[str, Any] = {"UserPoolId": self._user_pool_id, "Limit": PAGE}
        if token is not None:
            request["PaginationToken"] = token
        try:
            answer = self._client.call("ListUsers", request)
        except AwsRefused as refusal:
            if token is not None and refusal.code == "InvalidParameterException":
                raise TokenRefused from refusal
            raise
        accounts = tuple(_listed(one) for one in answer.get("Users", ()))
        return Listing(accounts, answer.get("PaginationToken") or None)


def _listed(user: Mapping[str, Any]) -> Listed:
    attributes = {pair["Name"]: str(pair.get("Value", "")) for pair in user.get("Attributes", ())}
    return Listed(
        user_id=attributes.get("sub") or str(user.get("Username", "")),
        user_name=str(user.get("Username", "")),
        status=str(user.get("UserStatus", "")),
        enabled=user.get("Enabled", True) is True,
        attributes=attributes,
    )
