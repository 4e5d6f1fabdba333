"""Commands that a text tells the person to run, as this shell can run them."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from vestibule_cli.project import CHECKOUT

NAME = "vestibule"


def runnable(text: str) -> str:
    """The text with each "`vestibule ...`" naming the command by a path that works here."""
    return re.sub(rf"`{NAME}(?=[ `])", lambda _match: f"`{command()}", text)


def command(environment_folder: Path | None = None, here: Path | None = None) -> str:
    """`vestibule` if that is found on PATH, else the path of this environment's command."""
    script = (environment_folder or Path(sys.executable).parent) / NAME
    if not script.is_file() or shutil.which(NAME) == str(script):
        return NAME
    folder = here or Path.cwd()
    nearby = script.is_relative_to(folder) or folder.is_relative_to(CHECKOUT)
    return shlex.quote(os.path.relpath(script, folder) if nearby else str(script))
