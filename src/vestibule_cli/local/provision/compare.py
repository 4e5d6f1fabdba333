"""What a Describe answers, held against what stack.yaml asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vestibule_cli.failures import Failure


class ProvisionError(Failure):
    """The stack cannot be made as stack.yaml says; the message says why and what to do."""


def differences(wanted: Any, found: Any, place: str = "") -> Iterator[str]:
    """Each place where `found` lacks what `wanted` says. What only `found` has is no matter."""
    if isinstance(wanted, Mapping):
        for key, value in wanted.items():
            there = found.get(key) if isinstance(found, Mapping) else None
            yield from differences(value, there, f"{place}.{key}" if place else str(key))
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if sorted(map(_sortable, wanted)) != sorted(map(_sortable, found or ())):
            yield f"{place} is {found!r}, not {wanted!r}"
    elif wanted != found:
        yield f"{place} is {found!r}, not {wanted!r}"


def same(wanted: Any, found: Any) -> bool:
    return next(differences(wanted, found), None) is None


def verify(name: str, wanted: Any, found: Any) -> None:
    """Raise ProvisionError if the emulator did not make what it was asked to make."""
    problems = list(differences(wanted, found))
    if problems:
        raise ProvisionError(f"{name} was not made as stack.yaml says: {'; '.join(problems)}")


def _sortable(value: Any) -> str:
    if isinstance(value, Mapping):
        return repr(sorted((str(key), _sortable(each)) for key, each in value.items()))
    return repr(value)
