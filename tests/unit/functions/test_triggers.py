"""The whole `triggers` function: every example event, the calls it makes, and what it imports."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.table import FakeTable
from vestibule.functions.trigger_wiring import Wiring
from vestibule.mail.sender import SesSender
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.budget import BudgetedClient
from vestibule.platform.settings import Settings
from vestibule.triggers.dispatch import Refusal, Triggers
from vestibule.triggers.settings import TriggerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule.platform.operations import Item, Operation, Page
    from vestibule.platform.table import Table

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
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "ENVIRONMENT": "unit",
    "MAIL_FROM": "vestibule@vestibule.example",
    "MAIL_SENDER": "ses",
    "POLICY_PARAMETER": "/vestibule/unit/policy",
    "RETRY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/vestibule-unit-retry",
    "TABLE_NAME": "vestibule-unit",
    "USER_POOL_ID": "us-east-1_aBcDeFgHi",
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
    "CreateAuthChallenge_Authentication": ["GetItem", "UpdateItem", "SendEmail"],
    **{
        f"TokenGeneration_{occasion}": ["GetItem"]
        for occasion in CLASSIC["TokenGeneration"]
        if occasion != "ClientCredentials"
    },
}


class WiredTable(FakeTable):
    """A table in memory that asks through the function's own client as well, to be counted there.

    What the client answers is passed over.
    """

    def __init__(self, wired: Table) -> None:
        super().__init__()
        self._wired = wired

    def get(self, pk: str, sk: str, **how: Any) -> Item | None:
        self._wired.get(pk, sk, **how)
        return super().get(pk, sk, **how)

    def get_many(self, keys: Sequence[tuple[str, str]], **how: Any) -> dict[tuple[str, str], Item]:
        self._wired.get_many(keys, **how)
        return super().get_many(keys, **how)

    def query(self, pk: str, **how: Any) -> Page:
        self._wired.query(pk, **how)
        return super().query(pk, **how)

    def put(self, item: Item, **how: Any) -> None:
        self._wired.put(item, **how)
        super().put(item, **how)

    def update(self, pk: str, sk: str, **how: Any) -> Item:
        self._wired.update(pk, sk, **how)
        return super().update(pk, sk, **how)

    def delete(self, pk: str, sk: str, **how: Any) -> None:
        self._wired.delete(pk, sk, **how)
        super().delete(pk, sk, **how)

    def transact(self, *operations: Operation) -> None:
        self._wired.transact(*operations)
        super().transact(*operations)


class Place:
    """The function as it is wired, with a table in memory and nobody else to call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        """What left the function, by whichever client."""
        self.wiring = Wiring(
            Settings.from_environment(ENVIRONMENT), TriggerSettings.from_environment(ENVIRONMENT)
        )
        self.wiring.table = self.table = WiredTable(self.wiring.table)
        self.triggers = Triggers(self.wiring.loaders(), self.wiring.budget)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        answered = self.triggers(event, None)
        assert isinstance(answered, dict)
        return answered


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = Place()

    def call(client: BudgetedClient, operation: str, *_: object, **__: object) -> Any:
        made.calls.append(operation)
        if client.service == "dynamodb":
            return {"Responses": {}, "Attributes": {}, "Items": []}
        if client.service == "ssm":
            raise AwsRefused(client.service, operation, code="ParameterNotFound")
        raise AwsUnavailable(client.service, operation)

    def mail(*_: object) -> None:
        made.calls.append("SendEmail")

    monkeypatch.setattr(BudgetedClient, "call", call)
    monkeypatch.setattr(SesSender, "send", mail)
    return made


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
