"""Follows the sources: what changes is running a moment later, or a line says why it is not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vestibule_cli.failures import Failure, expected_exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Refresh(Protocol):
        def __call__(self, *, code_only: bool) -> None: ...


# Looking takes a millisecond, and sees every editor's and file system's way of writing a file.
LOOK_SECONDS = 0.08
SETTLE_SECONDS = 0.04
ROUTES_SECONDS = 30
SHOWN_PATHS = 3

Picture = dict[str, tuple[int, int]]


class Watcher:
    """Calls `refresh` after each change of the sources. Failures are reported, never raised."""

    def __init__(self, root: Path, refresh: Refresh, report: Callable[[str], None]) -> None:
        self._root = root
        self._code = root / "src" / "vestibule"
        self._refresh = refresh
        self._report = report
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch", daemon=True)
        self._seen = self._picture()
        # What changed since the last success: a failed change goes live with a later one.
        self._owed: set[Path] = set()
        self._owes_routes = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _follow(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            picture = self._picture()
            if picture != self._seen:
                self._changed(self._settled(picture))

    def _settled(self, picture: Picture) -> Picture:
        """The picture once it stands still: a save may take several steps."""
        while not self._stopped.wait(SETTLE_SECONDS):
            newer = self._picture()
            if newer == picture:
                break
            picture = newer
        return picture

    def _changed(self, picture: Picture) -> None:
        self._owed |= {Path(path) for path, _stamp in picture.items() ^ self._seen.items()}
        self._seen, paths = picture, self._owed
        began = time.monotonic()
        code = {path for path in paths if path.is_relative_to(self._code)}
        if self._attempt(partial(self._refresh, code_only=code == paths)):
            self._owed = set()
            names = sorted(path.relative_to(self._root).as_posix() for path in paths)
            more = len(names) - SHOWN_PATHS
            listed = ", ".join(names[:SHOWN_PATHS]) + (f" and {more} more" if more > 0 else "")
            self._report(f"live after {time.monotonic() - began:.1f} s: {listed}")
            self._owes_routes = self._owes_routes or bool(code)
            if self._owes_routes and self._attempt(
                self._write_routes, "live, but openapi.json is not current"
            ):
                self._owes_routes = False

    def _attempt(
        self, work: Callable[[], None], failed: str = "not live, what ran before goes on"
    ) -> bool:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the stack goes on with what it has
            kind = "" if expected_exit_code(error) else f"{type(error).__name__}: "
            self._report(f"{failed}: {kind}{error}")
            return False
        return True

    def _write_routes(self) -> None:
        """Write openapi.json anew if a route changed; its change is seen in turn."""
        done = subprocess.run(
            [sys.executable, "-m", "vestibule_cli.main", "openapi"],
            cwd=self._root,
            env={**os.environ, "PYTHONPATH": str(self._root / "src")},
            capture_output=True,
            text=True,
            check=False,
            timeout=ROUTES_SECONDS,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise RoutesUnreadable(f"the routes cannot be read: {last}")

    def _picture(self) -> Picture:
        picture: Picture = {}
        for path in self._watched():
            try:
                status = os.stat(path)  # noqa: PTH116 - a Path for each would take most of the time
            except OSError:  # gone since it was listed
                continue
            picture[path] = (status.st_mtime_ns, status.st_size)
        return picture

    def _watched(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self._code):
            folders[:] = [each for each in folders if each != "__pycache__"]
            yield from (f"{folder}/{name}" for name in names if name.endswith(".py"))
        yield from map(str, (self._root / "infra" / "policies").glob("*.json"))
        for name in ("stack.yaml", "policy.yaml", "openapi.json"):
            yield str(self._root / name)


class RoutesUnreadable(Failure):
    """The code does not import, so nobody knows its routes."""
