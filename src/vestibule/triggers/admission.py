"""Who may come in now: not the suspended, and nobody outside the hours of their role."""

from __future__ import annotations

from vestibule.security import model as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Final

    from vestibule.policy.model import Policy
    from vestibule.profiles.model import Profile

# Cognito's own for a wrong password; whoever tries a name must not learn that it exists.
WRONG_PASSWORD: Final = "Incorrect username or password"  # noqa: S105 - words


def objection(policy: Policy, profile: Profile | None, role: str, moment: datetime) -> str | None:
    """Name the security event that a sign-in would be, None if nothing speaks against it."""
    if profile is not None and profile.is_suspended:
        return kinds.SIGN_IN_SUSPENDED
    if not policy.within_business_hours(role, moment):
        return kinds.SIGN_IN_OUTSIDE_HOURS
    return None


def role_of(policy: Policy, profile: Profile | None, proven_email: str | None) -> str:
    """Give the role on record, or what the rules about the address would make it."""
    if profile is not None:
        return profile.role
    by_address = policy.role_for(proven_email) if proven_email is not None else None
    return policy.default_role if by_address is None else by_address[0]
