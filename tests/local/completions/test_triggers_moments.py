"""What no running emulator shows on demand: people who vanish, tables that must agree."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.local.completions.triggers import context
from vestibule_cli.local.completions.triggers.calls import Triggers
from vestibule_cli.local.completions.triggers.context import METADATA_REACHES, Call, answering
from vestibule_cli.local.completions.triggers.failures import TriggerFailed
from vestibule_cli.local.completions.triggers.firing import Firing, Outcome
from vestibule_cli.local.completions.triggers.messages import SOURCE_OF_ACTION
from vestibule_cli.local.completions.triggers.moments import Issue
from vestibule_cli.local.completions.triggers.sources import SOURCES, trigger_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
TRIGGERS = ("PostConfirmation", "PreTokenGeneration", "CustomMessage", "DefineAuthChallenge")
POOL: dict[str, Any] = {
    "Id": "us-east-1_Abc",
    "Arn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Abc",
    "LambdaConfig": dict.fromkeys(TRIGGERS, ARN),
}


class Nobody:
    """A pool whose people have just gone."""

    def pool(self, _pool_id: str) -> dict[str, Any]:
        return POOL

    def find(self, _pool: Any, _username: str) -> None:
        return None

    def attributes(self, _user: Any) -> dict[str, str]:
        raise AssertionError("there is nobody to read")

    def is_stand_in(self, _user: Any) -> bool:
        return False

    def session(self, _token: object) -> None:
        return None

    def add(self, *_: Any) -> dict[str, Any]:
        raise AssertionError("nobody is to be made")

    def planned_name(self, _pool: Any, username: str) -> str:
        return username

    @contextmanager
    def stand_in(self, _username: str) -> Iterator[None]:
        yield


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def may_be_called(self, _arn: str, _pool_arn: str) -> bool:
        return True

    def call(self, _arn: str, event: dict[str, Any]) -> Outcome:
        self.calls += 1
        return Outcome(event)


@pytest.fixture
def functions() -> Counted:
    return Counted()


@pytest.fixture
def triggers(functions: Counted) -> Triggers:
    return Triggers(Nobody(), Firing(functions))


def test_nothing_is_fired_about_somebody_who_cannot_be_read(
    triggers: Triggers, functions: Counted
) -> None:
    issue = Issue("TokenGeneration_Authentication", POOL["Id"], "c1", "gone", (), None)
    moments = [
        lambda: triggers.confirmed("PostConfirmation_ConfirmSignUp", POOL, "gone"),
        lambda: triggers.claims(issue, {"token_use": "id"}),
        lambda: triggers.challenge("DefineAuthChallenge", POOL["Id"], "c1", "gone", {}),
        lambda: triggers.code_message(POOL, "gone", {"email": "gone@example.test"}),
    ]
    with answering(Call("SignUp", "c1")):
        for moment in moments:
            with pytest.raises(TriggerFailed, match="gone could not be read") as failed:
                moment()
            assert (failed.value.code, failed.value.status) == ("InternalErrorException", 500)

    assert functions.calls == 0


def test_a_confirmation_whose_person_vanished_fails_the_call(
    triggers: Triggers, functions: Counted
) -> None:
    data = {"ClientId": "c1", "Username": "gone"}

    with pytest.raises(TriggerFailed, match="could not be read"):
        triggers.run("ConfirmSignUp", POOL, data, "c1", lambda _: (200, {}, b"{}"))

    assert functions.calls == 0


@pytest.mark.parametrize("action", sorted(METADATA_REACHES))
def test_metadata_reaches_the_triggers_it_is_for_and_no_other(action: str) -> None:
    call = Call(action, "c1", {"ClientMetadata": {"k": "v"}})

    reached = {
        trigger_of(source) for source in SOURCES if {"k": "v"} in call.metadata(source).values()
    }

    assert reached == set(METADATA_REACHES[action])


def test_metadata_of_a_refresh_reaches_nobody() -> None:
    for action in ("GetTokensFromRefreshToken", "Token", "Login"):
        call = Call(action, "c1", {"ClientMetadata": {"k": "v"}})

        assert {"k": "v"} not in [v for s in SOURCES for v in call.metadata(s).values()]


def test_every_mail_with_a_code_has_a_source_that_exists() -> None:
    assert set(SOURCE_OF_ACTION.values()) <= SOURCES.keys()
    assert SOURCE_OF_ACTION.keys() <= METADATA_REACHES.keys()


def test_a_call_is_known_inside_itself_only() -> None:
    with answering(Call("SignUp")):
        assert context.current().action == "SignUp"

    assert context.current().action == ""
