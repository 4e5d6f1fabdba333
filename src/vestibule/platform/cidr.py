"""IPv4 ranges as whole numbers. The standard library's `ipaddress` costs 5 ms of a cold start."""

from __future__ import annotations

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

BITS: Final = 32
_OCTETS: Final = 4
_LONGEST_SHOWN: Final = 64


class CidrBroken(ValueError):
    """`rule` is for programs; `message` names the value."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


@frozen
class Range:
    """All addresses from `first` on that share its leading `length` bits."""

    first: int
    length: int

    @property
    def size(self) -> int:
        return int(1 << (BITS - self.length))

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.first + self.size

    def __str__(self) -> str:
        octets = (str(self.first >> shift & 255) for shift in (24, 16, 8, 0))
        return f"{'.'.join(octets)}/{self.length}"

    def contains(self, other: Range) -> bool:
        return self.first <= other.first and other.end <= self.end

    def overlaps(self, other: Range) -> bool:
        return self.first < other.end and other.first < self.end


def parse(text: str) -> Range:
    """Read `10.0.0.0/16`, in ASCII and in this one spelling. Raise CidrBroken."""
    if ":" in text:
        raise CidrBroken("ipv4", f"Must be IPv4, which {shown(text)} is not.")
    address, slash, length_text = text.partition("/")
    octets = [_number(part, 255) for part in address.split(".")]
    length = _number(length_text, BITS)
    if not slash or length is None or len(octets) != _OCTETS or None in octets:
        raise CidrBroken("cidr", f"Must be a range such as 10.0.0.0/16, got {shown(text)}.")
    number = 0
    for octet in octets:
        number = number << 8 | (octet or 0)
    first = number >> (BITS - length) << (BITS - length)
    if first != number:
        range_ = Range(first, length)
        raise CidrBroken(
            "hostBits", f"Must have no host bits set: {shown(text)} lies in {range_}, write that."
        )
    return Range(first, length)


def shown(value: object) -> str:
    """A stranger's value as it may be repeated to them: one line of ASCII, and not endless."""
    text = ascii(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 4]}...{text[0]}"


def _number(text: str, largest: int) -> int | None:
    """Read decimal digits without leading zeros, which some readers take for octal."""
    if not (0 < len(text) <= 3 and text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if str(number) == text and number <= largest else None
