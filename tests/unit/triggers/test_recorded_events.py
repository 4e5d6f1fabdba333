"""Events as others record and print them come back whole, and others read ours."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.data_classes import cognito_user_pool_event as classes
from aws_lambda_powertools.utilities.parser import models

from fakes.trigger_place import Place
from vestibule.triggers.events import Event

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parents[3]
RECORDED = {path.stem: path for path in sorted((ROOT / "tests/fixtures/events").glob("*.json"))}
OURS = {
    path.stem.removeprefix("triggers-"): path
    for path in sorted((ROOT / "examples/events").glob("triggers-*.json"))
    if "InboundFederation" not in path.stem  # which Powertools does not know
}
CLASSES: dict[str, Any] = {
    "PreSignUp": classes.PreSignUpTriggerEvent,
    "PostConfirmation": classes.PostConfirmationTriggerEvent,
    "PreAuthentication": classes.PreAuthenticationTriggerEvent,
    "PostAuthentication": classes.PostAuthenticationTriggerEvent,
    "CustomMessage": classes.CustomMessageTriggerEvent,
    "DefineAuthChallenge": classes.DefineAuthChallengeTriggerEvent,
    "CreateAuthChallenge": classes.CreateAuthChallengeTriggerEvent,
    "VerifyAuthChallengeResponse": classes.VerifyAuthChallengeResponseTriggerEvent,
    "UserMigration": classes.UserMigrationTriggerEvent,
    "CustomEmailSender": classes.CustomEmailSenderTriggerEvent,
    "CustomSMSSender": classes.CustomSMSSenderTriggerEvent,
}
MODELS: dict[str, type[BaseModel]] = {
    "PreSignUp_SignUp": models.CognitoPreSignupTriggerModel,
    "PostConfirmation_ConfirmSignUp": models.CognitoPostConfirmationTriggerModel,
    "PreAuthentication_Authentication": models.CognitoPreAuthenticationTriggerModel,
    "PostAuthentication_Authentication": models.CognitoPostAuthenticationTriggerModel,
    "TokenGeneration_Authentication-V1_0": models.CognitoPreTokenGenerationTriggerModelV1,
    "UserMigration_Authentication": models.CognitoMigrateUserTriggerModel,
    "CustomMessage_SignUp": models.CognitoCustomMessageTriggerModel,
    "CustomMessage_AdminCreateUser": models.CognitoCustomMessageTriggerModel,
    "CustomEmailSender_SignUp": models.CognitoCustomEmailSenderTriggerModel,
    "CustomSMSSender_SignUp": models.CognitoCustomSMSSenderTriggerModel,
    "DefineAuthChallenge_Authentication": models.CognitoDefineAuthChallengeTriggerModel,
    "CreateAuthChallenge_Authentication": models.CognitoCreateAuthChallengeTriggerModel,
}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place.wired(monkeypatch)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_event_comes_back_whole(place: Place, name: str) -> None:
    event = read(RECORDED[name])
    before = copy.deepcopy(event)
    assert Event.parse(event).source == event["triggerSource"]

    answered = place.answer(copy.deepcopy(event))

    told = set(event) | ({"response"} if "response" in answered else set())
    assert set(answered) == told
    assert {key: one for key, one in answered.items() if key != "response"} == {
        key: one for key, one in event.items() if key != "response"
    }
    assert set(answered.get("response") or {}) >= set(before.get("response") or {})
    json.dumps(answered)


@pytest.mark.parametrize("name", OURS)
def test_our_events_are_read_by_the_data_classes_of_powertools(name: str) -> None:
    event = read(OURS[name])
    trigger = event["triggerSource"].partition("_")[0]
    known: Any = classes.PreTokenGenerationTriggerEvent
    if trigger == "TokenGeneration" and "scopes" in event["request"]:
        known = classes.PreTokenGenerationV2TriggerEvent
    found = CLASSES.get(trigger, known)(event)

    assert (found.trigger_source, found.region, found.user_pool_id) == (
        event["triggerSource"],
        event["region"],
        event["userPoolId"],
    )
    assert found.caller_context.client_id == event["callerContext"]["clientId"]
    assert found.caller_context.aws_sdk_version == event["callerContext"]["awsSdkVersion"]
    if event["request"].get("userAttributes"):
        assert found.request.user_attributes == event["request"]["userAttributes"]
    if trigger == "UserMigration":
        assert found.user_name == event["userName"]


@pytest.mark.parametrize("source", MODELS)
def test_our_events_are_valid_by_the_models_of_powertools(source: str) -> None:
    event = read(OURS[source])

    parsed = MODELS[source].model_validate(event)

    told = parsed.model_dump(exclude_unset=True)
    assert told["request"] == {key: event["request"][key] for key in told["request"]}
    assert told["userPoolId"] == event["userPoolId"]
