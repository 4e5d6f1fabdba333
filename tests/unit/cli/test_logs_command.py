"""Lines of a log, as CloudWatch gives them: late, in pages, and some pages empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from vestibule_cli.commands.logs import OVERLAP_MILLISECONDS, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.aws import Aws


class Logs:
    """Groups of pages; each page but the last leads to the next."""

    def __init__(self, **groups: list[list[tuple[int, str]]]) -> None:
        self.groups = groups
        self.asked: list[Mapping[str, Any]] = []

    def json(self, _service: str, _operation: str, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        pages = self.groups[asked["logGroupName"]]
        number = int(asked.get("nextToken", "0"))
        events = [{"timestamp": time, "message": message} for time, message in pages[number]]
        following = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"events": events, **following}


def reader(logs: Logs) -> Reader:
    return Reader(cast("Aws", logs), {name: name for name in logs.groups}, 1_000_000)


def test_an_empty_page_is_no_end() -> None:
    logs = Logs(api=[[], [(1_000_001, "first")], [], [(1_000_002, "second")]])

    assert [line.message for line in reader(logs).new()] == ["first", "second"]


def test_a_page_that_leads_to_itself_is_the_last() -> None:
    class Circle(Logs):
        def json(self, _service: str, _operation: str, **asked: Any) -> dict[str, Any]:
            self.asked.append(asked)
            return {"events": [], "nextToken": "same"}

    logs = Circle(api=[])

    assert reader(logs).new() == []
    assert len(logs.asked) == 2


def test_a_busy_function_does_not_make_anothers_late_lines_be_missed() -> None:
    far = 1_000_000 + 2 * OVERLAP_MILLISECONDS
    logs = Logs(api=[[(far, "busy")]], relay=[[(1_000_001, "early")]])
    following = reader(logs)
    following.new()

    logs.groups["relay"] = [[(1_000_001, "early"), (1_000_002, "late")]]

    assert [line.message for line in following.new()] == ["late"]
    since = {asked["logGroupName"]: asked["startTime"] for asked in logs.asked}
    assert since == {"api": far - OVERLAP_MILLISECONDS, "relay": 1_000_000}
