"""Mails worded by CustomMessage, for each call that sends a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
WORDED = {"emailSubject": "Hello", "emailMessage": "<p>Your code: {####}</p>"}


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    return pool_with_triggers("messages")


@pytest.fixture(scope="module")
def tokens(pool: Any, function: TriggerFunction) -> dict[str, str]:
    function.agree()
    joined: dict[str, str] = pool.join("ann@example.test")
    return joined


def sign_up(pool: Any, address: str) -> Any:
    return pool.person.sign_up(ClientId=pool.client_id, Username=address, Password=PASSWORD)


def worded(pool: Any, address: str) -> dict[str, Any]:
    mail: dict[str, Any] = pool.emulator.mails_to(address)[-1]
    assert mail["subject"] == "Hello"
    assert mail["html"] == f"<p>Your code: {mail['code']}</p>"
    return mail


def test_a_sign_up_mail_is_worded_and_its_code_works(pool: Any, triggers: TriggerFunction) -> None:
    triggers.answer("CustomMessage_SignUp", response=WORDED)

    sign_up(pool, "worded@example.test")

    mail = worded(pool, "worded@example.test")
    assert mail["kind"] == "verification"
    pool.confirm("worded@example.test")


def test_what_the_function_leaves_null_keeps_the_pools_wording(
    pool: Any, triggers: TriggerFunction
) -> None:
    triggers.answer("CustomMessage_SignUp", response={"emailSubject": "Hello"})

    sign_up(pool, "half@example.test")

    mail = pool.emulator.mails_to("half@example.test")[-1]
    assert mail["subject"] == "Hello"
    assert mail["text"] == f"Your verification code is {mail['code']}."


def test_a_code_sent_again_is_worded_by_a_source_of_its_own(
    pool: Any, triggers: TriggerFunction
) -> None:
    sign_up(pool, "resent@example.test")
    triggers.answer("CustomMessage_ResendCode", response=WORDED)
    triggers.events()

    pool.person.resend_confirmation_code(
        ClientId=pool.client_id, Username="resent@example.test", ClientMetadata={"n": "2"}
    )

    [asked] = triggers.events()
    assert asked["triggerSource"] == "CustomMessage_ResendCode"
    assert asked["request"]["clientMetadata"] == {"n": "2"}
    assert asked["request"]["userAttributes"]["cognito:user_status"] == "UNCONFIRMED"
    worded(pool, "resent@example.test")


def test_a_reset_mail_is_worded_for_the_person_and_for_the_administrator(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.join("reset@example.test")
    triggers.answer("CustomMessage_ForgotPassword", response=WORDED)
    triggers.events()

    pool.person.forgot_password(ClientId=pool.client_id, Username="reset@example.test")
    first = worded(pool, "reset@example.test")
    pool.admin.admin_reset_user_password(UserPoolId=pool.id, Username="reset@example.test")
    second = worded(pool, "reset@example.test")

    assert triggers.sources() == ["CustomMessage_ForgotPassword"] * 2
    assert first["id"] != second["id"]
    assert second["kind"] == "password reset"


def test_a_stranger_who_forgot_a_password_gets_no_mail_and_fires_no_message(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.person.forgot_password(ClientId=pool.client_id, Username="nobody@example.test")
    pool.person.resend_confirmation_code(ClientId=pool.client_id, Username="nobody@example.test")

    assert [s for s in triggers.sources() if s.startswith("CustomMessage")] == []
    assert pool.emulator.mails_to("nobody@example.test") == []


def test_a_new_address_is_verified_with_a_worded_mail(
    pool: Any, tokens: dict[str, str], triggers: TriggerFunction
) -> None:
    triggers.answer("CustomMessage_UpdateUserAttribute", response=WORDED)
    triggers.answer("CustomMessage_VerifyUserAttribute", response=WORDED)

    pool.person.update_user_attributes(
        AccessToken=tokens["AccessToken"],
        UserAttributes=[{"Name": "email", "Value": "ann-2@example.test"}],
        ClientMetadata={"n": "1"},
    )
    first = worded(pool, "ann-2@example.test")
    pool.person.get_user_attribute_verification_code(
        AccessToken=tokens["AccessToken"], AttributeName="email", ClientMetadata={"n": "2"}
    )
    second = worded(pool, "ann-2@example.test")

    updated, verified = triggers.events()
    assert updated["triggerSource"] == "CustomMessage_UpdateUserAttribute"
    assert updated["request"]["userAttributes"]["email"] == "ann-2@example.test"
    assert updated["request"]["clientMetadata"] == {"n": "1"}
    assert updated["callerContext"]["clientId"] == pool.client_id
    assert verified["triggerSource"] == "CustomMessage_VerifyUserAttribute"
    assert verified["request"]["clientMetadata"] == {"n": "2"}
    assert first["id"] != second["id"]


def test_an_administrators_change_is_worded_as_an_update(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.join("moved@example.test")
    triggers.answer("CustomMessage_UpdateUserAttribute", response=WORDED)
    triggers.events()

    pool.admin.admin_update_user_attributes(
        UserPoolId=pool.id,
        Username="moved@example.test",
        UserAttributes=[{"Name": "email", "Value": "moved-2@example.test"}],
    )

    assert triggers.sources() == ["CustomMessage_UpdateUserAttribute"]
    worded(pool, "moved-2@example.test")


def test_an_invitation_is_worded_with_name_and_password(
    pool: Any, triggers: TriggerFunction
) -> None:
    body = "Sign in as {username} with {####}"
    triggers.answer(
        "CustomMessage_AdminCreateUser", response={"emailSubject": "Hi", "emailMessage": body}
    )

    pool.admin.admin_create_user(
        UserPoolId=pool.id, Username="invited@example.test", TemporaryPassword="Temporary-one-1"
    )

    [mail] = pool.emulator.mails_to("invited@example.test")
    assert (mail["subject"], mail["kind"]) == ("Hi", "invitation")
    assert mail["text"] == "Sign in as invited@example.test with Temporary-one-1"


def test_a_mail_without_the_placeholder_fails_the_call_and_the_user_exists(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("CustomMessage_SignUp", response={"emailMessage": "Welcome"})

    message = refused(
        "InvalidParameterException", sign_up, pool=pool, address="lacking@example.test"
    )

    assert message.startswith("1 validation error detected: Value at 'emailBody' failed")
    assert r"\{####\}" in message
    assert pool.emulator.mails_to("lacking@example.test") == []
    assert pool.attributes("lacking@example.test")["email"] == "lacking@example.test"


@pytest.mark.parametrize("body", ["{####}", "{username}", "nothing"])
def test_an_invitation_without_both_placeholders_makes_nobody(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str], body: str
) -> None:
    triggers.answer("CustomMessage_AdminCreateUser", response={"emailMessage": body})
    who = {"UserPoolId": pool.id, "Username": "unnamed@example.test"}

    refused("InvalidParameterException", pool.admin.admin_create_user, **who)

    refused("UserNotFoundException", pool.admin.admin_get_user, **who)


@pytest.mark.parametrize("extra", ["\u202e", "\x07", "x" * 20_000], ids=["rtl", "bell", "long"])
def test_a_mail_that_cognito_would_not_send_fails_the_call(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str], extra: str
) -> None:
    triggers.answer("CustomMessage_SignUp", response={"emailMessage": "{####}" + extra})
    address = f"odd-{len(extra)}-{ord(extra[0])}@example.test"

    refused("InvalidParameterException", sign_up, pool=pool, address=address)


def test_a_message_function_that_raises_fails_the_call(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("CustomMessage_SignUp", refuse="no template")

    message = refused(
        "UserLambdaValidationException", sign_up, pool=pool, address="fails@example.test"
    )

    assert message == "CustomMessage failed with error no template."


def test_cognitos_own_sender_takes_no_wording(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    default = {"EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"}}
    pool = pool_with_triggers("own-sender", **default)
    sign_up(pool, "silent@example.test")
    assert len(pool.emulator.mails_to("silent@example.test")) == 1

    triggers.answer("CustomMessage_SignUp", response=WORDED)

    message = refused(
        "InvalidLambdaResponseException", sign_up, pool=pool, address="loud@example.test"
    )
    assert "EmailSendingAccount" in message


def test_a_link_takes_the_place_of_the_code_where_the_pool_confirms_by_link(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction
) -> None:
    template = {"DefaultEmailOption": "CONFIRM_WITH_LINK"}
    pool = pool_with_triggers("links", VerificationMessageTemplate=template)
    body = "Follow {##this link##}"
    triggers.answer("CustomMessage_SignUp", response={"emailMessage": body})

    sign_up(pool, "linked@example.test")

    assert "Follow" in pool.emulator.mails_to("linked@example.test")[-1]["text"]
