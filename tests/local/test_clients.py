"""The flows of a user pool, by boto3, by pycognito and by the AWS CLI, on the running stack.

Each step is held against the triggers that AWS fires for it, in their order. The stack's own
function is asked, and says so in its log. Where only another answer of it would lead further
(somebody confirmed at once, somebody brought from elsewhere), a pool beside it asks a function that
gives that answer.

What none of these clients can start is played where a browser or a server does: pages, tokens for
machines and people of other providers in test_trigger_matrix.py and completions/, and the recorded
events of all of them in tests/unit/functions.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from fakes import trigger_function
from fakes.authenticator import one_time
from fakes.clients import KEYS, PASSWORD, AwsCli, Boto3, Pool, Pycognito
from fakes.trigger_play import CLIENT
from fakes.trigger_sign_ins import (
    AFTER,
    BEFORE,
    CONFIRMED,
    CREATE,
    DEFINE,
    MIGRATED,
    REFRESHED,
    TOKENS,
    VERIFY,
)
from fakes.zipped import zipped
from vestibule_cli.aws import Aws
from vestibule_cli.commands.logs import Reader
from vestibule_cli.demo.calls import call
from vestibule_cli.demo.codes import Inbox
from vestibule_cli.local.emulator import ROOT
from vestibule_cli.local.provision import log_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.clients import Client
    from fakes.trigger_function import TriggerFunction

pytestmark = pytest.mark.emulator

SIGNED_IN = [BEFORE, AFTER, TOKENS]
TEMPORARY = "Temporary-one-1"
ALL = pytest.mark.parametrize("kind", [Boto3, Pycognito, AwsCli])
BY_SRP = pytest.mark.parametrize("kind", [Boto3, Pycognito])
BY_CALLS = pytest.mark.parametrize("kind", [Boto3, AwsCli])


class Stack:
    """The running stack's user pool, what its function was asked, and what was mailed."""

    def __init__(self, outputs: dict[str, Any], pool: Pool) -> None:
        self.pool = pool
        self._inbox = Inbox(outputs["inbox_url"])
        self._log = Reader(
            Aws(pool.endpoint, pool.region, ROOT),
            {"triggers": log_group(outputs["functions"]["triggers"])},
            since=int(time.time() * 1000) - 1000,
        )

    def fired(self) -> list[str]:
        """The sources of the events that came since it was looked at last."""
        lines = (json.loads(line.message) for line in self._log.new() if line.message[:1] == "{")
        return [line["source"] for line in lines if line.get("message") == "trigger"]

    def code(self, address: str) -> str:
        return self._inbox.sent_to(address)[0]

    def stranger(self, kind: type[Client]) -> Any:
        client = kind(self.pool, f"{kind.__name__.lower()}-{secrets.token_hex(4)}@example.com")
        self.fired()
        return client

    def person(self, kind: type[Client], *, signed_in: bool = False) -> Any:
        """Somebody who has signed up: by boto3, so that the client in question plays its part."""
        client = self.stranger(kind)
        ann = Boto3(self.pool, client.address)
        ann.sign_up()
        ann.confirm(self.code(ann.address))
        if signed_in:
            ann.sign_in()
            client.tokens = dict(ann.tokens)
        self.fired()
        return client


@pytest.fixture(scope="module")
def stack(running_stack: dict[str, Any]) -> Iterator[Stack]:
    """With a client of its own, which may sign in by every way."""
    cognito = client_of(running_stack, "cognito-idp")
    made = cognito.create_user_pool_client(
        UserPoolId=running_stack["user_pool_id"],
        ClientName=f"clients-{secrets.token_hex(4)}",
        ExplicitAuthFlows=CLIENT["ExplicitAuthFlows"],
        PreventUserExistenceErrors="ENABLED",
    )["UserPoolClient"]
    names = {"UserPoolId": made["UserPoolId"], "ClientId": made["ClientId"]}
    keys = call("GET", running_stack["jwks_url"]).body
    yield Stack(running_stack, pool_of(running_stack, made, keys))
    cognito.delete_user_pool_client(**names)


def client_of(outputs: dict[str, Any], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=outputs["aws_endpoint_url"],
        region_name=outputs["region"],
        **KEYS,
    )


def pool_of(outputs: dict[str, Any], client: dict[str, Any], keys: dict[str, Any]) -> Pool:
    return Pool(
        endpoint=outputs["aws_endpoint_url"],
        region=outputs["region"],
        id=client["UserPoolId"],
        client_id=client["ClientId"],
        keys=keys,
        cognito=client_of(outputs, "cognito-idp"),
    )


def refused(code: str, act: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        act(*arguments)
    found = error.value.response["Error"]
    assert found["Code"] == code, found
    return str(found["Message"])


@ALL
def test_somebody_signs_up_asks_for_the_code_again_and_confirms(
    stack: Stack, kind: type[Client]
) -> None:
    ann = stack.stranger(kind)

    ann.sign_up()
    assert stack.fired() == ["PreSignUp_SignUp", "CustomMessage_SignUp"]
    ann.resend()
    assert stack.fired() == ["CustomMessage_ResendCode"]
    ann.confirm(stack.code(ann.address))
    assert stack.fired() == [CONFIRMED]


@ALL
def test_who_may_not_sign_up_is_told_in_the_functions_words(
    stack: Stack, kind: type[Client]
) -> None:
    ann = stack.stranger(kind)
    ann.address = ann.address.replace("example.com", "mailinator.com")

    message = refused("UserLambdaValidationException", ann.sign_up)

    assert message.startswith("PreSignUp failed with error ")
    assert stack.fired() == ["PreSignUp_SignUp"]


@ALL
def test_who_was_made_by_an_administrator_is_never_confirmed(
    stack: Stack, kind: type[Client]
) -> None:
    ann = stack.stranger(kind)

    ann.be_made(TEMPORARY)
    assert stack.fired() == ["PreSignUp_AdminCreateUser", "CustomMessage_AdminCreateUser"]
    ann.take_over(TEMPORARY)
    assert stack.fired() == [BEFORE, AFTER, "TokenGeneration_NewPasswordChallenge"]
    assert ann.tokens["AccessToken"]


@ALL
def test_a_password_signs_in(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind)

    ann.sign_in()

    assert stack.fired() == SIGNED_IN
    assert ann.tokens["IdToken"]


@ALL
def test_a_wrong_password_looks_like_somebody_unknown(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind)

    wrong = refused("NotAuthorizedException", ann.sign_in, "Wrong-one-1234")
    assert stack.fired() == [BEFORE]
    unknown = refused("NotAuthorizedException", stack.stranger(kind).sign_in)
    assert stack.fired() == [MIGRATED, BEFORE]
    assert wrong == unknown == "Incorrect username or password."


@BY_SRP
def test_srp_signs_in(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind)

    ann.prove()

    assert stack.fired() == SIGNED_IN
    assert ann.tokens["AccessToken"]


@ALL
def test_a_second_factor_comes_before_what_follows_a_sign_in(
    stack: Stack, kind: type[Client]
) -> None:
    ann = stack.person(kind)
    secret = with_second_factor(stack, ann.address)

    ann.begin_with_two_factors()
    assert stack.fired() == [BEFORE]
    ann.give_second_factor(one_time(secret))
    assert stack.fired() == [AFTER, TOKENS]
    assert ann.tokens["AccessToken"]


def with_second_factor(stack: Stack, address: str) -> str:
    ann, cognito = Boto3(stack.pool, address), stack.pool.cognito
    ann.sign_in()
    own = {"AccessToken": ann.tokens["AccessToken"]}
    secret: str = cognito.associate_software_token(**own)["SecretCode"]
    cognito.verify_software_token(**own, UserCode=one_time(secret))
    wanted = {"Enabled": True, "PreferredMfa": True}
    cognito.set_user_mfa_preference(**own, SoftwareTokenMfaSettings=wanted)
    stack.fired()
    return secret


@BY_CALLS
def test_a_mailed_code_signs_in_without_a_password(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind)

    ann.ask_for_code()
    assert stack.fired() == [DEFINE, CREATE]
    ann.give_code(stack.code(ann.address))
    assert stack.fired() == [VERIFY, DEFINE, AFTER, TOKENS]
    assert ann.tokens["AccessToken"]


def test_a_mailed_code_may_come_after_the_password(stack: Stack) -> None:
    ann = stack.person(Boto3)

    ann.ask_for_code_after_password()
    assert stack.fired() == [DEFINE, DEFINE, CREATE]
    ann.give_code(stack.code(ann.address))
    assert stack.fired() == [VERIFY, DEFINE, AFTER, TOKENS]


@ALL
def test_refreshing_asks_for_tokens_alone(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind, signed_in=True)
    before = ann.tokens["AccessToken"]

    ann.refresh()

    assert stack.fired() == [REFRESHED]
    assert ann.tokens["AccessToken"] != before


@BY_CALLS
def test_a_refresh_token_is_exchanged(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind, signed_in=True)
    before = ann.tokens["AccessToken"]

    ann.exchange()

    assert stack.fired() == [REFRESHED]
    assert ann.tokens["AccessToken"] != before


@ALL
def test_who_forgot_a_password_chooses_another(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind)

    ann.forget()
    assert stack.fired() == ["CustomMessage_ForgotPassword"]
    ann.remember(stack.code(ann.address), "Another-long-one-2")
    assert stack.fired() == ["PostConfirmation_ConfirmForgotPassword"]
    Boto3(stack.pool, ann.address).sign_in("Another-long-one-2")


@ALL
def test_another_address_counts_once_it_is_proven(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind, signed_in=True)
    address = f"moved-{ann.address}"

    ann.move(address)
    assert stack.fired() == ["CustomMessage_UpdateUserAttribute"]
    ann.ask_again()
    assert stack.fired() == ["CustomMessage_VerifyUserAttribute"]
    Boto3(stack.pool, ann.address).sign_in()
    stack.fired()
    ann.arrive(stack.code(address))
    assert stack.fired() == []
    Boto3(stack.pool, address).sign_in()


@ALL
def test_who_signed_out_everywhere_stays_out(stack: Stack, kind: type[Client]) -> None:
    ann = stack.person(kind, signed_in=True)
    kept = dict(ann.tokens)

    ann.sign_out()

    ann.tokens = kept
    refused("NotAuthorizedException", ann.refresh)
    assert stack.fired() == []


class Functions:
    """Makes functions on the stack, with the role of one that is there."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self._outputs = outputs

    def client(self, service: str) -> Any:
        return client_of(self._outputs, service)

    def function(self, name: str, source: str, **settings: Any) -> str:
        functions = self.client("lambda")
        there = functions.get_function_configuration(
            FunctionName=self._outputs["functions"]["triggers"]
        )
        arn: str = functions.create_function(
            FunctionName=name,
            Role=there["Role"],
            Runtime=there["Runtime"],
            Handler="code.handler",
            Code={"ZipFile": zipped(source)},
            **settings,
        )["FunctionArn"]
        return arn


@pytest.fixture(scope="module")
def told(running_stack: dict[str, Any], tmp_path_factory: Any) -> Iterator[TriggerFunction]:
    """A function that answers what it is told to."""
    name = f"clients-{secrets.token_hex(4)}"
    functions = Functions(running_stack)
    yield trigger_function.make(functions, name, tmp_path_factory.mktemp("clients"))
    functions.client("lambda").delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def beside(running_stack: dict[str, Any], told: TriggerFunction) -> Iterator[Pool]:
    """A pool that asks that function."""
    cognito = client_of(running_stack, "cognito-idp")
    pool = cognito.create_user_pool(
        PoolName=f"clients-{secrets.token_hex(4)}",
        UsernameAttributes=["email"],
        AutoVerifiedAttributes=["email"],
        LambdaConfig=trigger_function.configuration(told.arn),
    )["UserPool"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="clients",
        ExplicitAuthFlows=CLIENT["ExplicitAuthFlows"],
        PreventUserExistenceErrors="ENABLED",
    )["UserPoolClient"]
    keys = call("GET", running_stack["jwks_url"].replace(running_stack["user_pool_id"], pool["Id"]))
    yield pool_of(running_stack, made, keys.body)
    cognito.delete_user_pool(UserPoolId=pool["Id"])


@ALL
def test_somebody_confirmed_at_once_gets_no_code(
    beside: Pool, told: TriggerFunction, kind: type[Client]
) -> None:
    told.agree()
    ann: Any = kind(beside, f"at-once-{kind.__name__.lower()}@example.com")
    flags = {"autoConfirmUser": True, "autoVerifyEmail": True}
    told.answer("PreSignUp_SignUp", response=flags)

    ann.sign_up()

    assert told.sources() == ["PreSignUp_SignUp", CONFIRMED]
    Boto3(beside, ann.address).sign_in()


@pytest.mark.parametrize("kind", [Boto3, Pycognito], ids=["person", "administrator"])
@pytest.mark.parametrize("password", [PASSWORD, "Wrong-one-1234"], ids=["right", "wrong"])
def test_a_refusal_before_the_password_is_told_whoever_signs_in(
    beside: Pool, told: TriggerFunction, kind: type[Client], password: str
) -> None:
    told.agree()
    ann: Any = kind(beside, f"refused-{secrets.token_hex(4)}@example.com")
    told.answer("PreSignUp_SignUp", response={"autoConfirmUser": True})
    Boto3(beside, ann.address).sign_up()
    told.events()
    told.answer(BEFORE, refuse="Not today")

    message = refused("UserLambdaValidationException", ann.sign_in, password)

    assert message == "PreAuthentication failed with error Not today."
    assert told.sources() == [BEFORE]


@ALL
def test_somebody_brought_from_elsewhere_signs_in(
    beside: Pool, told: TriggerFunction, kind: type[Client]
) -> None:
    told.agree()
    ann: Any = kind(beside, f"brought-{kind.__name__.lower()}@example.com")
    told.answer(MIGRATED, response=brought(ann.address))

    ann.sign_in()

    assert told.sources() == [MIGRATED, *SIGNED_IN]
    assert ann.tokens["AccessToken"]


@ALL
def test_somebody_brought_from_elsewhere_chooses_another_password(
    beside: Pool, told: TriggerFunction, kind: type[Client]
) -> None:
    told.agree()
    ann: Any = kind(beside, f"forgot-{kind.__name__.lower()}@example.com")
    told.answer("UserMigration_ForgotPassword", response=brought(ann.address))

    ann.forget()

    assert told.sources() == ["UserMigration_ForgotPassword", "CustomMessage_ForgotPassword"]


def brought(address: str) -> dict[str, Any]:
    return {
        "userAttributes": {"email": address, "email_verified": "true"},
        "finalUserStatus": "CONFIRMED",
        "messageAction": "SUPPRESS",
    }
