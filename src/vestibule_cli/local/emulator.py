"""The AWS of the laptop: an emulator inside this process, on one loopback port."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from vestibule.platform.credentials import Credentials
from vestibule_cli.failures import Misuse
from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local import isolation
from vestibule_cli.local import ports as loopback
from vestibule_cli.local.checkpoint import CheckpointError, Checkpoints
from vestibule_cli.local.completions.cognito import Rules
from vestibule_cli.local.completions.routing import Completions
from vestibule_cli.local.completions.triggers.calls import Triggers
from vestibule_cli.local.completions.triggers.firing import Firing
from vestibule_cli.local.door import Door
from vestibule_cli.local.serving import Servers
from vestibule_cli.local.state import OTHERS, PortTaken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vestibule_cli.local.mails import Mail
    from vestibule_cli.local.state import StateFolder

ACCOUNT_ID = internals.ACCOUNT_ID
ROOT_CREDENTIALS = {"aws_access_key_id": ACCOUNT_ID, "aws_secret_access_key": "x"}
ROOT = Credentials(*ROOT_CREDENTIALS.values())
LOG_BYTES = 2_000_000


# Python's own is five times as long. What people ask for takes some twenty turns, and while pollers
# compute, each is waited for.
SWITCH_SECONDS = 0.001


class EmulatorError(Misuse):
    """The emulator cannot be started as asked."""


class Emulator:
    """One per process: the emulator keeps its state in module globals.

    The caller holds the state's lock (`StateFolder.lock`) from before `start` until after `stop`.
    In between, `os.environ` is the emulator's own; the caller's is in `outer_environment`.
    """

    def __init__(
        self,
        state: StateFolder,
        *,
        port: int,
        region: str,
        fork: bool = sys.platform == "linux",
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`report` tells the person what goes wrong while it runs."""
        self._state = state
        self._report = report
        self._port = port
        self._region = region
        self._servers = Servers()
        self._door: Door | None = None
        self._log_handler: logging.Handler | None = None
        self._checkpoints = Checkpoints(
            state.checkpoints,
            {"version": internals.VERSION, "port": port, "region": region},
            fork=fork,
            keep_open=lambda: state.lock_descriptor,
            report=report,
        )
        self.url = f"http://127.0.0.1:{port}"
        self.outer_environment: Mapping[str, str] = dict(os.environ)
        self._outer_umask: int | None = None

    @property
    def app(self) -> Door:
        """ASGI: door -> completions -> emulator, for the edge to call in process."""
        if self._door is None:
            raise EmulatorError("the emulator has not been started")
        return self._door

    @property
    def notes(self) -> list[str]:
        """What the person should be told after `start`, such as a checkpoint that was damaged."""
        return self._checkpoints.notes

    def start(self) -> None:
        """Prepare the environment, restore the last checkpoint, serve; return when it answers.

        Raises EmulatorError, or StateError when the port is somebody else's.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            internals.check_version()
        except internals.EmulatorChanged as error:
            raise EmulatorError(str(error)) from error
        try:
            listener = loopback.bind(self._port)
        except OSError as error:
            who = loopback.occupant(self._port)
            raise PortTaken(f"port {self._port} is taken by {who}") from error
        self._enter_environment()
        try:
            door = Door(Completions(self._load(), self._region), {self._port}, internals.is_patient)
            self._restore()
            self._servers.add(door, listener)
        except BaseException:
            listener.close()
            self._leave_environment()
            raise
        self._door = door
        internals.start_pollers()
        self._checkpoints.start(self)

    def serve(self, app: Any, port: int) -> None:
        """Serve another app, such as the edge, beside the emulator; its pages may call it."""
        for name in ("127.0.0.1", "localhost"):
            self.app.allow_origin(f"http://{name}:{port}")
        self._servers.add(app, loopback.bind(port))

    def allow_origin(self, origin: str) -> None:
        """Let pages of this origin call the emulator from a browser."""
        self.app.allow_origin(origin)

    def stop(self) -> None:
        """Stop serving, take the last checkpoint, end the functions' workers. Once is enough."""
        if self._door is None:
            return
        self._checkpoints.stop()
        self._servers.stop()
        try:
            self.checkpoint()
        except CheckpointError as error:
            self._report(
                f"The last changes could not be saved: {error}. What was saved before counts."
            )
        internals.end_workers()
        self._door = None
        self._leave_environment()

    def checkpoint(self) -> None:
        """Save everything now; return when it is safe on disk. Raises CheckpointError."""
        self._checkpoints.take(self)

    def mails(self) -> list[Mail]:
        """Every captured mail, oldest first: the last 500."""
        return internals.mails()

    # What the checkpoints picture

    def save(self, *, alone: bool) -> dict[str, str]:
        return internals.save(alone=alone)

    def fingerprint(self) -> object:
        return (self._door.changes if self._door else 0, internals.fingerprint())

    def on_writing_thread(self, work: Callable[[], int]) -> int:
        """The event loop: what runs there, a transaction for one, is never half done between."""
        return self._servers.on_loop(work)

    # Steps of the start

    def _enter_environment(self) -> None:
        # Whatever is written from here on holds people's data, or the keys to it.
        self._outer_umask = os.umask(OTHERS)
        self._state.empty_tmp()
        self._state.data.mkdir(parents=True, exist_ok=True)
        self._log_handler = _log_to(self._state.emulator_log_file)
        self.outer_environment = dict(os.environ)
        inner = isolation.environment(
            self.outer_environment,
            port=self._port,
            region=self._region,
            data=self._state.data,
            tmp=self._state.tmp,
        )
        os.environ.clear()
        os.environ.update(inner)
        tempfile.tempdir = str(self._state.tmp)

    def _leave_environment(self) -> None:
        if self._outer_umask is not None:
            os.umask(self._outer_umask)
            self._outer_umask = None
        os.environ.clear()
        os.environ.update(self.outer_environment)
        tempfile.tempdir = None
        self._state.empty_tmp()
        if self._log_handler is not None:
            logging.getLogger().removeHandler(self._log_handler)
            self._log_handler.close()

    def _load(self) -> Any:
        data, tmp = self._state.data, self._state.tmp
        prelude = isolation.prelude(os.environ, isolation.link_runtime(data), tmp)
        people = internals.Directory()
        triggers = Triggers(people, Firing(internals.Functions()))
        rules = Rules(people, triggers)
        return internals.application(rules, triggers, isolation.write_launcher(data), prelude)

    def _restore(self) -> None:
        if not self._checkpoints.exists():
            return
        for manifest, texts in self._checkpoints.generations():
            moved = internals.moved_to_port(texts, manifest["port"], self._port)
            try:
                internals.restore(moved)
            except Exception as error:
                raise EmulatorError(
                    f"the checkpoint of {time.ctime(manifest['time'])} in {self._state.root} "
                    f"cannot be read by this version ({error}): `vestibule reset` starts anew"
                ) from error
            self._remove_unused_code(texts)
            return
        raise EmulatorError(
            f"no checkpoint in {self._state.checkpoints} is whole: `vestibule reset` starts anew"
        )

    def _remove_unused_code(self, texts: Mapping[str, str]) -> None:
        """Code of functions is kept beside the checkpoints, by its hash."""
        needed = internals.code_references(texts)
        for blob in (self._state.data / "lambda-blobs").glob("*.zip"):
            if blob.stem not in needed:
                blob.unlink()


def _log_to(file: Path) -> logging.Handler:
    """Else the emulator would make the root logger print on the person's terminal."""
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    logging.getLogger().addHandler(handler)
    return handler
