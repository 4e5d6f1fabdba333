"""The user service beside the stack: the sample in a process of its own, or somebody's own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vestibule_cli.console import wait_until
from vestibule_cli.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vestibule_cli.aws import Aws

SAMPLE = "sample"
NONE = "none"
PROGRAM = "examples/user_service/service.py"
DATABASE = "user_service.db"
LOG = "user_service.log"
USERS_PATH = "/api/v1/users"
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
START_SECONDS = 10.0
STOP_SECONDS = 5.0
PAUSE_SECONDS = 1.0
LONG_LIFE_SECONDS = 30.0
MOST_FAILURES = 3
SECRET = "user-service"  # noqa: S105 - what stack.yaml calls it
KEY = "apiKey"


def parse(text: str) -> str:
    """Check what `--user-service` may be. Raise ValueError."""
    if text in {SAMPLE, NONE}:
        return text
    from vestibule.delivery.outbound import location  # noqa: PLC0415 - few commands need the rule

    try:
        location(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; or {SAMPLE}, or {NONE}") from None
    return text


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is told of confirmed people: the sample, nobody, or the service at a URL."""

    text: str
    port: int

    @property
    def is_sample(self) -> bool:
        return self.text == SAMPLE

    def url(self, project: Path) -> str:
        if self.text == NONE or (self.is_sample and not (project / PROGRAM).exists()):
            return ""
        return f"http://{LOOPBACK}:{self.port}{USERS_PATH}" if self.is_sample else self.text


class Sample:
    """The sample service, started again when it ends by itself, and ended with the stack.

    It ends with this process too, however that ends: it reads our end of its standard input.
    """

    def __init__(
        self, project: Path, port: int, folder: Path, report: Callable[[str], None]
    ) -> None:
        self._program = project / PROGRAM
        self._port = port
        self._folder = folder
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="user-service", daemon=True)

    def start(self, api_key: str) -> None:
        """Return when it answers. What keeps it from starting is reported, never raised."""
        self._environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            # The project's folders stay as they are.
            "PYTHONDONTWRITEBYTECODE": "1",
            "USER_SERVICE_API_KEY": api_key,
        }
        (self._folder / LOG).write_bytes(b"")
        self._process = self._started()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        process = self._process
        if process is None:
            return
        _end(process)
        self._thread.join(timeout=STOP_SECONDS)
        _end(self._process or process)

    def _started(self) -> subprocess.Popen[bytes]:
        with (self._folder / LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(self._program), *self._arguments()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                # A Ctrl-C is for the stack, which ends it when it has ended itself.
                process_group=0,
            )
        wait_until(lambda: process.poll() is not None or self._answers(), START_SECONDS)
        return process

    def _arguments(self) -> list[str]:
        database = str(self._folder / DATABASE)
        return ["--port", str(self._port), "--database", database, "--until-input-ends"]

    def _answers(self) -> bool:
        try:
            socket.create_connection((LOOPBACK, self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _follow(self) -> None:
        failures = 0
        while self._process is not None and not self._stopped.is_set():
            began = time.monotonic()
            code = self._process.wait()
            if self._stopped.wait(PAUSE_SECONDS):
                return
            failures = failures + 1 if time.monotonic() - began < LONG_LIFE_SECONDS else 1
            if failures > MOST_FAILURES:
                self._report(f"The sample user service keeps ending ({code}): {self._told()}")
                return
            self._report(f"The sample user service ended ({code}) and is started again.")
            self._process = self._started()

    def _told(self) -> str:
        return f"{self._folder / LOG} tells why. People wait in the queue until it is back."


def key(aws: Aws, secret: str) -> str | None:
    """The key that the sample is to know the stack by: it lies where the function finds it.

    None if the secret is not there or holds nothing yet.
    """
    from vestibule_cli.aws import found  # noqa: PLC0415 - whoever only reads the choice needs none

    answer = found(
        "ResourceNotFoundException",
        lambda: aws.json("secretsmanager", "GetSecretValue", SecretId=secret),
    )
    text = (answer or {}).get("SecretString")
    return str(json.loads(text)[KEY]) if text else None


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
