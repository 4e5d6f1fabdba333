"""The rules, to whoever goes by them. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from vestibule.policy.model import Policy


class Policies(Protocol):
    def current(self) -> Policy:
        """Give the rules as they are now. Never raises."""

    @property
    def is_certain(self) -> bool:
        """Whether those rules are in force, and not just what there is while nobody can say."""
