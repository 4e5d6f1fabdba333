import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, say
from vestibule_cli.failures import Failure
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder
from vestibule_cli.outputs import Outputs

if TYPE_CHECKING:
    from vestibule_cli.demo.stage import Report


@click.command()
@click.option("--passwordless", is_flag=True, help="Play signing in by a mailed code instead.")
@with_state
@as_json
def command(state: StateFolder, *, passwordless: bool, as_json: bool) -> None:
    """Play two people signing up, in and out, against the running stack or one it starts.

    Ends with 1 at the first thing that is not as promised.
    """
    steps: list[dict[str, object]] = []

    def report(title: str, seconds: float) -> None:
        steps.append({"step": title, "milliseconds": round(seconds * 1000)})
        if not as_json:
            click.echo(f"{seconds * 1000:7.0f} ms  {title}")

    with _stack(state) as outputs:
        began = time.perf_counter()
        try:
            _play(outputs, report, passwordless=passwordless)
        finally:
            if as_json:
                print_json({"steps": steps})
    if not as_json:
        click.echo(f"{len(steps)} steps, all as promised, {time.perf_counter() - began:.1f} s.")


def _play(outputs: Outputs, report: "Report", *, passwordless: bool) -> None:
    # boto3 and pycognito take their time to load: nothing but a play needs them.
    from vestibule_cli.demo.calls import NoAnswer  # noqa: PLC0415
    from vestibule_cli.demo.passwordless import PasswordlessPlay  # noqa: PLC0415
    from vestibule_cli.demo.place import Place  # noqa: PLC0415
    from vestibule_cli.demo.play import Play  # noqa: PLC0415
    from vestibule_cli.demo.stage import Surprise  # noqa: PLC0415
    from vestibule_cli.local.emulator import ROOT_CREDENTIALS  # noqa: PLC0415

    try:
        place = Place.from_outputs(outputs.as_dict(), ROOT_CREDENTIALS)
        (PasswordlessPlay if passwordless else Play)(place, report).run()
    except (NoAnswer, Surprise) as failure:
        raise Failure(str(failure)) from failure


@contextmanager
def _stack(state: StateFolder) -> Iterator[Outputs]:
    """The running stack; without one, a stack for as long as the play lasts."""
    if state.holder():
        yield running(state)
        return
    say(f"No stack runs on {state.root}: starting one for the demo.")
    process.start_detached(["up", "--state", str(state.root)], state.log_file, os.environ)
    try:
        yield running(state)
    finally:
        process.stop(state)
