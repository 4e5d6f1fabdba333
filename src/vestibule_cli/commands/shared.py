"""What several commands take or need."""

import os
from collections.abc import Callable
from typing import Any

import click

from vestibule_cli.local.state import StateFolder
from vestibule_cli.main import Shown
from vestibule_cli.outputs import Outputs

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_state(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --state and hand the command its StateFolder as `state`."""
    return click.option(
        "--state",
        metavar="DIR",
        callback=lambda _context, _option, given: StateFolder.chosen(given, os.environ),
        help="Folder that holds the stack. VESTIBULE_STATE, else .vestibule, if not given.",
    )(command)


def running(state: StateFolder) -> Outputs:
    """The outputs of the stack that runs on this state now."""
    outputs = Outputs.read(state.outputs_file) if state.holder() else None
    if outputs is None:
        raise Shown(f"no stack runs on {state.root}. Start one with `vestibule up`.")
    return outputs
