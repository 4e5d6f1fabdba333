"""Where the project stands on this machine."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DEFINITION = "stack.yaml"


def stack_file(start: Path | None = None) -> Path:
    """The stack.yaml of the working folder or of one above it; else that of this checkout."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / DEFINITION).is_file():
            return folder / DEFINITION
    return CHECKOUT / DEFINITION
