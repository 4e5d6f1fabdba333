import json
from importlib.metadata import version

import click

from vestibule_cli import code_under_work
from vestibule_cli.commands.shared import as_json
from vestibule_cli.console import print_json
from vestibule_cli.failures import Failure
from vestibule_cli.project import stack_file

NAME = "openapi.json"


def rendered() -> str:
    try:
        from vestibule.functions import wiring  # noqa: PLC0415 - code under work may not import

        document = wiring.document(version("vestibule"))
    except Exception as error:
        refusal = code_under_work.refusal(error)
        if refusal is None:
            raise
        raise refusal from error
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if openapi.json is not current.")
@as_json
def command(*, check: bool, as_json: bool) -> None:
    """Write openapi.json from the routes, or check that it is current."""
    path = stack_file().with_name(NAME)
    wanted = rendered()
    is_current = path.is_file() and path.read_text(encoding="utf-8") == wanted
    if check and not is_current:
        raise Failure(f"{NAME} is not what the routes say. Write it with `vestibule openapi`.")
    if not is_current:
        # In one step: the stack may be reading it.
        draft = path.with_suffix(".draft")
        draft.write_text(wanted, encoding="utf-8")
        draft.replace(path)
    if as_json:
        print_json({"path": str(path), "written": not is_current})
    else:
        click.echo(f"{NAME} {'is current' if is_current else 'written'}.")
