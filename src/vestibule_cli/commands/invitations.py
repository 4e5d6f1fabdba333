import click

from vestibule.invitations.codes import LONG, SHORT
from vestibule.invitations.model import (
    BY_CODE,
    BY_EMAIL,
    DEFAULT_DAYS,
    LONGEST_DAYS,
    MOST_USES,
    Draft,
)
from vestibule.policy.model import ACCOUNT_TYPES
from vestibule_cli.commands.shared import Chosen, as_json, with_stack
from vestibule_cli.console import print_json, print_table, say
from vestibule_cli.failures import Failure
from vestibule_cli.local.previews import languages
from vestibule_cli.tenants import Tenants, sender

FIELDS = ("id", "status", "email", "role", "uses", "maxUses", "expiresAt", "organizationId")


@click.group()
def command() -> None:
    """Invite people, list invitations, or revoke one."""


@command.command()
@click.option("--email", metavar="ADDRESS", help="The one address it opens for.")
@click.option("--role", help="The policy's default role if not given.")
@click.option("--organization", metavar="ID", help="Whoever accepts becomes a member.")
@click.option("--account-type", type=click.Choice(ACCOUNT_TYPES))
@click.option("--max-uses", type=click.IntRange(1, MOST_USES), help="1 if not given.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), default=DEFAULT_DAYS)
@click.option("--short", is_flag=True, help="A code of ten characters, to type.")
@click.option(
    "--delivery",
    type=click.Choice([BY_CODE, BY_EMAIL]),
    default=BY_CODE,
    help="`code` prints its code; `email` mails it to --email and shows it nowhere.",
)
@click.option(
    "--language", type=click.Choice(languages()), help="Of the mail. English if not given."
)
@with_stack
@as_json
def create(  # noqa: PLR0913 - its options
    *,
    email: str | None,
    role: str | None,
    organization: str | None,
    account_type: str | None,
    max_uses: int | None,
    days: int,
    delivery: str,
    language: str | None,
    chosen: Chosen,
    short: bool,
    as_json: bool,
) -> None:
    """Make an invitation and print its code, this once, or mail it."""
    draft = Draft(
        email=email,
        role=role,
        organization_id=organization,
        account_type=account_type,
        max_uses=max_uses,
        code_style=SHORT if short else LONG,
        days=days,
        delivery=delivery,
        language=language,
    )
    target = chosen.target()
    mail_from = sender(target) if delivery == BY_EMAIL else None
    answer = Tenants.of(target, mail_from=mail_from).invite(draft)
    made = answer["invitation"]
    if answer.get("mailed") is False:
        raise Failure(
            f"invitation {made['id']} was made, but its mail could not be sent. Revoke it and "
            "invite again."
        )
    if as_json:
        print_json(answer)
        return
    opens = f"Invitation {made['id']}, open until {made['expiresAt']}."
    if delivery == BY_EMAIL:
        say(f"{opens} Its code was mailed to {made['email']}.")
        return
    say(f"{opens} Its code is not shown again:")
    click.echo(answer["code"])


@command.command("list")
@click.option("--organization", metavar="ID", help="Only this organization's.")
@with_stack
@as_json
def list_(organization: str | None, chosen: Chosen, *, as_json: bool) -> None:
    """Invitations and what became of them, without their codes."""
    found = Tenants.of(chosen.target()).invitations(organization)
    if as_json:
        print_json({"invitations": found, "count": len(found)})
        return
    rows = [tuple(str(one.get(field, "")) for field in FIELDS) for one in found]
    titles = ("ID", "STATUS", "EMAIL", "ROLE", "USES", "OF", "UNTIL", "ORGANIZATION")
    print_table([titles, *rows])


@command.command()
@click.argument("invitation", metavar="ID")
@with_stack
@as_json
def revoke(invitation: str, chosen: Chosen, *, as_json: bool) -> None:
    """Let an invitation open for nobody any more."""
    Tenants.of(chosen.target()).revoke(invitation)
    if as_json:
        print_json({"id": invitation, "status": "revoked"})
    else:
        click.echo(f"{invitation} is revoked.")
