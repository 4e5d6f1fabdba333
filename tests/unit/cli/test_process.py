import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vestibule_cli.local import process
from vestibule_cli.local.process import Ending, Readiness
from vestibule_cli.local.state import StateFolder

# Holds a state until it is told to stop; with an argument it does not listen.
HOLDER = """
import signal, sys, threading
from pathlib import Path
from vestibule_cli.local.state import StateFolder
stopped = threading.Event()
ignore = len(sys.argv) > 2
signal.signal(signal.SIGTERM, signal.SIG_IGN if ignore else lambda *_: stopped.set())
state = StateFolder(Path(sys.argv[1]))
state.lock()
print("held", flush=True)
stopped.wait()
state.unlock()
"""


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "a state")


@pytest.fixture
def hold(state: StateFolder) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(state.root), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in started:
        holder.kill()
        holder.communicate()


def test_nobody_running_is_no_failure(state: StateFolder) -> None:
    assert process.stop(state) is Ending.NOT_RUNNING


def test_a_running_stack_is_asked_to_stop(
    state: StateFolder, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold()

    assert process.stop(state) is Ending.STOPPED
    assert holder.wait(timeout=5) == 0


def test_one_that_does_not_listen_is_killed_when_patience_ends(
    state: StateFolder, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold("deaf")

    assert process.stop(state, patience=0.3) is Ending.KILLED
    assert holder.wait(timeout=5) == -signal.SIGKILL


def test_a_stranger_with_a_reused_pid_is_left_alone(
    state: StateFolder, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold()
    record = state.root / "pid.json"
    state.write_json(record, {"pid": holder.pid, "started": "another time"})

    assert process.stop(state) is Ending.NOT_RUNNING
    assert holder.poll() is None


def test_readiness_is_told_once_and_not_inherited() -> None:
    readable, writable = os.pipe()
    os.set_inheritable(writable, True)  # noqa: FBT003 - its only form
    environment = {process.READY_VARIABLE: str(writable), "PATH": "/bin"}

    readiness = Readiness.take(environment)

    assert environment == {"PATH": "/bin"}
    assert not os.get_inheritable(writable)
    readiness.say()
    assert os.read(readable, 10) == b"!"
    os.close(readable)


def test_without_anybody_waiting_readiness_is_nothing() -> None:
    Readiness.take({}).say()
