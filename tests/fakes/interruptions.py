"""Somebody else writes at the worst moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vestibule.profiles.service import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.table import FakeTable
    from vestibule.platform.operations import Operation


def before_each_write(
    table: FakeTable, meanwhile: Callable[[], object], *, times: int = ATTEMPTS
) -> None:
    """Let somebody else write just before each transaction, a number of times."""
    transact, turns = table.transact, iter(range(times))

    def interrupted(*operations: Operation) -> None:
        if next(turns, None) is not None:
            meanwhile()
        transact(*operations)

    table.transact = interrupted  # type: ignore[method-assign]
