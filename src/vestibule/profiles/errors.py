"""Everything the profiles domain refuses, named for the fact.

ProfilesError
    ProfileExists       the person has a profile already
    ProfileNotFound     nobody of that id has one
    AccountErased       a tombstone stands where the profile would go
    AccountMissing      the sign-in account behind a valid token is gone or disabled
    CallerSuspended     the caller may read, and change nothing
    AdminErasesOwn      an admin is erased by another one: the last must not be lost
    CallerNotAdmin      the caller is not, or no longer, an active admin
    VersionDiffers      somebody else changed the profile first
    AddressDiffers      a body names another address than the account's own
    AddressTaken        somebody else holds the claim on that address
    Raced               what was read is no longer true: read again
"""

from __future__ import annotations


class ProfilesError(Exception):
    """Everything this package raises on purpose."""


class ProfileExists(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} has a profile already")


class ProfileNotFound(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} has no profile")


class AccountErased(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} was erased")


class AccountMissing(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} has no enabled sign-in account")


class CallerSuspended(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is suspended")


class AdminErasesOwn(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is an admin and the caller's own")


class CallerNotAdmin(ProfilesError):
    def __init__(self, user_id: str) -> None:
        super().__init__(f"{user_id} is not an active admin")


class VersionDiffers(ProfilesError):
    def __init__(self, user_id: str, current: int) -> None:
        super().__init__(f"the profile of {user_id} is at version {current}")
        self.current = current


class AddressDiffers(ProfilesError):
    """`known` is the address on record: None when the record holds none."""

    def __init__(self, user_id: str, known: str | None) -> None:
        super().__init__(f"that is not the address of {user_id}")
        self.known = known


class AddressTaken(ProfilesError):
    """Never told to a stranger: it says that somebody else has an account."""


class Raced(ProfilesError):
    """Somebody wrote between a read and the write that relied on it."""
