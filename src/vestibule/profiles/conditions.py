"""What must still be so of a person's profile when something is written on their word."""

from __future__ import annotations

from vestibule.platform.conditions import equals, not_equals
from vestibule.profiles.model import ACTIVE, ADMIN, SUSPENDED

ACTIVE_ADMIN = equals("role", ADMIN) & equals("status", ACTIVE)
# An address that was proven and that nobody else holds.
HAS_ADDRESS = equals("emailVerified", value=True)
# True where there is no profile too.
NOT_SUSPENDED = not_equals("status", SUSPENDED)
