"""Writes docs/capacity.md and docs/capacity.svg: which quota binds first, and a simulated storm.

capacity.py [--check]     with --check: only say whether the page is current
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import costs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/capacity.md"
PICTURE = ROOT / "docs/capacity.svg"

TRIGGER_SECONDS = 0.05
CALL_SECONDS = 0.03
PEER_SECONDS = 0.3
MAIL_SECONDS = 0.15
CODE_DELAY = 60
# Of a queue that says nothing else, in seconds.
KEPT = 345_600
LIST_PAGE = 60
LIST_CALLS = 5.0
RUN_SECONDS = 30.0

# What one of each takes: of a rate, calls; of Lambda, executions at once.
STEPS: Mapping[str, Mapping[str, float]] = {
    "a new person": {
        "mail": costs.MAILS_OF_A_NEW_USER,
        "cognito_creation": 2,
        "lambda": costs.TRIGGERS["new"] * TRIGGER_SECONDS,
        "table_writes": costs.WRITES["new"],
        "index_writes": 1,
        "bus": costs.EVENTS["new"],
    },
    "a sign-in": {
        # SRP is two calls: one begins it, one answers the challenge.
        "cognito_authentication": 2,
        "lambda": costs.TRIGGERS["sign_in"] * TRIGGER_SECONDS,
        "table_writes": costs.WRITES["sign_in"],
        "bus": costs.EVENTS["sign_in"],
    },
    "a token refreshed": {"cognito_authentication": 1, "lambda": TRIGGER_SECONDS},
    "a forgotten password": {"cognito_recovery": 2, "mail": 1, "lambda": 2 * TRIGGER_SECONDS},
    "an API call": {
        "stage": 1,
        "gateway": 1,
        "lambda": CALL_SECONDS,
        "table_writes": costs.WRITES["call"] * costs.CALLS_THAT_WRITE,
    },
}
# In which order to ask for more, by what stops people first.
ORDER = (
    "mail",
    "lambda",
    "cognito_creation",
    "cognito_authentication",
    "parameters",
    "stage",
    "table_writes",
)


@dataclass(frozen=True)
class Storm:
    """How many want in, second by second: quiet, a steep rise, a plateau, a slow fall."""

    before: float = 1.0
    peak: float = 40.0
    rise: int = 60
    plateau: int = 300
    fall: int = 600
    begin: int = 120
    seconds: int = 3600

    def wanting(self, second: int) -> float:
        """In people a second."""
        since = second - self.begin
        if since < 0:
            return self.before
        if since < self.rise:
            return self.before + (self.peak - self.before) * since / self.rise
        since -= self.rise
        if since < self.plateau:
            return self.peak
        since -= self.plateau
        return max(self.before, self.peak - (self.peak - self.before) * since / self.fall)


@dataclass(frozen=True)
class Limits:
    """What there is a second."""

    creation: float
    mails: float
    peer: float
    mail_workers: float


@dataclass
class Course:
    """What became of a storm, second by second."""

    wanting: list[float] = field(default_factory=list)
    admitted: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    users: list[float] = field(default_factory=list)
    mails: list[float] = field(default_factory=list)

    def over(self, depth: Sequence[float]) -> float | None:
        """Minutes until the last second in which something waited; None if it still does."""
        busy = [second for second, waits in enumerate(depth) if waits >= 1]
        if busy and busy[-1] == len(depth) - 1:
            return None
        return (busy[-1] + 1) / 60 if busy else 0.0


def simulate(storm: Storm, limits: Limits) -> Course:
    """Let people in as far as there is room; codes go before welcomes."""
    course = Course()
    waiting = users = mails = 0.0
    for second in range(storm.seconds):
        wanting = storm.wanting(second)
        waiting += wanting
        # Two calls, and one mail at once; a mail that is refused fails the sign-up.
        admitted = min(waiting, limits.creation / 2, limits.mails)
        waiting -= admitted
        confirmed = course.admitted[second - CODE_DELAY] if second >= CODE_DELAY else 0.0
        users = max(0.0, users + confirmed - limits.peer)
        mails = max(0.0, mails + confirmed - min(limits.mails - admitted, limits.mail_workers))
        for series, value in (
            (course.wanting, wanting), (course.admitted, admitted), (course.waiting, waiting),
            (course.users, users), (course.mails, mails),
        ):  # fmt: skip
            series.append(value)
    return course


class Model:
    def __init__(self, root: Path) -> None:
        told = json.loads((root / "bench/quotas.json").read_text())
        self.region, self.date = told["region"], told["date"]
        self.quotas: dict[str, Any] = told["quotas"]
        self.stack: dict[str, Any] = yaml.safe_load((root / "stack.yaml").read_text())
        self.quotas["stage"]["rate"] = self.stack["api"]["throttle"]["rate"]

    def rate(self, quota: str, *, new: bool = False) -> float:
        found = self.quotas[quota]
        return float(found.get("new", found["rate"]) if new else found["rate"])

    def allowed(self, step: str, *, new: bool = False) -> list[tuple[float, str]]:
        """How many a second each quota allows, the smallest first."""
        return sorted(
            (self.rate(quota, new=new) / each, quota) for quota, each in STEPS[step].items()
        )

    def workers(self, queue: str) -> int:
        """How many of a queue's messages are handled at once."""
        for function in self.stack["functions"].values():
            for event in function.get("events", ()):
                if event.get("queue") == queue:
                    return int(event["concurrency"])
        raise KeyError(queue)

    def all_workers(self) -> int:
        """How many executions the queues may take of the account's."""
        events = (each.get("events", ()) for each in self.stack["functions"].values())
        return sum(event.get("concurrency", 0) for some in events for event in some)

    def limits(self) -> tuple[Limits, Limits]:
        """As AWS gives it out of the sandbox, and after asking for four times as much."""
        peer = self.workers("user-service") / PEER_SECONDS
        writers = self.workers("mail") / MAIL_SECONDS
        usual = Limits(self.rate("cognito_creation"), self.rate("mail"), peer, writers)
        return usual, Limits(4 * usual.creation, 8 * usual.mails, peer, writers)


def page(model: Model) -> str:
    usual, asked = model.limits()
    storm = Storm()
    courses = [simulate(storm, limits) for limits in (usual, asked)]
    every = next(
        costs.hours(event["rate"]) * 60
        for event in model.stack["functions"]["maintenance"]["events"]
        if event.get("schedule") == "reconcile"
    )
    looked_at = LIST_CALLS * LIST_PAGE * RUN_SECONDS
    return (
        (ROOT / "bench/pages/capacity.md")
        .read_text(encoding="utf-8")
        .format(
            region=model.region,
            date=model.date,
            steps="\n".join(_steps(model)),
            asks="\n".join(_asks(model)),
            storm_says=_storm(storm, usual, asked),
            storm="\n".join(_rows(courses)),
            sandbox=model.rate("mail", new=True),
            creation=model.rate("cognito_creation"),
            groups=model.rate("cognito_groups"),
            new_lambda=model.rate("lambda", new=True),
            parameters=model.rate("parameters"),
            stage=model.rate("stage"),
            kept=model.stack["queues"]["user-service"].get("retention", KEPT) // 86_400,
            workers=model.workers("user-service"),
            all_workers=model.all_workers(),
            trigger_ms=TRIGGER_SECONDS * 1000,
            call_ms=CALL_SECONDS * 1000,
            peer_ms=PEER_SECONDS * 1000,
            mail_ms=MAIL_SECONDS * 1000,
            triggers=costs.TRIGGERS["new"],
            sign_in_triggers=costs.TRIGGERS["sign_in"],
            delay=CODE_DELAY,
            page=LIST_PAGE,
            list_calls=LIST_CALLS,
            run=RUN_SECONDS,
            every=every,
            reconcile=1_000_000 / looked_at * every / 60,
        )
    )


def _steps(model: Model) -> Iterator[str]:
    yield "| | binds first | a second | then | a second | in a new account | a second |"
    yield "|---|---|--:|---|--:|---|--:|"
    for step in STEPS:
        binding = (*model.allowed(step)[:2], model.allowed(step, new=True)[0])
        cells = (f"{model.quotas[quota]['says']} | {_rate(rate)}" for rate, quota in binding)
        yield f"| {step} | {' | '.join(cells)} |"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 1 else f"{rate:g}"


def _asks(model: Model) -> Iterator[str]:
    for number, quota in enumerate(ORDER, 1):
        found = model.quotas[quota]
        new = f" ({found['new']:,} in a new account)" if "new" in found else ""
        yield f"{number}. {found['says']}, {found['rate']:,}{new}. Ask: {found['ask']}."


def _storm(storm: Storm, usual: Limits, asked: Limits) -> str:
    people = sum(storm.wanting(second) for second in range(storm.seconds))
    return (
        f"{people:,.0f} people within an hour: {storm.before:g} a second, then {storm.peak:g} "
        f"within {storm.rise} s, for {storm.plateau // 60} minutes,\n"
        f"and slowly fewer. As AWS gives it: {usual.creation:g} UserCreation calls and "
        f"{usual.mails:g} mails a second.\nAfter asking: {asked.creation:g} and {asked.mails:g}."
    )


def _rows(courses: Sequence[Course]) -> Iterator[str]:
    def row(says: str, cells: Sequence[str]) -> str:
        return f"| {says} | {' | '.join(cells)} |"

    yield row("most who get in, a second", [f"{max(each.admitted):g}" for each in courses])
    for says, name in (
        ("people who wait to sign up", "waiting"),
        ("queue for the user service", "users"),
        ("queue of welcome mails", "mails"),
    ):
        depths = [getattr(each, name) for each in courses]
        yield row(f"{says}: most", [f"{max(depth):,.0f}" for depth in depths])
        overs = [each.over(depth) for each, depth in zip(courses, depths, strict=True)]
        yield row(
            f"{says}: none left after, minutes",
            ["more than 60" if over is None else f"{over:.0f}" for over in overs],
        )


def draw(model: Model, out: Path) -> None:
    import plots  # noqa: PLC0415 - matplotlib, which a check does without

    storm = Storm()
    usual, asked = (simulate(storm, limits) for limits in model.limits())
    plots.storm({"as AWS gives it": usual, "after asking": asked}, out)


def main(arguments: Sequence[str]) -> int:
    model = Model(ROOT)
    text = page(model)
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        draw(model, PICTURE)
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text and PICTURE.is_file():
        return 0
    print("docs/capacity.md is not what bench/capacity.py computes: run python bench/capacity.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
