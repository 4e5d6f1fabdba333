import json
import time
from collections.abc import Iterator
from typing import Any

import click

from vestibule_cli.aws import Aws, found
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.failures import Misuse
from vestibule_cli.local.provision import log_group
from vestibule_cli.log_lines import Kind, Line
from vestibule_cli.yaml_file import oneof

# CloudWatch answers some requests a second, and each function's log takes one.
PAUSE, PAUSE_ON_AWS = 0.5, 3.0
# A line may come a moment after its time: reading starts anew this much before the last one.
# CloudWatch shows lines late, and not in the order of their times.
OVERLAP_MILLISECONDS = 60_000


@click.command()
@click.argument("function", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option(
    "--minutes", type=click.IntRange(1), default=60, show_default=True, help="How far back."
)
@click.option("--metrics", is_flag=True, help="Lines that hold metrics, too.")
@click.option("--all", "everything", is_flag=True, help="Metrics and Lambda's own lines, too.")
@with_stack
@as_json
def command(  # noqa: PLR0913 - one for each option
    function: str | None,
    chosen: Chosen,
    *,
    follow: bool,
    minutes: int,
    metrics: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what the functions logged, or one of them, oldest line first.

    With --json every line as the log holds it.
    """
    shown = {Kind.SAID} | ({Kind.METRIC} if metrics else set())
    if everything or as_json:
        shown = set(Kind)
    target = chosen.target()
    outputs = target.outputs
    if function is not None and function not in outputs.functions:
        raise Misuse(oneof("function", function, outputs.functions))
    keys = [function] if function else list(outputs.functions)
    reader = Reader(
        target.aws(),
        {key: log_group(outputs.functions[key]) for key in keys},
        since=int((time.time() - minutes * 60) * 1000),
    )
    while True:
        for line in reader.new():
            if line.kind in shown:
                click.echo(json.dumps(line.as_dict(), ensure_ascii=False) if as_json else str(line))
        if not follow:
            return
        time.sleep(PAUSE_ON_AWS if target.is_on_aws else PAUSE)


class Reader:
    """Reads each line once, however often it is asked for new ones."""

    def __init__(self, aws: Aws, groups: dict[str, str], since: int) -> None:
        self._aws = aws
        self._groups = groups
        self._since = dict.fromkeys(groups, since)
        self._seen: set[str] = set()

    def new(self) -> list[Line]:
        found_now = {
            identity: line
            for function, group in self._groups.items()
            for identity, line in self._lines(function, group)
        }
        # Lines of one millisecond stay in the order in which the log gives them.
        fresh = sorted(
            (line for identity, line in found_now.items() if identity not in self._seen),
            key=lambda line: line.time,
        )
        self._seen = set(found_now)
        for line in fresh:
            earliest = line.time - OVERLAP_MILLISECONDS
            self._since[line.function] = max(self._since[line.function], earliest)
        return fresh

    def _lines(self, function: str, group: str) -> Iterator[tuple[str, Line]]:
        token: dict[str, str] | None = {}
        while token is not None:
            page = self._page(function, group, token)
            for event in page["events"]:
                identity = event.get("eventId") or f"{event['timestamp']}{event['message']}"
                line = Line(event["timestamp"], function, event["message"].rstrip())
                yield f"{group}{identity}", line
            # An empty page is no end: CloudWatch looks at so many lines for each.
            following = {"nextToken": page["nextToken"]} if page.get("nextToken") else None
            token = None if following == token else following

    def _page(self, function: str, group: str, token: dict[str, str]) -> dict[str, Any]:
        answer = found(
            "ResourceNotFoundException",
            lambda: self._aws.json(
                "logs",
                "FilterLogEvents",
                logGroupName=group,
                startTime=self._since[function],
                **token,
            ),
        )
        return answer or {"events": []}
