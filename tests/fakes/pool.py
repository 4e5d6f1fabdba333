"""A user pool's list of accounts, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.people import address, new_sub
from vestibule.delivery.pool import Listed, Listing, TokenRefused

if TYPE_CHECKING:
    from vestibule.platform.aws import AwsError


def listed(user_id: str | None = None, **fields: Any) -> Listed:
    """Make an account of somebody who has confirmed a verified address."""
    sub = user_id or new_sub()
    attributes = {"sub": sub, "email": address(), "email_verified": "true", "name": "Jo Doe"}
    given = {"user_name": sub, "status": "CONFIRMED", "enabled": True, **fields}
    given["attributes"] = attributes | fields.get("attributes", {})
    return Listed(user_id=sub, **given)


class ListedPool:
    """Keeps the promises of `Pool`: pages of two."""

    def __init__(self, *accounts: Listed) -> None:
        self.accounts = list(accounts)
        self.asked: list[str | None] = []
        self.expired: set[str] = set()
        self.raises: AwsError | None = None

    def page(self, token: str | None) -> Listing:
        self.asked.append(token)
        if token in self.expired:
            raise TokenRefused
        if self.raises is not None:
            raise self.raises
        start = int(token or 0)
        following = start + 2
        more = str(following) if following < len(self.accounts) else None
        return Listing(tuple(self.accounts[start:following]), more)
