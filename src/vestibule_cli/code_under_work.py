"""The backend's code as somebody is writing it: what is wrong with it is told in one line."""

import traceback
from pathlib import Path

from vestibule_cli.failures import Failure
from vestibule_cli.project import CHECKOUT

SOURCES = CHECKOUT / "src" / "vestibule"


class CodeBroken(Failure):
    """The backend's code cannot be used: file, line, reason."""


def refusal(error: Exception) -> CodeBroken | None:
    """The failure that says so; None if the error came up elsewhere."""
    frames = [(each.filename, each.lineno) for each in traceback.extract_tb(error.__traceback__)]
    text = str(error)
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
        text = error.msg
    places = [(Path(name).resolve(), line) for name, line in frames]
    inside = [place for place in places if place[0].is_relative_to(SOURCES)]
    if not inside:
        return None
    path, line = inside[-1]
    words = " ".join(f"{type(error).__name__}: {text}".split()).rstrip(":")
    return CodeBroken(f"{path.relative_to(CHECKOUT)}:{line}: {words}")
