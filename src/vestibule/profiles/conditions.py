"""What must still be so of a person's profile when something is written on their word."""

from __future__ import annotations

from vestibule.platform.conditions import equals, not_equals
from vestibule.platform.operations import Check
from vestibule.profiles.items import profile_key
from vestibule.profiles.model import ACTIVE, ADMIN, SUSPENDED

ACTIVE_ADMIN = equals("role", ADMIN) & equals("status", ACTIVE)
# An address that was proven and that nobody else holds.
HAS_ADDRESS = equals("emailVerified", value=True)
# True where there is no profile too.
NOT_SUSPENDED = not_equals("status", SUSPENDED)


def still_admin(user_id: str) -> Check:
    """Whoever acts is an active admin of the whole place, to the last moment."""
    return Check(*profile_key(user_id), ACTIVE_ADMIN)
