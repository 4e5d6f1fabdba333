"""`vestibule users` and `vestibule mail`, with people who signed up as people do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
PASSWORD = "a-long-enough-password"


class Stack:
    def __init__(self, state: str, outputs: dict[str, Any]) -> None:
        self.state = state
        self.outputs = outputs
        self.cognito = boto3.client(
            "cognito-idp",
            endpoint_url=self.outputs["aws_endpoint_url"],
            region_name=self.outputs["region"],
            config=Config(signature_version=UNSIGNED),
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vestibule_cli.main", *arguments, "--state", self.state],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def account(self, *, confirmed: bool = True) -> str:
        """The address of somebody who has signed up; confirming opens a profile."""
        address = f"person-{time.time_ns()}@example.test"
        client_id = self.outputs["user_pool_client_id"]
        attributes = {"email": address, "name": "Ann"}
        self.cognito.sign_up(
            ClientId=client_id,
            Username=address,
            Password=PASSWORD,
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
        )
        if not confirmed:
            return address
        code = self.run("mail", "--code", address).stdout.strip()
        self.cognito.confirm_sign_up(ClientId=client_id, Username=address, ConfirmationCode=code)
        return address

    def person(self) -> str:
        """The address of somebody who has a profile, too."""
        address = self.account()
        srp = AWSSRP(
            address,
            PASSWORD,
            self.outputs["user_pool_id"],
            self.outputs["user_pool_client_id"],
            client=self.cognito,
        )
        token = srp.authenticate_user()["AuthenticationResult"]["AccessToken"]
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.outputs['api_url']}/profiles",
            data=b'{"name": "Ann"}',
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            assert answer.status == 201
        return address


@pytest.fixture(scope="module")
def stack(running_state: str, running_stack: dict[str, Any]) -> Stack:
    return Stack(running_state, running_stack)


def test_everybody_is_listed_with_what_is_known(stack: Stack) -> None:
    account, person = stack.account(confirmed=False), stack.person()

    listed = stack.json("users", "list")

    found = {user["email"]: user for user in listed["users"]}
    assert listed["count"] == len(listed["users"])
    assert found[account]["account"] == "UNCONFIRMED"
    assert "role" not in found[account]
    assert found[person]["role"] == "user"
    assert person in stack.run("users", "list").stdout


@pytest.mark.parametrize("case", [str.lower, str.upper], ids=["as it is", "in capitals"])
def test_a_person_is_found_by_address_and_by_id(stack: Stack, case: Callable[[str], str]) -> None:
    address = stack.person()

    by_address = stack.json("users", "show", case(address))["user"]

    assert by_address["email"] == address
    assert stack.json("users", "show", case(by_address["userId"]))["user"] == by_address
    assert address in stack.run("users", "show", address).stdout


def test_a_role_is_given_and_is_the_persons_own_from_then_on(stack: Stack) -> None:
    address = stack.person()
    before = stack.json("users", "show", address)["user"]

    stack.json("users", "role", address, "admin")

    after = stack.json("users", "show", address)["user"]
    assert (before["role"], after["role"]) == ("user", "admin")
    assert after["roleSource"] == "operator"
    assert after["version"] == before["version"] + 1


def test_a_role_that_is_none_is_refused_with_those_there_are(stack: Stack) -> None:
    refused = stack.run("users", "role", stack.person(), "boss")

    assert refused.returncode == 2
    assert "allowed: admin, guest, manager, user" in refused.stderr


def test_a_role_needs_a_profile(stack: Stack) -> None:
    refused = stack.run("users", "role", stack.account(confirmed=False), "admin")

    assert refused.returncode == 1
    assert "no profile yet" in refused.stderr


def test_an_erased_person_is_gone_with_the_account(
    stack: Stack, eventually: Callable[..., Any]
) -> None:
    address = stack.person()
    user_id = stack.json("users", "show", address)["user"]["userId"]

    stack.json("users", "erase", address)

    assert eventually(lambda: stack.run("users", "show", address).returncode == 1)
    refused = stack.run("users", "show", user_id)
    assert refused.returncode == 1
    assert "They were erased." in refused.stderr


def test_an_account_without_a_profile_can_be_erased(stack: Stack) -> None:
    address = stack.account(confirmed=False)

    stack.json("users", "erase", address)

    assert stack.run("users", "show", address).returncode == 1


@pytest.mark.parametrize("who", ["nobody@example.test", "0" * 8 + "-0000-4000-8000-" + "0" * 12])
@pytest.mark.parametrize("arguments", [["show"], ["erase"], ["role", "admin"]], ids=str)
def test_who_is_not_there_is_told_in_words(stack: Stack, who: str, arguments: list[str]) -> None:
    verb, *rest = arguments

    refused = stack.run("users", verb, who, *rest)

    assert refused.returncode == 1
    assert refused.stderr == f"vestibule: there is nobody by {who}.\n"


def test_the_newest_code_for_an_address_is_printed_alone(stack: Stack) -> None:
    address = stack.account()

    printed = stack.run("mail", "--code", address.upper()).stdout

    assert len(printed) == len("123456\n")
    assert stack.json("mail", "--code", address) == {"address": address, "code": printed.strip()}
    assert address in stack.run("mail").stdout
    assert address in [to for mail in stack.json("mail")["mails"] for to in mail["to"]]


def test_an_address_without_mail_is_told_in_words(stack: Stack) -> None:
    refused = stack.run("mail", "--code", "nobody@example.test")

    assert refused.returncode == 1
    assert refused.stderr == "vestibule: no code was mailed to nobody@example.test.\n"
