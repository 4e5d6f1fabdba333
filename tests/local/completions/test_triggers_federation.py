"""Sign-in by another provider, whose unsigned answer the emulator takes from anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.federation import OAUTH, come_back, set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

INBOUND, EXTERNAL = "InboundFederation_ExternalProvider", "PreSignUp_ExternalProvider"
CONFIRMED = "PostConfirmation_ConfirmSignUp"
BEFORE, AFTER = "PreAuthentication_Authentication", "PostAuthentication_Authentication"


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any], function: TriggerFunction) -> Any:
    pool = pool_with_triggers("federation", client=OAUTH)
    set_up(pool, function.arn)
    return pool


def test_the_first_visit_signs_up_and_confirms_without_sign_in_triggers(
    pool: Any, triggers: TriggerFunction
) -> None:
    answer = come_back(pool, "ann@corp.test")

    assert "code" in answer
    inbound, external, confirmed = triggers.events()
    assert [e["triggerSource"] for e in (inbound, external, confirmed)] == [
        INBOUND,
        EXTERNAL,
        CONFIRMED,
    ]
    assert inbound["request"] == {
        "providerName": "Corp",
        "providerType": "SAML",
        "attributes": {"samlResponse": {"email": "ann@corp.test"}},
    }
    assert external["request"]["userAttributes"] == {"email": "ann@corp.test"}
    person = confirmed["request"]["userAttributes"]
    assert person["cognito:user_status"] == "EXTERNAL_PROVIDER"
    assert person["identities"].startswith("[{")
    assert confirmed["userName"] == external["userName"] == "Corp_ann@corp.test"


def test_a_later_visit_meets_the_sign_in_triggers(pool: Any, triggers: TriggerFunction) -> None:
    come_back(pool, "again@corp.test")
    triggers.events()

    come_back(pool, "again@corp.test")

    assert triggers.sources() == [INBOUND, BEFORE, AFTER]


@pytest.mark.parametrize(
    ("source", "trigger"),
    [
        (INBOUND, "InboundFederation"),
        (EXTERNAL, "PreSignUp"),
        (CONFIRMED, "PostConfirmation"),
    ],
)
def test_a_refusal_goes_back_to_the_application_without_a_code(
    pool: Any, triggers: TriggerFunction, source: str, trigger: str
) -> None:
    triggers.answer(source, refuse="Not from there")

    answer = come_back(pool, f"{trigger}@corp.test".lower())

    assert answer == {
        "error_description": [f"{trigger} failed with error Not from there."],
        "error": ["invalid_request"],
        "state": ["kept"],
    }


def test_a_refused_later_visit_gets_no_code(pool: Any, triggers: TriggerFunction) -> None:
    come_back(pool, "later@corp.test")
    triggers.answer(AFTER, refuse="Not now")

    answer = come_back(pool, "later@corp.test")

    assert "code" not in answer


def test_inbound_federation_decides_which_attributes_come_in(
    pool: Any, triggers: TriggerFunction
) -> None:
    mapped = {"email": "mapped@corp.test", "name": "Mapped"}
    triggers.answer(INBOUND, response={"userAttributesToMap": mapped})

    come_back(pool, "unmapped@corp.test")

    held = pool.attributes("Corp_unmapped@corp.test")
    assert (held["email"], held["name"]) == ("mapped@corp.test", "Mapped")


def test_another_providers_person_does_not_stand_in_the_way_of_an_address(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.join("shared@corp.test")
    sub = pool.attributes("shared@corp.test")["sub"]

    come_back(pool, "shared@corp.test")

    triggers.events()
    pool.sign_in("shared@corp.test")
    assert {event["userName"] for event in triggers.events()} == {sub}
    assert pool.attributes("shared@corp.test")["sub"] == sub
    assert pool.attributes("corp_SHARED@corp.test")["identities"]


@pytest.mark.usefixtures("triggers")
def test_no_password_opens_what_another_provider_vouches_for(
    pool: Any, refused: Callable[..., str]
) -> None:
    come_back(pool, "vouched@corp.test")

    refused("NotAuthorizedException", pool.sign_in, address="Corp_vouched@corp.test")
