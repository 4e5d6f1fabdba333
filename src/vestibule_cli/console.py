"""How the command line talks: answers on stdout, progress and failures on stderr."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from vestibule_cli.hints import runnable

PATIENCE = 1.0


def say(text: str) -> None:
    """A line that is not the answer."""
    click.echo(runnable(text), err=True)


def print_json(content: Any) -> None:
    click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def printable(text: str) -> str:
    """What others wrote, without what would drive the terminal or turn the writing around."""
    return "".join(filter(str.isprintable, text))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    pairs = [(printable(name), printable(value)) for name, value in pairs]
    width = max(len(name) for name, _value in pairs)
    for name, value in pairs:
        click.echo(f"{name.ljust(width)}  {value}")


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say what is being done, if it takes longer than a second."""
    timer = threading.Timer(PATIENCE, lambda: say(f"{text} ..."))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    """Ask twenty times a second; False if it has not become true in time."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
