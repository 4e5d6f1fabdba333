"""Passwords, SRP, first passwords and refreshing, as the trigger function sees them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from pycognito.aws_srp import AWSSRP

from fakes.authenticator import one_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
BEFORE = "PreAuthentication_Authentication"
AFTER = "PostAuthentication_Authentication"
TOKENS = "TokenGeneration_Authentication"


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    pool = pool_with_triggers("sign-ins")
    pool.join("ann@example.test")
    return pool


@pytest.fixture(scope="module")
def telling(pool_with_triggers: Callable[..., Any]) -> Any:
    """A pool whose client says who does not exist."""
    return pool_with_triggers("telling", client={"PreventUserExistenceErrors": "LEGACY"})


def sign_in(
    pool: Any, address: str = "ann@example.test", password: str = PASSWORD, **more: Any
) -> Any:
    return pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": address, "PASSWORD": password},
        **more,
    )


def by_srp(pool: Any, address: str, password: str = PASSWORD, **more: Any) -> Any:
    client = AWSSRP(
        username=address,
        password=password,
        pool_id=pool.id,
        client_id=pool.client_id,
        client=pool.person,
    )
    return client.authenticate_user(**more)


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def test_a_password_is_looked_at_after_pre_authentication_and_tokens_come_last(
    pool: Any, triggers: TriggerFunction
) -> None:
    sign_in(pool, "ANN@example.test", ClientMetadata={"device": "lamp"})

    before, after, tokens = triggers.events()
    assert [event["triggerSource"] for event in (before, after, tokens)] == [BEFORE, AFTER, TOKENS]
    held = pool.attributes("ann@example.test")
    person = {**held, "cognito:user_status": "CONFIRMED"}
    assert before["request"] == {
        "userAttributes": person,
        "validationData": {"device": "lamp"},
        "userNotFound": False,
    }
    assert after["request"] == {"userAttributes": person, "newDeviceUsed": False}
    assert before["userName"] == after["userName"] == tokens["userName"] == held["sub"]


def test_token_generation_is_asked_once_for_both_tokens(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.admin.create_group(UserPoolId=pool.id, GroupName="held")
    pool.admin.admin_add_user_to_group(
        UserPoolId=pool.id, Username="ann@example.test", GroupName="held"
    )
    answered = {
        "groupOverrideDetails": {"groupsToOverride": ["manager"]},
        "accessTokenGeneration": {"claimsToAddOrOverride": {"role": "manager", "sub": "other"}},
        "idTokenGeneration": {"claimsToAddOrOverride": {"plan": "gold"}},
    }
    triggers.answer(TOKENS, response={"claimsAndScopeOverrideDetails": answered})

    found = sign_in(pool)["AuthenticationResult"]

    asked = [event for event in triggers.events() if event["triggerSource"] == TOKENS]
    assert len(asked) == 1
    assert asked[0]["version"] == "2"
    assert asked[0]["request"]["groupConfiguration"]["groupsToOverride"] == ["held"]
    assert asked[0]["request"]["scopes"] == ["aws.cognito.signin.user.admin"]
    assert asked[0]["response"] == {"claimsAndScopeOverrideDetails": None}
    access, identity = claims(found["AccessToken"]), claims(found["IdToken"])
    assert access["cognito:groups"] == identity["cognito:groups"] == ["manager"]
    assert (access["role"], identity["plan"]) == ("manager", "gold")
    assert access["sub"] == identity["sub"] == pool.attributes("ann@example.test")["sub"]
    pool.admin.delete_group(UserPoolId=pool.id, GroupName="held")


def test_version_one_is_asked_once_and_reaches_the_access_token_by_groups(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction
) -> None:
    first = pool_with_triggers("version-one", version="V1_0")
    first.join("v1@example.test")
    triggers.events()
    answered = {
        "claimsToAddOrOverride": {"plan": "gold"},
        "groupOverrideDetails": {"groupsToOverride": ["manager"]},
    }
    triggers.answer(TOKENS, response={"claimsOverrideDetails": answered})

    found = sign_in(first, "v1@example.test")["AuthenticationResult"]

    [asked] = [event for event in triggers.events() if event["triggerSource"] == TOKENS]
    assert (asked["version"], "scopes" in asked["request"]) == ("1", False)
    access, identity = claims(found["AccessToken"]), claims(found["IdToken"])
    assert access["cognito:groups"] == identity["cognito:groups"] == ["manager"]
    assert (access.get("plan"), identity["plan"]) == (None, "gold")


def test_a_wrong_password_meets_pre_authentication_and_nothing_after(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    message = refused("NotAuthorizedException", sign_in, pool=pool, password="Wrong-one-123")

    assert message == "Incorrect username or password."
    assert triggers.sources() == [BEFORE]


@pytest.mark.parametrize("password", [PASSWORD, "Wrong-one-123"], ids=["right", "wrong"])
def test_a_refusal_before_the_password_is_the_same_for_any_password(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str], password: str
) -> None:
    triggers.answer(BEFORE, refuse="Incorrect username or password")

    message = refused("UserLambdaValidationException", sign_in, pool=pool, password=password)

    assert message == "PreAuthentication failed with error Incorrect username or password."
    assert triggers.sources() == [BEFORE]


def test_somebody_unknown_meets_the_same_trigger_where_existence_is_hidden(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    message = refused("NotAuthorizedException", sign_in, pool=pool, address="who@example.test")

    assert message == "Incorrect username or password."
    asked = triggers.events()[-1]
    assert asked["triggerSource"] == BEFORE
    assert asked["userName"] == "who@example.test"
    assert asked["request"]["userNotFound"] is True
    assert asked["request"]["userAttributes"] == {}


def test_somebody_unknown_meets_no_trigger_where_existence_is_told(
    telling: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refused("UserNotFoundException", sign_in, pool=telling, address="who@example.test")

    assert BEFORE not in triggers.sources()


def test_where_existence_is_told_nobody_is_said_to_be_unknown(
    telling: Any, triggers: TriggerFunction
) -> None:
    telling.join("known@example.test")

    asked = [event for event in triggers.events() if event["triggerSource"] == BEFORE]

    assert "userNotFound" not in asked[0]["request"]


def test_a_failing_post_authentication_withholds_the_tokens(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(AFTER, refuse="Not now")

    message = refused("UserLambdaValidationException", sign_in, pool=pool)

    assert message == "PostAuthentication failed with error Not now."
    assert triggers.sources() == [BEFORE, AFTER]


def test_a_failing_token_generation_refuses_the_sign_in_in_its_words(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    triggers.answer(TOKENS, refuse="You are suspended")

    message = refused("UserLambdaValidationException", sign_in, pool=pool)

    assert message == "PreTokenGeneration failed with error You are suspended."


def test_srp_meets_pre_authentication_at_once_and_the_rest_with_its_proof(
    pool: Any, triggers: TriggerFunction
) -> None:
    by_srp(pool, "ann@example.test", client_metadata={"device": "lamp"})

    before, after, tokens = triggers.events()
    assert [event["triggerSource"] for event in (before, after, tokens)] == [BEFORE, AFTER, TOKENS]
    assert after["request"]["clientMetadata"] == {"device": "lamp"}
    assert tokens["request"]["clientMetadata"] == {"device": "lamp"}


def test_srp_with_a_wrong_password_meets_pre_authentication_only(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refused(
        "NotAuthorizedException",
        by_srp,
        pool=pool,
        address="ann@example.test",
        password="Wrong-one-123",
    )

    assert triggers.sources() == [BEFORE]


def test_srp_of_somebody_unknown_meets_pre_authentication_and_never_migration(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refused("NotAuthorizedException", by_srp, pool=pool, address="nobody@example.test")

    [asked] = triggers.events()
    assert (asked["triggerSource"], asked["request"]["userNotFound"]) == (BEFORE, True)


def test_a_flow_that_is_off_meets_no_trigger(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    flows = {"ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"]}
    closed = pool_with_triggers("closed", client=flows)

    refused("InvalidParameterException", sign_in, pool=closed)
    refused("InvalidParameterException", by_srp, pool=closed, address="ann@example.test")

    assert triggers.sources() == []


def test_an_administrator_signing_somebody_in_fires_the_same(
    pool: Any, triggers: TriggerFunction
) -> None:
    pool.admin.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann@example.test", "PASSWORD": PASSWORD},
    )

    assert triggers.sources() == [BEFORE, AFTER, TOKENS]


def first_password(pool: Any, address: str) -> tuple[dict[str, Any], dict[str, str]]:
    temporary = "Temporary-one-1"
    pool.admin.admin_create_user(
        UserPoolId=pool.id,
        Username=address,
        TemporaryPassword=temporary,
        MessageAction="SUPPRESS",
    )
    asked = sign_in(pool, address, temporary)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    answer = {"USERNAME": address, "NEW_PASSWORD": PASSWORD}
    return asked, answer


def test_a_first_password_has_a_token_source_of_its_own_and_no_post_confirmation(
    pool: Any, triggers: TriggerFunction
) -> None:
    asked, answer = first_password(pool, "first@example.test")
    assert triggers.sources() == ["PreSignUp_AdminCreateUser", BEFORE]

    pool.person.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses=answer,
        ClientMetadata={"device": "lamp"},
    )

    after, tokens = triggers.events()
    assert after["triggerSource"] == AFTER
    assert tokens["triggerSource"] == "TokenGeneration_NewPasswordChallenge"
    assert after["request"]["clientMetadata"] == {"device": "lamp"}


def test_a_first_password_stays_though_post_authentication_fails(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    asked, answer = first_password(pool, "kept@example.test")
    triggers.answer(AFTER, refuse="Not now")

    refused(
        "UserLambdaValidationException",
        pool.person.respond_to_auth_challenge,
        ClientId=pool.client_id,
        ChallengeName=asked["ChallengeName"],
        Session=asked["Session"],
        ChallengeResponses=answer,
    )

    triggers.agree()
    assert "AuthenticationResult" in sign_in(pool, "kept@example.test")


def test_refreshing_asks_token_generation_only(pool: Any, triggers: TriggerFunction) -> None:
    refresh = sign_in(pool)["AuthenticationResult"]["RefreshToken"]
    triggers.events()

    pool.person.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=refresh)
    pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": refresh},
        ClientMetadata={"never": "seen"},
    )

    first, second = triggers.events()
    assert first["triggerSource"] == second["triggerSource"] == "TokenGeneration_RefreshTokens"
    assert "clientMetadata" not in second["request"]


def test_a_refused_refresh_is_refused_in_the_words_of_the_function(
    pool: Any, triggers: TriggerFunction, refused: Callable[..., str]
) -> None:
    refresh = sign_in(pool)["AuthenticationResult"]["RefreshToken"]
    triggers.answer("TokenGeneration_RefreshTokens", refuse="You are suspended")

    message = refused(
        "UserLambdaValidationException",
        pool.person.get_tokens_from_refresh_token,
        ClientId=pool.client_id,
        RefreshToken=refresh,
    )

    assert message == "PreTokenGeneration failed with error You are suspended."


def test_a_second_factor_comes_before_post_authentication(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction
) -> None:
    pool = pool_with_triggers("second-factor")
    token = pool.join("totp@example.test")["AccessToken"]
    pool.admin.set_user_pool_mfa_config(
        UserPoolId=pool.id,
        MfaConfiguration="OPTIONAL",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    secret = pool.person.associate_software_token(AccessToken=token)["SecretCode"]
    pool.person.verify_software_token(AccessToken=token, UserCode=one_time(secret))
    pool.person.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    triggers.events()

    asked = sign_in(pool, "totp@example.test")
    assert (asked["ChallengeName"], triggers.sources()) == ("SOFTWARE_TOKEN_MFA", [BEFORE])
    code = {"USERNAME": "totp@example.test", "SOFTWARE_TOKEN_MFA_CODE": one_time(secret)}
    pool.person.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=asked["Session"],
        ChallengeResponses=code,
    )

    assert triggers.sources() == [AFTER, TOKENS]
