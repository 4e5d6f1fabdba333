"""What the stack makes of every fault: does everybody arrive once, and does signing up notice?

    make faults
    make faults ARGS="down poison --people 50"
    make faults ARGS="--record"

For each fault two stacks run side by side. People sign up at both, by turns, on one of them the
fault strikes: what the machine does meanwhile happens to both, so the times can be compared.
"""
# ruff: noqa: T201 - run by hand, its table is printed

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from faults import table_away
from faults.figures import Row, row_of, table
from faults.laptop import can_find_workers, running
from faults.play import Play
from faults.strikes import FAULTS
from vestibule_cli.project import CHECKOUT

PEOPLE = 500
FEW = 100
"""For whom nothing lasts longer than they need to sign up."""
PATIENCE = 300.0
TABLE_AWAY = "table-away"
RECORD = CHECKOUT / "bench" / "results" / "faults.json"
PAGE = CHECKOUT / "docs" / "delivery.md"
HEADING = "## Measured\n"


def played(key: str, people: int) -> Row:
    if key == TABLE_AWAY:
        return table_away.as_row(key, table_away.run(min(people, 200), 30.0))
    fault = FAULTS[key]
    seconds = fault.seconds if people > FEW else max(fault.brief, people / 12)
    with ExitStack() as stack:
        control, laptop = (stack.enter_context(running()) for _ in range(2))
        return Play(fault, laptop, people=people, control=control).run(seconds, PATIENCE)


def main() -> int:
    arguments = _arguments()
    began, rows = time.monotonic(), []
    for key in arguments.faults or [*FAULTS, TABLE_AWAY]:
        started = time.monotonic()
        row = played(key, arguments.people)
        rows.append(row)
        said = "; ".join(row.misses()) or "as promised"
        print(f"{row.says}: {said} ({time.monotonic() - started:.0f} s)", file=sys.stderr)
        for trouble in row.troubles[:5]:
            print(f"  {trouble}", file=sys.stderr)
        if arguments.record:
            record([row])
    print(table(rows))
    print(f"{time.monotonic() - began:.0f} s in all")
    missed = [row for row in rows if row.misses()]
    for row in missed:
        print(f"MISSED: {row.says}: {'; '.join(row.misses())}", file=sys.stderr)
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "faults",
        nargs="*",
        metavar="FAULT",
        choices=[[], *FAULTS, TABLE_AWAY],
        help=f"all if none is given: {', '.join([*FAULTS, TABLE_AWAY])}",
    )
    parser.add_argument("--people", type=int, default=PEOPLE, help="for each fault")
    parser.add_argument(
        "--record", action="store_true", help="write bench/results/faults.json and docs/delivery.md"
    )
    arguments = parser.parse_args()
    if not can_find_workers():
        parser.error("this system has no /proc, by which the workers to be killed are found")
    return arguments


def record(rows: list[Row]) -> None:
    """Put these rows in place of the recorded ones, and leave the others."""
    kept = json.loads(RECORD.read_text(encoding="utf-8"))["rows"] if RECORD.exists() else []
    known = {one["key"]: one for one in kept} | {row.key: row.as_dict() for row in rows}
    ordered = [known[key] for key in [*FAULTS, TABLE_AWAY] if key in known]
    machine = {
        "system": platform.system(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": sys.version.split()[0],
    }
    content = {"at": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine, "rows": ordered}
    RECORD.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    write_page([row_of(one) for one in ordered])


def write_page(rows: list[Row]) -> None:
    """Replace the table of the part that has the heading; without one, put it at the end."""
    before, found, after = PAGE.read_text(encoding="utf-8").partition(HEADING)
    if not found:
        raise SystemExit(f"{PAGE} has no heading {HEADING.strip()!r}")
    part, next_heading, rest = after.partition("\n## ")
    lines = part.splitlines()
    old = [number for number, line in enumerate(lines) if line.startswith("|")]
    if not old:
        lines += ["", ""] if lines[-1] else [""]
        old = [len(lines) - 1]
    lines[old[0] : old[-1] + 1] = table(rows, markdown=True).splitlines()
    text = "\n".join(lines).rstrip() + "\n"
    PAGE.write_text(before + found + text + next_heading + rest, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
