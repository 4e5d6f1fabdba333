"""What the rules need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule.platform.operations import Item
    from vestibule.platform.origin import Origin
    from vestibule.profiles.accounts import Account
    from vestibule.profiles.model import Draft, Person, Profile, PublicPage, Sighting
    from vestibule.profiles.preferences import Preferences


class Accounts(Protocol):
    def find(self, user_id: str) -> Account | None:
        """Give the sign-in account as it is now: None when it is gone or disabled."""

    def exists(self, user_id: str) -> bool:
        """Tell whether there is such an account, disabled or not."""


class AccountDirectory(Protocol):
    def delete(self, user_id: str) -> bool:
        """Delete the sign-in account for good. False when it was gone already."""


class SignInNames(Protocol):
    def find(self, user_id: str) -> str | None:
        """Give the account's user name where it is not the sub."""


class Memberships(Protocol):
    def leave(self, user_id: str) -> bool:
        """End what an erased person still belongs to. False when there was nothing."""


class Remains(Protocol):
    def clear(self, user_id: str) -> int:
        """Remove what is left of an erased person, the tombstone apart; tell how many items."""


class History(Protocol):
    def note(
        self,
        user_id: str,
        kind: str,
        at: str,
        *,
        origin: Origin = ...,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Add to what a person did; never raise."""


class OwnOrganization(Protocol):
    def belonging(self, user_id: str, organization_id: str | None) -> Mapping[str, Any]:
        """Give what a person is shown of where they belong or wait: `organization`, `membership`.

        The first is None for who waits; without the second they don't even do that.
        """


class ProfileStore(Protocol):
    """Every write is atomic: all of it happens, or nothing and an error says why."""

    def person(self, user_id: str) -> Person:
        """Read everything small that is kept of one person, as it is at this moment."""

    def sight(self, user_id: str, *, reader: str) -> Sighting:
        """Read a profile and the reader's own record at the same moment."""

    def claimant(self, email: str) -> str | None:
        """Give the id of whoever holds the claim on an address at this moment."""

    def page(self, limit: int, start: Item | None) -> PublicPage:
        """Give some people, oldest profile first, public fields only."""

    def create(
        self, profile: Profile, *, replaces: Profile | None, preferences: Preferences | None
    ) -> None:
        """Keep a new profile, or a completed one, and claim its verified address.

        `replaces` is the unfinished profile as it was read, `preferences` None where some exist.
        Raise AddressTaken when somebody else holds the address, Raced when what was read has
        changed or the person was erased.
        """

    def change(
        self, user_id: str, draft: Draft, *, by: str, version: int | None, at: str
    ) -> Profile:
        """Write the draft's fields and give the profile as it is then, one version higher.

        Raise ProfileNotFound, CallerSuspended (its owner is), CallerNotAdmin (anybody else who is
        not an active admin), VersionDiffers, or AddressDiffers when the draft repeats an address
        that is not the one on record.
        """

    def release(self, holder: Profile, moved: Profile) -> bool:
        """Write `moved` over the holder of an address, and end the claim on it.

        False when the holder or the claim has changed since.
        """

    def erase(self, profile: Profile, *, by: str, at: str, release_claim: bool) -> None:
        """Remove all that `person` reads, release the claim, and leave a tombstone.

        `by` is the person, an admin, or OPERATOR. Raise AddressTaken when the claim is somebody
        else's, CallerNotAdmin as `change` does, and Raced when the profile is gone, suspended under
        its owner, or has another address.
        """

    def erase_visitor(self, user_id: str, *, by: str, at: str) -> bool:
        """Erase somebody who has no profile. False: nobody like that is known.

        Raise CallerNotAdmin, or Raced when a profile has come meanwhile.
        """
