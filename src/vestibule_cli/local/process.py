"""The stack as a process of its own: started in the background, stopped from outside."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Self

from vestibule_cli.console import wait_until
from vestibule_cli.failures import PREFIX, Failure
from vestibule_cli.local.state import StateError, StateFolder

# A full stack takes some seconds to save.
STOP_SECONDS = 30.0
END_SECONDS = 5.0
READY_VARIABLE = "VESTIBULE_READY_DESCRIPTOR"


class Ending(Enum):
    NOT_RUNNING = "not running"
    STOPPED = "stopped"
    KILLED = "killed"


class StartFailed(Failure):
    """The background process ended before it was ready; the message is its own."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def stop(state: StateFolder, patience: float = STOP_SECONDS) -> Ending:
    """Ask the stack to save and stop; kill it if it has not after `patience` seconds."""
    pid = _signal(state, signal.SIGTERM)
    if pid is None:
        return Ending.NOT_RUNNING
    if not wait_until(lambda: state.holder() is None, patience):
        pid = _signal(state, signal.SIGKILL)
        if pid is not None:
            wait_until(lambda: state.holder() is None, END_SECONDS)
            return Ending.KILLED
    else:
        # It has let go of the state and needs a moment more to be gone.
        wait_until(lambda: not _exists(pid), END_SECONDS)
    return Ending.STOPPED


def _signal(state: StateFolder, number: signal.Signals) -> int | None:
    """The pid that was told; None if nobody runs. Looked up each time: a pid may be reused."""
    holder = state.holder()
    if holder is None:
        return None
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:
        return None
    return holder.pid


def _exists(pid: int) -> bool:
    """Whether such a process runs; one that has ended and was not yet collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def start_detached(arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
    """Run `vestibule ARGUMENTS` in the background; return its pid once it says it is ready.

    Raises StartFailed with what it wrote if it ends before.
    """
    output = _opened(log)
    readable, writable = os.pipe()
    with output:
        start = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "vestibule_cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writable],
            env={**environment, READY_VARIABLE: str(writable)},
            start_new_session=True,
        )
    os.close(writable)
    with os.fdopen(readable, "rb") as ready:
        is_ready = bool(ready.read(1))
    if is_ready:
        # It outlives this process on purpose.
        process.returncode = 0
        return process.pid
    exit_code = process.wait()
    with log.open("rb") as written:
        written.seek(start)
        message = written.read().decode("utf-8", "replace").strip()
    raise StartFailed(_failure(message) or f"it ended with {exit_code}", exit_code)


def _failure(written: str) -> str:
    """Of all that was written, the failure alone; all of it if it was not told in words."""
    lines = written.splitlines()
    told = [line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)]
    return "\n".join(told or lines)


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open(log, "ab", opener=_for_us_alone)
    except OSError as error:
        raise StateError(
            f"{log} cannot be written ({error.strerror}): name another folder with --state DIR"
        ) from error


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass(frozen=True)
class Readiness:
    """How this process tells whoever started it in the background that it is ready."""

    descriptor: int | None

    @classmethod
    def take(cls, environment: MutableMapping[str, str]) -> Self:
        """Take the promise out of the environment, so that no child inherits it."""
        descriptor = environment.pop(READY_VARIABLE, None)
        if descriptor is None:
            return cls(None)
        os.set_inheritable(int(descriptor), False)  # noqa: FBT003 - its only form
        return cls(int(descriptor))

    def say(self) -> None:
        if self.descriptor is not None:
            os.write(self.descriptor, b"!")
            os.close(self.descriptor)
