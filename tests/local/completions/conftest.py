"""Pools with every trigger on one function that records and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fakes import trigger_function

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT = {
    "ExplicitAuthFlows": [
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ],
    "PreventUserExistenceErrors": "ENABLED",
}


@pytest.fixture(scope="module")
def function(
    emulator: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> trigger_function.TriggerFunction:
    folder = tmp_path_factory.mktemp("triggers")
    return trigger_function.make(emulator, request.module.__name__.rpartition(".")[2], folder)


@pytest.fixture(scope="module")
def pool_with_triggers(
    emulator: Any, function: trigger_function.TriggerFunction
) -> Callable[..., Any]:
    def make(name: str, *, version: str = "V2_0", **settings: Any) -> Any:
        client = {**CLIENT, **settings.pop("client", {})}
        configuration = trigger_function.configuration(function.arn, version)
        return emulator.pool(
            name,
            client=client,
            **{
                "LambdaConfig": configuration,
                "EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"},
                **settings,
            },
        )

    return make


@pytest.fixture
def triggers(function: trigger_function.TriggerFunction) -> trigger_function.TriggerFunction:
    """The function, agreeing with everything and having been asked nothing."""
    function.agree()
    return function


@pytest.fixture
def refused() -> Callable[..., str]:
    """The message of an error that a call must end in."""

    def expect(code: str, call: Callable[..., Any], **arguments: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(**arguments)
        found = error.value.response["Error"]
        assert found["Code"] == code, found
        return str(found["Message"])

    return expect
