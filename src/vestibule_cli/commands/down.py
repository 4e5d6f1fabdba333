import click

from vestibule_cli.commands.shared import with_state
from vestibule_cli.console import progress
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder


@click.command()
@with_state
def command(state: StateFolder) -> None:
    """Stop the stack that runs on a state. It is saved first, and can be started again."""
    with progress("saving and stopping"):
        ending = process.stop(state)
    click.echo(
        {
            process.Ending.NOT_RUNNING: f"No stack runs on {state.root}.",
            process.Ending.STOPPED: "Stopped. `vestibule up` starts it again as it was.",
            process.Ending.KILLED: "It did not stop in 30 seconds and was killed. "
            "What changed in its last seconds may be lost.",
        }[ending]
    )
