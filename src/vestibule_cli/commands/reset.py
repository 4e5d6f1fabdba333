import click

from vestibule_cli.commands.shared import with_state
from vestibule_cli.console import progress
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder
from vestibule_cli.main import MISUSED, Shown


@click.command()
@with_state
@click.option("--force", is_flag=True, help="Stop the stack first if it runs.")
def command(state: StateFolder, *, force: bool) -> None:
    """Empty a state: everybody and everything in it. Ids change; ports are picked anew."""
    if state.holder() and not force:
        raise Shown(
            f"a stack runs on {state.root}. Stop it with `vestibule down`, or use --force.", MISUSED
        )
    with progress("stopping and emptying"):
        process.stop(state)
        state.empty()
    click.echo(f"{state.root} is empty.")
