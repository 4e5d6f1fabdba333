"""Programs that are started are ended, with all that they started."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vestibule_cli.deploy.children import Children, Interrupted

# Starts a program of its own, says its pid, and does with SIGINT what it is told to.
PARENT = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[1] == "deaf" else lambda *_: sys.exit(1))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""


def command(kind: str) -> list[str]:
    return [sys.executable, "-c", PARENT, kind]


def runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ended(pid: int) -> bool:
    until = time.monotonic() + 5
    while runs(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not runs(pid)


def pids_of(program: subprocess.Popen[str]) -> tuple[int, int]:
    assert program.stdout is not None
    return program.pid, int(program.stdout.readline())


def test_a_program_that_ends_by_itself_is_none_of_our_business() -> None:
    with Children().started([sys.executable, "-c", "print('done')"], stdout=subprocess.PIPE) as one:
        said, _ = one.communicate()

    assert (said, one.returncode) == ("done\n", 0)


@pytest.mark.parametrize("kind", ["listening", "deaf"])
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
def test_an_interruption_ends_a_program_and_what_it_started(kind: str) -> None:
    children = Children(patience=0.3)

    pids: list[int] = []

    def run() -> None:
        with children.started(command(kind), stdout=subprocess.PIPE) as program:
            pids.extend(pids_of(program))
            threading.Timer(0.05, children.end).start()
            program.wait(timeout=10)

    with pytest.raises(Interrupted):
        run()

    assert len(pids) == 2
    assert all(map(ended, pids))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
def test_a_failure_on_our_side_leaves_nothing_running() -> None:
    pids: list[int] = []

    def run() -> None:
        with Children().started(command("deaf"), stdout=subprocess.PIPE) as program:
            pids.extend(pids_of(program))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()

    assert len(pids) == 2
    assert all(map(ended, pids))


def test_after_an_interruption_nothing_more_is_started() -> None:
    children = Children()
    children.interrupt()

    with pytest.raises(Interrupted, match="run it again"), children.started(["no-such-program"]):
        pass
