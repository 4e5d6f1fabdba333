from typing import Any

import click

from vestibule.organizations.model import Wanted
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_table
from vestibule_cli.people import People
from vestibule_cli.tenants import Tenants

ORGANIZATION = click.argument("organization", metavar="ORGANIZATION")


@click.group()
def command() -> None:
    """List or make organizations, and let people in."""


@command.command("list")
@with_stack
@as_json
def list_(chosen: Chosen, *, as_json: bool) -> None:
    """Every organization there is."""
    found = Tenants.of(chosen.target()).organizations()
    if as_json:
        print_json({"organizations": found, "count": len(found)})
        return
    _print(found, ("id", "name", "plan", "domain"))


@command.command()
@click.argument("name", metavar="NAME")
@click.option("--domain", help="Whose business accounts wait to be let in.")
@click.option("--plan", help="One that the policy names.")
@click.option("--feature", "features", multiple=True, help="May be given more than once.")
@click.option("--admin", metavar="ID_OR_EMAIL", help="A person who becomes its first admin.")
@with_stack
@as_json
def create(  # noqa: PLR0913 - its options
    *,
    name: str,
    domain: str | None,
    plan: str | None,
    features: tuple[str, ...],
    admin: str | None,
    chosen: Chosen,
    as_json: bool,
) -> None:
    """Make an organization."""
    target = chosen.target()
    wanted = Wanted(
        name=name,
        domain=domain.lower() if domain else None,
        plan=plan,
        features=features or None,
        admin=People(target).find(admin)["userId"] if admin else None,
    )
    made = Tenants.of(target).create_organization(wanted)
    if as_json:
        print_json({"organization": made})
    else:
        click.echo(f"{made['name']} is made: {made['id']}")


@command.command()
@ORGANIZATION
@with_stack
@as_json
def members(organization: str, chosen: Chosen, *, as_json: bool) -> None:
    """Who belongs to an organization, and who waits to."""
    found = Tenants.of(chosen.target()).members(organization)
    if as_json:
        print_json({"members": found, "count": len(found)})
        return
    _print(found, ("userId", "role", "status", "name"))


@command.command()
@ORGANIZATION
@click.argument("who", metavar="ID_OR_EMAIL")
@with_stack
@as_json
def accept(organization: str, who: str, chosen: Chosen, *, as_json: bool) -> None:
    """Let somebody in who waits."""
    target = chosen.target()
    user_id = People(target).find(who)["userId"]
    member = Tenants.of(target).accept(organization, user_id)
    if as_json:
        print_json({"member": member})
    else:
        click.echo(f"{who} is a member now.")


def _print(found: list[dict[str, Any]], fields: tuple[str, ...]) -> None:
    rows = [tuple(str(one.get(field) or "") for field in fields) for one in found]
    titles = tuple("ID" if field == "userId" else field.upper() for field in fields)
    print_table([titles, *rows])
