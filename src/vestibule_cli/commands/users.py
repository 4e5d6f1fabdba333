from typing import Any

import click

from vestibule.platform import logs
from vestibule_cli.commands.shared import as_json, running, with_state
from vestibule_cli.console import print_json, print_pairs, print_table
from vestibule_cli.failures import Misuse
from vestibule_cli.local.emulator import ROOT
from vestibule_cli.local.state import StateFolder
from vestibule_cli.people import People
from vestibule_cli.yaml_file import oneof

WHO = "ID_OR_EMAIL"


@click.group()
def command() -> None:
    """List, show, promote, suspend, export or erase people.

    These work on a stack that runs on this machine, not yet on one in AWS.
    """


def _people(state: StateFolder) -> People:
    # The service's own lines are for Lambda's log; here stdout is the answer.
    logs.configure("CRITICAL")
    click.get_current_context().call_on_close(lambda: logs.configure("INFO"))
    return People(running(state), ROOT)


@command.command("list")
@with_state
@as_json
def list_(state: StateFolder, *, as_json: bool) -> None:
    """Everybody who has signed up, with their role if they have a profile."""
    people = _people(state).everybody()
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
@with_state
@as_json
def show(who: str, state: StateFolder, *, as_json: bool) -> None:
    """Account and profile of one person."""
    person = _people(state).find(who)
    if as_json:
        print_json({"user": person})
    else:
        print_pairs([(name, _text(value)) for name, value in person.items() if value is not None])


@command.command()
@click.argument("who", metavar=WHO)
@click.argument("role", metavar="ROLE")
@with_state
@as_json
def role(who: str, role: str, state: StateFolder, *, as_json: bool) -> None:
    """Give a person with a profile another role."""
    people = _people(state)
    known = people.roles
    if role not in known:
        raise Misuse(oneof("role", role, known))
    user_id = people.find(who)["userId"]
    people.give_role(user_id, role)
    _done({"userId": user_id, "role": role}, f"{who} is {role} now.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_state
@as_json
def erase(who: str, state: StateFolder, *, as_json: bool) -> None:
    """Forget a person for good: profile, address and account. The id is never opened again."""
    people = _people(state)
    user_id = people.find(who)["userId"]
    people.erase(user_id)
    _done({"userId": user_id, "erased": True}, f"{who} is erased.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_state
@as_json
def suspend(who: str, state: StateFolder, *, as_json: bool) -> None:
    """Stop somebody at once: signed out everywhere, refused whatever changes something."""
    people = _people(state)
    user_id = people.find(who)["userId"]
    people.suspend(user_id)
    _done({"userId": user_id, "status": "suspended"}, f"{who} is suspended.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_state
@as_json
def reactivate(who: str, state: StateFolder, *, as_json: bool) -> None:
    """End a suspension."""
    people = _people(state)
    user_id = people.find(who)["userId"]
    people.reactivate(user_id)
    _done({"userId": user_id, "suspended": False}, f"{who} may sign in again.", as_json=as_json)


@command.command()
@click.argument("who", metavar=WHO)
@with_state
@as_json
def export(who: str, state: StateFolder, *, as_json: bool) -> None:
    """Print everything that is held of a person, as JSON."""
    del as_json  # it is JSON in any case
    people = _people(state)
    print_json(people.export(people.find(who)["userId"]))


def _done(content: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(content)
    else:
        click.echo(text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
