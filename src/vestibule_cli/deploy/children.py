"""Programs that this one starts, with whatever they start, and how all of them are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from vestibule_cli.console import wait_until
from vestibule_cli.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# terraform writes down what it has made so far, which takes it a second or two.
PATIENCE = 15.0
END_SECONDS = 2.0


class Interrupted(Failure):
    """Somebody asked to stop while a program ran."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted: run it again, it goes on from here")


class Children:
    """Each is the head of a process group of its own: a Ctrl-C reaches it through us alone."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._running: set[subprocess.Popen[str]] = set()
        self._is_interrupted = False

    def interrupt(self) -> None:
        """Ask all of them to stop, and kill what still runs when patience ends.

        Returns at once: a signal handler may call it. From now on none is started.
        """
        if self._is_interrupted:  # terraform takes a second SIGINT for leave to drop its state
            return
        self._is_interrupted = True
        running = tuple(self._running)
        for child in running:
            _signal(child, signal.SIGINT)
        if running:
            timer = threading.Timer(self._patience, self._kill)
            timer.daemon = True
            timer.start()

    def end(self) -> None:
        """Interrupt them; return when all have ended."""
        self.interrupt()
        wait_until(lambda: not self._running, self._patience + END_SECONDS)

    @contextmanager
    def started(self, command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
        """The running program. It has ended afterwards, and all it started too.

        Raises Interrupted in place of whatever comes of an interruption.
        """
        if self._is_interrupted:
            raise Interrupted
        child = subprocess.Popen(command, text=True, process_group=0, **options)
        self._running.add(child)
        try:
            with child:
                yield from self._followed(child)
        except BaseException:
            if self._is_interrupted:
                raise Interrupted from None
            raise
        finally:
            self._running.discard(child)
        if self._is_interrupted and child.returncode:
            raise Interrupted

    def _followed(self, child: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
        if self._is_interrupted:  # between the last look and the start
            _signal(child, signal.SIGINT)
        try:
            yield child
            child.wait()
        except BaseException:
            _signal(child, signal.SIGKILL)
            raise
        if self._is_interrupted:
            # What its head has left behind.
            _signal(child, signal.SIGKILL)

    def _kill(self) -> None:
        for child in tuple(self._running):
            _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[str], number: signal.Signals) -> None:
    # The group may outlive its head, and may be gone.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
