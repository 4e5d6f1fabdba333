"""People who are fetched from somewhere else when they first come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "old"  # shorter than the pool's policy allows
AT_SIGN_IN, FORGOTTEN = "UserMigration_Authentication", "UserMigration_ForgotPassword"
SIGN_IN = [
    "PreAuthentication_Authentication",
    "PostAuthentication_Authentication",
    "TokenGeneration_Authentication",
]


def brought(address: str, **more: Any) -> dict[str, Any]:
    return {
        "userAttributes": {"email": address, "email_verified": "true", "name": "Old Friend"},
        "finalUserStatus": "CONFIRMED",
        "messageAction": "SUPPRESS",
        **more,
    }


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    return pool_with_triggers("migration")


def sign_in(pool: Any, address: str, password: str = PASSWORD, **more: Any) -> Any:
    return pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": password},
        **more,
    )


def test_an_unknown_person_is_fetched_made_and_signed_in(
    pool: Any, triggers: TriggerFunction
) -> None:
    address = "friend@example.test"
    triggers.answer(AT_SIGN_IN, response=brought(address))

    found = sign_in(pool, "Friend@example.test", ClientMetadata={"page": "old"})

    asked, *rest = triggers.events()
    assert asked["triggerSource"] == AT_SIGN_IN
    assert asked["userName"] == address
    assert asked["request"] == {"password": PASSWORD, "validationData": {"page": "old"}}
    assert [event["triggerSource"] for event in rest] == SIGN_IN
    assert "AccessToken" in found["AuthenticationResult"]
    held = pool.attributes(address)
    assert (held["email_verified"], held["name"]) == ("true", "Old Friend")
    assert rest[0]["userName"] == held["sub"]


def test_a_person_who_has_come_is_not_fetched_again(pool: Any, triggers: TriggerFunction) -> None:
    address = "twice@example.test"
    triggers.answer(AT_SIGN_IN, response=brought(address))
    sign_in(pool, address)
    triggers.events()

    sign_in(pool, address)

    assert triggers.sources() == SIGN_IN


def test_several_first_sign_ins_at_once_make_one_person(
    pool: Any, triggers: TriggerFunction
) -> None:
    address = "crowd@example.test"
    triggers.answer(AT_SIGN_IN, response=brought(address))

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(lambda _: sign_in(pool, address), range(4)))

    users = pool.admin.list_users(UserPoolId=pool.id, Filter=f'email = "{address}"')["Users"]
    assert len(users) == 1


def test_nobody_brought_looks_like_a_wrong_password(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    message = refused("NotAuthorizedException", sign_in, pool=pool, address="none@example.test")

    assert message == "Incorrect username or password."
    refused("UserNotFoundException", pool.attributes, address="none@example.test")
    assert triggers.sources()[0] == AT_SIGN_IN


def test_a_refusal_is_quoted_and_makes_nobody(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(AT_SIGN_IN, refuse="Bad password")

    message = refused(
        "UserLambdaValidationException", sign_in, pool=pool, address="bad@example.test"
    )

    assert message == "UserMigration failed with error Bad password."
    refused("UserNotFoundException", pool.attributes, address="bad@example.test")


@pytest.mark.parametrize("status", ["RESET_REQUIRED", None])
def test_all_but_confirmed_has_to_choose_a_new_password(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str], status: str | None
) -> None:
    address = f"must-{status}@example.test".lower()
    triggers.answer(AT_SIGN_IN, response=brought(address, finalUserStatus=status))

    refused("PasswordResetRequiredException", sign_in, pool=pool, address=address)

    user = pool.admin.admin_get_user(UserPoolId=pool.id, Username=address)
    assert user["UserStatus"] == "RESET_REQUIRED"


def test_srp_never_fetches_anybody(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(AT_SIGN_IN, response=brought("srp@example.test"))
    client = AWSSRP(
        username="srp@example.test",
        password=PASSWORD,
        pool_id=pool.id,
        client_id=pool.client_id,
        client=pool.person,
    )

    refused("NotAuthorizedException", client.authenticate_user)

    assert triggers.sources() == SIGN_IN[:1]


def test_who_forgot_a_password_is_fetched_and_gets_a_code(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    address = "forgetful@example.test"
    triggers.answer(FORGOTTEN, response=brought(address))

    pool.person.forgot_password(
        ClientId=pool.client_id, Username=address, ClientMetadata={"page": "reset"}
    )

    asked, mailed = triggers.events()
    assert asked["triggerSource"] == FORGOTTEN
    assert asked["request"] == {"clientMetadata": {"page": "reset"}} | {"validationData": {}}
    assert mailed["triggerSource"] == "CustomMessage_ForgotPassword"
    refused("NotAuthorizedException", sign_in, pool=pool, address=address, password="anything")
    pool.person.confirm_forgot_password(
        ClientId=pool.client_id,
        Username=address,
        Password="A-long-enough-one-1",
        ConfirmationCode=pool.emulator.code_for(address),
    )
    sign_in(pool, address, "A-long-enough-one-1")


def test_who_cannot_be_reached_cannot_reset_a_password(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    address = "unreached@example.test"
    attributes = {"email": address, "email_verified": "false"}
    triggers.answer(FORGOTTEN, response=brought(address, userAttributes=attributes))

    message = refused(
        "InvalidParameterException",
        pool.person.forgot_password,
        ClientId=pool.client_id,
        Username=address,
    )

    assert "no registered/verified email" in message
    assert pool.emulator.mails_to(address) == []


def test_nobody_brought_who_forgot_a_password_looks_like_anybody(
    pool: Any, triggers: TriggerFunction
) -> None:
    answer = pool.person.forgot_password(ClientId=pool.client_id, Username="gone@example.test")

    assert answer["CodeDeliveryDetails"]["Destination"] == "g****@e****"
    assert triggers.sources() == [FORGOTTEN]


@pytest.mark.parametrize(
    ("flow", "parameters"),
    [
        ("ADMIN_USER_PASSWORD_AUTH", {"PASSWORD": PASSWORD}),
        ("ADMIN_NO_SRP_AUTH", {"PASSWORD": PASSWORD}),
        ("USER_PASSWORD_AUTH", {}),
    ],
)
@pytest.mark.parametrize("address", ["nobody@example.test", "known@example.test"])
def test_a_call_that_is_refused_as_such_fires_nothing(
    pool: Any, triggers: TriggerFunction, flow: str, parameters: dict[str, str], address: str
) -> None:
    if address.startswith("known"):
        triggers.answer(AT_SIGN_IN, response=brought(address))
        sign_in(pool, address)
        triggers.agree()

    with pytest.raises(ClientError) as refused:
        pool.person.initiate_auth(
            ClientId=pool.client_id,
            AuthFlow=flow,
            AuthParameters={"USERNAME": address, **parameters},
        )

    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert triggers.sources() == []
