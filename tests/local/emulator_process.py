"""An emulator in a process of its own, for tests: commands on stdin, answers on stdout, JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

began = time.monotonic()

from vestibule_cli.local import emulator_internals  # noqa: E402 - its import counts as start-up
from vestibule_cli.local.checkpoint import read_generation  # noqa: E402
from vestibule_cli.local.completions.triggers import firing  # noqa: E402
from vestibule_cli.local.emulator import Emulator, EmulatorError  # noqa: E402
from vestibule_cli.local.state import StateError, StateFolder  # noqa: E402


def answer(content: object) -> None:
    sys.stdout.write(json.dumps(content, default=str) + "\n")
    sys.stdout.flush()


def memory_mb() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


def children() -> list[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [child for task in tasks for child in task.read_text(encoding="ascii").split()]


def seconds(work: Callable[[], object]) -> float:
    before = time.monotonic()
    work()
    return time.monotonic() - before


def unlike(emulator: Emulator, state: StateFolder) -> list[str]:
    """The services of which a forked picture and this process's own say different things."""
    emulator.checkpoint()
    _, pictured = read_generation(max(state.checkpoints.glob("*/")))
    now = emulator.save(alone=False)
    return [name for name in pictured | now if pictured.get(name) != now.get(name)]


def exponent_bits() -> int:
    shim = emulator_internals.part("services.cognito").secrets
    return max(shim.randbelow(2**3072).bit_length() for _ in range(9))


def main() -> None:
    options = json.loads(sys.argv[1])
    state = StateFolder(Path(options["state"]))
    firing.ATTEMPT_SECONDS = options.get("attempt_seconds", firing.ATTEMPT_SECONDS)
    try:
        state.lock()
        ports = state.ports(emulator=options.get("port"))
        emulator = Emulator(
            state, port=ports.emulator, region="us-east-1", fork=options.get("fork", True)
        )
        emulator.start()
    except (StateError, EmulatorError) as error:
        answer({"error": str(error)})
        sys.exit(2)
    took = time.monotonic() - began
    ready = {"url": emulator.url, "port": ports.emulator, "notes": emulator.notes}
    answer({**ready, "seconds": took, "memory": memory_mb()})
    answers: dict[str, Callable[[], object]] = {
        "checkpoint": lambda: seconds(emulator.checkpoint),
        "unlike": lambda: unlike(emulator, state),
        "mails": lambda: [dataclasses.asdict(mail) for mail in emulator.mails()],
        "missing": emulator_internals.missing,
        "exponent bits": exponent_bits,
        "workers": emulator_internals.workers_now,
    }
    for line in sys.stdin:
        command = json.loads(line)
        if command == "stop":
            break
        answer(answers[command]())
    emulator.stop()
    state.unlock()
    answer(children())


if __name__ == "__main__":
    main()
