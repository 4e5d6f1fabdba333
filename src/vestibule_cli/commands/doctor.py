from collections.abc import Iterable, Iterator

import click

from vestibule_cli.account import Account
from vestibule_cli.commands.shared import Chosen, as_json, on_aws, with_stack
from vestibule_cli.console import print_json, progress
from vestibule_cli.deployments import Deployments, Name
from vestibule_cli.doctor.checks import FAIL, OK, WARN, Check, fail, ok, run, warn
from vestibule_cli.failures import Failure
from vestibule_cli.hints import runnable

SIGN_INS, SIGN_UPS = 10.0, 5.0
WIDTH = max(map(len, (OK, WARN, FAIL)))


@click.command()
@click.option(
    "--requests",
    type=click.FloatRange(min=0),
    metavar="N",
    help="API requests a second at the busiest; what stack.yaml lets through if not given.",
)
@click.option(
    "--sign-ins", type=click.FloatRange(min=0), default=SIGN_INS, metavar="N", show_default=True
)
@click.option(
    "--sign-ups", type=click.FloatRange(min=0), default=SIGN_UPS, metavar="N", show_default=True
)
@click.option("--drift", is_flag=True, help="On AWS: see what an apply would change, too.")
@with_stack
@as_json
def command(  # noqa: PLR0913 - one for each option
    *,
    requests: float | None,
    sign_ins: float,
    sign_ups: float,
    drift: bool,
    chosen: Chosen,
    as_json: bool,
) -> None:
    """Look for what is wrong, on this machine or with a deployment on AWS.

    It changes nothing. The load is a second, at the busiest; quotas are compared with it. Ends with
    1 if a check fails; a warning is no failure.
    """
    with progress("looking"):
        if chosen.name is None:
            from vestibule_cli.doctor import laptop  # noqa: PLC0415 - pydantic behind it

            found = list(run(laptop.looks(chosen.state)))
        else:
            account = Account(chosen.profile)
            load = (requests, sign_ins, sign_ups)
            found = list(_on_aws(chosen.name, account, load, drift=drift))
    failed = sum(check.level == FAIL for check in found)
    if as_json:
        warned = sum(check.level == WARN for check in found)
        views = [check.view() for check in found]
        print_json({"checks": views, "failed": failed, "warned": warned})
    else:
        _print(found)
    if failed:
        raise Failure(f"{failed} of {len(found)} checks failed.")


def _on_aws(
    name: Name, account: Account, load: tuple[float | None, float, float], *, drift: bool
) -> Iterator[Check]:
    from vestibule_cli import stack as stacks  # noqa: PLC0415 - pydantic
    from vestibule_cli.doctor.cloud import Patient  # noqa: PLC0415 - same
    from vestibule_cli.doctor.quotas import Load  # noqa: PLC0415 - same
    from vestibule_cli.project import stack_file  # noqa: PLC0415 - same

    try:
        target = on_aws(name, account)
    except Failure as error:
        yield fail("credentials", str(error), "Nothing else can be looked at before.")
        return
    profile = f" (profile {account.profile})" if account.profile else ""
    yield ok("credentials", f"account {account.id}{profile}")
    deployed = Deployments.chosen().find(name)
    assert deployed is not None  # noqa: S101 - `on_aws` has saved it, if it was not there
    stack = stacks.load(stack_file())
    requests, sign_ins, sign_ups = load
    expected = Load(stack.api.throttle.rate if requests is None else requests, sign_ins, sign_ups)
    patient = Patient(target, deployed, account, stack, expected)
    looks = patient.looks()
    if drift:
        looks["drift"] = lambda: _drift(name, account)
    yield from run(looks)


def _drift(name: Name, account: Account) -> Iterator[Check]:
    from vestibule_cli.deploy.cloud import Cloud  # noqa: PLC0415 - Terraform, if it is asked for

    found = Cloud.of(name, account).drift()
    if not found.all:
        yield ok("drift", "all is as configured")
        return
    addresses = ", ".join(change.address for change in found.all[:5])
    yield warn(
        "drift",
        f"an apply would change something ({found.sentence().rstrip('.')}): {addresses}",
        "Either the configuration is newer, or somebody changed it by hand: `deploy plan`.",
    )


def _print(found: Iterable[Check]) -> None:
    for check in found:
        click.echo(f"{check.level.ljust(WIDTH)}  {check.name}: {check.text}")
        if check.advice and check.level != OK:
            click.echo(f"{' ' * WIDTH}  {runnable(check.advice)}")
