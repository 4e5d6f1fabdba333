"""Addresses and domains as the rules compare them. No `re`: sign-up reads this at a cold start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from typing import Final

LONGEST_ADDRESS: Final = 254
_LONGEST_LOCAL: Final = 64
_LONGEST_LABEL: Final = 63
_LABEL_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_ATOM_LETTERS: Final = _LABEL_LETTERS | frozenset("!#$%&'*+/=?^_`{|}~")


def normalized(email: str) -> str | None:
    """The address as rules, claims and invitations compare it; None if it is none.

    Only ASCII passes, told before any change of case: the lower case of the Kelvin sign is a plain
    k, so a look-alike would become somebody else's address. A domain of other letters has an ASCII
    form, which shows what it is.
    """
    if not email.isascii():
        return None
    address = email.strip(" ").lower()
    local, separator, domain = address.rpartition("@")
    if (
        not separator
        or len(address) > LONGEST_ADDRESS
        or not 0 < len(local) <= _LONGEST_LOCAL
        or not all(atom and _ATOM_LETTERS.issuperset(atom) for atom in local.split("."))
        or not is_domain(domain)
    ):
        return None
    return address


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def is_domain(text: str) -> bool:
    """Whether it is a domain as rules write it: lower-case, ASCII, two labels or more."""
    labels = text.split(".")
    return (
        len(text) <= LONGEST_ADDRESS - 1
        and len(labels) > 1
        and all(_is_label(label) for label in labels)
        and not labels[-1].isdigit()
    )


def lies_in(domain: str, domains: Container[str]) -> bool:
    """Whether the domain, or one it lies under, is among them."""
    return any(each in domains for each in _with_parents(domain))


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= _LONGEST_LABEL
        and _LABEL_LETTERS.issuperset(label)
        and label[0] != "-"
        and label[-1] != "-"
    )


def _with_parents(domain: str) -> Iterator[str]:
    while domain:
        yield domain
        domain = domain.partition(".")[2]
