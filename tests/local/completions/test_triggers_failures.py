"""What callers read when a trigger fails, on the running emulator: each kind of failure once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import trigger_function

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
SOURCE = "PreSignUp_SignUp"


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    return pool_with_triggers("failures")


def sign_up(pool: Any, address: str = "fails@example.test") -> Any:
    return pool.person.sign_up(ClientId=pool.client_id, Username=address, Password=PASSWORD)


def test_an_exception_is_quoted_without_its_class(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(SOURCE, refuse="Words for strangers")

    message = refused("UserLambdaValidationException", sign_up, pool=pool)

    assert message == "PreSignUp failed with error Words for strangers."


def test_a_crash_is_the_functions_fault(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(SOURCE, exit=3)

    message = refused("UserLambdaValidationException", sign_up, pool=pool)

    assert message.startswith("PreSignUp failed with error ")


def test_an_import_error_is_the_functions_fault(emulator: Any, refused: Callable[..., str]) -> None:
    arn = emulator.function("broken", "import not_there\n")
    permit(emulator, "broken")
    pool = emulator.pool("broken", LambdaConfig={"PreSignUp": arn})

    message = refused("UserLambdaValidationException", sign_up, pool=pool)

    assert message.startswith("PreSignUp failed with error ")
    assert "not_there" in message


def test_a_function_that_runs_out_of_its_own_time_is_asked_once(
    emulator: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    short = trigger_function.make(emulator, "short", tmp_path)
    emulator.client("lambda").update_function_configuration(FunctionName="short", Timeout=1)
    short.answer(SOURCE, sleep=30)
    pool = emulator.pool("short", LambdaConfig={"PreSignUp": short.arn})

    message = refused("UserLambdaValidationException", sign_up, pool=pool)

    assert message == "PreSignUp failed with error Task timed out after 1.00 seconds."
    assert short.sources() == [SOURCE]


def test_a_function_that_may_not_be_called_is_denied(
    emulator: Any, refused: Callable[..., str]
) -> None:
    arn = emulator.function("closed", trigger_function.SOURCE)
    pool = emulator.pool("closed", LambdaConfig={"PreSignUp": arn})

    message = refused("UnexpectedLambdaException", sign_up, pool=pool)

    assert message == "PreSignUp invocation failed due to error AccessDeniedException."


def test_a_function_that_another_pool_may_call_is_denied(
    emulator: Any, refused: Callable[..., str]
) -> None:
    arn = emulator.function("theirs", trigger_function.SOURCE)
    other = emulator.pool("theirs")
    permit(emulator, "theirs", SourceArn=arn_of(other), SourceAccount="000000000000")
    pool = emulator.pool("ours", LambdaConfig={"PreSignUp": arn})

    refused("UnexpectedLambdaException", sign_up, pool=pool)


def test_a_function_that_is_gone_is_denied(
    emulator: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    gone = trigger_function.make(emulator, "gone", tmp_path)
    pool = emulator.pool("gone", LambdaConfig={"PreSignUp": gone.arn})
    sign_up(pool, "before@example.test")
    emulator.client("lambda").delete_function(FunctionName="gone")

    message = refused("UnexpectedLambdaException", sign_up, pool=pool)

    assert message == "PreSignUp invocation failed due to error AccessDeniedException."


def test_a_function_that_is_still_being_made_conflicts(
    emulator: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    """A version whose snapshot is taken: its module waits for the file that ends that."""
    ready = tmp_path / "ready"
    wait = f"import os, time\nwhile not os.path.exists({str(ready)!r}):\n    time.sleep(0.02)\n"
    emulator.function("unready", wait, SnapStart={"ApplyOn": "PublishedVersions"})
    permit(emulator, "unready")
    arn = emulator.client("lambda").publish_version(FunctionName="unready")["FunctionArn"]
    pool = emulator.pool("unready", LambdaConfig={"PreSignUp": arn})

    message = refused("UnexpectedLambdaException", sign_up, pool=pool)

    ready.touch()
    assert message == "PreSignUp invocation failed due to error ResourceConflictException."


def test_throttling_is_unexpected(
    emulator: Any, tmp_path: Path, refused: Callable[..., str]
) -> None:
    busy = trigger_function.make(emulator, "busy", tmp_path)
    emulator.client("lambda").put_function_concurrency(
        FunctionName="busy", ReservedConcurrentExecutions=0
    )
    pool = emulator.pool("busy", LambdaConfig={"PreSignUp": busy.arn})

    message = refused("UnexpectedLambdaException", sign_up, pool=pool)

    assert message == "PreSignUp invocation failed due to error TooManyRequestsException."


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"answer": None}, "Unrecognizable lambda output"),
        ({"part": ["request", "response"]}, "Unrecognizable lambda output"),
        ({"answer": "fine"}, "Invalid lambda function output : Invalid JSON"),
        (
            {"response": {"autoConfirmUser": "yes"}},
            "Invalid lambda function output : Invalid JSON",
        ),
    ],
    ids=["null", "a part", "a string", "a wrong type"],
)
def test_nonsense_is_invalid(
    pool: Any,
    triggers: TriggerFunction,
    refused: Callable[..., str],
    told: dict[str, Any],
    message: str,
) -> None:
    triggers.answer(SOURCE, **told)

    assert refused("InvalidLambdaResponseException", sign_up, pool=pool) == message


def test_a_slow_function_is_asked_three_times_and_finishes_each_time(
    start: Callable[..., Any],
    tmp_path: Path,
    refused: Callable[..., str],
    eventually: Callable[..., Any],
) -> None:
    emulator = start(attempt_seconds=0.4)
    slow = trigger_function.make(emulator, "slow", tmp_path / "slow")
    slow.answer(SOURCE, sleep=1)
    pool = emulator.pool("slow", LambdaConfig={"PreSignUp": slow.arn})

    message = refused("UnexpectedLambdaException", sign_up, pool=pool)

    assert message == (
        "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."
    )
    assert slow.sources() == [SOURCE] * 3
    refused("UserNotFoundException", pool.attributes, address="fails@example.test")
    assert eventually(lambda: slow.late() == 3)


def permit(emulator: Any, name: str, **more: str) -> None:
    emulator.client("lambda").add_permission(
        FunctionName=name,
        StatementId="pools",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        **more,
    )


def arn_of(pool: Any) -> str:
    arn: str = pool.admin.describe_user_pool(UserPoolId=pool.id)["UserPool"]["Arn"]
    return arn
