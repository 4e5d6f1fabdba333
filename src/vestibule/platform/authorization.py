"""Who may call a route. The rules are data, so that the document can show them.

The router enforces a route's rule before its handler runs. What a write relies on beyond that (the
caller still active, still an admin) is checked once more in the write's own condition.
"""

from __future__ import annotations

from vestibule.platform.http.errors import Forbidden, Unauthenticated
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from vestibule.platform.http.request import Caller

    class Records(Protocol):
        def find(self, user_id: str) -> CallerRecord | None:
            """Read what our table says of a caller now, not what a token said at its issue."""


@frozen
class CallerRecord:
    role: str
    status: str

    @property
    def is_active_admin(self) -> bool:
        return self.role == "admin" and self.status == "active"


@frozen
class Rule:
    """Lets a caller in by any of the ways it opens; a rule that opens none lets nobody in."""

    name: str
    text: str
    public: bool = False
    anyone_signed_in: bool = False
    owner: bool = False
    admin: bool = False

    def enforce(self, caller: Caller | None, path: Mapping[str, str], records: Records) -> None:
        """Raise Unauthenticated or Forbidden unless this caller may use the route."""
        if self.public:
            return
        if caller is None:
            raise Unauthenticated
        if not caller.is_person:
            raise Forbidden("This route is for people: a machine's token does not open it.")
        if self.anyone_signed_in:
            return
        if self.owner and path.get("userId", caller.user_id) == caller.user_id:
            return
        if self.admin:
            record = records.find(caller.user_id)
            if record is not None and record.is_active_admin:
                return
        raise Forbidden


PUBLIC = Rule("public", "Anybody, without signing in.", public=True)
SIGNED_IN = Rule("signed-in", "Any signed-in person.", anyone_signed_in=True)
SELF = Rule("self", "The person whose data it is, and nobody else.", owner=True)
SELF_OR_ADMIN = Rule(
    "self-or-admin", "The person whose data it is, or an active admin.", owner=True, admin=True
)
ADMIN = Rule("admin", "An active admin, by our table's word at this moment.", admin=True)
# Which organization it is about stands in the path, the body or what is named there. So its domain
# decides, from one read of the caller's record and membership together.
MEMBER = Rule(
    "member",
    "A member of the organization, or an active admin. To anybody else it does not exist.",
    anyone_signed_in=True,
)
ORGANIZATION_ADMIN = Rule(
    "organization-admin",
    "An admin of the organization, or an active admin of all. To strangers it does not exist.",
    anyone_signed_in=True,
)
ORGANIZATION_ADMIN_OR_SELF = Rule(
    "organization-admin-or-self",
    "An admin of the organization, an active admin of all, or the person who belongs or waits.",
    anyone_signed_in=True,
)
CREATOR_OR_ADMIN = Rule(
    "creator-or-admin",
    "Whoever asked for it, or an active admin.",
    anyone_signed_in=True,
)
RULES = (
    PUBLIC,
    SIGNED_IN,
    SELF,
    SELF_OR_ADMIN,
    ADMIN,
    MEMBER,
    ORGANIZATION_ADMIN,
    ORGANIZATION_ADMIN_OR_SELF,
    CREATOR_OR_ADMIN,
)
