"""What several commands take or need."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from vestibule.platform import logs
from vestibule_cli import hints
from vestibule_cli.account import Account
from vestibule_cli.console import progress, say
from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.local.state import StateFolder
from vestibule_cli.outputs import Outputs
from vestibule_cli.project import CHECKOUT
from vestibule_cli.target import Target

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_state(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --state and hand the command its StateFolder as `state`."""
    return click.option(
        "--state",
        metavar="DIR",
        callback=_state,
        help="Folder that holds the stack. If not given, VESTIBULE_STATE, else .vestibule beside "
        "the nearest stack.yaml.",
    )(command)


@dataclass(frozen=True)
class Chosen:
    """The stack that was asked for: a state's on this machine, or a deployment on AWS."""

    state: StateFolder
    name: Name | None
    profile: str | None

    @property
    def is_on_aws(self) -> bool:
        return self.name is not None

    def target(self) -> Target:
        """The running stack, or the deployment once it is certain whose account it is in."""
        if self.name is None:
            from vestibule_cli.local.emulator import ROOT  # noqa: PLC0415 - the emulator's keys

            return Target(running(self.state), lambda: ROOT)
        quiet_logs()
        return on_aws(self.name, Account(self.profile))


def with_stack(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a stack, here or on AWS, and hand the command a Chosen as `chosen`."""

    @wraps(command)
    def wrapped(
        *arguments: Any,
        state: StateFolder,
        environment: str | None,
        environment_suffix: str,
        aws_profile: str | None,
        **options: Any,
    ) -> Any:
        name = _name(environment, environment_suffix, aws_profile)
        return command(*arguments, chosen=Chosen(state, name, aws_profile), **options)

    return with_environment(with_state(wrapped))


def with_environment(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what names a deployment on AWS."""
    for option in (
        click.option(
            "--aws-profile",
            metavar="NAME",
            envvar="VESTIBULE_AWS_PROFILE",
            help="Whose credentials to use there; else AWS_PROFILE, or what the environment has.",
        ),
        click.option(
            "--environment-suffix",
            metavar="SUFFIX",
            envvar="VESTIBULE_ENVIRONMENT_SUFFIX",
            default="",
            help="Such as -pr12, if it was deployed with one.",
        ),
        click.option(
            "--environment",
            metavar="NAME",
            envvar="VESTIBULE_ENVIRONMENT",
            help="Work on this deployment on AWS.",
        ),
    ):
        command = option(command)
    return command


def _name(environment: str | None, suffix: str, profile: str | None) -> Name | None:
    if environment:
        context = click.get_current_context()
        if _is_given(context, "state"):
            if _is_given(context, "environment"):
                raise Misuse(
                    "--state names a stack on this machine, --environment one on AWS: give one."
                )
            return None
        return Name(environment, suffix)
    if suffix or (profile and _is_given(click.get_current_context(), "aws_profile")):
        raise Misuse("name the deployment on AWS with --environment, too.")
    return None


def _is_given(context: click.Context, option: str) -> bool:
    return context.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def laptop_only(reason: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Refuse --environment and --aws-profile in words, for what AWS has nothing like."""

    def refuse(_context: click.Context, _option: click.Parameter, given: str | None) -> None:
        if given is not None:
            raise Misuse(reason)

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in ("--environment", "--environment-suffix", "--aws-profile"):
            command = click.option(name, hidden=True, expose_value=False, callback=refuse)(command)
        return command

    return decorated


def on_aws(name: Name, account: Account) -> Target:
    """The deployment, if these credentials open the account that it is in.

    Says on stderr which one that is. Raise Failure if it is another, or nothing is known of it.
    """
    deployed = _deployed(name, account)
    with progress("asking AWS who you are"):
        opened = account.id
    if opened != deployed.account_id:
        raise Failure(
            f"these credentials open account {opened}, and {name} is deployed in account "
            f"{deployed.account_id}. Name another profile with --aws-profile."
        )
    outputs = deployed.outputs(account.endpoint_url)
    say(f"On {place(account)}: {outputs.table_name} in account {opened}, {outputs.region}.")
    return Target(outputs, account.credentials, is_on_aws=True)


def place(account: Account) -> str:
    """AWS, or what plays it."""
    return f"an emulated AWS ({account.endpoint_url})" if account.endpoint_url else "AWS"


def _deployed(name: Name, account: Account) -> Deployed:
    deployments = Deployments.chosen()
    saved = deployments.find(name)
    if saved is not None:
        return saved
    from vestibule_cli.deploy.cloud import Cloud  # noqa: PLC0415 - Terraform, this once

    say(f"Nothing is saved of {name} here: its outputs are read from Terraform's state.")
    return Cloud.of(name, account, deployments=deployments, report=say).outputs()


def _state(context: click.Context, option: click.Parameter, given: str | None) -> StateFolder:
    state = StateFolder.chosen(given, os.environ)
    if state.root.exists() and not state.root.is_dir():
        raise click.BadParameter(f"{state.root} is no folder.", context, option)
    hints.stay_on(state.root if given and not _is_usual(state) else None)
    return state


def _is_usual(state: StateFolder) -> bool:
    """Whether the next command works on it without --state, such as by VESTIBULE_STATE."""
    usual = StateFolder.chosen(None, os.environ)
    return state.root == usual.root and not os.environ.get("VESTIBULE_ENVIRONMENT")


def quiet_logs() -> None:
    """The domains log to stdout, as Lambda has it. Here stdout is the answer alone."""
    logs.configure("CRITICAL")
    click.get_current_context().call_on_close(lambda: logs.configure("INFO"))


def running(state: StateFolder) -> Outputs:
    """The outputs of the stack that runs on this state now."""
    quiet_logs()
    outputs = Outputs.read(state.outputs_file) if state.holder() else None
    if outputs is None:
        raise Failure(
            f"no stack runs on {state.root}. Start one with `vestibule up`{_elsewhere(state)}."
        )
    return outputs


def _elsewhere(state: StateFolder) -> str:
    """For who stands outside of every project: that is why this state was looked at."""
    is_guessed = state.root.parent == CHECKOUT and not Path.cwd().is_relative_to(CHECKOUT)
    return ", or go to your project's folder, or name its state with --state" if is_guessed else ""
