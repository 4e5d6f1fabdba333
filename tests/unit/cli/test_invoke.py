"""Which version of a function is called by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from vestibule_cli.aws import Reply
from vestibule_cli.commands import invoke

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws


class Lambda:
    def __init__(self, *aliases: str) -> None:
        self.aliases = aliases
        self.asked: list[str | None] = []

    def exchange(self, *_asked: Any, Qualifier: str | None = None, **_more: Any) -> Reply:  # noqa: N803 - AWS's
        self.asked.append(Qualifier)
        is_there = Qualifier is None or Qualifier in self.aliases
        return Reply(200 if is_there else 404, {}, b"{}")


@pytest.mark.parametrize(
    ("aliases", "asked"),
    [(["live"], ["live"]), ([], ["live", None])],
    ids=["versions are published", "new code is live at once"],
)
def test_what_is_in_use_is_called(aliases: list[str], asked: list[str | None]) -> None:
    there = Lambda(*aliases)

    reply = invoke._called(cast("Aws", there), "/functions/api/invocations", b"{}")

    assert (reply.status, there.asked) == (200, asked)
