"""What the rules need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from vestibule.invitations.model import Invitation, InvitationPage, Invited
    from vestibule.platform.operations import Check, Item
    from vestibule.profiles.model import Profile


class Rules(Protocol):
    """The part of the policy that invitations keep to."""

    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def default_role(self) -> str: ...


class Inviting(Protocol):
    """An organization that invites."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


class Inviter(Protocol):
    """A caller before an organization, as the organizations domain reads it."""

    @property
    def profile(self) -> Profile | None: ...
    @property
    def organization(self) -> Inviting | None: ...
    @property
    def is_admin(self) -> bool: ...
    @property
    def is_suspended(self) -> bool: ...
    @property
    def is_organization_admin(self) -> bool: ...
    @property
    def is_member(self) -> bool: ...
    @property
    def checks(self) -> Sequence[Check]:
        """What must still hold when something is written on their word."""


class Inviters(Protocol):
    def standing(self, user_id: str, organization_id: str | None) -> Inviter:
        """Read a caller at this moment, and an organization; None for the caller's own."""


class InvitationMail(Protocol):
    def send(self, mail: Invited) -> None:
        """Mail a code to whom it is for. May be called twice for one invitation."""


class InvitationStore(Protocol):
    """Every write is atomic, and happens only while its checks hold; else it raises Raced."""

    def add(self, invitation: Invitation, checks: Sequence[Check]) -> None:
        """Keep a new invitation, and count it if it is to be mailed.

        Raise AlreadyMailed while another one is open that was mailed, TooManyMails where its maker,
        its address or its organization has had as many as may be.
        """

    def accept(self, code: str, user_id: str, now: datetime, current: str | None) -> str:
        """Make a signed-in person a member by a code; give the organization's id.

        `current` is the address that their account proves now, or None if nobody asked. Raise
        InvitationUseless, BelongsAlready or CallerSuspended.
        """

    def find(self, invite_id: str) -> Invitation | None:
        """Give the invitation of that public id."""

    def page(self, organization_id: str | None, limit: int, start: Item | None) -> InvitationPage:
        """Give some invitations of an organization, or of all, oldest first."""

    def revoke(self, invitation: Invitation, checks: Sequence[Check], *, by: str, at: str) -> None:
        """Let it open for nobody any more, whoever holds a place."""
