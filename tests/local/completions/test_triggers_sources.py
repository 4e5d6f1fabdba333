from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes import trigger_function
from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local.completions.triggers.sources import (
    SOURCES,
    FiredBy,
    function_of,
    token_version,
    trigger_of,
    unfired,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSIC = 25
SENDERS = 15
INBOUND = 1
KINDS = {source.partition("_")[0] for source in SOURCES}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_every_source_that_cognito_has_is_in_the_table() -> None:
    senders = [source for source in SOURCES if source.startswith("Custom") and "Sender" in source]

    assert len(senders) == SENDERS
    assert len(SOURCES) == CLASSIC + SENDERS + INBOUND


def test_the_emulator_fires_what_the_table_says_and_nothing_else() -> None:
    """By its text: another version may fire more, and then somebody would be fired twice."""
    internals.check_version()
    package = importlib.util.find_spec("ministack")
    assert package is not None
    assert package.origin is not None
    module = Path(package.origin).with_name("services") / "cognito.py"
    text = module.read_text(encoding="utf-8")

    named = set(re.findall(rf"\b(?:{'|'.join(KINDS)})_[A-Z][A-Za-z]+", text))

    assert named == {source for source, who in SOURCES.items() if who is FiredBy.EMULATOR}


def test_what_our_function_is_configured_for_is_fired() -> None:
    assert unfired(trigger_function.configuration(ARN)) == []
    assert unfired({"PreTokenGeneration": ARN, "InboundFederation": {"LambdaArn": ARN}}) == []
    assert unfired(None) == []


def test_what_nobody_would_fire_is_named() -> None:
    configured = {
        "PreSignUp": ARN,
        "CustomEmailSender": {"LambdaArn": ARN, "LambdaVersion": "V1_0"},
        "CustomSMSSender": {},
        "KMSKeyID": "arn:aws:kms:us-east-1:000000000000:key/k",
        "SomethingNew": ARN,
    }

    assert unfired(configured) == ["CustomEmailSender", "SomethingNew"]


def test_errors_and_configuration_name_the_trigger_not_the_source() -> None:
    assert trigger_of("TokenGeneration_HostedAuth") == "PreTokenGeneration"
    assert trigger_of("PostConfirmation_ConfirmForgotPassword") == "PostConfirmation"


def test_the_version_of_token_events_is_configured_beside_the_function() -> None:
    chosen = {"PreTokenGenerationConfig": {"LambdaArn": ARN, "LambdaVersion": "V3_0"}}

    assert function_of(chosen, "TokenGeneration_RefreshTokens") == ARN
    assert token_version(chosen) == "V3_0"
    assert function_of({"PreTokenGeneration": ARN}, "TokenGeneration_RefreshTokens") == ARN
    assert token_version({"PreTokenGeneration": ARN}) == "V1_0"
    assert function_of({}, "PreSignUp_SignUp") is None


def test_a_pool_with_a_trigger_that_nobody_would_fire_is_not_made(
    emulator: Any, refused: Callable[..., str]
) -> None:
    cognito = emulator.client("cognito-idp")
    sender = {"CustomEmailSender": {"LambdaArn": ARN, "LambdaVersion": "V1_0"}}

    message = refused(
        "InvalidParameterException",
        cognito.create_user_pool,
        PoolName="silent",
        LambdaConfig={**sender, "KMSKeyID": "arn:aws:kms:us-east-1:000000000000:key/k"},
    )

    assert "CustomEmailSender" in message
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    assert "silent" not in [pool["Name"] for pool in pools]


def test_a_pool_is_not_changed_to_a_trigger_that_nobody_would_fire(
    emulator: Any, refused: Callable[..., str]
) -> None:
    pool = emulator.pool("loud")

    refused(
        "InvalidParameterException",
        pool.admin.update_user_pool,
        UserPoolId=pool.id,
        LambdaConfig={"CustomSMSSender": {"LambdaArn": ARN, "LambdaVersion": "V1_0"}},
    )

    described = pool.admin.describe_user_pool(UserPoolId=pool.id)["UserPool"]
    assert not described.get("LambdaConfig")
