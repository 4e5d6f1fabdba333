import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from vestibule_cli.aws import Aws, found
from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.local.provision import log_group, root
from vestibule_cli.local.state import StateFolder
from vestibule_cli.main import MISUSED, Shown
from vestibule_cli.stack_file import oneof

PAUSE = 0.5
# A line may come a moment after its time: reading starts anew this much before the last one.
OVERLAP_MILLISECONDS = 5_000


@click.command()
@click.argument("function", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--minutes", type=click.IntRange(1), default=60, show_default=True, help="How far back."
)
@with_state
@as_json
def command(
    function: str | None, state: StateFolder, *, follow: bool, minutes: int, as_json: bool
) -> None:
    """Show what the functions logged, or one of them, oldest line first."""
    outputs = running(state)
    if function is not None and function not in outputs.functions:
        raise Shown(oneof("function", function, outputs.functions), MISUSED)
    keys = [function] if function else list(outputs.functions)
    reader = Reader(
        root(outputs.aws_endpoint_url, outputs.region),
        {key: log_group(outputs.functions[key]) for key in keys},
        since=int((time.time() - minutes * 60) * 1000),
    )
    while True:
        for line in reader.new():
            click.echo(json.dumps(line.as_dict(), ensure_ascii=False) if as_json else str(line))
        if not follow:
            return
        time.sleep(PAUSE)


@dataclass(frozen=True, order=True)
class Line:
    time: int
    function: str
    id: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        return {"time": self._moment(), "function": self.function, "message": self.message}

    def __str__(self) -> str:
        return f"{self._moment()}  {self.function}  {self.message}"

    def _moment(self) -> str:
        moment = datetime.fromtimestamp(self.time / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Reader:
    """Reads each line once, however often it is asked for new ones."""

    def __init__(self, aws: Aws, groups: dict[str, str], since: int) -> None:
        self._aws = aws
        self._groups = groups
        self._since = since
        self._seen: set[str] = set()

    def new(self) -> list[Line]:
        found_now = {
            line.id: line
            for function, group in self._groups.items()
            for line in self._lines(function, group)
        }
        fresh = sorted(line for line in found_now.values() if line.id not in self._seen)
        self._seen = set(found_now)
        if fresh:
            self._since = max(self._since, fresh[-1].time - OVERLAP_MILLISECONDS)
        return fresh

    def _lines(self, function: str, group: str) -> Iterator[Line]:
        token: dict[str, str] | None = {}
        while token is not None:
            page = self._page(group, token)
            for event in page["events"]:
                identity = event.get("eventId") or f"{event['timestamp']}{event['message']}"
                yield Line(event["timestamp"], function, identity, event["message"].rstrip())
            following = page.get("nextToken")
            token = {"nextToken": following} if following and page["events"] else None

    def _page(self, group: str, token: dict[str, str]) -> dict[str, Any]:
        answer = found(
            "ResourceNotFoundException",
            lambda: self._aws.json(
                "logs", "FilterLogEvents", logGroupName=group, startTime=self._since, **token
            ),
        )
        return answer or {"events": []}
