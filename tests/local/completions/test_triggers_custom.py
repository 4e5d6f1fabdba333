"""Passwordless sign-in: Define, Create and Verify, for people and for strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

DEFINE, CREATE, VERIFY = (
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
)
AFTER, TOKENS = "PostAuthentication_Authentication", "TokenGeneration_Authentication"
INCORRECT = "Incorrect username or password."
CHALLENGE = {"challengeName": "CUSTOM_CHALLENGE"}
CREATED = {
    "publicChallengeParameters": {"hint": "six digits"},
    "privateChallengeParameters": {"code": "424242"},
    "challengeMetadata": "CODE-1",
}


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    pool = pool_with_triggers("custom")
    pool.join("ann@example.test")
    return pool


def start(pool: Any, address: str = "ann@example.test", **more: Any) -> Any:
    return pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={"USERNAME": address},
        **more,
    )


def answer(pool: Any, asked: Any, text: str, address: str = "ann@example.test") -> Any:
    return pool.person.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": address, "ANSWER": text},
        ClientMetadata={"try": text},
    )


def challenged(pool: Any, triggers: TriggerFunction, address: str = "ann@example.test") -> Any:
    triggers.answer(DEFINE, response=CHALLENGE)
    triggers.answer(CREATE, response=CREATED)
    return start(pool, address, ClientMetadata={"never": "seen"})


def test_a_custom_sign_in_begins_with_define_and_create_and_no_pre_authentication(
    pool: Any, triggers: TriggerFunction
) -> None:
    asked = challenged(pool, triggers)

    define, create = triggers.events()
    person = {**pool.attributes("ann@example.test"), "cognito:user_status": "CONFIRMED"}
    assert define["triggerSource"] == DEFINE
    assert define["userName"] == person["sub"]
    assert define["request"] == {"userAttributes": person, "session": [], "userNotFound": False}
    assert define["response"] == {
        "challengeName": None,
        "issueTokens": None,
        "failAuthentication": None,
    }
    assert create["triggerSource"] == CREATE
    assert create["request"] == {
        "userAttributes": person,
        "challengeName": "CUSTOM_CHALLENGE",
        "session": [],
        "userNotFound": False,
    }
    assert asked["ChallengeParameters"]["hint"] == "six digits"
    assert "424242" not in str(asked)


def test_a_right_answer_is_verified_defined_and_rewarded(
    pool: Any, triggers: TriggerFunction
) -> None:
    asked = challenged(pool, triggers)
    triggers.events()
    triggers.answer(VERIFY, response={"answerCorrect": True})
    triggers.answer(DEFINE, response={"issueTokens": True})

    found = answer(pool, asked, "424242")

    verify, define, after, tokens = triggers.events()
    assert verify["triggerSource"] == VERIFY
    assert verify["request"]["privateChallengeParameters"] == {"code": "424242"}
    assert verify["request"]["challengeAnswer"] == "424242"
    assert verify["request"]["clientMetadata"] == {"try": "424242"}
    assert define["request"]["session"] == [
        {
            "challengeName": "CUSTOM_CHALLENGE",
            "challengeResult": True,
            "challengeMetadata": "CODE-1",
        }
    ]
    assert define["request"]["clientMetadata"] == {"try": "424242"}
    assert (after["triggerSource"], tokens["triggerSource"]) == (AFTER, TOKENS)
    assert "AccessToken" in found["AuthenticationResult"]


def test_a_wrong_answer_leads_to_another_round_until_define_gives_up(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    asked = challenged(pool, triggers)
    triggers.events()
    triggers.answer(VERIFY, response={"answerCorrect": False})

    again = answer(pool, asked, "1")

    assert triggers.sources() == [VERIFY, DEFINE, CREATE]
    triggers.answer(DEFINE, response={"failAuthentication": True})
    refused("NotAuthorizedException", answer, pool=pool, asked=again, text="2")
    assert triggers.sources() == [VERIFY, DEFINE]


def test_a_stranger_meets_the_same_triggers_and_the_same_answers(
    pool: Any, triggers: TriggerFunction
) -> None:
    known = challenged(pool, triggers)
    known_events = triggers.events()
    unknown = challenged(pool, triggers, "stranger@example.test")
    unknown_events = triggers.events()

    assert [e["triggerSource"] for e in unknown_events] == [
        e["triggerSource"] for e in known_events
    ]
    assert all(e["request"]["userNotFound"] for e in unknown_events)
    assert all(e["request"]["userAttributes"] == {} for e in unknown_events)
    assert unknown_events[0]["userName"] == "stranger@example.test"
    assert unknown.keys() == known.keys()
    assert unknown["ChallengeParameters"] == known["ChallengeParameters"]


def test_a_stranger_is_asked_again_like_anybody(pool: Any, triggers: TriggerFunction) -> None:
    address = "again@example.test"
    asked = challenged(pool, triggers, address)
    triggers.events()
    triggers.answer(VERIFY, response={"answerCorrect": False})

    answer(pool, asked, "1", address)

    assert triggers.sources() == [VERIFY, DEFINE, CREATE]


def test_a_stranger_never_gets_tokens_whatever_define_says(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    address = "rewarded@example.test"
    asked = challenged(pool, triggers, address)
    triggers.answer(VERIFY, response={"answerCorrect": True})
    triggers.answer(DEFINE, response={"issueTokens": True})
    triggers.events()

    message = refused(
        "NotAuthorizedException", answer, pool=pool, asked=asked, text="424242", address=address
    )

    assert message == INCORRECT
    assert triggers.sources() == [VERIFY, DEFINE]
    refused("NotAuthorizedException", start, pool=pool, address=address)
    refused("UserNotFoundException", pool.attributes, address=address)


def test_where_existence_is_told_a_stranger_meets_no_trigger(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    telling = pool_with_triggers("tells", client={"PreventUserExistenceErrors": "LEGACY"})

    refused("UserNotFoundException", start, pool=telling, address="who@example.test")

    assert triggers.sources() == []


@pytest.mark.parametrize("source", [DEFINE, CREATE])
def test_a_step_that_refuses_is_quoted(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str], source: str
) -> None:
    triggers.answer(DEFINE, response=CHALLENGE)
    triggers.answer(source, refuse="Too many codes")

    message = refused("UserLambdaValidationException", start, pool=pool)

    assert message == f"{source.partition('_')[0]} failed with error Too many codes."


def test_a_verification_that_fails_is_quoted(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    asked = challenged(pool, triggers)
    triggers.answer(VERIFY, refuse="No")

    message = refused("UserLambdaValidationException", answer, pool=pool, asked=asked, text="1")

    assert message == "VerifyAuthChallengeResponse failed with error No."


def test_define_that_decides_nothing_is_invalid(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refused("InvalidLambdaResponseException", start, pool=pool)

    assert triggers.sources() == [DEFINE]


def test_a_custom_sign_in_may_begin_with_the_password(pool: Any, triggers: TriggerFunction) -> None:
    triggers.answer(DEFINE, response={"challengeName": "PASSWORD_VERIFIER"})
    asked = pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={
            "USERNAME": "ann@example.test",
            "CHALLENGE_NAME": "SRP_A",
            "SRP_A": "a" * 64,
        },
    )

    [define] = triggers.events()
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
    [round_] = define["request"]["session"]
    assert (round_["challengeName"], round_["challengeResult"]) == ("SRP_A", True)
