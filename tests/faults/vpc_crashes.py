"""The builder of networks dies, or a call fails, at every call in turn: what is left of it?

    .venv/bin/python tests/faults/vpc_crashes.py

Prints how many cases there were of each kind, and how many ended as promised: one network that is
whole, or none; nothing beside it; the record right. EC2 is a strict one in memory, once showing
things at once and once 20 seconds late. `tests/contract/test_vpc_crashes.py` plays the same cases.
"""
# ruff: noqa: T201 - run by hand, its table is printed

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes import crash_matrix
from vestibule.platform import logs


def main() -> int:
    logs.configure("CRITICAL")
    drawn = crash_matrix.table()
    print(drawn)
    # Below the table stands whatever did not hold.
    return 0 if drawn.endswith("|") else 1


if __name__ == "__main__":
    sys.exit(main())
