"""Measures what the budgets speak of, prints a table, and fails when one is missed.

Only ratios of one run count: machines drift. Sizes and start-up are absolute, with generous room.
"""

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import handlers
import lifecycle
import plots
import reload
import startup
import variants
from vestibule_cli import stack
from vestibule_cli.package import Target, build
from vestibule_cli.project import CHECKOUT as ROOT

HERE = Path(__file__).parent
# What is committed, and what each run writes.
RECORD, RESULTS = HERE / "results", ROOT / "build" / "bench"
# So short a call shows each change of the machine's pace: it takes more of them.
WARM_ROUNDS = 4


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    limit: float
    says: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit


class Report:
    """Gathers figures, each against its budget, and what they were made from."""

    def __init__(self, budgets: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
        self._budgets = budgets
        self.folder = folder
        self.figures: list[Figure] = []
        self.details: dict[str, Any] = {}

    def add(self, name: str, value: float) -> None:
        self.figures.append(Figure(name, value, **self._budgets[name]))

    def limit(self, name: str) -> float:
        return float(self._budgets[name]["limit"])

    @property
    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if not figure.is_met]

    def show(self) -> None:
        print(f"\n{'':12} {'measured':>10} {'budget':>10}")
        for figure in self.figures:
            measured, limit = f"{figure.value:.2f} {figure.unit}", f"{figure.limit:g} {figure.unit}"
            mark = "ok    " if figure.is_met else "MISSED"
            print(f"{figure.name:12} {measured:>10} {limit:>10}  {mark} {figure.says}")

    def write(self) -> None:
        content = {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "figures": [
                {**asdict(figure), "value": round(figure.value, 3)} for figure in self.figures
            ],
            **self.details,
        }
        path = self.folder / "results.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def cold(report: Report, rounds: int) -> None:
    compared = variants.prepared()
    taken = handlers.cold_starts(compared, rounds)
    print(f"\ncold start, process start to first answered GET, median of {rounds}")
    _table(compared, taken, unit="ms", scale=1e3)
    report.add("cold_start", taken["ours"] / taken["seed"])
    report.details["cold_start_ms"] = {name: round(each * 1e3, 1) for name, each in taken.items()}
    labels = [(variant.name, variant.says) for variant in compared]
    plots.cold_starts(taken, labels, report.limit("cold_start"), report.folder / "cold-start.svg")


def warm(report: Report, rounds: int) -> None:
    compared = [each for each in variants.prepared() if each.name in {"ours", "seed", "powertools"}]
    rounds *= WARM_ROUNDS
    taken = handlers.warm_calls(compared, rounds, calls=2000)
    print(f"\nwarm handler, client stubbed, one call, median of {rounds} x 2000")
    _table(compared, taken, unit="us", scale=1e6)
    report.add("warm_handler", taken["ours"] / taken["seed"])
    report.details["warm_us"] = {name: round(each * 1e6, 1) for name, each in taken.items()}


def confirm(report: Report, rounds: int) -> None:
    compared = variants.at_confirmation()
    # The floor and ours write once, all or nothing; the yardstick writes twice.
    writes = {"TransactWriteItems": 2, "PutItem": 2}
    taken = handlers.cold_starts(compared, rounds, writes=writes)
    print(f"\ncold start, process start to first answered PostConfirmation, median of {rounds}")
    _table(compared, taken, unit="ms", scale=1e3)
    report.add("confirmation", taken["ours"] / taken["seed"])
    report.details["confirmation_ms"] = {name: round(each * 1e3, 1) for name, each in taken.items()}

    compared = [each for each in compared if each.name in {"ours", "seed"}]
    taken = handlers.warm_calls(compared, rounds, calls=1000)
    print(f"\nwarm PostConfirmation of somebody new, client stubbed, median of {rounds} x 1000")
    _table(compared, taken, unit="us", scale=1e6)
    report.details["warm_confirmation_us"] = {
        name: round(each * 1e6, 1) for name, each in taken.items()
    }


def people(report: Report, rounds: int) -> None:
    number, seconds = max(3, rounds * 8 // 3), rounds * 4.0
    with startup.running() as outputs:
        runs = {
            "one at a time": lifecycle.one_by_one(outputs, number),
            "eight at once": lifecycle.crowd(outputs, seconds),
        }
        lifecycle.without_triggers(outputs)
        runs["one, alone"] = lifecycle.one_by_one(outputs, number // 3, is_known=False)
        runs["eight, alone"] = lifecycle.crowd(outputs, seconds / 3, is_known=False)
    lifecycle.show(runs)
    print("  alone: the emulator, its pool without triggers; the same stack, right afterwards")
    report.add("lifecycle", runs["one at a time"].whole.p50)
    report.add("crowd_errors", sum(run.errors.total() for run in runs.values()))
    report.details["lifecycle"] = {title: run.as_dict() for title, run in runs.items()}


def _table(
    compared: list[variants.Variant], taken: Mapping[str, float], *, unit: str, scale: float
) -> None:
    print(f"  {'':44} {unit:>7} {'x seed':>7} {'x floor':>8}")
    for variant in compared:
        seconds = taken[variant.name]
        floor = f"{seconds / taken['floor']:8.2f}" if "floor" in taken else ""
        title = f"{variant.name}: {variant.says}"
        print(f"  {title:44} {seconds * scale:7.1f} {seconds / taken['seed']:7.2f} {floor}")


def size(report: Report, _rounds: int) -> None:
    runtime = stack.load(ROOT / "stack.yaml").runtime
    with tempfile.TemporaryDirectory() as folder:
        target = Target(runtime.python, runtime.architecture)
        package = build(target, Path(folder) / "vestibule.zip")
    for warning in package.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"\nzip for python{target.python} {target.architecture}: {package.size / 1e3:.0f} kB")
    report.add("zip", package.size / 1e6)


def start(report: Report, rounds: int) -> None:
    rounds = max(1, rounds // 5)
    taken = startup.measure(rounds)
    print(f"\nstack: ready in {taken.empty:.2f} s, over a kept state {taken.kept:.2f} s;", end=" ")
    print(f"{taken.memory:.0f} MB resident (median of {rounds})")
    report.add("up_empty", taken.empty)
    report.add("up_kept", taken.kept)
    report.add("memory", taken.memory)


def save(report: Report, rounds: int) -> None:
    rounds = max(1, rounds // 3)
    seconds = reload.measure(rounds)
    print(f"\nsaved code answers after {seconds:.2f} s (median of {rounds})")
    report.add("reload", seconds)


PARTS: dict[str, Callable[[Report, int], None]] = {
    "cold": cold,
    "warm": warm,
    "zip": size,
    "up": start,
    "reload": save,
    "confirm": confirm,
    "lifecycle": people,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all, unless some are named")
    parser.add_argument("--rounds", type=int, default=15, help="of the cold start; others follow")
    parser.add_argument(
        "--record", action="store_true", help="write to bench/results, which is committed"
    )
    arguments = parser.parse_args()
    chosen = arguments.parts or list(PARTS)
    if arguments.record and arguments.parts:
        parser.error("--record is for a whole run: name no parts")

    folder = RECORD if arguments.record else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(json.loads((HERE / "budgets.json").read_text(encoding="utf-8")), folder)
    for name in chosen:
        PARTS[name](report, arguments.rounds)
    report.show()
    if set(chosen) == set(PARTS):
        report.write()
        print(f"\nwritten to {folder.relative_to(ROOT)}")
    for figure in report.missed:
        print(f"budget missed: {figure.name}, {figure.value:.2f} {figure.unit}", file=sys.stderr)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
