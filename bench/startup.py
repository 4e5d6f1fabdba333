"""How long the laptop's stack takes to be ready, and what it keeps in memory."""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vestibule_cli.local.state import StateFolder
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import CHECKOUT as ROOT

VESTIBULE = Path(sys.executable).with_name("vestibule")


@dataclass(frozen=True)
class Startup:
    empty: float
    """Seconds from process start to ready, with no state."""
    kept: float
    """The same over the state that the first left behind."""
    memory: float
    """Megabytes resident, all processes together, after one call went through the gateway."""


def measure(rounds: int) -> Startup:
    taken = [_round() for _ in range(rounds)]
    empty, kept, memory = (statistics.median(each) for each in zip(*taken, strict=True))
    return Startup(empty, kept, memory)


@contextlib.contextmanager
def running(project: Path = ROOT) -> Iterator[Outputs]:
    """A stack of its own, with no state before and none after."""
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder:
        state = StateFolder(Path(folder) / "state")
        try:
            _vestibule(state, "up", "--detach", project=project)
            outputs = Outputs.read(state.outputs_file)
            if outputs is None:
                raise RuntimeError(f"no stack runs on {state.root}")
            yield outputs
        finally:
            if state.holder():
                _vestibule(state, "down")


def _round() -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder:
        state = StateFolder(Path(folder) / "state")
        try:
            empty = _up(state)
            memory = _memory(state)
            _vestibule(state, "down")
            kept = _up(state)
        finally:
            if state.holder():
                _vestibule(state, "down")
    return empty, kept, memory


def _up(state: StateFolder) -> float:
    started = time.perf_counter()
    _vestibule(state, "up", "--detach")
    return time.perf_counter() - started


def _vestibule(state: StateFolder, *arguments: str, project: Path = ROOT) -> None:
    done = subprocess.run(
        [str(VESTIBULE), *arguments],
        cwd=project,
        env={**os.environ, "VESTIBULE_STATE": str(state.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"vestibule {' '.join(arguments)} failed: {done.stderr.strip()}")


def _memory(state: StateFolder) -> float:
    outputs, holder = Outputs.read(state.outputs_file), state.holder()
    if outputs is None or holder is None:
        raise RuntimeError(f"no stack runs on {state.root}")
    with urllib.request.urlopen(f"{outputs.api_url}/health", timeout=30) as answer:  # noqa: S310 -- loopback
        answer.read()
    return _resident(holder.pid)


def _resident(root: int) -> float:
    """Of a process and all below it, in megabytes. Shared pages count for each that shares them."""
    rows = list(_processes())
    family = {root}
    while grown := {pid for pid, parent, _ in rows if parent in family} - family:
        family |= grown
    return sum(kilobytes for pid, _, kilobytes in rows if pid in family) / 1024


def _processes() -> Iterator[tuple[int, int, int]]:
    """Each process with its parent and its resident kilobytes."""
    if not Path("/proc/self/stat").exists():
        command = ["ps", "-axo", "pid=,ppid=,rss="]
        for line in subprocess.check_output(command, text=True).splitlines():
            pid, parent, resident = map(int, line.split())
            yield pid, parent, resident
        return
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # proc(5): the name stands in parentheses and may hold anything; state follows it.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            yield int(stat.parent.name), int(fields[1]), int(fields[21]) * page
