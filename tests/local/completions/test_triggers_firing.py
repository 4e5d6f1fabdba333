from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.local.completions.triggers import events
from vestibule_cli.local.completions.triggers.failures import TriggerFailed
from vestibule_cli.local.completions.triggers.firing import (
    ATTEMPT_SECONDS,
    ATTEMPTS,
    Firing,
    Outcome,
    lets_pool_call,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
POOL = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Abc"


class FakeFunctions:
    """Answers each call with the next of its outcomes; the last one stays."""

    def __init__(self, *outcomes: Outcome | Callable[[dict[str, Any]], Outcome]) -> None:
        self._outcomes = list(outcomes)
        self.events: list[dict[str, Any]] = []
        self.is_open = True

    def may_be_called(self, _arn: str, _pool_arn: str) -> bool:
        return self.is_open

    def call(self, _arn: str, event: dict[str, Any]) -> Outcome:
        self.events.append(event)
        following = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        return following(event) if callable(following) else following


def asked(source: str = "PreSignUp_SignUp") -> dict[str, Any]:
    request = {"userAttributes": {"email": "a@example.test"}}
    return events.event(source, {"Id": "us-east-1_Abc"}, "u1", "c1", request)


def fire(functions: FakeFunctions, event: dict[str, Any] | None = None, seconds: float = 2) -> Any:
    return Firing(functions, seconds=seconds).fire(ARN, POOL, event or asked())


def failure(functions: FakeFunctions, **options: Any) -> tuple[str, str]:
    with pytest.raises(TriggerFailed) as failed:
        fire(functions, **options)
    return failed.value.code, str(failed.value)


def test_cognito_waits_five_seconds_and_asks_three_times() -> None:
    assert (ATTEMPT_SECONDS, ATTEMPTS) == (5.0, 3)


def test_the_response_of_the_whole_event_is_the_answer() -> None:
    agreeing = FakeFunctions(
        lambda event: Outcome({**event, "response": {"autoConfirmUser": True, "more": 1}})
    )

    assert fire(agreeing) == {"autoConfirmUser": True, "more": 1}


def test_a_function_that_never_answers_in_time_is_asked_three_times_and_goes_on() -> None:
    release, finished = threading.Event(), []

    def slow(_: dict[str, Any]) -> Outcome:
        release.wait(10)
        finished.append(1)
        return Outcome({})

    functions = FakeFunctions(slow)

    code, message = failure(functions, seconds=0.05)

    assert code == "UnexpectedLambdaException"
    assert message == (
        "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."
    )
    assert len(functions.events) == 3
    assert finished == []
    release.set()
    deadline = time.monotonic() + 5
    while len(finished) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(finished) == 3


def test_an_answer_to_the_second_attempt_is_good_enough() -> None:
    release = threading.Event()

    def slow(_: dict[str, Any]) -> Outcome:
        release.wait(10)
        return Outcome({})

    functions = FakeFunctions(slow, Outcome)

    try:
        assert fire(functions, seconds=0.3)["autoConfirmUser"] is False
    finally:
        release.set()
    assert len(functions.events) == 2


def test_each_attempt_gets_an_event_of_its_own() -> None:
    def scribbles(event: dict[str, Any]) -> Outcome:
        event["request"]["userAttributes"]["email"] = "scribbled"
        return Outcome(throttled=True)

    functions = FakeFunctions(scribbles, Outcome)
    event = asked()

    fire(functions, event)

    assert functions.events[1]["request"]["userAttributes"]["email"] == "a@example.test"
    assert event == asked()


def test_throttling_is_tried_again() -> None:
    functions = FakeFunctions(Outcome(throttled=True))

    code, message = failure(functions)

    assert code == "UnexpectedLambdaException"
    assert message == "PreSignUp invocation failed due to error TooManyRequestsException."
    assert len(functions.events) == 3


def test_a_function_that_is_still_being_made_is_asked_once() -> None:
    functions = FakeFunctions(Outcome(unready=True))

    code, message = failure(functions)

    assert code == "UnexpectedLambdaException"
    assert message == "PreSignUp invocation failed due to error ResourceConflictException."
    assert len(functions.events) == 1


def test_a_function_that_raises_is_asked_once_and_quoted() -> None:
    functions = FakeFunctions(Outcome(error="Not you"))

    found = failure(functions)

    assert found == ("UserLambdaValidationException", "PreSignUp failed with error Not you.")
    assert len(functions.events) == 1


def test_a_function_that_may_not_be_called_is_not() -> None:
    functions = FakeFunctions(Outcome({}))
    functions.is_open = False

    code, message = failure(functions)

    assert code == "UnexpectedLambdaException"
    assert message == "PreSignUp invocation failed due to error AccessDeniedException."
    assert functions.events == []


def test_token_generation_is_called_by_the_name_that_errors_have() -> None:
    functions = FakeFunctions(Outcome(error="no"))

    _, message = failure(functions, event=asked("TokenGeneration_RefreshTokens"))

    assert message == "PreTokenGeneration failed with error no."


WHOLE = asked()
UNRECOGNIZABLE = "Unrecognizable lambda output"
INVALID = "Invalid lambda function output : Invalid JSON"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(None, UNRECOGNIZABLE, id="nothing"),
        pytest.param([], UNRECOGNIZABLE, id="a list"),
        pytest.param({}, UNRECOGNIZABLE, id="an empty object"),
        pytest.param({"response": {}}, UNRECOGNIZABLE, id="a part of the event"),
        pytest.param(
            {name: one for name, one in WHOLE.items() if name != "callerContext"},
            UNRECOGNIZABLE,
            id="an event that does not say who called",
        ),
        pytest.param("fine", INVALID, id="a string"),
        pytest.param({**WHOLE, "response": "yes"}, INVALID, id="a response of text"),
        pytest.param({**WHOLE, "response": {"autoConfirmUser": "true"}}, INVALID, id="a flag"),
    ],
)
def test_an_answer_that_is_not_the_whole_event_is_invalid(answer: Any, message: str) -> None:
    found = failure(FakeFunctions(Outcome(answer)))

    assert found == ("InvalidLambdaResponseException", message)


def test_a_response_of_null_leaves_everything_as_it_is() -> None:
    assert fire(FakeFunctions(Outcome({**WHOLE, "response": None}))) == {}


@pytest.mark.parametrize(
    ("source", "response"),
    [
        ("CustomMessage_SignUp", {"emailMessage": 5}),
        ("DefineAuthChallenge_Authentication", {"issueTokens": "true"}),
        ("CreateAuthChallenge_Authentication", {"privateChallengeParameters": {"code": 1}}),
        ("VerifyAuthChallengeResponse_Authentication", {"answerCorrect": 1}),
        ("UserMigration_Authentication", {"userAttributes": ["email"]}),
        ("TokenGeneration_Authentication", {"claimsOverrideDetails": "x"}),
        (
            "TokenGeneration_Authentication",
            {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": {"groupsToOverride": "a"}}},
        ),
    ],
)
def test_a_response_of_the_wrong_type_is_invalid(source: str, response: dict[str, Any]) -> None:
    event = asked(source)

    code, message = failure(FakeFunctions(Outcome({**event, "response": response})), event=event)

    assert (code, message) == ("InvalidLambdaResponseException", INVALID)


ALLOWS = {
    "Effect": "Allow",
    "Principal": {"Service": "cognito-idp.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(ALLOWS, True, id="any pool"),
        pytest.param(
            {
                **ALLOWS,
                "Condition": {
                    "ArnLike": {"AWS:SourceArn": POOL},
                    "StringEquals": {"AWS:SourceAccount": "000000000000"},
                },
            },
            True,
            id="this pool",
        ),
        pytest.param(
            {**ALLOWS, "Condition": {"ArnLike": {"AWS:SourceArn": POOL + "d"}}}, False, id="another"
        ),
        pytest.param(
            {**ALLOWS, "Condition": {"StringEquals": {"AWS:SourceAccount": "1"}}},
            False,
            id="another account",
        ),
        pytest.param(
            {**ALLOWS, "Principal": {"Service": "apigateway.amazonaws.com"}}, False, id="a gateway"
        ),
        pytest.param({**ALLOWS, "Action": "lambda:GetFunction"}, False, id="another action"),
    ],
)
def test_a_permission_names_the_pool_that_may_call(
    statement: dict[str, Any],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert lets_pool_call(statement, POOL) is expected
