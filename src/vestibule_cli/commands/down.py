import click

from vestibule_cli.commands.shared import as_json, laptop_only, with_state
from vestibule_cli.console import print_json, progress
from vestibule_cli.hints import runnable
from vestibule_cli.local import process
from vestibule_cli.local.state import StateFolder


@click.command()
@with_state
@laptop_only(
    "down stops a stack on this machine. On AWS `vestibule deploy destroy` takes one down."
)
@as_json
def command(state: StateFolder, *, as_json: bool) -> None:
    """Stop the stack that runs on a state. It is saved first, and can be started again."""
    with progress("saving and stopping"):
        ending = process.stop(state)
    if as_json:
        print_json({"ending": ending.value, "state": str(state.root)})
        return
    text = {
        process.Ending.NOT_RUNNING: f"No stack runs on {state.root}.",
        process.Ending.STOPPED: "Stopped. `vestibule up` starts it again as it was.",
        process.Ending.KILLED: "It did not stop in 30 seconds and was killed. "
        "What changed in its last seconds may be lost.",
    }[ending]
    click.echo(runnable(text))
