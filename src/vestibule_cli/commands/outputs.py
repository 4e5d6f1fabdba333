import click

from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, print_pairs
from vestibule_cli.local.state import StateFolder


@click.command()
@with_state
@as_json
def command(state: StateFolder, *, as_json: bool) -> None:
    """Print the running stack's addresses and ids."""
    outputs = running(state).as_dict()
    if as_json:
        print_json(outputs)
        return
    pairs = []
    for name, value in outputs.items():
        if isinstance(value, dict):
            pairs += [(f"{name}.{key}", each) for key, each in value.items()]
        else:
            pairs.append((name, value))
    print_pairs(pairs)
