"""What the rules need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule.organizations.model import (
        MemberPage,
        Organization,
        OrganizationPage,
    )
    from vestibule.organizations.standing import Scene, Standing
    from vestibule.platform.operations import Item


class Rules(Protocol):
    """The part of the policy that organizations keep to."""

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]: ...
    def plan_for(self, account_type: str) -> str: ...
    def features_for(self, plan: str) -> tuple[str, ...]: ...
    def is_public_mail(self, domain: str) -> bool: ...
    def organization_for(self, domain: str) -> object | None: ...


class OrganizationStore(Protocol):
    """Every write is atomic, and happens only while what `standing` says of the caller holds.

    Each write raises Raced when anything it relies on has changed since it was read.
    """

    def standing(self, user_id: str, organization_id: str | None) -> Standing:
        """Read a caller and an organization at the same moment; None for where they belong."""

    def scene(self, caller: str, organization_id: str, user_id: str) -> Scene:
        """Read a caller, an organization and one of its members at the same moment."""

    def holder_of(self, domain: str) -> str | None:
        """Give the id of the organization that holds the claim on a domain."""

    def page(self, limit: int, start: Item | None) -> OrganizationPage:
        """Give some organizations, oldest first."""

    def members(self, organization_id: str, limit: int, start: Item | None) -> MemberPage:
        """Give some members, waiting ones included, by their ids."""

    def active_members(self, organization_id: str, limit: int, start: Item | None) -> MemberPage:
        """As `members` without anybody who waits: not even the key of the next page names one."""

    def add(self, organization: Organization, by: Standing, first: Scene | None) -> None:
        """Keep a new organization and its claim; `first` becomes its admin."""

    def change(self, organization: Organization, by: Standing, replaces: Organization) -> None:
        """Write name, plan and features, one version higher than the one it replaces."""

    def accept(self, scene: Scene, at: str) -> None:
        """Let a waiting person in: membership and profile say so together."""

    def other_admin(self, scene: Scene) -> str | None:
        """Name an admin of the organization beside the member who can act now: no suspended one."""

    def assign(self, scene: Scene, role: str, other_admin: str | None) -> None:
        """Give an active member the other role, while the other admin named can still act."""

    def remove(self, scene: Scene, at: str, other_admin: str | None) -> None:
        """End a membership, and let the profile forget the organization. As `assign` otherwise."""
