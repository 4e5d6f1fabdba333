"""The hosted sign-in page and its token endpoint."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.trigger_function import TriggerFunction

PASSWORD = "A-long-enough-one-1"
BACK = "http://localhost/back"
BEFORE = "PreAuthentication_Authentication"
HOSTED = "TokenGeneration_HostedAuth"
OAUTH = {
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"],
    "CallbackURLs": [BACK],
    "SupportedIdentityProviders": ["COGNITO"],
}


@pytest.fixture(scope="module")
def pool(pool_with_triggers: Callable[..., Any]) -> Any:
    pool = pool_with_triggers("hosted", client=OAUTH)
    pool.join("ann@example.test")
    return pool


def post(pool: Any, path: str, **form: str) -> tuple[int, str, str]:
    place = urlsplit(pool.emulator.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", path, urlencode(form), kind)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Location") or "", answer.read().decode()
    connection.close()
    return found


def log_in(
    pool: Any, address: str = "ann@example.test", password: str = PASSWORD
) -> tuple[int, str, str]:
    return post(
        pool,
        "/login",
        username=address,
        password=password,
        client_id=pool.client_id,
        redirect_uri=BACK,
        response_type="code",
        scope="openid email aws.cognito.signin.user.admin",
    )


def redeem(pool: Any, location: str) -> tuple[int, dict[str, Any]]:
    code = parse_qs(urlsplit(location).query)["code"][0]
    status, _, body = post(
        pool,
        "/oauth2/token",
        grant_type="authorization_code",
        code=code,
        client_id=pool.client_id,
        redirect_uri=BACK,
    )
    return status, json.loads(body)


def test_the_page_meets_pre_authentication_and_the_token_endpoint_one_token_generation(
    pool: Any, triggers: TriggerFunction
) -> None:
    status, location, _ = log_in(pool)

    assert (status, triggers.sources()) == (302, [BEFORE])
    status, tokens = redeem(pool, location)
    assert status == 200
    assert triggers.sources() == [HOSTED]
    status, _, _ = post(
        pool,
        "/oauth2/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
        client_id=pool.client_id,
    )
    [refreshed] = triggers.events()
    assert refreshed["triggerSource"] == "TokenGeneration_RefreshTokens"
    assert refreshed["request"]["userAttributes"]["email"] == "ann@example.test"


def test_a_wrong_password_on_the_page_meets_pre_authentication(
    pool: Any, triggers: TriggerFunction
) -> None:
    status, _, page = log_in(pool, password="Wrong-one-123")

    assert status == 200
    assert "Incorrect username or password." in page
    [asked] = triggers.events()
    assert asked["triggerSource"] == BEFORE
    assert asked["callerContext"]["clientId"] == pool.client_id
    assert asked["request"]["userNotFound"] is False


def test_the_page_shows_the_words_of_a_refusal(pool: Any, triggers: TriggerFunction) -> None:
    triggers.answer(BEFORE, refuse="Come back tomorrow")

    status, location, page = log_in(pool)

    assert (status, location) == (200, "")
    assert "PreAuthentication failed with error Come back tomorrow." in page


def test_a_refused_token_generation_is_an_invalid_grant(
    pool: Any, triggers: TriggerFunction
) -> None:
    _, location, _ = log_in(pool)
    triggers.answer(HOSTED, refuse="You are suspended")

    status, answer = redeem(pool, location)

    assert (status, answer["error"]) == (400, "invalid_grant")
    assert "PreTokenGeneration failed with error You are suspended." in str(answer)


def test_the_page_fetches_people_it_does_not_know(pool: Any, triggers: TriggerFunction) -> None:
    address = "migrant@example.test"
    attributes = {"email": address, "email_verified": "true"}
    triggers.answer(
        "UserMigration_Authentication",
        response={"userAttributes": attributes, "finalUserStatus": "CONFIRMED"},
    )

    status, _, _ = log_in(pool, "Migrant@example.test", "old")

    assert status == 302
    assert pool.attributes(address)["email"] == address
    assert triggers.sources() == ["UserMigration_Authentication", BEFORE]


CALLS_BACK = """
import json, os, urllib.request

def handler(event, context):
    print("asked")
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"] + "/",
        b'{"UserPoolId": "%s"}' % event["userPoolId"].encode(),
        {
            "X-Amz-Target": "AWSCognitoIdentityProviderService.DescribeUserPool",
            "Content-Type": "application/x-amz-json-1.1",
        },
    )
    try:
        urllib.request.urlopen(request, timeout=2)
    except urllib.error.HTTPError:
        pass  # an answer all the same
    return event
"""


def test_a_function_that_calls_back_does_not_wait_for_the_page_that_waits_for_it(
    emulator: Any,
) -> None:
    arn = emulator.function("calls-back", CALLS_BACK)
    emulator.client("lambda").add_permission(
        FunctionName="calls-back",
        StatementId="pools",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
    )
    pool = emulator.pool("calls-back", client=OAUTH)
    pool.sign_up("back@example.test")
    pool.confirm("back@example.test")
    pool.admin.update_user_pool(
        UserPoolId=pool.id,
        LambdaConfig={"PreAuthentication": arn},
        AutoVerifiedAttributes=["email"],
    )

    status, _, _ = log_in(pool, "back@example.test")

    assert status == 302


def test_a_code_for_the_page_is_random_and_its_mail_is_worded(
    pool_with_triggers: Callable[..., Any], triggers: TriggerFunction
) -> None:
    pool = pool_with_triggers(
        "choices",
        client={**OAUTH, "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"]},
        Policies={
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
            "PasswordPolicy": {"MinimumLength": 8},
        },
        UserPoolTier="ESSENTIALS",
    )
    pool.join("otp@example.test")
    triggers.answer("CustomMessage_Authentication", response={"emailMessage": "Enter {####}"})
    triggers.events()
    _, _, page = post(
        pool,
        "/login",
        auth_flow="USER_AUTH",
        username="otp@example.test",
        client_id=pool.client_id,
        redirect_uri=BACK,
        response_type="code",
        scope="openid",
    )
    token = page.split('name="ua_token" value="')[1].split('"')[0]

    post(pool, "/login", ua_token=token, challenge="EMAIL_OTP")

    mail = emulator_mail(pool, "otp@example.test")
    assert triggers.sources() == ["CustomMessage_Authentication"]
    assert mail["text"] == f"Enter {mail['code']}"
    wrong = f"{(int(mail['code']) + 1) % 10**6:06d}"
    assert post(pool, "/login", ua_token=token, code=wrong)[0] == 200
    assert post(pool, "/login", ua_token=token, code=mail["code"])[0] == 302


def emulator_mail(pool: Any, address: str) -> dict[str, Any]:
    mail: dict[str, Any] = pool.emulator.mails_to(address)[-1]
    return mail
