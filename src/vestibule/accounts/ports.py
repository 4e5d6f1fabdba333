"""What the rules need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from vestibule.profiles import ports as profiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vestibule.activity.model import Activity
    from vestibule.profiles.model import Person, Profile


class Sessions(Protocol):
    """The sign-in account. Each of these may be repeated; all pass over an account that is gone."""

    def disable(self, user_id: str) -> None: ...

    def enable(self, user_id: str) -> None: ...

    def sign_out(self, user_id: str) -> None:
        """End every session: no refresh token of the person works after it.

        Pass over an account that is disabled: no session goes on there.
        """

    def attributes(self, user_id: str) -> Mapping[str, str]:
        """Read what Cognito holds of the person; empty when the account is gone."""


class History(profiles.History, Protocol):
    def all(self, user_id: str, most: int) -> Iterator[Activity]:
        """Give the newest `most` entries."""


class AccountStore(Protocol):
    def person(self, user_id: str) -> Person:
        """Read everything small that is kept of one person, as it is at this moment."""

    def kept_of_address(self, address: str, user_id: str) -> Mapping[str, Any]:
        """Read what is kept under their address: nothing secret, and nothing of another's."""

    def told_of(self, user_id: str) -> Mapping[str, Any]:
        """Read what services beside us were told of a person, and which of them have it."""

    def write(self, changed: Profile, *, replaces: Profile, by: str) -> None:
        """Write role and status. Raise CallerNotAdmin, or Raced when the profile has changed."""

    def write_preferences(self, user_id: str, changes: Mapping[str, Any]) -> None:
        """Change some preferences. Raise PersonNotFound or CallerSuspended."""
