import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, say
from vestibule_cli.failures import Failure, Misuse
from vestibule_cli.local import process
from vestibule_cli.target import Target

if TYPE_CHECKING:
    from vestibule_cli.demo.stage import Report


@click.command()
@click.option("--passwordless", is_flag=True, help="Play signing in by a mailed code instead.")
@click.option(
    "--mail-queue",
    metavar="URL",
    envvar="VESTIBULE_MAIL_QUEUE",
    help="On AWS: the queue that hears of mails to --mail-domain.",
)
@click.option(
    "--mail-domain",
    metavar="DOMAIN",
    envvar="VESTIBULE_MAIL_DOMAIN",
    help="On AWS: what the made-up people's addresses end with.",
)
@with_stack
@as_json
def command(
    chosen: Chosen,
    *,
    passwordless: bool,
    mail_queue: str | None,
    mail_domain: str | None,
    as_json: bool,
) -> None:
    """Play two people signing up, in and out, against the running stack or one it starts.

    Ends with 1 at the first thing that is not as promised. On AWS the people are real ones of the
    deployment for as long as the play lasts, and the codes mailed to them are read from a queue.
    """
    steps: list[dict[str, object]] = []

    def report(title: str, seconds: float) -> None:
        steps.append({"step": title, "milliseconds": round(seconds * 1000)})
        if not as_json:
            click.echo(f"{seconds * 1000:7.0f} ms  {title}")

    mails = _mails(chosen, mail_queue, mail_domain)
    with _stack(chosen) as target:
        began = time.perf_counter()
        try:
            _play(target, mails, report, passwordless=passwordless)
        finally:
            if as_json:
                print_json({"steps": steps})
    if not as_json:
        click.echo(f"{len(steps)} steps, all as promised, {time.perf_counter() - began:.1f} s.")


def _mails(chosen: Chosen, queue: str | None, domain: str | None) -> tuple[str, str] | None:
    """Where to read codes on AWS; None on this machine, which has an inbox."""
    if not chosen.is_on_aws:
        return None
    if not queue or not domain:
        raise Misuse(
            "on AWS mailed codes are read from a queue: give --mail-queue and --mail-domain. "
            "docs/deploy.md tells how to have one."
        )
    return queue, domain


def _play(
    target: Target, mails: tuple[str, str] | None, report: "Report", *, passwordless: bool
) -> None:
    # boto3 and pycognito take their time to load: nothing but a play needs them.
    from vestibule_cli.demo.calls import NoAnswer  # noqa: PLC0415
    from vestibule_cli.demo.passwordless import PasswordlessPlay  # noqa: PLC0415
    from vestibule_cli.demo.place import Place  # noqa: PLC0415
    from vestibule_cli.demo.play import Play  # noqa: PLC0415
    from vestibule_cli.demo.stage import Surprise  # noqa: PLC0415

    keys = target.credentials()
    credentials = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
    if keys.session_token:
        credentials["aws_session_token"] = keys.session_token
    outputs = target.outputs.as_dict()
    try:
        if mails is None:
            place = Place.from_outputs(outputs, credentials)
        else:
            place = Place.on_aws(outputs, credentials, *mails)
        (PasswordlessPlay if passwordless else Play)(place, report).run()
    except (NoAnswer, Surprise) as failure:
        raise Failure(str(failure)) from failure


@contextmanager
def _stack(chosen: Chosen) -> Iterator[Target]:
    """The stack asked for; without one here, a stack for as long as the play lasts."""
    state = chosen.state
    if chosen.is_on_aws or state.holder():
        yield chosen.target()
        return
    say(f"No stack runs on {state.root}: starting one for the demo.")
    process.start_detached(["up", "--state", str(state.root)], state.log_file, os.environ)
    try:
        yield chosen.target()
    finally:
        process.stop(state)
