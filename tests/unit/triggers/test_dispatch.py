"""Whatever a handler does, Cognito gets the whole event back, or words a stranger may read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import raw
from vestibule.platform.budget import WHOLE, Budget
from vestibule.triggers.dispatch import APOLOGY, Refusal, Triggers
from vestibule.triggers.line import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.triggers.events import Event

Capture = pytest.CaptureFixture[str]


def triggers(handler: Callable[[Event], Any], key: str = "PreSignUp") -> Triggers:
    return Triggers({key: lambda: handler}, Budget())


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_answer_goes_into_the_response_and_all_else_stays() -> None:
    event = raw("PreSignUp_SignUp", response={"autoConfirmUser": False, "autoVerifyEmail": False})
    before = json.dumps(event)

    answered = triggers(lambda _: {"autoConfirmUser": True})(event, None)

    assert answered == {
        **event,
        "response": {"autoConfirmUser": True, "autoVerifyEmail": False},
    }
    assert json.dumps(event) == before


@pytest.mark.parametrize("response", [None, "missing", {}])
def test_an_answer_has_its_place_even_where_the_event_brings_none(response: object) -> None:
    event = raw("PreSignUp_SignUp")
    event["response"] = response
    if response == "missing":
        del event["response"]

    answered = triggers(lambda _: {"a": 1})(event, None)

    assert answered == {**event, "response": {"a": 1}}


def test_a_handler_without_an_answer_leaves_the_event_as_it_came() -> None:
    event = raw("PreSignUp_SignUp", response={"autoConfirmUser": False})

    assert triggers(lambda _: None)(event, None) == event


def test_a_source_has_its_own_handler_before_its_trigger_s() -> None:
    both = Triggers(
        {
            "PreSignUp": lambda: lambda _: {"by": "trigger"},
            "PreSignUp_SignUp": lambda: lambda _: {"by": "source"},
        },
        Budget(),
    )

    answers = [
        both(raw(f"PreSignUp_{occasion}"), None) for occasion in ("SignUp", "AdminCreateUser")
    ]

    assert [one["response"]["by"] for one in answers] == ["source", "trigger"]  # type: ignore[index]


def test_a_handler_is_loaded_at_its_first_event_and_once() -> None:
    loaded: list[str] = []

    def load() -> Callable[[Event], None]:
        loaded.append("PreSignUp")
        return lambda _: None

    made = Triggers({"PreSignUp": load}, Budget())
    assert loaded == []
    for _ in range(3):
        made(raw("PreSignUp_SignUp"), None)

    assert loaded == ["PreSignUp"]


@pytest.mark.parametrize("source", ["Brand_New", "PreSignUpish_SignUp", ""])
def test_an_unknown_source_goes_back_as_it_came_with_one_line(source: str, capsys: Capture) -> None:
    event = raw(source)

    assert triggers(lambda _: {"a": 1})(event, None) == event
    told = [line for line in lines(capsys) if "_aws" not in line]
    assert [(line["source"], line["outcome"]) for line in told] == [(source, "unknown")]


@pytest.mark.parametrize("other", [None, [], {"Records": []}, "text"])
def test_what_is_no_event_goes_back_as_it_came(other: object) -> None:
    assert triggers(lambda _: {"a": 1})(other, None) == other


def test_a_refusal_says_its_words_and_leaves_the_full_stop_to_cognito() -> None:
    def refuse(_: Event) -> None:
        raise Refusal("Not today.")

    with pytest.raises(Refusal) as refused:
        triggers(refuse)(raw("PreSignUp_SignUp"), None)

    assert str(refused.value) == "Not today"


def broken(_: Event) -> None:
    raise KeyError("secret-internals")


@pytest.mark.parametrize("trigger", ["PreSignUp", "PreAuthentication", "TokenGeneration"])
def test_a_fault_where_something_is_decided_stops_it_in_our_words(trigger: str) -> None:
    with pytest.raises(Refusal) as refused:
        triggers(broken, trigger)(raw(f"{trigger}_X"), None)

    assert str(refused.value) == APOLOGY
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("trigger", ["PostConfirmation", "PostAuthentication", "CustomMessage"])
def test_a_fault_where_it_is_too_late_costs_the_person_nothing(trigger: str) -> None:
    event = raw(f"{trigger}_X")

    assert triggers(broken, trigger)(event, None) == event


def test_each_event_is_one_line_and_one_count(capsys: Capture) -> None:
    def handle(_: Event) -> None:
        note(role="user")

    event = raw("PreSignUp_SignUp", attributes={"email": "jo@example.test"})
    made = triggers(handle)
    made(event, None)
    made(raw("PreSignUp_Other"), None)

    line, metric, other, _ = lines(capsys)
    assert (line["message"], line["source"], line["outcome"]) == (
        "trigger",
        "PreSignUp_SignUp",
        "answered",
    )
    assert (line["userId"], line["role"]) == (event["userName"], "user")
    assert "jo@example.test" not in json.dumps(line)
    assert other["role"] == "user"
    assert metric["Source"] == "PreSignUp_SignUp"
    assert (metric["CognitoTriggerInvocations"], metric["CognitoTriggerSuccess"]) == (1, 1)
    assert metric["CognitoTriggerDuration"] >= 0


def test_what_one_event_noted_is_not_in_the_next_one_s_line(capsys: Capture) -> None:
    facts = iter([{"role": "admin"}, {}])
    made = triggers(lambda _: note(**next(facts)))
    for _ in range(2):
        made(raw("PreSignUp_SignUp"), None)

    first, _, second, _ = lines(capsys)
    assert first["role"] == "admin"
    assert "role" not in second


@pytest.mark.parametrize(
    ("failure", "succeeded"), [(Refusal("No"), 1), (KeyError("x"), 0)], ids=["refusal", "fault"]
)
def test_only_a_fault_of_ours_counts_as_no_success(
    failure: Exception, succeeded: int, capsys: Capture
) -> None:
    def fail(_: Event) -> None:
        raise failure

    with pytest.raises(Refusal):
        triggers(fail)(raw("PreSignUp_SignUp"), None)

    counts = [line["CognitoTriggerSuccess"] for line in lines(capsys) if "_aws" in line]
    assert counts == [succeeded]


def test_a_typed_user_name_is_not_written_down(capsys: Capture) -> None:
    event = raw("UserMigration_Authentication", userName="jo@example.test")
    del event["request"]["userAttributes"]

    triggers(lambda _: None, "UserMigration")(event, None)

    assert "jo@example.test" not in capsys.readouterr().out


def test_each_event_begins_with_the_whole_budget() -> None:
    moments = iter([0.0, 100.0, 100.5, *[101.0] * 9])
    budget = Budget(lambda: next(moments))
    left: list[float] = []

    Triggers({"PreSignUp": lambda: lambda _: left.append(budget.left())}, budget)(
        raw("PreSignUp_SignUp"), None
    )

    assert left == [pytest.approx(WHOLE - 0.5)]
