"""Which VPCs a list shows, by its query."""

from __future__ import annotations

from hashlib import sha256

from vestibule.platform.cidr import shown
from vestibule.platform.http.errors import Detail, InvalidRequest
from vestibule.platform.ids import is_sub
from vestibule.platform.values import frozen
from vestibule.policy.parse import is_region
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs.checks import LONGEST_TAG_KEY, LONGEST_TAG_VALUE
from vestibule.vpcs.model import STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from vestibule.vpcs.model import VpcRecord

_LONGEST_TAG: Final = LONGEST_TAG_KEY + 1 + LONGEST_TAG_VALUE


@frozen
class Filter:
    """All that is named must be so."""

    state: str | None = None
    region: str | None = None
    owner: str | None = None
    tag: str | None = None  # key:value; either may hold more colons

    @property
    def digest(self) -> str:
        """Tells one list from another, in few letters: it goes into the token of the next page."""
        return sha256(repr(self).encode()).hexdigest()[:32]

    def accepts(self, record: VpcRecord) -> bool:
        return (
            self.state in {None, record.state}
            and self.region in {None, record.region}
            and self.owner in {None, record.created_by}
            and (self.tag is None or self.tag in map(":".join, record.tags.items()))
        )


def read(query: Mapping[str, str], *, me: str) -> Filter:
    """Raise InvalidRequest naming every parameter that cannot be meant."""
    state, region = query.get("state"), query.get("region")
    owner, tag = query.get("owner"), query.get("tag")
    problems = []
    if state is not None and state not in STATES:
        message = f"Must be one of: {', '.join(STATES)}; got {shown(state)}."
        problems.append(Detail("state", "enum", message))
    if region is not None and not is_region(region):
        message = f"Must be a region such as us-east-1, got {shown(region)}."
        problems.append(Detail("region", "region", message))
    if owner is not None and owner not in {"me", OPERATOR} and not is_sub(owner):
        message = f"Must be a userId such as an answer gave it, or me; got {shown(owner)}."
        problems.append(Detail("owner", "uuid", message))
    if tag is not None and (":" not in tag[1:] or len(tag) > _LONGEST_TAG):
        problems.append(Detail("tag", "tag", f"Must be key:value, got {shown(tag)}."))
    if problems:
        raise InvalidRequest(*problems)
    return Filter(state, region, me if owner == "me" else owner, tag)
