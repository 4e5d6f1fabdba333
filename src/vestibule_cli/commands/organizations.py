from typing import Any

import click

from vestibule.organizations.service import Wanted
from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, print_table
from vestibule_cli.local.emulator import ROOT
from vestibule_cli.local.state import StateFolder
from vestibule_cli.people import People
from vestibule_cli.tenants import Tenants

ORGANIZATION = click.argument("organization", metavar="ORGANIZATION")


@click.group()
def command() -> None:
    """List or make organizations, and let people in.

    These work on a stack that runs on this machine, not yet on one in AWS.
    """


@command.command("list")
@with_state
@as_json
def list_(state: StateFolder, *, as_json: bool) -> None:
    """Every organization there is."""
    found = Tenants.of(running(state)).organizations()
    if as_json:
        print_json({"organizations": found, "count": len(found)})
        return
    _print(found, ("id", "name", "plan", "domain"))


@command.command()
@click.argument("name", metavar="NAME")
@click.option("--domain", help="Whose people may ask to join.")
@click.option("--plan", help="One that the policy names.")
@click.option("--feature", "features", multiple=True, help="May be given more than once.")
@click.option("--admin", metavar="ID_OR_EMAIL", help="A person who becomes its first admin.")
@with_state
@as_json
def create(  # noqa: PLR0913 - its options
    *,
    name: str,
    domain: str | None,
    plan: str | None,
    features: tuple[str, ...],
    admin: str | None,
    state: StateFolder,
    as_json: bool,
) -> None:
    """Make an organization."""
    outputs = running(state)
    wanted = Wanted(
        name=name,
        domain=domain.lower() if domain else None,
        plan=plan,
        features=features or None,
        admin=People(outputs, ROOT).find(admin)["userId"] if admin else None,
    )
    made = Tenants.of(outputs).create_organization(wanted)
    if as_json:
        print_json({"organization": made})
    else:
        click.echo(f"{made['name']} is made: {made['id']}")


@command.command()
@ORGANIZATION
@with_state
@as_json
def members(organization: str, state: StateFolder, *, as_json: bool) -> None:
    """Who belongs to an organization, and who waits to."""
    found = Tenants.of(running(state)).members(organization)
    if as_json:
        print_json({"members": found, "count": len(found)})
        return
    _print(found, ("userId", "role", "status", "name"))


@command.command()
@ORGANIZATION
@click.argument("who", metavar="ID_OR_EMAIL")
@with_state
@as_json
def accept(organization: str, who: str, state: StateFolder, *, as_json: bool) -> None:
    """Let somebody in who waits."""
    outputs = running(state)
    user_id = People(outputs, ROOT).find(who)["userId"]
    member = Tenants.of(outputs).accept(organization, user_id)
    if as_json:
        print_json({"member": member})
    else:
        click.echo(f"{who} is a member now.")


def _print(found: list[dict[str, Any]], fields: tuple[str, ...]) -> None:
    rows = [tuple(str(one.get(field) or "") for field in fields) for one in found]
    titles = tuple("ID" if field == "userId" else field.upper() for field in fields)
    print_table([titles, *rows])
