"""Sign-up, confirmation and administrators' people, as the trigger function sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
CONFIRMED = "PostConfirmation_ConfirmSignUp"


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    return pool_with_triggers("sign-ups")


def sign_up(pool: Any, address: str, **more: Any) -> Any:
    return pool.person.sign_up(ClientId=pool.client_id, Username=address, Password=PASSWORD, **more)


def status(pool: Any, address: str) -> str:
    found: str = pool.admin.admin_get_user(UserPoolId=pool.id, Username=address)["UserStatus"]
    return found


def test_pre_sign_up_sees_what_the_person_typed_and_no_sub(
    pool: Any, triggers: TriggerFunction
) -> None:
    answer = sign_up(
        pool,
        "Typed@example.test",
        UserAttributes=[{"Name": "name", "Value": "Ann"}],
        ValidationData=[{"Name": "signup_source", "Value": "fair"}],
        ClientMetadata={"invite": "yes"},
    )

    asked, mailed = triggers.events()
    assert asked["triggerSource"] == "PreSignUp_SignUp"
    assert asked["request"] == {
        "userAttributes": {"email": "typed@example.test", "name": "Ann"},
        "validationData": {"signup_source": "fair"},
        "clientMetadata": {"invite": "yes"},
    }
    assert asked["userName"] == answer["UserSub"]
    assert asked["callerContext"]["clientId"] == pool.client_id
    assert (asked["userPoolId"], asked["region"]) == (pool.id, "us-east-1")
    assert mailed["triggerSource"] == "CustomMessage_SignUp"
    assert mailed["request"]["clientMetadata"] == {"invite": "yes"}
    assert "validationData" not in mailed["request"]


def test_a_sign_up_that_brings_nothing_says_null(pool: Any, triggers: TriggerFunction) -> None:
    sign_up(pool, "bare@example.test")

    request = triggers.events()[0]["request"]
    assert request["validationData"] is None
    assert "clientMetadata" not in request


def test_a_refused_sign_up_leaves_nobody_behind(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("PreSignUp_SignUp", refuse="By invitation only")

    message = refused(
        "UserLambdaValidationException", sign_up, pool=pool, address="uninvited@example.test"
    )

    assert message == "PreSignUp failed with error By invitation only."
    assert triggers.sources() == ["PreSignUp_SignUp"]
    refused("UserNotFoundException", status, pool=pool, address="uninvited@example.test")


def test_a_name_that_is_taken_is_refused_without_asking(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    sign_up(pool, "taken@example.test")
    triggers.events()

    refused("UsernameExistsException", sign_up, pool=pool, address="taken@example.test")

    assert triggers.sources() == []


def test_post_confirmation_sees_a_verified_confirmed_person(
    pool: Any, triggers: TriggerFunction
) -> None:
    sub = sign_up(pool, "confirms@example.test")["UserSub"]
    triggers.events()

    pool.person.confirm_sign_up(
        ClientId=pool.client_id,
        Username="confirms@example.test",
        ConfirmationCode=pool.emulator.code_for("confirms@example.test"),
        ClientMetadata={"page": "2"},
    )

    [asked] = triggers.events()
    assert asked["triggerSource"] == CONFIRMED
    assert asked["userName"] == sub
    assert asked["request"] == {
        "userAttributes": {
            "sub": sub,
            "email": "confirms@example.test",
            "email_verified": "true",
            "cognito:user_status": "CONFIRMED",
        },
        "clientMetadata": {"page": "2"},
    }
    assert asked["response"] == {}


def test_a_failing_post_confirmation_fails_the_call_and_the_user_stays_confirmed(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    sign_up(pool, "stays@example.test")
    triggers.answer(CONFIRMED, refuse="The table is away")
    confirm = {
        "ClientId": pool.client_id,
        "Username": "stays@example.test",
        "ConfirmationCode": pool.emulator.code_for("stays@example.test"),
    }

    message = refused("UserLambdaValidationException", pool.person.confirm_sign_up, **confirm)

    assert message == "PostConfirmation failed with error The table is away."
    assert status(pool, "stays@example.test") == "CONFIRMED"
    triggers.agree()
    again = refused("NotAuthorizedException", pool.person.confirm_sign_up, **confirm)
    assert again == "User cannot be confirmed. Current status is CONFIRMED"
    assert triggers.sources() == []


def test_a_wrong_code_confirms_nobody_and_asks_nobody(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    sign_up(pool, "wrong@example.test")
    triggers.events()
    code = f"{(int(pool.emulator.code_for('wrong@example.test')) + 1) % 10**6:06d}"

    refused(
        "CodeMismatchException",
        pool.person.confirm_sign_up,
        ClientId=pool.client_id,
        Username="wrong@example.test",
        ConfirmationCode=code,
    )

    assert triggers.sources() == []


def test_an_auto_confirmed_person_is_confirmed_within_the_sign_up(
    pool: Any, triggers: TriggerFunction
) -> None:
    flags = {"autoConfirmUser": True, "autoVerifyEmail": True}
    triggers.answer("PreSignUp_SignUp", response=flags)

    answer = sign_up(pool, "auto@example.test", ClientMetadata={"code": "c"})

    first, second = triggers.events()
    assert answer["UserConfirmed"] is True
    assert [first["triggerSource"], second["triggerSource"]] == ["PreSignUp_SignUp", CONFIRMED]
    assert second["request"]["userAttributes"]["email_verified"] == "true"
    assert second["request"]["clientMetadata"] == {"code": "c"}
    assert pool.emulator.mails_to("auto@example.test") == []


def test_a_failing_post_confirmation_within_a_sign_up_leaves_the_person(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("PreSignUp_SignUp", response={"autoConfirmUser": True})
    triggers.answer(CONFIRMED, refuse="no")

    refused("UserLambdaValidationException", sign_up, pool=pool, address="left@example.test")

    assert status(pool, "left@example.test") == "CONFIRMED"
    refused("UsernameExistsException", sign_up, pool=pool, address="left@example.test")


def test_what_is_not_there_cannot_be_verified(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("PreSignUp_SignUp", response={"autoVerifyPhone": True})

    refused("InvalidParameterException", sign_up, pool=pool, address="phone@example.test")


def test_an_administrator_confirming_somebody_fires_post_confirmation_once(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    sign_up(pool, "by-admin@example.test")
    triggers.events()
    who = {"UserPoolId": pool.id, "Username": "by-admin@example.test"}

    pool.admin.admin_confirm_sign_up(**who, ClientMetadata={"by": "admin"})

    [asked] = triggers.events()
    assert asked["triggerSource"] == CONFIRMED
    assert asked["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert asked["request"]["clientMetadata"] == {"by": "admin"}
    refused("NotAuthorizedException", pool.admin.admin_confirm_sign_up, **who)
    assert triggers.sources() == []


def test_a_person_made_by_an_administrator_passes_pre_sign_up_whose_flags_count_for_nothing(
    pool: Any, triggers: TriggerFunction
) -> None:
    flags = {"autoConfirmUser": True, "autoVerifyEmail": True}
    triggers.answer("PreSignUp_AdminCreateUser", response=flags)

    made = pool.admin.admin_create_user(
        UserPoolId=pool.id,
        Username="Made@example.test",
        UserAttributes=[{"Name": "name", "Value": "Made"}],
        ValidationData=[{"Name": "team", "Value": "blue"}],
        ClientMetadata={"from": "desk"},
    )["User"]

    asked, mailed = triggers.events()
    assert asked["triggerSource"] == "PreSignUp_AdminCreateUser"
    assert asked["userName"] == made["Username"]
    assert asked["request"] == {
        "userAttributes": {"name": "Made", "email": "made@example.test"},
        "validationData": {"team": "blue"},
        "clientMetadata": {"from": "desk"},
    }
    assert mailed["triggerSource"] == "CustomMessage_AdminCreateUser"
    assert mailed["userName"] == made["Username"]
    assert mailed["request"]["usernameParameter"] == "{username}"
    assert mailed["request"]["userAttributes"]["cognito:user_status"] == "FORCE_CHANGE_PASSWORD"
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert "email_verified" not in pool.attributes("made@example.test")


def test_a_refused_person_is_not_made_by_an_administrator(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer("PreSignUp_AdminCreateUser", refuse="Not this domain")

    refused(
        "UserLambdaValidationException",
        pool.admin.admin_create_user,
        UserPoolId=pool.id,
        Username="unmade@example.test",
    )

    refused("UserNotFoundException", status, pool=pool, address="unmade@example.test")


def test_an_invitation_sent_again_passes_no_pre_sign_up(
    pool: Any, triggers: TriggerFunction
) -> None:
    who = {"UserPoolId": pool.id, "Username": "resent@example.test"}
    pool.admin.admin_create_user(**who, MessageAction="SUPPRESS")
    assert triggers.sources() == ["PreSignUp_AdminCreateUser"]

    pool.admin.admin_create_user(**who, MessageAction="RESEND")

    assert triggers.sources() == ["CustomMessage_AdminCreateUser"]


def test_an_invitation_sent_again_to_nobody_asks_nobody(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refused(
        "UserNotFoundException",
        pool.admin.admin_create_user,
        UserPoolId=pool.id,
        Username="never@example.test",
        MessageAction="RESEND",
    )

    assert triggers.sources() == []


def test_what_an_administrator_sets_fires_nothing(pool: Any, triggers: TriggerFunction) -> None:
    who = {"UserPoolId": pool.id, "Username": "set@example.test"}
    pool.admin.admin_create_user(**who, MessageAction="SUPPRESS")
    triggers.events()

    pool.admin.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
    pool.admin.admin_disable_user(**who)
    pool.admin.admin_enable_user(**who)
    pool.admin.admin_user_global_sign_out(**who)
    pool.admin.admin_delete_user(**who)

    assert triggers.sources() == []


def test_resetting_a_password_is_confirmed_with_a_source_of_its_own(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.join("resets@example.test")
    triggers.events()
    who = {"ClientId": pool.client_id, "Username": "resets@example.test"}

    pool.person.forgot_password(**who, ClientMetadata={"step": "1"})
    pool.person.confirm_forgot_password(
        **who,
        ConfirmationCode=pool.emulator.code_for("resets@example.test"),
        Password=PASSWORD,
        ClientMetadata={"step": "2"},
    )

    mailed, confirmed = triggers.events()
    assert mailed["triggerSource"] == "CustomMessage_ForgotPassword"
    assert mailed["request"]["clientMetadata"] == {"step": "1"}
    assert confirmed["triggerSource"] == "PostConfirmation_ConfirmForgotPassword"
    assert confirmed["request"]["clientMetadata"] == {"step": "2"}


def test_a_pool_without_triggers_asks_nobody(emulator: Any, triggers: TriggerFunction) -> None:
    plain = emulator.pool("plain")

    plain.join("plain@example.test")

    assert triggers.sources() == []
