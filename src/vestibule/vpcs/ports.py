"""What the rules need from outside. Imported for its types alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vestibule.platform.operations import Item
    from vestibule.vpcs.items import Entry
    from vestibule.vpcs.model import VpcPage, VpcRecord
    from vestibule.vpcs.request import Once, Scene


class Rules(Protocol):
    """The part of the policy that VPCs keep to."""

    @property
    def per_user(self) -> int: ...
    @property
    def in_all(self) -> int: ...
    @property
    def allowed_cidrs(self) -> Sequence[str]: ...
    @property
    def allowed_regions(self) -> Sequence[str]:
        """None named: us-east-1 and the region that the stack is in."""

    @property
    def overlap(self) -> str:
        """`refuse` or `warn`."""


class Records(Protocol):
    """What the builder, the drift check and the sweep read and write."""

    def find(self, vpc_id: str) -> VpcRecord | None:
        """Read a record as it is now, by our id."""

    def advance(
        self,
        record: VpcRecord,
        to: str,
        changes: Mapping[str, Any] | None = None,
        *,
        at: str,
        note: str = "",
    ) -> VpcRecord:
        """Bring a record into its next state, or keep a step in the one it is in; return it so.

        `changes` are attributes of VpcRecord by name, None to clear one. Happens only while the
        record stands as it was read: else raises Raced, and nothing is written. Raises ValueError
        for a change of state that no VPC goes through. DELETED gives its place in the limits and
        its range back, in the same write.
        """

    def observe(self, record: VpcRecord, changes: Mapping[str, Any]) -> VpcRecord:
        """Keep what was seen of a record, no change of its own: version and time stay.

        Happens only while the record stands as it was read: else raises Raced.
        """

    def taken(self) -> Sequence[Entry]:
        """Every VPC that is not DELETED, as the register says now."""


class VpcStore(Records, Protocol):
    """What the API adds to that."""

    def scene(self, user_id: str, *, vpc_id: str | None = None, key: str | None = None) -> Scene:
        """Read, at this moment, all that a request of this caller depends on."""

    def add(self, record: VpcRecord, scene: Scene, once: Once | None) -> None:
        """Keep a new record, its entry in the register and its key, if the scene still holds.

        Raises Raced.
        """

    def delete(self, record: VpcRecord, scene: Scene, *, at: str, note: str) -> VpcRecord:
        """Bring a record to DELETING while the caller may. Raises Raced."""

    def made_by(self, user_id: str) -> Sequence[VpcRecord]:
        """Give those that somebody asked for and that are not DELETED."""

    def page(
        self, accepts: Callable[[VpcRecord], bool] | None, limit: int, start: Item | None
    ) -> VpcPage:
        """Give some records, oldest first: those that a filter accepts, of at most 100."""
