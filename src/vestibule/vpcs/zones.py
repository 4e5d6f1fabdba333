"""Regions and the letters of their availability zones.

Which of them an account has is known at AWS alone; a zone that it lacks fails when it is built.
"""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_USUAL: Final = "abc"
_ANY: Final = "abcdef"
_MOST_SPREAD: Final = 3
# Those with other letters than a, b and c.
_LETTERS: Final = {
    "us-east-1": "abcdef",
    "us-west-2": "abcd",
    "ca-central-1": "abd",
    "ap-northeast-1": "acdb",
    "ap-northeast-2": "abcd",
}
# An account has two of its three.
_SPREAD: Final = {"us-west-1": 2}
_USUAL_REGIONS: Final = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-2",
        "us-west-1",
    }
)


@frozen
class Zones:
    region: str
    letters: str

    @property
    def spread(self) -> tuple[str, ...]:
        """Where the planner puts subnets that name no zone."""
        count = _SPREAD.get(self.region, _MOST_SPREAD)
        return tuple(f"{self.region}{letter}" for letter in self.letters[:count])

    def has(self, zone: str) -> bool:
        letter = zone.removeprefix(self.region)
        return len(letter) == 1 and zone == self.region + letter and letter in self.letters

    def __str__(self) -> str:
        return ", ".join(f"{self.region}{letter}" for letter in sorted(self.letters))


def of(region: str) -> Zones:
    """The zones of a region; of one that is not known here, a to f may be named."""
    usual = _USUAL if region in _USUAL_REGIONS else _ANY
    return Zones(region, _LETTERS.get(region, usual))
