"""Commands that a text tells the person to run, as this shell can run them."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vestibule_cli.project import CHECKOUT

NAME = "vestibule"
# Those that work on a stack's state; the others would refuse --state.
ON_A_STATE = frozenset(
    {
        "deliveries",
        "demo",
        "doctor",
        "down",
        "invitations",
        "invoke",
        "logs",
        "mail",
        "organizations",
        "outputs",
        "policy",
        "reset",
        "up",
        "users",
        "vpcs",
    }
)

# Of the one command that this process runs. No context of click's: threads tell hints, too.
_state: Path | None = None


@contextmanager
def of_one_command() -> Iterator[None]:
    """Forget at its end which state it was told to work on."""
    try:
        yield
    finally:
        stay_on(None)


def stay_on(state: Path | None) -> None:
    """From here on hints name this state: without it they would work on another one."""
    global _state  # noqa: PLW0603 - see there
    _state = state


def runnable(text: str) -> str:
    """The text with each "`vestibule ...`" as it can be run here, on the state in question."""
    return re.sub(rf"`{NAME}((?: [^`]*)?)`", lambda found: f"`{command()}{_whole(found[1])}`", text)


def spelled(arguments: str) -> str:
    """The command with these arguments, as it can be run here, on the state in question."""
    return f"{command()}{_whole(f' {arguments}')}"


def _whole(arguments: str) -> str:
    words = arguments.split()
    is_told_where = any(word.startswith(("--state", "--environment")) for word in words)
    if _state is None or is_told_where or not ON_A_STATE.intersection(words[:1]):
        return arguments
    return f"{arguments} --state {shlex.quote(str(_state))}"


def command(environment_folder: Path | None = None, here: Path | None = None) -> str:
    """`vestibule` if that is found on PATH, else the path of this environment's command."""
    script = (environment_folder or Path(sys.executable).parent) / NAME
    if not script.is_file() or shutil.which(NAME) == str(script):
        return NAME
    folder = here or Path.cwd()
    nearby = script.is_relative_to(folder) or folder.is_relative_to(CHECKOUT)
    return shlex.quote(os.path.relpath(script, folder) if nearby else str(script))
