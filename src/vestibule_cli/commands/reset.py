import click

from vestibule_cli.commands.shared import as_json, laptop_only, with_state
from vestibule_cli.console import print_json, progress
from vestibule_cli.failures import Misuse
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder


@click.command()
@with_state
@laptop_only(
    "reset empties a stack on this machine. On AWS `vestibule deploy destroy` takes one down."
)
@click.option("--force", is_flag=True, help="Stop the stack first if it runs.")
@as_json
def command(state: StateFolder, *, force: bool, as_json: bool) -> None:
    """Empty a state: everybody and everything in it. Ids change; ports are picked anew."""
    if state.holder() and not force:
        raise Misuse(
            f"a stack runs on {state.root}. Stop it with `vestibule down`, or use --force."
        )
    with progress("stopping and emptying"):
        process.stop(state)
        state.empty()
    if as_json:
        print_json({"state": str(state.root), "empty": True})
    else:
        click.echo(f"{state.root} is empty.")
