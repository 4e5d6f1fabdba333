"""The whole `triggers` function: every example event, the calls it makes, and what it imports."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fakes.trigger_place import ENVIRONMENT, Place
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.triggers.dispatch import Refusal

ROOT = Path(__file__).parents[3]
EXAMPLES = {
    path.stem.removeprefix("triggers-"): path
    for path in sorted((ROOT / "examples" / "events").glob("triggers-*.json"))
}
CLASSIC = {
    "PreSignUp": ("SignUp", "AdminCreateUser", "ExternalProvider"),
    "PostConfirmation": ("ConfirmSignUp", "ConfirmForgotPassword"),
    "PreAuthentication": ("Authentication",),
    "PostAuthentication": ("Authentication",),
    "TokenGeneration": (
        *("Authentication", "NewPasswordChallenge", "HostedAuth", "AuthenticateDevice"),
        *("RefreshTokens", "ClientCredentials"),
    ),
    "CustomMessage": (
        *("SignUp", "AdminCreateUser", "ResendCode", "ForgotPassword"),
        *("UpdateUserAttribute", "VerifyUserAttribute", "Authentication"),
    ),
    "DefineAuthChallenge": ("Authentication",),
    "CreateAuthChallenge": ("Authentication",),
    "VerifyAuthChallengeResponse": ("Authentication",),
    "UserMigration": ("Authentication", "ForgotPassword"),
}
SOURCES = {f"{trigger}_{one}" for trigger, occasions in CLASSIC.items() for one in occasions}
SENDERS = {
    "CustomEmailSender": (
        *("SignUp", "Authentication", "ForgotPassword", "ResendCode", "UpdateUserAttribute"),
        *("VerifyUserAttribute", "AdminCreateUser", "AccountTakeOverNotification"),
    ),
    "CustomSMSSender": (
        *("SignUp", "Authentication", "ForgotPassword", "ResendCode", "UpdateUserAttribute"),
        *("VerifyUserAttribute", "AdminCreateUser"),
    ),
}
# The sources' calls to anything outside, for somebody who has been here before.
ROUND_TRIPS = {
    "PreSignUp_SignUp": ["PutItem"],  # where it came from; without that: none
    "PreSignUp_ExternalProvider": ["BatchGetItem"],
    "PostConfirmation_ConfirmSignUp": ["BatchGetItem"],
    "PostConfirmation_ConfirmForgotPassword": ["TransactWriteItems"],
    "PreAuthentication_Authentication": ["GetItem"],
    "PostAuthentication_Authentication": ["TransactWriteItems"],
    "DefineAuthChallenge_Authentication": [],
    "CreateAuthChallenge_Authentication": ["GetItem", "PutItem", "SendEmail"],
    **{
        f"TokenGeneration_{occasion}": ["GetItem"]
        for occasion in CLASSIC["TokenGeneration"]
        if occasion != "ClientCredentials"
    },
}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place.wired(monkeypatch)


def example(source: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(EXAMPLES[source].read_text(encoding="utf-8"))
    return event


def test_there_is_an_example_of_every_source_and_of_what_is_passed_through() -> None:
    assert len(SOURCES) == 25
    passed = {f"{trigger}_{one}" for trigger, all_ in SENDERS.items() for one in all_}
    assert {source.partition("-")[0] for source in EXAMPLES} == {
        *SOURCES,
        *passed,
        "InboundFederation_ExternalProvider",
    }
    assert all(example(each)["triggerSource"] == each.partition("-")[0] for each in EXAMPLES)


def test_there_is_an_example_of_every_person_s_token_event_in_the_first_version() -> None:
    first = {
        example(each)["triggerSource"]
        for each in EXAMPLES
        if example(each)["version"] == "1" and "scopes" not in example(each)["request"]
    }

    occasions = {one for one in CLASSIC["TokenGeneration"] if one != "ClientCredentials"}
    assert first >= {f"TokenGeneration_{one}" for one in occasions}


@pytest.mark.parametrize("source", EXAMPLES)
def test_every_example_comes_back_whole(place: Place, source: str) -> None:
    event = example(source)
    before = copy.deepcopy(event)

    answered = place.answer(event)

    assert event == before
    assert answered.keys() == event.keys()
    assert {key: one for key, one in answered.items() if key != "response"} == {
        key: one for key, one in event.items() if key != "response"
    }
    assert answered["response"].keys() >= event["response"].keys()
    json.dumps(answered)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_survives_an_event_with_nothing_in_it(place: Place, source: str) -> None:
    for request in (None, {}, {"userAttributes": None, "session": None, "clientMetadata": None}):
        event = {"triggerSource": source, "request": request, "response": None}
        try:
            answered = place.answer(event)
        except Refusal:
            continue
        assert answered.keys() == event.keys()


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_no_fault_of_ours_shows_its_insides(place: Place, source: str) -> None:
    place.table.fail_next(KeyError("table vestibule-unit"), times=9)
    event = example(source)
    event["request"]["userAttributes"] = {
        **(event["request"].get("userAttributes") or {}),
        "custom:invite_code": "x" * 24,
    }

    said = ""
    try:
        place.answer(event)
    except Refusal as refused:
        said = str(refused)

    assert "vestibule-unit" not in said


@pytest.mark.parametrize(
    "source", [f"{trigger}_{one}" for trigger, all_ in SENDERS.items() for one in all_]
)
def test_a_sender_s_event_is_passed_through(place: Place, source: str) -> None:
    event = {**example("CustomEmailSender_SignUp"), "triggerSource": source}

    assert place.answer(event) == event
    assert place.calls == []


@pytest.mark.parametrize("response", [None, {}, {"userAttributesToMap": None}])
def test_a_provider_s_attributes_are_all_kept(place: Place, response: Any) -> None:
    event = {**example("InboundFederation_ExternalProvider"), "response": response}

    assert place.answer(event)["response"] == {"userAttributesToMap": {}}


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_warm_happy_path_is_one_round_trip(place: Place, source: str) -> None:
    place.answer(example("PostConfirmation_ConfirmSignUp"))
    place.calls.clear()
    event = example(source)
    event["userName"] = event.get("userName", "").replace("Google_109876543210987654321", "Other_1")
    if source == "PreSignUp_ExternalProvider":
        event["request"]["userAttributes"]["email"] = "somebody@else.example"

    place.answer(event)

    calls = place.calls
    assert len(calls) <= (3 if source == "CreateAuthChallenge_Authentication" else 1)
    if source in ROUND_TRIPS:
        assert calls == ROUND_TRIPS[source]


def test_a_first_confirmation_is_two_round_trips_and_a_new_process_reads_the_policy(
    place: Place,
) -> None:
    place.answer(example("PostConfirmation_ConfirmSignUp"))

    assert place.calls == ["GetParameter", "BatchGetItem", "TransactWriteItems"]


def test_sign_up_without_a_campaign_is_no_round_trip(place: Place) -> None:
    event = example("PreSignUp_SignUp")
    event["request"]["validationData"] = None
    place.answer(event)
    place.calls.clear()

    place.answer(event)

    assert place.calls == []


def suspicious() -> dict[str, Any]:
    event = example("PreSignUp_SignUp")
    event["request"]["userAttributes"] |= {"email": "jo@\r\nexample.test", "name": "Jo\u202eDoe"}
    return event


def refusal(place: Place, event: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as refused:
        place.answer(event)
    return str(refused.value)


def test_an_attack_is_written_down_after_the_refusal_in_one_round_trip(place: Place) -> None:
    place.answer(example("PreSignUp_SignUp"))
    place.calls.clear()

    refusal(place, suspicious())

    assert place.calls == ["TransactWriteItems"]
    kept = [item for item in place.table.all_items() if item["sk"] == "EVENT"]
    assert sorted(item["kind"] for item in kept) == [
        "multiple_failed_validations",
        "signup_blocked_suspicious",
    ]
    assert {item["source"] for item in kept} == {"PreSignUp_SignUp"}
    assert "jo@" not in json.dumps(kept)
    refusal(place, suspicious())
    assert place.calls == ["TransactWriteItems"]  # not as fast as somebody attacks


def test_what_is_no_attack_costs_no_round_trip(place: Place) -> None:
    event = example("PreSignUp_SignUp")
    place.answer(event)
    place.calls.clear()
    event["request"]["userAttributes"]["email"] = "nobody"

    refusal(place, event)

    assert place.calls == []


@pytest.mark.parametrize("failure", [AwsUnavailable, AwsRefused, KeyError("table vestibule-unit")])
def test_a_table_that_is_away_changes_no_refusal(
    place: Place, failure: type[AwsUnavailable]
) -> None:
    place.answer(example("PreSignUp_SignUp"))
    place.table.fail_next(failure)

    assert refusal(place, suspicious()) == ("That is not an e-mail address mail can be sent to")
    assert [item for item in place.table.all_items() if item["sk"] == "EVENT"] == []


IMPORTED = """
import sys
from vestibule.functions import triggers
triggers._triggers._loaders[sys.argv[1]]()
from vestibule.triggers import opening, belonging
print(*sys.modules)
"""


def imported(key: str) -> set[str]:
    """Load one handler in a new process, and give all that was imported."""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTED, key],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ended.stdout.split())


@pytest.mark.parametrize(
    ("name", "value"),
    [("MIGRATION_URL", "http://legacy.example.com"), ("MAIL_FROM", "nobody")],
)
def test_a_wrong_setting_is_told_at_the_start_whoever_needs_it(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-S", "-c", "from vestibule.functions import triggers"],
        env={"PYTHONPATH": str(ROOT / "src"), **ENVIRONMENT, name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert started.returncode == 1
    assert f"SettingsError: {name}: must be" in started.stderr


def test_a_confirmation_imports_nothing_that_another_trigger_needs() -> None:
    loaded = imported("PostConfirmation")

    unwanted = ("challenge", "codes", "federation", "messages", "migration", "sign_up", "tokens")
    assert not loaded & {f"vestibule.triggers.{name}" for name in unwanted}
    heavy = ("boto3", "botocore", "dataclasses", "email", "http", "inspect", "logging", "msgspec")
    assert not loaded & {*heavy, "typing", "unicodedata", "urllib", "uuid"}
    # Its settings are checked at the start; what they are for is imported by who mails.
    mail = {"vestibule.mail", "vestibule.mail.addresses", "vestibule.mail.settings"}
    assert {name for name in loaded if name.startswith("vestibule.mail")} <= mail
    assert "vestibule.triggers.directory" not in loaded
