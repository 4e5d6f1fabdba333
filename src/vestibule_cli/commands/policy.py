from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from vestibule.policy import parse
from vestibule_cli import live_policy
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, progress, say
from vestibule_cli.failures import Failure
from vestibule_cli.project import stack_file

if TYPE_CHECKING:
    from vestibule_cli.policy_file import PolicyFile

FILE = click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def command() -> None:
    """Check, show or push the rules of signing up and in."""


@command.command()
@FILE
@click.option("--write", is_flag=True, help="Write the source tree's copy of policy.yaml, too.")
@as_json
def check(file: Path | None, *, write: bool, as_json: bool) -> None:
    """Check a policy; policy.yaml if no FILE is given."""
    path = _path(file)
    policy = _loaded(path)
    if write:
        _write_shipped(path, policy)
    size = live_policy.size(policy.json_text)
    if as_json:
        print_json({"file": str(path), "bytes": size.bytes, "tier": size.tier})
    else:
        click.echo(f"{path.name} is right: {size}.")


@command.command()
@with_stack
@as_json
def show(chosen: Chosen, *, as_json: bool) -> None:
    """Print the rules that the running stack goes by, as a policy.yaml says them."""
    found = live_policy.LivePolicy.of(chosen.target()).find()
    if found is None:
        content = _loaded(_path(None)).content
        source, words = "shipped", "none was pushed: this is what the package ships with"
    else:
        content = found.content
        source, words = "live", f"version {found.version}, pushed {found.pushed_at}"
    if as_json:
        version = found.version if found else None
        print_json({"source": source, "version": version, "policy": content})
        return
    say(f"# {source}: {words}")
    click.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), nl=False)


@command.command()
@FILE
@with_stack
@as_json
def push(file: Path | None, chosen: Chosen, *, as_json: bool) -> None:
    """Make a policy the live one; policy.yaml if no FILE is given. A wrong one is refused."""
    path = _path(file)
    policy = _loaded(path)
    live = live_policy.LivePolicy.of(chosen.target())
    with progress(f"pushing {path.name}"):
        version = live.push(policy.json_text)
    size = live_policy.size(policy.json_text)
    if as_json:
        facts: dict[str, Any] = {"parameter": live.name, "version": version}
        print_json({**facts, "bytes": size.bytes, "tier": size.tier, "liveWithinSeconds": 60})
    else:
        click.echo(f"{path.name} is version {version} of {live.name}: {size}.")
        click.echo("Every function goes by it within 60 seconds.")


def _path(file: Path | None) -> Path:
    return file or stack_file().with_name("policy.yaml")


def _loaded(path: Path) -> "PolicyFile":
    from vestibule_cli import policy_file  # noqa: PLC0415 - pydantic, which `--help` needs not

    return policy_file.load(path)


def _write_shipped(path: Path, policy: "PolicyFile") -> None:
    from vestibule_cli import policy_file  # noqa: PLC0415 - same

    target = path.resolve().parent / "src" / policy_file.SHIPPED
    if not target.parent.is_dir():
        raise Failure(f"{target.parent} is not there: --write is for the project's own policy.yaml")
    target.write_text(policy.shipped_text, encoding="utf-8")
    parse.policy(target.read_text(encoding="utf-8"))
