"""Run by trial.py in the Python that functions get: imports the handlers of an unpacked zip.

Each is imported in a process of its own. They are forks of this one, which costs a third of what
as many starts would. So this one imports nothing but what the emulator's workers have imported
too before a handler: what a handler forgets to import would be there here and missing later.
"""

import importlib
import json
import os
import select
import sys
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CHUNK = 65_536
# What became of a handler.
IMPORTED = "imported"
REFUSED = "refused"
ENDED = "ended"
ENDLESS = "endless"


def main() -> None:
    # One would read what another compiled, and nobody would note that it needs the source.
    sys.dont_write_bytecode = True
    order = json.load(sys.stdin)
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    # What is printed while importing is for nobody.
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.path.insert(0, order["code"])
    sys.path.append(order["runtime"])
    children = [_started(order["code"], *each) for each in order["handlers"]]
    told = [_outcome(*each, order["seconds"]) for each in children]
    with os.fdopen(answer, "w") as out:
        json.dump(told, out)


def _forked(work: "Callable[[], Any]") -> tuple[int, int]:
    """The pid of a process that does it, and where it writes what came of it."""
    readable, writable = os.pipe()
    child = os.fork()
    if child:
        os.close(writable)
        return child, readable
    status = 1
    try:
        text = json.dumps(work())
        with os.fdopen(writable, "w") as out:
            out.write(text)
        status = 0
    finally:
        os._exit(status)


def _started(code: str, handler: str, environment: dict[str, str]) -> tuple[int, int]:
    def work() -> "dict[str, Any]":
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        return _imported(code, handler)

    return _forked(work)


def _imported(code: str, handler: str) -> "dict[str, Any]":
    module, _, name = handler.rpartition(".")
    files = _opened(code)
    try:
        getattr(importlib.import_module(module), name)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the person is told
        frames = [
            (each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)
        ]
        if isinstance(error, SyntaxError):
            frames.append((error.filename or "", error.lineno))
        inside = [place for place in frames if place[0].startswith(code + os.sep)]
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        words = f"{type(error).__name__}: {text}".rstrip(": ")
        return {"kind": REFUSED, "place": inside[-1] if inside else None, "words": words}
    return {"kind": IMPORTED, "files": sorted(files)}


def _opened(code: str) -> set[str]:
    """Fills with what is opened there from here on, modules and all else."""
    files: set[str] = set()

    def note(event: str, details: "tuple[Any, ...]") -> None:
        if event not in {"open", "import"}:
            return
        # Compiled in C, a module is not opened but loaded: its import names its file.
        path = details[event == "import"]
        if isinstance(path, (str, bytes, os.PathLike)):
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - pathlib is not imported yet
            if full.startswith(code + os.sep):
                files.add(full[len(code) + 1 :])

    sys.addaudithook(note)
    return files


def _outcome(child: int, readable: int, seconds: float) -> "dict[str, Any]":
    written = _written(readable, time.monotonic() + seconds)
    os.close(readable)
    if written is None:
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    if written is None:
        return {"kind": ENDLESS}
    try:
        outcome: dict[str, Any] = json.loads(written)
    except ValueError:
        return {"kind": ENDED, "status": os.waitstatus_to_exitcode(status)}
    return outcome


def _written(readable: int, deadline: float) -> bytes | None:
    """All of it; None if it has not ended in time."""
    written = b""
    while select.select([readable], [], [], max(deadline - time.monotonic(), 0))[0]:
        chunk = os.read(readable, CHUNK)
        if not chunk:
            return written
        written += chunk
    return None


if __name__ == "__main__":
    main()
