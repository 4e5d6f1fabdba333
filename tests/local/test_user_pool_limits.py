"""What one person may try how often, and which addresses are taken."""

from __future__ import annotations

import concurrent.futures
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

PASSWORD = "A-long-enough-one-1"
TOO_OFTEN = "LimitExceededException"
WRONG = "CodeMismatchException"
HIDING = {"PreventUserExistenceErrors": "ENABLED"}


@pytest.fixture(scope="module")
def pool(emulator: Any) -> Any:
    return emulator.pool("limits", client=HIDING)


def code_of(call: Any, **given: Any) -> str:
    try:
        call(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def other_than(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 10**6:06d}"


def guesses(pool: Any, address: str, times: int, known: str = "000000") -> list[str]:
    return [
        code_of(
            pool.person.confirm_sign_up,
            ClientId=pool.client_id,
            Username=address,
            ConfirmationCode=other_than(known, step),
        )
        for step in range(1, times + 1)
    ]


def test_a_sign_up_cannot_be_confirmed_by_guessing(pool: Any) -> None:
    pool.sign_up("guessed@example.test")
    code = pool.emulator.code_for("guessed@example.test")

    assert guesses(pool, "guessed@example.test", 7, code) == [WRONG] * 5 + [TOO_OFTEN] * 2
    assert guesses(pool, "GUESSED@example.test", 1, code) == [TOO_OFTEN]
    with pytest.raises(ClientError, match=r"Attempt limit exceeded, please try after some time\."):
        pool.confirm("guessed@example.test")


def test_who_is_right_within_the_limit_gets_in(pool: Any) -> None:
    pool.sign_up("slow@example.test")
    code = pool.emulator.code_for("slow@example.test")

    assert guesses(pool, "slow@example.test", 4, code) == [WRONG] * 4
    pool.confirm("slow@example.test")


def test_guessing_many_codes_at_once_is_no_way_around(pool: Any) -> None:
    pool.sign_up("crowd@example.test")
    code = pool.emulator.code_for("crowd@example.test")

    with concurrent.futures.ThreadPoolExecutor(12) as crowd:
        answers = crowd.map(
            lambda step: guesses(pool, "crowd@example.test", 1, other_than(code, step)), range(30)
        )
        counted = Counter(answer for [answer] in answers)

    assert counted[WRONG] <= 5
    assert counted[WRONG] + counted[TOO_OFTEN] == 30


def test_a_name_that_nobody_has_is_limited_as_one_that_somebody_has(pool: Any) -> None:
    assert guesses(pool, "nobody@example.test", 6) == [WRONG] * 5 + [TOO_OFTEN]


def test_a_password_cannot_be_reset_by_guessing(pool: Any) -> None:
    pool.join("reset@example.test")
    asked = {"ClientId": pool.client_id, "Username": "reset@example.test"}
    pool.person.forgot_password(**asked)
    code = pool.emulator.code_for("reset@example.test")
    asked["Password"] = PASSWORD

    answers = [
        code_of(
            pool.person.confirm_forgot_password, **asked, ConfirmationCode=other_than(code, step)
        )
        for step in range(1, 7)
    ]

    assert answers == [WRONG] * 5 + [TOO_OFTEN]
    assert code_of(pool.person.confirm_forgot_password, **asked, ConfirmationCode=code) == TOO_OFTEN


def test_a_new_address_cannot_be_proven_by_guessing(pool: Any) -> None:
    token = pool.join("mover@example.test")["AccessToken"]
    pool.person.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "email", "Value": "moved@example.test"}]
    )
    code = pool.emulator.code_for("moved@example.test")

    answers = [
        code_of(
            pool.person.verify_user_attribute,
            AccessToken=token,
            AttributeName="email",
            Code=other_than(code, step),
        )
        for step in range(1, 7)
    ]

    assert answers == [WRONG] * 5 + [TOO_OFTEN]


@pytest.mark.parametrize("action", ["resend_confirmation_code", "forgot_password"])
@pytest.mark.parametrize("exists", [True, False])
def test_nobody_is_flooded_with_mails(pool: Any, action: str, *, exists: bool) -> None:
    address = f"{action.replace('_', '-')}-{exists}@example.test".lower()
    if exists and action == "forgot_password":
        pool.join(address)
    elif exists:
        pool.sign_up(address)
    before = len(pool.emulator.mails_to(address))

    send = getattr(pool.person, action)
    answers = [code_of(send, ClientId=pool.client_id, Username=address) for _ in range(7)]

    assert answers == ["done"] * 5 + [TOO_OFTEN] * 2
    assert len(pool.emulator.mails_to(address)) - before == (5 if exists else 0)


def move(pool: Any, token: str, address: str, **others: str) -> str:
    asked = {"email": address, **others}
    return code_of(
        pool.person.update_user_attributes,
        AccessToken=token,
        UserAttributes=[{"Name": name, "Value": value} for name, value in asked.items()],
    )


def test_nobody_who_is_signed_in_floods_others_with_mails(pool: Any) -> None:
    token = pool.join("pest@example.test")["AccessToken"]
    other = pool.join("calm@example.test")["AccessToken"]
    victims = [f"victim-{number}@example.test" for number in range(7)]

    answers = [move(pool, token, victim) for victim in victims]

    assert answers == ["done"] * 5 + [TOO_OFTEN] * 2
    assert [len(pool.emulator.mails_to(victim)) for victim in victims] == [1] * 5 + [0] * 2
    assert move(pool, token, "victim-0@example.test") == TOO_OFTEN
    assert move(pool, other, "calmer@example.test") == "done"


def test_who_keeps_their_address_changes_the_rest_as_often_as_they_like(pool: Any) -> None:
    token = pool.join("stays@example.test")["AccessToken"]

    answers = [move(pool, token, "Stays@example.test", name=f"Ann {step}") for step in range(7)]
    moved = [move(pool, token, f"goes-{step}@example.test") for step in range(6)]

    assert answers == ["done"] * 7
    assert moved == ["done"] * 5 + [TOO_OFTEN]
    assert move(pool, token, "stays@example.test", name="Ann") == "done"


def test_an_address_that_is_refused_does_not_count(pool: Any) -> None:
    token = pool.join("clumsy@example.test")["AccessToken"]

    answers = [move(pool, token, "no address") for _ in range(6)]

    assert answers == ["InvalidParameterException"] * 6
    assert move(pool, token, "skilled@example.test") == "done"


@pytest.mark.parametrize(
    "address",
    [
        "\u212aate@example.test",
        "ann@exampl\uff45.test",
        "ann\u200b@example.test",
        "ann@example.test\n",
        "ann@example.test\r\nBcc: x@y.z",
        "ann@example.test,eve@example.test",
        '"a b"@example.test',
        "a@b",
        "<ann@example.test>",
        ".ann@example.test",
        "ann",
        "a" * 250 + "@example.test",
    ],
)
def test_what_is_no_address_is_refused(pool: Any, address: str) -> None:
    token = pool.join(f"honest-{abs(hash(address))}@example.test")["AccessToken"]

    joined = code_of(pool.sign_up, address=address)
    moved = code_of(
        pool.person.update_user_attributes,
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": address}],
    )

    assert (joined, moved) == ("InvalidParameterException", "InvalidParameterException")


def test_no_letter_that_only_looks_like_one_of_an_address_signs_in(pool: Any) -> None:
    pool.join("kate@example.test")

    refused = code_of(pool.sign_in, address="\u212aate@example.test")

    assert refused in ("NotAuthorizedException", "UserNotFoundException")
    assert pool.sign_in("KATE@EXAMPLE.TEST")["AccessToken"]
