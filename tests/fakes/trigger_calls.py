"""Every API call that may fire a trigger, played, and what AWS fires for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes import trigger_function
from fakes.trigger_play import CLIENT, GUIDE, PASSWORD, UNCLEAR, Play, Step, trigger_pool
from fakes.trigger_sign_ins import AFTER, CONFIRMED, play_custom, play_hosted, play_sign_in

if TYPE_CHECKING:
    from pathlib import Path

PRE_SIGN_UP = "PreSignUp_SignUp"


def play_sign_up(play: Play) -> None:
    pool, person, admin = play.pool, play.pool.person, play.pool.admin
    client, pool_id = {"ClientId": pool.client_id}, {"UserPoolId": pool.id}

    def sign_up(address: str) -> Any:
        return person.sign_up(**client, Username=address, Password=PASSWORD)

    play.step("SignUp", lambda: sign_up("a@example.test"), (PRE_SIGN_UP, "CustomMessage_SignUp"))
    play.step(
        "ResendConfirmationCode",
        lambda: person.resend_confirmation_code(**client, Username="a@example.test"),
        ("CustomMessage_ResendCode",),
    )
    play.step("ConfirmSignUp", lambda: pool.confirm("a@example.test"), (CONFIRMED,))
    play.function.answer(PRE_SIGN_UP, response={"autoConfirmUser": True, "autoVerifyEmail": True})
    play.step(
        "SignUp, confirmed by PreSignUp",
        lambda: sign_up("auto@example.test"),
        (PRE_SIGN_UP, CONFIRMED),
        remark="No mail with a code is sent; whether AWS sends none is unclear.",
    )
    play.function.agree()
    sign_up("b@example.test")
    play.step(
        "AdminConfirmSignUp",
        lambda: admin.admin_confirm_sign_up(**pool_id, Username="b@example.test"),
        (CONFIRMED,),
    )
    made = {**pool_id, "Username": "made@example.test", "TemporaryPassword": "Temporary-one-1"}
    play.step(
        "AdminCreateUser",
        lambda: admin.admin_create_user(**made),
        ("PreSignUp_AdminCreateUser", "CustomMessage_AdminCreateUser"),
        remark="No PostConfirmation, then or later. The flags of PreSignUp are ignored.",
    )
    play.step(
        "AdminCreateUser with MessageAction RESEND",
        lambda: admin.admin_create_user(**made, MessageAction="RESEND"),
        ("CustomMessage_AdminCreateUser",),
        UNCLEAR,
    )
    play.step(
        "AdminCreateUser with MessageAction SUPPRESS",
        lambda: admin.admin_create_user(
            **{**made, "Username": "quiet@example.test"}, MessageAction="SUPPRESS"
        ),
        ("PreSignUp_AdminCreateUser",),
    )
    play.step(
        "AdminSetUserPassword, permanent",
        lambda: admin.admin_set_user_password(
            **pool_id, Username="quiet@example.test", Password=PASSWORD, Permanent=True
        ),
    )


def play_passwords(play: Play) -> None:
    pool, person = play.pool, play.pool.person
    who = {"ClientId": pool.client_id, "Username": "a@example.test"}
    mailed = ("CustomMessage_ForgotPassword",)
    play.step("ForgotPassword", lambda: person.forgot_password(**who), mailed)
    play.step(
        "ConfirmForgotPassword",
        lambda: person.confirm_forgot_password(
            **who, ConfirmationCode=pool.emulator.code_for("a@example.test"), Password=PASSWORD
        ),
        ("PostConfirmation_ConfirmForgotPassword",),
        remark="No sign-in triggers.",
    )
    address = "forgot@example.test"
    brought = {"email": address, "email_verified": "true"}
    play.function.answer("UserMigration_ForgotPassword", response={"userAttributes": brought})
    play.step(
        "ForgotPassword, person brought by UserMigration",
        lambda: person.forgot_password(ClientId=pool.client_id, Username=address),
        ("UserMigration_ForgotPassword", *mailed),
    )
    play.function.agree()
    play.step(
        "AdminResetUserPassword",
        lambda: pool.admin.admin_reset_user_password(UserPoolId=pool.id, Username=address),
        mailed,
    )


def play_attributes(play: Play) -> None:
    pool, person = play.pool, play.pool.person
    token = pool.join("moves@example.test")["AccessToken"]
    address = {"Name": "email", "Value": "moved@example.test"}
    updated = ("CustomMessage_UpdateUserAttribute",)
    play.step(
        "UpdateUserAttributes, another address",
        lambda: person.update_user_attributes(AccessToken=token, UserAttributes=[address]),
        updated,
    )
    play.step(
        "GetUserAttributeVerificationCode",
        lambda: person.get_user_attribute_verification_code(
            AccessToken=token, AttributeName="email"
        ),
        ("CustomMessage_VerifyUserAttribute",),
    )
    play.step(
        "VerifyUserAttribute",
        lambda: person.verify_user_attribute(
            AccessToken=token,
            AttributeName="email",
            Code=pool.emulator.code_for("moved@example.test"),
        ),
    )
    play.step(
        "UpdateUserAttributes, a name",
        lambda: person.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Ann"}]
        ),
    )
    play.step(
        "AdminUpdateUserAttributes, another address",
        lambda: pool.admin.admin_update_user_attributes(
            UserPoolId=pool.id,
            Username="moved@example.test",
            UserAttributes=[{"Name": "email", "Value": "moved-2@example.test"}],
        ),
        updated,
    )
    play.step(
        "ChangePassword",
        lambda: person.change_password(
            AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=PASSWORD + "x"
        ),
    )
    play.step("GlobalSignOut", lambda: person.global_sign_out(AccessToken=token))
    for name in ("disable_user", "enable_user", "user_global_sign_out", "delete_user"):
        call = "Admin" + "".join(word.title() for word in name.split("_"))
        act = getattr(pool.admin, f"admin_{name}")
        play.step(call, lambda act=act: act(UserPoolId=pool.id, Username="moved@example.test"))


def play(emulator: Any, folder: Path) -> list[Step]:
    """Everything that can be played, in one pool and its neighbors."""
    function = trigger_function.make(emulator, "matrix", folder)
    played = Play(trigger_pool(emulator, function, "people", CLIENT), function)
    for part in (
        play_sign_up,
        play_sign_in,
        play_custom,
        play_passwords,
        play_attributes,
        play_hosted,
    ):
        part(played)
    return played.steps


# The emulator remembers no devices.
NOT_PLAYED = [
    Step(
        "RespondToAuthChallenge DEVICE_PASSWORD_VERIFIER",
        None,
        (AFTER, "TokenGeneration_AuthenticateDevice"),
        GUIDE,
        "That PostAuthentication runs before it is unclear.",
    ),
]
