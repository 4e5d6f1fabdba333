"""Pictures of the emulator's state on disk, each of one instant, the last whole one in force."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vestibule_cli.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

log = logging.getLogger(__name__)

# What was answered longer ago than this is on disk, whatever ends the process.
PROMISED_SECONDS = 5.0
EVERY_SECONDS = 2.0
LEAST_REST_SECONDS = 0.5
CHILD_SECONDS = 30
KEPT_GENERATIONS = 2
IN_PROCESS_TRIES = 50
DISK_ERRORS = frozenset({errno.EDQUOT, errno.EIO, errno.ENOSPC, errno.EROFS})
POINTER = "current"
MANIFEST = "manifest.json"
FAILURE = "failure.txt"


class CheckpointError(Failure):
    """A picture could not be taken, or none of those on disk can be read."""


class DiskError(CheckpointError):
    """There is no room for a picture, or the disk fails."""


class Source(Protocol):
    """What is pictured."""

    def save(self, *, alone: bool) -> Mapping[str, str]:
        """Everything, as texts by file name. May raise RuntimeError while others write.

        `alone`: nobody will use this process's state afterwards.
        """

    def fingerprint(self) -> object:
        """Equal to the last one while nothing has changed. Cheap."""

    def on_writing_thread(self, work: Callable[[], int]) -> int:
        """Run this where no request is half done, and give its result back."""


class Checkpoints:
    """Takes pictures of a source while it runs, and finds the last whole one at the start."""

    def __init__(
        self,
        folder: Path,
        facts: Mapping[str, Any],
        *,
        fork: bool = sys.platform == "linux",
        keep_open: Callable[[], int | None] = lambda: None,
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`keep_open` names the one descriptor the forked child holds on to.

        `report` tells the person what goes wrong while pictures are taken by themselves.
        """
        self._folder = folder
        self._facts = dict(facts)
        self._fork = fork
        self._keep_open = keep_open
        self._report = report
        self.notes: list[str] = []  # what the person should be told about reading them
        self._busy = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._last: object = None
        self._rest = EVERY_SECONDS
        self._failures = 0
        self._is_failing = False
        self._is_slow = False
        # What was there and was never read: it is not ours to remove.
        self._spared: set[Path] | None = None

    # Reading

    def generations(self) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Manifest and texts of each generation that can be read, the one in force first."""
        self._spared = set()
        if self._current() is None:
            self._note("which checkpoint is in force cannot be read: taking the newest whole one")
        for path in self._candidates():
            try:
                yield read_generation(path)
            except (OSError, ValueError, KeyError) as error:
                self._note(
                    f"checkpoint {path.name} is damaged ({error}): going back to the one before"
                )

    def exists(self) -> bool:
        """Whether one was ever in force. A manifest is written last: without, it never was."""
        return (self._folder / POINTER).exists() or any(
            (path / MANIFEST).exists() for path in self._all()
        )

    def _note(self, note: str) -> None:
        self.notes.append(note)
        log.warning(note)

    # Writing

    def start(self, source: Source) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(source,), name="vestibule-checkpoint", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._wake.set()
            self._thread.join()
            self._thread = None

    def take(self, source: Source) -> None:
        """Take one now; return when it is in force. Raises CheckpointError when it failed."""
        try:
            self._take(source)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"a checkpoint failed: {error}") from error

    def _take(self, source: Source) -> None:
        with self._busy:
            if self._spared is None:
                self._spared = {path for path in self._all() if (path / MANIFEST).exists()}
            seen = source.fingerprint()
            began = time.monotonic()
            target = self._next_generation()
            try:
                self._write(source, target)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            self._last = seen
            self._rest_after(time.monotonic() - began)
            self._prune(target)

    def _run(self, source: Source) -> None:
        while not self._wake.wait(self._rest):
            try:
                if source.fingerprint() != self._last:
                    self.take(source)
                    self._succeeded()
            except Exception as error:  # noqa: BLE001 - whatever it was, the next one may succeed
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        log.warning("no checkpoint was taken; the next try follows", exc_info=error)
        if not self._is_failing:
            self._report(f"What changes is not being saved: {error}. It is tried again and again.")
        self._is_failing = True

    def _succeeded(self) -> None:
        if self._is_failing:
            self._report("What changes is being saved again.")
        self._is_failing = False

    def _rest_after(self, took: float) -> None:
        """Rest as long as the promise allows: a change may have to wait for two pictures."""
        left = PROMISED_SECONDS - 2 * took
        if left < LEAST_REST_SECONDS:
            left = EVERY_SECONDS
            if not self._is_slow:
                self._report(
                    f"Saving takes {took:.1f} s by now: a stack that is killed may lose "
                    f"its last {2 * took + EVERY_SECONDS:.0f} seconds, not {PROMISED_SECONDS:.0f}."
                )
            self._is_slow = True
        self._rest = min(left, EVERY_SECONDS)

    def _write(self, source: Source, target: Path) -> None:
        target.mkdir(parents=True)
        if not self._fork:
            source.on_writing_thread(lambda: self._write_in_process(source, target))
            return
        try:
            _await_child(source.on_writing_thread(lambda: self._fork_child(source, target)))
        except DiskError:  # nothing that forking has to do with
            raise
        except (CheckpointError, OSError):
            self._failures += 1
            if self._failures >= 3:
                log.warning("forked checkpoints fail here: taking them in process from now on")
                self._fork = False
            raise
        self._failures = 0

    def _fork_child(self, source: Source, target: Path) -> int:
        with warnings.catch_warnings():
            # Python 3.12 warns about fork beside threads. The child only reads and writes files,
            # takes no lock, and is killed when it hangs.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            # The kernel ends it even when this process is gone by then.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(CHILD_SECONDS)
            _close_descriptors(self._keep_open())
            # To look for garbage would touch, and so copy, every page shared with the parent.
            gc.disable()
            logging.disable(logging.CRITICAL)
            self._put_in_force(target, source.save(alone=True))
            status = 0
        except BaseException as error:  # noqa: BLE001 - the parent tells it: this process ends here
            status = getattr(error, "errno", None) or 1
            self._note_failure()
        finally:
            os._exit(status)

    def _write_in_process(self, source: Source, target: Path) -> int:
        for _ in range(IN_PROCESS_TRIES):
            with contextlib.suppress(RuntimeError):
                self._put_in_force(target, source.save(alone=False))
                return 0
            time.sleep(0.01)
        raise CheckpointError("the state would not hold still for a checkpoint")

    def _put_in_force(self, target: Path, texts: Mapping[str, str]) -> None:
        """The pointer is moved last, in one step: until then the generation does not exist."""
        write_generation(target, texts, self._facts)
        draft = self._folder / f"{POINTER}.draft"
        _write_synced(draft, target.name + "\n")
        draft.replace(self._folder / POINTER)
        _sync_folder(self._folder)

    def _note_failure(self) -> None:
        with contextlib.suppress(OSError):
            (self._folder / FAILURE).write_text(traceback.format_exc(), encoding="utf-8")

    def _prune(self, newest: Path) -> None:
        others = [path for path in self._all() if path != newest]
        for path in others[KEPT_GENERATIONS - 1 :]:
            if path in (self._spared or ()):
                continue
            shutil.rmtree(path, ignore_errors=True)

    def _next_generation(self) -> Path:
        numbers = [int(path.name) for path in self._all()]
        return self._folder / f"{max(numbers, default=0) + 1:08d}"

    def _all(self) -> list[Path]:
        """Newest first."""
        if not self._folder.exists():
            return []
        found = [path for path in self._folder.iterdir() if path.name.isdigit()]
        return sorted(found, key=lambda path: int(path.name), reverse=True)

    def _candidates(self) -> list[Path]:
        """Nothing newer than the pointer counts: it was never finished."""
        current = self._current()
        return [path for path in self._all() if current is None or int(path.name) <= current]

    def _current(self) -> int | None:
        try:
            return int((self._folder / POINTER).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


def write_generation(folder: Path, texts: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    sums = {}
    for name, text in texts.items():
        data = text.encode("utf-8", "surrogatepass")
        sums[name] = zlib.crc32(data)
        (folder / f"{name}.json").write_bytes(data)
    manifest = {**facts, "time": time.time(), "files": sums}
    _write_synced(folder / MANIFEST, json.dumps(manifest))
    for name in texts:
        _sync(folder / f"{name}.json")
    _sync_folder(folder)


def read_generation(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Raises OSError, ValueError or KeyError unless every byte is as it was written."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    texts = {}
    for name, expected in manifest["files"].items():
        data = (folder / f"{name}.json").read_bytes()
        if zlib.crc32(data) != expected:
            raise ValueError(f"{name}.json has changed since it was written")
        texts[name] = data.decode("utf-8", "surrogatepass")
    return manifest, texts


def _await_child(child: int) -> None:
    deadline = time.monotonic() + CHILD_SECONDS
    pause = 0.002
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise CheckpointError(f"a checkpoint took over {CHILD_SECONDS} s and was ended")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    if status:
        code = os.waitstatus_to_exitcode(status)
        if code in DISK_ERRORS:
            raise DiskError(f"a checkpoint failed: {os.strerror(code)}")
        reason = os.strerror(code) if code > 1 else f"status {code}, see {FAILURE}"
        raise CheckpointError(f"a checkpoint failed: {reason}")


def _close_descriptors(kept: int | None) -> None:
    """Else the child would hold connections and ports open that its parent has closed."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        descriptor = int(entry.name)
        if descriptor > 2 and descriptor != kept:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(descriptor)


def _write_synced(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems refuse it for folders
        _sync(path)
