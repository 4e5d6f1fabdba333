import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import click

from vestibule_cli.commands.shared import as_json, laptop_only, running, with_state
from vestibule_cli.console import print_json, print_table
from vestibule_cli.failures import Failure
from vestibule_cli.local.state import StateFolder

ON_AWS = "mails on AWS go to people: there is no inbox to read. This works on the laptop alone."


@click.command()
@click.option("--code", "address", metavar="ADDRESS", help="Print the newest code sent there.")
@with_state
@laptop_only(ON_AWS)
@as_json
def command(address: str | None, state: StateFolder, *, as_json: bool) -> None:
    """List the captured mails, or print the newest code for an address."""
    mails = _captured(f"{running(state).inbox_url}.json")
    if address is not None:
        code = _newest_code(mails, address)
        if as_json:
            print_json({"address": address, "code": code})
        else:
            click.echo(code)
    elif as_json:
        print_json({"mails": mails})
    elif mails:
        print_table(
            [("TIME", "TO", "SUBJECT", "CODE"), *(_row(mail) for mail in mails)],
        )
    else:
        click.echo("No mail yet.")


def _captured(url: str) -> list[dict[str, Any]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path)
        mails: list[dict[str, Any]] = json.loads(connection.getresponse().read())["mails"]
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failure(f"{url} does not answer: {error}") from error
    finally:
        connection.close()
    return mails


def _newest_code(mails: list[dict[str, Any]], address: str) -> str:
    wanted = address.lower()
    for mail in mails:
        if mail["code"] and wanted in (to.lower() for to in mail["to"]):
            return str(mail["code"])
    raise Failure(f"no code was mailed to {address}.")


def _row(mail: dict[str, Any]) -> tuple[str, ...]:
    return (mail["time"][:19], ", ".join(mail["to"]), mail["subject"], mail["code"] or "")
