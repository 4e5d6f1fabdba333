"""Code is unpacked once for all workers that run it, and is theirs to read.

The emulator unpacks it for each worker: some 500 files and 60 ms of its own process, in which
whoever signs up waits. When five workers start side by side that is a third of a second.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = "code.zip"


class _Copies:
    """A folder for each archive, by its digest, and the links to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[str, Path] = {}
        self._links: dict[str, set[Path]] = {}

    def link(self, archive: Path, link: Path) -> None:
        """Make `link`, so far an empty folder, show what is in the archive."""
        digest = sha256(archive.read_bytes()).hexdigest()
        with self._lock:
            self._forget_unused(but=digest)
            folder = self._folders.get(digest)
            if folder is None or not folder.is_dir():
                folder = self._folders[digest] = _unpack(archive)
            link.rmdir()
            link.symlink_to(folder, target_is_directory=True)
            self._links.setdefault(digest, set()).add(link)

    def _forget_unused(self, *, but: str) -> None:
        # A worker's folder goes with the worker, and the link with it.
        for digest, links in list(self._links.items()):
            links -= {link for link in links if not link.is_symlink()}
            if not links and digest != but:
                del self._links[digest]
                shutil.rmtree(self._folders.pop(digest), ignore_errors=True)


def _unpack(archive: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="code-"))
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


_copies = _Copies()


@contextmanager
def _opened(archive: str) -> Iterator[Any]:
    """As much of a ZipFile as a starting worker uses."""
    if Path(archive).name == _CODE:
        yield SimpleNamespace(extractall=lambda folder: _copies.link(Path(archive), Path(folder)))
    else:  # a layer
        with zipfile.ZipFile(archive) as packed:
            yield packed


def once() -> None:
    part("core.lambda_runtime").zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": _opened})
