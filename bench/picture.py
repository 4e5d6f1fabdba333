"""Draws docs/picture.svg from what the stack is made of: stack.yaml, the policies, the modules.

picture.py [--check]     with --check: only say whether the file is current
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/picture.svg"

# Pixels that a letter takes, on the wide side, by the size of its text.
LETTER = {"": 7.4, "small": 6.3}
BOX = (190, 60)
COLUMNS = {"people": 20, "door": 200, "function": 460, "store": 720, "end": 960}
TOP = 24
ROW = 88
RATE = re.compile(r"rate\((1 )?(.*)\)")
TRIGGERS = "only while the table is away"
SERVICES = {"cognito-idp": "user pool", "ec2": "EC2", "ses": "SES: mail"}
REFERENCES = {
    "user_service_url": "your user service",
    "secret:analytics": "analytics services",
    "secret:crm": "your CRM",
}
# What the modules add on AWS that a laptop does without.
AROUND = {
    "dns": "DNS and certificates",
    "mail": "mail domain",
    "observability": "alarms and dashboard",
    "site": "CloudFront, WAF",
}

STYLE = """\
    .box { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.5 }
    .ours { fill: #dff3ef; stroke: #2b8c7e }
    .outside { fill: none; stroke: #57606a; stroke-width: 1.2; stroke-dasharray: 5 4 }
    .place { fill: none; stroke: #8c959f; stroke-width: 1.2; stroke-dasharray: 2 4 }
    .flow { fill: none; stroke: #57606a; stroke-width: 1.5; marker-end: url(#head) }
    text { fill: #24292f; text-anchor: middle }
    .small { font-size: 12px; fill: #57606a }
    .left { text-anchor: start }
    .head { fill: #57606a }
    @media (prefers-color-scheme: dark) {
      .box { fill: #1c2128; stroke: #8b949e }
      .ours { fill: #12352f; stroke: #4fc3b1 }
      .outside { stroke: #8b949e }
      .place { stroke: #6e7681 }
      .flow { stroke: #8b949e }
      text { fill: #e6edf3 }
      .small { fill: #9da7b1 }
      .head { fill: #8b949e }
    }"""


ATTRIBUTES = (
    'role="img" aria-labelledby="title told" font-size="14" '
    "font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\""
)
HEAD = (
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path class="head" d="M0 0 10 5 0 10z"/></marker>'
)


class DoesNotFit(Exception):
    """A text is longer than its place: shorten it, or make the place larger."""


@dataclass(frozen=True)
class Row:
    """A queue, what the bus puts there, who works on it, and whom that tells."""

    queue: str
    rules: Sequence[tuple[str, Sequence[str]]]
    function: str
    outside: Sequence[str]


class Stack:
    """What there is to draw."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.definition: dict[str, Any] = yaml.safe_load((root / "stack.yaml").read_text())
        api = json.loads((root / self.definition["api"]["definition"]).read_text())
        verbs = {"get", "put", "post", "delete", "patch"}
        self.routes = sum(len(verbs & set(path)) for path in api["paths"].values())
        self.modules = sorted(path.name for path in (root / "infra/modules").iterdir())

    @property
    def functions(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.definition["functions"]
        return found

    def reading(self, kind: str) -> Iterator[tuple[str, str]]:
        """Functions and what of this kind they read: a queue, a stream, a schedule."""
        for key, function in self.functions.items():
            for event in function.get("events", ()):
                if kind in event:
                    yield key, event[kind]

    def references(self, key: str) -> set[str]:
        values = self.functions[key].get("environment", {}).values()
        return {value["ref"] for value in values if isinstance(value, Mapping)}

    def senders(self, queue: str) -> list[str]:
        """Functions that put something into a queue, past the bus."""
        workers = {key for key, name in self.reading("queue") if name == queue}
        wanted = f"queue_url:{queue}"
        return [key for key in self.functions if wanted in self.references(key) - workers
                and key not in workers]  # fmt: skip

    def outside(self, key: str) -> list[str]:
        statements = json.loads((self.root / self.functions[key]["policy"]).read_text())
        actions = {action for each in statements["Statement"] for action in each["Action"]}
        services = {action.partition(":")[0] for action in actions}
        return [
            *(says for name, says in REFERENCES.items() if name in self.references(key)),
            *(says for name, says in SERVICES.items() if name in services),
        ]

    def rows(self) -> list[Row]:
        rules = self.definition["bus"]["rules"]
        rows = [
            Row(
                queue,
                [(name, rule["types"]) for name, rule in rules.items() if rule["queue"] == queue],
                function,
                self.outside(function),
            )
            for function, queue in self.reading("queue")
        ]
        # What a trigger sends to comes first: its arrow then crosses no other.
        return sorted(rows, key=lambda row: not self.senders(row.queue))


class Drawing:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def box(  # noqa: PLR0913 - a box has sides
        self, x: float, y: float, title: str, *lines: str, kind: str = "box", width: float = BOX[0],
        height: float = BOX[1],
    ) -> None:  # fmt: skip
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        self.parts.append(f'<rect class="{kind}" {place} rx="8"/>')
        texts = [(title, ""), *((line, "small") for line in lines)]
        step = 17
        first = y + height / 2 - step * (len(texts) - 1) / 2 + 5
        for number, (text, size) in enumerate(texts):
            self.text(x + width / 2, first + step * number, text, size, width - 8)

    def text(self, x: float, y: float, text: str, kind: str = "", width: float = 0) -> None:
        size = "small" if "small" in kind else ""
        if width and len(text) * LETTER[size] > width:
            raise DoesNotFit(f"{text!r} needs {len(text) * LETTER[size]:.0f} of {width:.0f} pixels")
        name = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text{name} x="{x:g}" y="{y:g}">{escape(text)}</text>')

    def flow(self, path: str) -> None:
        self.parts.append(f'<path class="flow" d="{path}"/>')

    def across(self, x: float, to: float, y: float) -> None:
        self.flow(f"M{x:g} {y:g} H{to:g}")


def draw(stack: Stack) -> str:
    drawing = Drawing()
    rows = stack.rows()
    below = TOP + 3 * ROW + 42
    height = below + len(rows) * ROW + 106
    _front(drawing, stack)
    _behind(drawing, stack, rows, below)
    _definitions(drawing, stack, below + len(rows) * ROW + 30)
    width = COLUMNS["end"] + 250
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {ATTRIBUTES}>',
            f'  <title id="title">{escape(stack.definition["name"].title())}: its parts</title>',
            f'  <desc id="told">{escape(" ".join(told(stack)))}</desc>',
            f"  <style>\n{STYLE}\n  </style>",
            f"  <defs>{HEAD}</defs>",
            *(f"  {part}" for part in drawing.parts),
            "</svg>",
            "",
        ]
    )


def _front(drawing: Drawing, stack: Stack) -> None:
    """Where people come in, and where what they do is kept."""
    door, function, store, end = (COLUMNS[name] for name in ("door", "function", "store", "end"))
    wide, high = BOX
    site, api, pool = TOP, TOP + ROW, TOP + 2 * ROW
    drawing.box(COLUMNS["people"], api, "browser", "SDK, curl", width=110)
    drawing.box(door, site, "site", "CloudFront and S3" if "site" in stack.modules else "pages")
    drawing.box(door, api, "API Gateway", f"{stack.routes} routes, verifies tokens")
    drawing.box(door, pool, "Cognito user pool", "sign-up, sign-in (SRP)")
    drawing.flow(f"M75 {api} V{site + high / 2:g} H{door - 4}")
    drawing.across(130, door - 4, api + high / 2)
    drawing.flow(f"M75 {api + high} V{pool + high / 2:g} H{door - 4}")
    drawing.flow(f"M{door + wide / 2:g} {site + high} V{api - 4}")
    drawing.text(door + wide / 2 + 8, site + high + 19, "/api/*", "small left")

    answering, deciding = (
        stack.definition["api"]["function"],
        stack.definition["user_pool"]["triggers"],
    )
    _function(drawing, stack, answering, function, api)
    _function(drawing, stack, deciding, function, pool)
    drawing.across(door + wide, function - 4, api + high / 2)
    drawing.across(door + wide, function - 4, pool + high / 2)
    drawing.text((door + wide + function) / 2, pool + high / 2 - 8, "triggers", "small", 70)

    table = stack.definition["table"]
    keys = "/".join(table["key"].values())
    middle = api + ROW / 2
    indexes = ", ".join(table.get("indexes", {}))
    drawing.box(store, middle, "DynamoDB: one table", f"{keys}, index {indexes}, stream")
    for start, arrival in ((api, middle + 18), (pool, middle + high - 18)):
        turn = (function + wide + store) / 2
        drawing.flow(f"M{function + wide} {start + high / 2:g} H{turn:g} V{arrival:g} H{store - 4}")
    for relay, _ in stack.reading("stream"):
        _function(drawing, stack, relay, end + 20, middle)
        drawing.across(store + wide, end + 16, middle + high / 2)


def _behind(drawing: Drawing, stack: Stack, rows: Sequence[Row], top: float) -> None:
    """What follows from it: the bus, its queues, who works on them, and whom they tell."""
    door, function, store, end = (COLUMNS[name] for name in ("door", "function", "store", "end"))
    wide, high = BOX
    bus = (end - 10, 240)
    drawing.parts.append(
        f'<rect class="box" x="{bus[0]}" y="{top - 34}" width="{bus[1]}" '
        f'height="{len(rows) * ROW + 14}" rx="8"/>'
    )
    drawing.text(bus[0] + bus[1] / 2, top - 14, "EventBridge bus", "", bus[1])
    relay = TOP + ROW * 1.5 + high
    drawing.flow(f"M{end + 20 + wide / 2:g} {relay:g} V{top - 38}")
    for number, row in enumerate(rows):
        y = top + number * ROW
        types = list(_rule_lines(row))
        for line, text in enumerate(types):
            place = y + high / 2 + 4 + (line - (len(types) - 1) / 2) * 15
            drawing.text(bus[0] + 14, place, text, "small left", bus[1] - 18)
        queue = stack.definition["queues"][row.queue]
        letters = stack.definition["queues"][queue["dead_letters"]]
        drawing.box(
            store,
            y,
            f"{row.queue} queue",
            f"dead letters kept {letters['retention'] // 86400} days",
        )
        drawing.across(bus[0], store + wide + 4, y + high / 2)
        _function(drawing, stack, row.function, function, y)
        drawing.across(store, function + wide + 4, y + high / 2)
        if row.outside:
            drawing.box(door, y, row.outside[0], *row.outside[1:], kind="outside")
            drawing.across(function, door + wide + 4, y + high / 2)
        for sender in stack.senders(row.queue):
            if sender == stack.definition["user_pool"]["triggers"]:
                turn = top - 22
                drawing.flow(
                    f"M{function + wide / 2:g} {TOP + 2 * ROW + high} V{turn} "
                    f"H{store + wide / 2:g} V{y - 4}"
                )
                drawing.text(function + wide / 2 + 8, turn - 8, TRIGGERS, "small left")


def _rule_lines(row: Row) -> Iterator[str]:
    """The types that go to a queue, a few to a line."""
    types = list(dict.fromkeys(each for _, types in row.rules for each in types))
    line = ""
    for each in types:
        if line and (len(line) + len(each) + 2) * LETTER["small"] > 220:
            yield f"{line},"
            line = each
        else:
            line = f"{line}, {each}" if line else each
    yield line


def _function(drawing: Drawing, stack: Stack, key: str, x: float, y: float) -> None:
    function = stack.functions[key]
    lines = [f"{function['memory']} MB, {function['timeout']} s"]
    rates = [
        (event["schedule"], RATE.sub(r"\2", event["rate"]))
        for event in function.get("events", ())
        if "schedule" in event
    ]
    drawing.box(x, y, key, *lines, *_joined(rates), kind="box ours")


def _joined(rates: Sequence[tuple[str, str]]) -> Iterable[str]:
    """Schedules of one rate in one line."""
    by_rate: dict[str, list[str]] = {}
    for name, often in rates:
        by_rate.setdefault(often, []).append(name)
    return [f"{', '.join(names)} every {often}" for often, names in by_rate.items()]


def _definitions(drawing: Drawing, stack: Stack, top: float) -> None:
    """What all of it is made from, and what is around it on AWS."""
    facts = [
        ("stack.yaml", "what it is made of"),
        (stack.definition["api"]["definition"], "what it answers"),
        ("infra/policies", "who may do what"),
    ]
    for number, (title, line) in enumerate(facts):
        drawing.box(20 + number * 205, top, title, line, kind="box ours")
    x = 20 + 3 * 205 + 10
    around = [says for name, says in AROUND.items() if name in stack.modules]
    drawing.text(x, top + 24, "On the laptop: vestibule up. On AWS: Terraform.", "left")
    drawing.text(x, top + 44, f"There also: {', '.join(around)}.", "small left")


def told(stack: Stack) -> Iterator[str]:
    """The picture in words."""
    definition = stack.definition
    deciding, answering = definition["user_pool"]["triggers"], definition["api"]["function"]
    yield f"People sign up and in at a Cognito user pool, which calls {deciding}."
    yield f"They call an API Gateway with {stack.routes} routes, which {answering} answers."
    yield "Both keep what they know in one DynamoDB table."
    for relay, _ in stack.reading("stream"):
        yield f"{relay} reads the table's stream and puts events on an EventBridge bus."
    for row in stack.rows():
        types = ", ".join(dict.fromkeys(each for _, types in row.rules for each in types))
        whom = f", which calls: {', '.join(row.outside)}" if row.outside else ""
        yield f"{types} go into the queue {row.queue} for {row.function}{whom}."
    for key, name in stack.reading("schedule"):
        yield f"{key} does {name} on a schedule."


def main(arguments: Sequence[str]) -> int:
    text = draw(Stack(ROOT))
    if arguments != ["--check"]:
        PICTURE.write_text(text, encoding="utf-8")
        return 0
    if PICTURE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/picture.svg is not what the stack is made of: run python bench/picture.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
