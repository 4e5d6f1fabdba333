"""What the triggers need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from vestibule.invitations.model import Reservation
    from vestibule.triggers.arrival import Arrival
    from vestibule.triggers.standing import Known


class People(Protocol):
    def find(self, user_id: str) -> Known | None:
        """Read a person's profile as it is at this moment, in one round trip."""


class Visits(Protocol):
    """Nothing is ever noted of the erased: False, and nothing is written. All raise AwsError."""

    def sign_in(self, arrival: Arrival, *, settled: bool) -> bool:
        """Note last login and activity in one round trip.

        With `settled`, only for somebody who is: False, and nothing is written, for all others.
        """

    def password_reset(self, arrival: Arrival) -> bool:
        """Note that a new password was chosen, in one round trip."""


class Places(Protocol):
    def reserve(self, code: str, address: str, now: datetime) -> Reservation | None:
        """Hold an invitation's place for an address; None if the code does not open for it."""


class Origins(Protocol):
    def keep(self, email: str, origin: Mapping[str, str]) -> None:
        """Keep where a sign-up came from until the address is confirmed, for a while."""


class Backlog(Protocol):
    def send(self, arrival: Arrival) -> None:
        """Keep an arrival for later. Raise AwsError."""


class Addresses(Protocol):
    def look_up(self, email: str) -> tuple[str | None, bool]:
        """Tell who holds the address, and whether an invitation is reserved for it."""


class Identities(Protocol):
    def providers(self) -> list[str]:
        """Name the pool's identity providers, as they were named. Raise AwsError."""

    def proven_email(self, user_id: str) -> str | None:
        """Give the verified address of an enabled account as it is now. Raise AwsError."""

    def link(self, user_id: str, provider: str, subject: str) -> None:
        """Let a provider's identity sign in as this person from now on. Raise AwsError."""
