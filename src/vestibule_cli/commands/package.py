from pathlib import Path

import click

from vestibule_cli import package
from vestibule_cli.commands.shared import as_json
from vestibule_cli.console import print_json, progress, say
from vestibule_cli.failures import Misuse
from vestibule_cli.project import stack_file


@click.command()
@click.option(
    "--python", metavar="X.Y", help="Python of the Lambda runtime; stack.yaml's if not given."
)
@click.option("--architecture", metavar="NAME", help="arm64 or x86_64; stack.yaml's if not given.")
@click.option("--host", is_flag=True, help="For this machine, as `vestibule up` uses it.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it.")
@click.option("--quiet", is_flag=True, help="Print nothing when it works.")
@as_json
def command(  # noqa: PLR0913 - one for each option
    *,
    python: str | None,
    architecture: str | None,
    host: bool,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Build the zip that Lambda runs. The same sources give the same bytes."""
    if host and (python or architecture):
        raise Misuse("--host is this machine's Python: leave out --python and --architecture")
    target = package.Target.host() if host else _target(python, architecture)
    name = f"vestibule-{'host' if host else f'python{target.python}-{target.architecture}'}.zip"
    with progress("building the package"):
        root = stack_file().parent
        built = package.build(target, out or root / "build" / name, root=root)
    for warning in built.warnings:
        say(f"vestibule: {warning}")
    if as_json:
        print_json(
            {
                "path": str(built.path),
                "sha256": built.digest,
                "size": built.size,
                "python": target.python,
                "architecture": target.architecture,
            }
        )
    elif not quiet:
        click.echo(f"{built.path}  {built.size / 1_000_000:.2f} MB  sha256 {built.digest}")


def _target(python: str | None, architecture: str | None) -> package.Target:
    if python and architecture:
        return package.Target(python, architecture)
    from vestibule_cli import stack  # noqa: PLC0415 - pydantic, which a whole target needs not

    runtime = stack.load(stack_file()).runtime
    return package.Target(python or runtime.python, architecture or runtime.architecture)
