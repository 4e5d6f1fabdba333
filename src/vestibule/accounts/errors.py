"""Everything this package refuses, named for the fact.

AccountsError
    PersonNotFound      nobody of that id has a profile
    UnknownRole         the policy names no such role
    OwnAccount          an admin may not do this to themselves
    CallerNotAdmin      the caller is not, or no longer, an active admin
    CallerSuspended     the caller may read, and change nothing
    Raced               what was read is no longer true: read again
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class AccountsError(Exception):
    """Everything this package raises on purpose."""


class PersonNotFound(AccountsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} has no profile")


class UnknownRole(AccountsError):
    def __init__(self, role: str, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        super().__init__(f"{role!r} is none of {', '.join(self.known)}")


class OwnAccount(AccountsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is the caller's own")


class CallerNotAdmin(AccountsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is not an active admin")


class CallerSuspended(AccountsError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class Raced(AccountsError):
    """Somebody wrote between a read and the write that relied on it."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"the profile of {user_id} changed meanwhile")
