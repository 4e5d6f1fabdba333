from collections.abc import Iterator
from typing import Any

import click

from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_pairs
from vestibule_cli.failures import Misuse
from vestibule_cli.yaml_file import oneof


@click.command()
@click.argument("name", required=False)
@with_stack
@as_json
def command(name: str | None, chosen: Chosen, *, as_json: bool) -> None:
    """Print the running stack's addresses and ids, or the one called NAME and nothing else."""
    outputs = chosen.target().outputs.as_dict()
    if name is None:
        if as_json:
            print_json(outputs)
        else:
            print_pairs(list(_each(outputs)))
        return
    known = {**outputs, **dict(_each(outputs))}
    if name not in known:
        raise Misuse(oneof("output", name, known))
    if as_json or isinstance(known[name], dict):
        print_json(known[name])
    else:
        click.echo(known[name])


def _each(outputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in outputs.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value
