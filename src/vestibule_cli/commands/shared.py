"""What several commands take or need."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vestibule.platform import logs
from vestibule_cli.failures import Failure
from vestibule_cli.local.state import StateFolder
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import CHECKOUT

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_state(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --state and hand the command its StateFolder as `state`."""
    return click.option(
        "--state",
        metavar="DIR",
        callback=_state,
        help="Folder that holds the stack. If not given, VESTIBULE_STATE, else .vestibule beside "
        "the nearest stack.yaml.",
    )(command)


def _state(context: click.Context, option: click.Parameter, given: str | None) -> StateFolder:
    state = StateFolder.chosen(given, os.environ)
    if state.root.exists() and not state.root.is_dir():
        raise click.BadParameter(f"{state.root} is no folder.", context, option)
    return state


def running(state: StateFolder) -> Outputs:
    """The outputs of the stack that runs on this state now."""
    # The domains log to stdout, as Lambda has it. Here stdout is the answer alone.
    logs.configure("CRITICAL")
    click.get_current_context().call_on_close(lambda: logs.configure("INFO"))
    outputs = Outputs.read(state.outputs_file) if state.holder() else None
    if outputs is None:
        raise Failure(
            f"no stack runs on {state.root}. Start one with `vestibule up`{_elsewhere(state)}."
        )
    return outputs


def _elsewhere(state: StateFolder) -> str:
    """For who stands outside of every project: that is why this state was looked at."""
    is_guessed = state.root.parent == CHECKOUT and not Path.cwd().is_relative_to(CHECKOUT)
    return ", or go to your project's folder, or name its state with --state" if is_guessed else ""
