from typing import Any

import click

from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_pairs, print_table
from vestibule_cli.failures import Misuse
from vestibule_cli.people import People
from vestibule_cli.yaml_file import oneof

WHO = "ID_OR_EMAIL"


@click.group()
def command() -> None:
    """List, show, promote, suspend, export or erase people."""


def _people(chosen: Chosen) -> People:
    return People(chosen.target())


@command.command("list")
@with_stack
@as_json
def list_(chosen: Chosen, *, as_json: bool) -> None:
    """Everybody who has signed up, with their role if they have a profile."""
    people = _people(chosen).everybody()
    if as_json:
        print_json({"users": people, "count": len(people)})
        return
    rows = [
        tuple(
            str(person.get(name) or "") for name in ("userId", "email", "account", "role", "name")
        )
        for person in people
    ]
    print_table([("ID", "EMAIL", "ACCOUNT", "ROLE", "NAME"), *rows])


@command.command()
@click.argument("who", metavar=WHO)
@with_stack
@as_json
def show(who: str, chosen: Chosen, *, as_json: bool) -> None:
    """Account and profile of one person."""
    person = _people(chosen).find(who)
    if as_json:
        print_json({"user": person})
    else:
        print_pairs([(name, _text(value)) for name, value in person.items() if value is not None])


@command.command()
@click.argument("who", metavar=WHO)
@click.argument("role", metavar="ROLE")
@with_stack
@as_json
def role(who: str, role: str, chosen: Chosen, *, as_json: bool) -> None:
    """Give a person with a profile another role."""
    people = _people(chosen)
    known = people.roles
    if role not in known:
        raise Misuse(oneof("role", role, known))
    user_id = people.find(who)["userId"]
    people.give_role(user_id, role)
    _done({"userId": user_id, "role": role}, f"{who} is {role} now.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_stack
@as_json
def erase(who: str, chosen: Chosen, *, as_json: bool) -> None:
    """Forget a person for good: profile, address and account. The id is never opened again."""
    people = _people(chosen)
    user_id = people.find(who)["userId"]
    people.erase(user_id)
    _done({"userId": user_id, "erased": True}, f"{who} is erased.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_stack
@as_json
def suspend(who: str, chosen: Chosen, *, as_json: bool) -> None:
    """Stop somebody at once: signed out everywhere, refused whatever changes something."""
    people = _people(chosen)
    user_id = people.find(who)["userId"]
    people.suspend(user_id)
    _done({"userId": user_id, "status": "suspended"}, f"{who} is suspended.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_stack
@as_json
def reactivate(who: str, chosen: Chosen, *, as_json: bool) -> None:
    """End a suspension."""
    people = _people(chosen)
    user_id = people.find(who)["userId"]
    people.reactivate(user_id)
    _done({"userId": user_id, "suspended": False}, f"{who} may sign in again.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_stack
@as_json
def export(who: str, chosen: Chosen, *, as_json: bool) -> None:
    """Print everything that is held of a person, as JSON."""
    del as_json  # it is JSON in any case
    people = _people(chosen)
    print_json(people.export(people.find(who)["userId"]))


def _done(content: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(content)
    else:
        click.echo(text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
