"""Organizations and invitations through the real gateway and table, and from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.somebody import Somebody
from vestibule.invitations.reservations import Reservations
from vestibule.organizations.memberships import joining
from vestibule.platform.clock import now
from vestibule_cli.demo.calls import call
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from vestibule.platform.table import Table
    from vestibule_cli.demo.place import Place

    Command = Callable[..., Any]
    Terminal = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.emulator


def test_an_organization_lives_from_its_making_to_its_last_admin(
    place: Place, table: Table, command: Command
) -> None:
    ann, ben, eve = (Somebody(place, name, profile=True) for name in ("Ann", "Ben", "Eve"))
    made = command("organizations", "create", "Acme Tools", "--admin", ann.email)["organization"]
    path = f"/organizations/{made['id']}"
    table.transact(*joining(ben.id, made["id"], status="pending", at="2026-01-01"))

    assert ann.call("GET", path).body["organization"]["name"] == "Acme Tools"
    assert [one.call("GET", path).status for one in (ben, eve)] == [404, 404]
    assert ann.call("POST", f"{path}/members/{ben.id}/accept").status == 200
    assert ben.call("GET", f"{path}/members").body["count"] == 2
    renamed = ann.call("PUT", path, body={"name": "Acme"}, headers={"If-Match": '"1"'})
    assert (renamed.status, renamed.headers["etag"]) == (200, '"2"')
    listed = command("organizations", "members", made["id"])["members"]
    assert {one["userId"]: one["role"] for one in listed} == {ann.id: "admin", ben.id: "member"}
    assert ann.call("DELETE", f"{path}/members/{ben.id}").status == 200
    assert ann.call("DELETE", f"{path}/members/{ann.id}").status == 409
    assert ben.call("GET", path).status == 404


def test_an_invitation_lives_from_its_making_to_its_revocation(
    place: Place, table: Table, command: Command
) -> None:
    ada = Somebody(place, "Ada", profile=True)
    assert ada.call("POST", "/invitations", body={}).status == 403
    organization = command("organizations", "create", "Bees", "--admin", ada.id)["organization"]

    made = ada.call("POST", "/invitations", body={"maxUses": 3, "codeStyle": "short"})
    code, invitation = made.body["code"], made.body["invitation"]

    assert (made.status, invitation["organizationId"]) == (201, organization["id"])
    reservation = Reservations(table).reserve(code, "somebody@example.test", now())
    assert reservation is not None
    assert ada.call("GET", "/invitations").body["invitations"] == [invitation]
    command("invitations", "revoke", invitation["id"])
    assert Reservations(table).reserve(code, "else@example.test", now()) is None
    (listed,) = command("invitations", "list", "--organization", organization["id"])["invitations"]
    assert (listed["status"], listed["id"]) == ("revoked", invitation["id"])


def test_a_stranger_signed_up_with_a_code_for_everybody_is_no_member(
    place: Place, command: Command
) -> None:
    eve = Somebody(place, "Eve", profile=True)
    command("organizations", "create", "Evil", "--admin", eve.id)
    code = eve.call("POST", "/invitations", body={"maxUses": 1000}).body["code"]
    victim = Person(place, "Victim")
    victim.cognito.add_custom_attributes(invite_code=code)
    victim.sign_up()
    victim.confirm(victim.code_from_inbox())
    victim.sign_in()

    me = place.api("GET", "/me", victim.access_token).body
    assert me.get("organization") is None
    assert me["profile"]["role"] == "user"

    accepted = place.api("POST", "/invitations/accept", victim.access_token, body={"code": code})
    assert accepted.status == 200, accepted
    me = place.api("GET", "/me", victim.access_token).body
    organization_id = me["organization"]["id"]
    assert organization_id == accepted.body["organizationId"]
    again = place.api("POST", "/invitations/accept", victim.access_token, body={"code": code})
    assert again.status == 409
    left = place.api(
        "DELETE",
        f"/organizations/{organization_id}/members/{me['profile']['userId']}",
        victim.access_token,
    )
    assert left.status == 200, left
    unknown = place.api("POST", "/invitations/accept", victim.access_token, body={"code": "x" * 24})
    assert (unknown.status, unknown.body["error"]) == (
        404,
        "This invitation cannot be used. Please check the code.",
    )


def test_whoever_moved_to_another_address_cannot_use_what_was_for_the_old_one(
    place: Place, command: Command
) -> None:
    ann, mover = Somebody(place, "Ann", profile=True), Somebody(place, "Mover", profile=True)
    command("organizations", "create", "Movers", "--admin", ann.id)
    code = ann.call("POST", "/invitations", body={"email": mover.email}).body["code"]
    email_now = [
        {"Name": "email", "Value": f"now-{mover.email}"},
        {"Name": "email_verified", "Value": "true"},
    ]
    place.operator("cognito-idp").admin_update_user_attributes(
        UserPoolId=place.user_pool_id, Username=mover.id, UserAttributes=email_now
    )

    refused = mover.call("POST", "/invitations/accept", body={"code": code})

    assert refused.status == 404
    unknown = mover.call("POST", "/invitations/accept", body={"code": "x" * 24})
    assert refused.body["error"] == unknown.body["error"]


def test_an_operators_invitation_shows_its_code_once(command: Command, table: Table) -> None:
    made = command("invitations", "create", "--email", "Jo@Example.Test", "--role", "manager")

    reservation = Reservations(table).reserve(made["code"], "jo@example.test", now())

    assert reservation is not None
    assert (reservation.role, reservation.address) == ("manager", "jo@example.test")
    assert made["code"] not in str(command("invitations", "list"))


def test_an_operator_mails_an_invitation_in_the_language_they_say(
    place: Place, command: Command
) -> None:
    email = "guest-of-the-house@example.test"
    asked = ("invitations", "create", "--email", email, "--delivery", "email", "--language", "de")

    made = command(*asked)

    assert (made["mailed"], "code" in made) == (True, False)
    inbox = call("GET", f"{place.inbox_url}.json").body["mails"]
    (mail,) = [mail for mail in inbox if email in mail["to"]]
    assert "eingeladen" in mail["subject"]


def test_a_mailed_invitation_proves_the_address_that_it_went_to(
    place: Place, command: Command
) -> None:
    ann = Somebody(place, "Ann", profile=True)
    organization = command("organizations", "create", "Mailers", "--admin", ann.id)["organization"]
    guest = Person(place, "Guest")

    made = ann.call("POST", "/invitations", body={"email": guest.email, "delivery": "email"})

    assert (made.status, made.body.get("mailed")) == (201, True), made
    assert "code" not in made.body
    inbox = call("GET", f"{place.inbox_url}.json").body["mails"]
    text = next(mail["text"] for mail in inbox if guest.email in mail["to"])
    code = next(line.strip() for line in text.splitlines() if line.startswith("    "))
    guest.cognito.add_custom_attributes(invite_code=code)
    guest.sign_up()
    guest.sign_in()  # nobody had to confirm anything
    me = place.api("GET", "/me", guest.access_token).body
    assert me["profile"]["emailVerified"] is True
    assert (me["organization"]["id"], me["organization"]["role"]) == (organization["id"], "member")
    (listed,) = ann.call("GET", "/invitations").body["invitations"]
    assert (listed["status"], listed["uses"]) == ("spent", 1)


def test_pages_of_any_number_are_listed_whole(command: Command) -> None:
    before = command("organizations", "list")["count"]

    made = command(
        "organizations", "create", "Third One", "--plan", "team", "--domain", "C.Example"
    )

    assert made["organization"]["plan"] == "team"
    assert made["organization"]["domain"] == "c.example"
    assert command("organizations", "list")["count"] == before + 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("organizations", "create", "X"), 2, "name: Must be 2 to 256 characters"),
        (("organizations", "create", "Acme", "--plan", "gold"), 2, "plan: Must be one"),
        (("organizations", "members", "nothing"), 1, "there is no organization nothing"),
        (("organizations", "create", "Acme", "--admin", "no@example.test"), 1, "there is nobody"),
        (("invitations", "create", "--role", "emperor"), 2, "role: Must be one"),
        (("invitations", "create", "--organization", "nothing"), 1, "there is no organization"),
        (("invitations", "create", "--email", "jo"), 2, "email: Must be"),
        (("invitations", "revoke", "nothing"), 1, "there is no invitation nothing"),
    ],
)
def test_a_persons_mistake_is_told_in_words(
    terminal: Terminal, arguments: tuple[str, ...], exit_code: int, words: str
) -> None:
    done = terminal(*arguments)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert done.stderr.startswith("vestibule: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_printed_for_people_lines_up(terminal: Terminal, command: Command) -> None:
    made = command("organizations", "create", "Printed")["organization"]

    listed = terminal("organizations", "list").stdout.splitlines()
    invited = terminal("invitations", "create", "--short")
    invitations = terminal("invitations", "list").stdout

    assert listed[0].split() == ["ID", "NAME", "PLAN", "DOMAIN"]
    assert any(made["id"] in line and "Printed" in line for line in listed[1:])
    assert len(invited.stdout.strip()) == 11
    assert "not shown again" in invited.stderr
    assert invited.stdout.strip() not in invitations
