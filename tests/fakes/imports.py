"""What a program of our code imports, in a fresh Python without anybody's start-up files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


def imported_by(program: str) -> frozenset[str]:
    """Give the names of all modules that are loaded when the program has run."""
    shown = subprocess.run(
        # -S: a development environment's own start-up files import things too.
        [sys.executable, "-S", "-c", f"{program}\nimport sys\nprint(*sys.modules)"],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(shown.stdout.split())
