"""What is still to be done for a person once the tombstone stands."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.profiles.ports import AccountDirectory, Memberships, Remains


@frozen
class Erased:
    """What one run found to do: nothing, when it had been done before."""

    account: bool
    items: int


class Eraser:
    """Each step may be repeated: the stream gives a record again after any failure."""

    def __init__(
        self, accounts: AccountDirectory, remains: Remains, memberships: Memberships
    ) -> None:
        self._accounts = accounts
        self._remains = remains
        self._memberships = memberships

    def finish(self, user_id: str) -> Erased:
        """Delete the sign-in account first, so that nobody comes back in meanwhile."""
        account = self._accounts.delete(user_id)
        # What says where they belonged is among the remains.
        self._memberships.leave(user_id)
        return Erased(account, self._remains.clear(user_id))
