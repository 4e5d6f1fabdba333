"""This machine: can it hold a stack, and is the one that runs well?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vestibule_cli import policy_file, stack
from vestibule_cli.deploy.terraform import Command, TerraformMissing
from vestibule_cli.doctor.checks import fail, ok, warn
from vestibule_cli.local import ports
from vestibule_cli.local.state import StateError
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import stack_file
from vestibule_cli.yaml_file import FileRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Final

    from vestibule_cli.doctor.checks import Check, Look
    from vestibule_cli.local.state import StateFolder

OLDEST_PYTHON: Final = (3, 11)
OLDEST_TERRAFORM: Final = (1, 10)
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_ENOUGH, _SCARCE = 1_000_000_000, 200_000_000
_PORTS: Final = {"edge": "the site", "emulator": "the emulated AWS"}


def looks(state: StateFolder) -> dict[str, Look]:
    return {
        "python": _python,
        "definition": _definition,
        "policy": _policy,
        "disk": lambda: _disk(state),
        "state": lambda: _state(state),
        "stack": lambda: _stack(state),
        "terraform": _terraform,
        "browser": _browser,
    }


def _python() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield fail("python", f"this is Python {version}", "3.11 or newer is needed: `make setup`.")
    else:
        yield ok("python", f"{version} at {sys.executable}")


def _definition() -> Iterator[Check]:
    path = stack_file()
    try:
        stack.load(path)
    except stack.StackError as error:
        yield fail("definition", "; ".join(str(error).splitlines()), f"Correct {path}.")
    else:
        yield ok("definition", str(path))


def _policy() -> Iterator[Check]:
    path = stack_file().with_name("policy.yaml")
    try:
        policy_file.load(path)
    except FileRefused as error:
        yield fail("policy", "; ".join(str(error).splitlines()), f"Correct {path}.")
    else:
        yield ok("policy", str(path))


def _disk(state: StateFolder) -> Iterator[Check]:
    place = _existing(state.root)
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free where {state.root} is"
    if free < _SCARCE:
        yield fail("disk", text, "Make room: a checkpoint that cannot be written is lost.")
    elif free < _ENOUGH:
        yield warn("disk", text, "A stack with many people and mails needs some hundred MB.")
    else:
        yield ok("disk", text)
    if not os.access(place, os.W_OK):
        yield fail("disk", f"{place} cannot be written", "Name another folder with --state DIR.")


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _state(state: StateFolder) -> Iterator[Check]:
    if not state.root.exists():
        yield ok("state", f"{state.root} is not there yet: `vestibule up` makes it")
        return
    try:
        kept = state.read_json(state.root / "ports.json") or {}
        state.origins()
        state.user_service()
    except StateError as error:
        yield fail("state", str(error), "`vestibule reset` empties it.")
        return
    yield ok("state", str(state.root))
    if state.holder():
        return
    for name, what in _PORTS.items():
        port = kept.get(name)
        if port and not ports.is_free(port):
            yield fail(
                "ports",
                f"port {port}, which the state keeps for {what}, is {ports.occupant(port)}'s",
                "Stop that, or give `vestibule up` another port.",
            )


def _stack(state: StateFolder) -> Iterator[Check]:
    holder = state.holder()
    outputs = Outputs.read(state.outputs_file) if holder else None
    if holder is None or outputs is None:
        yield ok("stack", "none runs: `vestibule up` starts one")
        return
    status = _asked(f"{outputs.api_url}/health")
    if status == 200:
        yield ok("stack", f"runs as pid {holder.pid}; {outputs.api_url}/health answers")
        return
    yield fail(
        "stack",
        f"runs as pid {holder.pid}, but {outputs.api_url}/health answers {status or 'nothing'}",
        f"{state.log_file} and `vestibule logs api` tell more; "
        "`vestibule down`, then `vestibule up`.",
    )


def _asked(url: str) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _terraform() -> Iterator[Check]:
    try:
        command = Command.find(os.environ)
    except TerraformMissing as error:
        yield warn("terraform", str(error), "Only deploying and `up --terraform` need it.")
        return
    version = _version(command.path)
    if version and tuple(map(int, version.split(".")[:2])) < OLDEST_TERRAFORM:
        yield warn("terraform", f"{command.path} is {version}", "1.10 or newer is needed.")
        return
    provider = f"providers from {command.mirror}" if command.mirror else "providers by download"
    yield ok("terraform", f"{version or 'of unknown version'} at {command.path}, {provider}")


def _version(path: str) -> str:
    done = subprocess.run(
        [path, "version", "-json"], capture_output=True, text=True, check=False, timeout=30
    )
    try:
        return str(json.loads(done.stdout)["terraform_version"]).partition("-")[0]
    except (ValueError, KeyError):
        return ""


def _browser() -> Iterator[Check]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        advice = "Only the site's own tests need Chromium."
        yield warn("browser", f"none of {', '.join(BROWSERS)} is on PATH", advice)
    else:
        yield ok("browser", found)
