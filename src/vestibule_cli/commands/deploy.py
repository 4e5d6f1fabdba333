import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from vestibule_cli.account import Account
from vestibule_cli.commands.shared import as_json, place, with_environment
from vestibule_cli.console import print_json, print_pairs, progress, say
from vestibule_cli.deployments import Name
from vestibule_cli.failures import Misuse

if TYPE_CHECKING:
    from vestibule_cli.deploy.changes import Changes
    from vestibule_cli.deploy.cloud import Cloud

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
MOST_LISTED = 60


def _with_deployment(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says where and how to deploy, and hand the command a Cloud as `cloud`."""

    @wraps(command)
    def wrapped(  # noqa: PLR0913 - one for each option
        *,
        environment: str | None,
        environment_suffix: str,
        aws_profile: str | None,
        region: str | None,
        var_files: tuple[Path, ...],
        variables: tuple[str, ...],
        backend: tuple[str, ...],
        local_state: bool,
        package: Path | None,
        exceptions: tuple[str, ...] = (),
        **options: Any,
    ) -> Any:
        from vestibule_cli.deploy.cloud import Asked, Cloud  # noqa: PLC0415 - pydantic behind it

        if not environment:
            raise Misuse("name what to deploy with --environment, such as dev.")
        if local_state and backend:
            raise Misuse("--local-state and --backend-config: give one of them.")
        asked = Asked(var_files, variables, backend, local_state, package, region, exceptions)
        account = Account(aws_profile, region)
        name = Name(environment, environment_suffix)
        cloud = Cloud.of(name, account, asked=asked, report=say)
        with _stopped_softly(cloud):
            return command(cloud=cloud, **options)

    for option in (
        click.option("--package", type=FILE, metavar="ZIP", help="Deploy this one; build none."),
        click.option(
            "--local-state",
            is_flag=True,
            help="Keep Terraform's state in a file on this machine: for trials.",
        ),
        click.option(
            "--backend-config",
            "backend",
            multiple=True,
            metavar="FILE_OR_NAME=VALUE",
            help="Where the state is. infra/environments/NAME.backend.hcl, else infra/backend.hcl, "
            "if not given.",
        ),
        click.option(
            "--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable's value."
        ),
        click.option(
            "--var-file",
            "var_files",
            type=FILE,
            multiple=True,
            metavar="FILE",
            help="Variables; infra/environments/NAME.tfvars if not given. May be given more than "
            "once: later ones win.",
        ),
        click.option("--region", help="Where it lives; what the variables say if not given."),
    ):
        wrapped = option(wrapped)
    return with_environment(wrapped)


_with_exceptions = click.option(
    "--except",
    "exceptions",
    multiple=True,
    metavar="RULE=REASON",
    help="Let a rule for user pools pass (infra/checks/README.md has them), for the reason given.",
)


@contextmanager
def _stopped_softly(cloud: "Cloud") -> Iterator[None]:
    """Let Ctrl-C stop Terraform so that it writes down what it has made."""

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        say("Stopping: what is under way is finished first, which may take minutes.")
        cloud.children.interrupt()

    before = {
        number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.group()
def command() -> None:
    """Plan, make, change or destroy a deployment on AWS, by Terraform.

    State and credentials are asked of nobody: each command says on stderr which account it acts on.
    """


@command.command()
@_with_exceptions
@_with_deployment
@as_json
def plan(cloud: "Cloud", *, as_json: bool) -> None:
    """Say what an apply would do. Ends with 1 if it would be refused."""
    from vestibule_cli.deploy.cloud import refuse  # noqa: PLC0415 - pydantic behind it

    account = _announced(cloud)
    with progress("planning"):
        wanted = cloud.drift()
    if as_json:
        print_json({**_facts(cloud, account), **wanted.view()})
    else:
        _print(wanted)
    refuse(wanted)


@command.command()
@_with_exceptions
@_with_deployment
@as_json
def apply(cloud: "Cloud", *, as_json: bool) -> None:
    """Make the deployment what the configuration says.

    What would lose data is refused, and what breaks a rule for user pools.
    """
    account = _announced(cloud)
    with progress("planning"):
        planned = cloud.plan()
    if as_json:
        deployed = cloud.apply(planned)
        print_json({**_facts(cloud, account), **planned[2].view(), "outputs": dict(deployed.made)})
        return
    deployed = cloud.apply(planned, _print)
    outputs = deployed.outputs(cloud.account.endpoint_url)
    rows = [("Site", outputs.site_url), ("API", outputs.api_url), ("Table", outputs.table_name)]
    print_pairs([(name, value) for name, value in rows if value])
    say(f"Deployed. What stands in its way: `vestibule doctor {cloud.name.options()}`.")


@command.command()
@click.option(
    "--yes-delete-data", metavar="NAME", help="The deployment's whole name, such as vestibule-dev."
)
@_with_deployment
@as_json
def destroy(cloud: "Cloud", *, yes_delete_data: str | None, as_json: bool) -> None:
    """Destroy a deployment with all accounts and data in it, for good."""
    account = _announced(cloud)
    cloud.destroy(yes_delete_data)
    if as_json:
        print_json({**_facts(cloud, account), "destroyed": True})
    else:
        click.echo(f"{cloud.title} is destroyed.")


@command.command()
@_with_deployment
@as_json
def outputs(cloud: "Cloud", *, as_json: bool) -> None:
    """Read Terraform's outputs from its state, save them for the other commands, print them."""
    with progress("reading the state"):
        deployed = cloud.outputs()
    if as_json:
        print_json(dict(deployed.made))
        return
    print_pairs(list(_each(deployed.made)))
    say(f"Saved in {cloud.deployments.file(cloud.name)}.")


def _announced(cloud: "Cloud") -> str:
    """Say whose account it is, before anything is done there."""
    with progress("asking AWS who you are"):
        opened = cloud.account.id
    say(f"On {place(cloud.account)}: {cloud.title} in account {opened}.")
    return opened


def _facts(cloud: "Cloud", account: str) -> dict[str, Any]:
    return {"name": cloud.title, "environment": str(cloud.name), "account": account}


def _print(wanted: "Changes") -> None:
    from vestibule_cli.deploy.changes import CREATE  # noqa: PLC0415 - same

    click.echo(wanted.sentence())
    listed = [each for each in wanted.all if each.action != CREATE]
    for change in listed[:MOST_LISTED]:
        click.echo(f"  {change}")
    if len(listed) > MOST_LISTED:
        click.echo(f"  and {len(listed) - MOST_LISTED} more: --json lists all.")
    for text in wanted.warnings:
        say(f"Mind: {text}")


def _each(made: Any) -> Iterator[tuple[str, str]]:
    for name, value in sorted(made.items()):
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", str(each)) for key, each in value.items())
        elif isinstance(value, list):
            yield name, ", ".join(map(str, value))
        elif value is not None:
            yield name, str(value)
