"""Every way to sign in that may fire a trigger, and what AWS fires for it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from pycognito.aws_srp import AWSSRP

from fakes.authenticator import one_time
from fakes.federation import BACK, come_back, set_up
from fakes.trigger_play import CLIENT, MEASURED, PASSWORD, REPORTED, UNCLEAR, trigger_pool

if TYPE_CHECKING:
    from fakes.trigger_play import Play

CONFIRMED = "PostConfirmation_ConfirmSignUp"
BEFORE, AFTER = "PreAuthentication_Authentication", "PostAuthentication_Authentication"
TOKENS, REFRESHED = "TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"
DEFINE, CREATE, VERIFY = (
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
)
MIGRATED = "UserMigration_Authentication"
INBOUND, EXTERNAL = "InboundFederation_ExternalProvider", "PreSignUp_ExternalProvider"
HOSTED = "TokenGeneration_HostedAuth"
LEGACY = {**CLIENT, "PreventUserExistenceErrors": "LEGACY"}
CHOOSING = {**CLIENT, "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"]}
FACTORS = {
    "Policies": {
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
        "PasswordPolicy": {"MinimumLength": 8},
    },
    "UserPoolTier": "ESSENTIALS",
}


def play_sign_in(play: Play) -> None:
    pool = play.pool
    known = {"USERNAME": "a@example.test", "PASSWORD": PASSWORD}
    flow = "USER_PASSWORD_AUTH"
    signed_in = (BEFORE, AFTER, TOKENS)
    post_first = "PostAuthentication before TokenGeneration is what is observed, not documented."
    play.step(
        "InitiateAuth, password",
        lambda: play.initiate(flow, **known),
        signed_in,
        remark=post_first,
    )
    play.step(
        "InitiateAuth, wrong password",
        lambda: play.initiate(flow, **{**known, "PASSWORD": "Wrong-one-123"}),
        (BEFORE,),
        MEASURED,
    )
    unknown = {"USERNAME": "unknown@example.test", "PASSWORD": PASSWORD}
    play.step(
        "InitiateAuth, unknown person, existence hidden",
        lambda: play.initiate(flow, **unknown),
        (MIGRATED, BEFORE),
        MEASURED,
        "PreAuthentication runs with userNotFound true. The order of the two is unclear.",
    )
    telling = trigger_pool(pool.emulator, play.function, "telling", LEGACY)
    play.step(
        "InitiateAuth, unknown person, existence told",
        lambda: play.initiate(flow, telling, **unknown),
        (MIGRATED,),
    )
    brought = {"email": "migrant@example.test", "email_verified": "true"}
    response = {"userAttributes": brought, "finalUserStatus": "CONFIRMED"}
    play.function.answer(MIGRATED, response=response)
    play.step(
        "InitiateAuth, person brought by UserMigration",
        lambda: play.initiate(flow, **{**unknown, "USERNAME": "migrant@example.test"}),
        (MIGRATED, *signed_in),
        remark="The order of UserMigration and PreAuthentication is unclear.",
    )
    play.function.agree()
    play.step(
        "AdminInitiateAuth, password",
        lambda: pool.admin.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters=known,
        ),
        signed_in,
    )
    temporary = {"USERNAME": "made@example.test", "PASSWORD": "Temporary-one-1"}
    asked = play.step(
        "InitiateAuth, temporary password", lambda: play.initiate(flow, **temporary), (BEFORE,)
    )
    play.step(
        "RespondToAuthChallenge NEW_PASSWORD_REQUIRED",
        lambda: play.respond(asked, USERNAME="made@example.test", NEW_PASSWORD=PASSWORD),
        (AFTER, "TokenGeneration_NewPasswordChallenge"),
    )
    play_srp(play)
    play_second_factor(play)
    refresh = play.initiate(flow, **known)["AuthenticationResult"]["RefreshToken"]
    play.step(
        "InitiateAuth, refresh token",
        lambda: play.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=refresh),
        (REFRESHED,),
    )
    play.step(
        "GetTokensFromRefreshToken",
        lambda: pool.person.get_tokens_from_refresh_token(
            ClientId=pool.client_id, RefreshToken=refresh
        ),
        (REFRESHED,),
    )


def play_srp(play: Play) -> None:
    pool = play.pool
    client = AWSSRP(
        username="a@example.test",
        password=PASSWORD,
        pool_id=pool.id,
        client_id=pool.client_id,
        client=pool.person,
    )
    asked = play.step(
        "InitiateAuth, SRP",
        lambda: play.initiate("USER_SRP_AUTH", **client.get_auth_params()),
        (BEFORE,),
    )
    answer = client.process_challenge(asked["ChallengeParameters"], client.get_auth_params())
    play.step(
        "RespondToAuthChallenge PASSWORD_VERIFIER",
        lambda: play.respond(asked, **answer),
        (AFTER, TOKENS),
    )
    unknown = {**client.get_auth_params(), "USERNAME": "unknown@example.test"}
    play.step(
        "InitiateAuth, SRP, unknown person, existence hidden",
        lambda: play.initiate("USER_SRP_AUTH", **unknown),
        (BEFORE,),
        remark="UserMigration is for flows that show the password.",
    )


def play_second_factor(play: Play) -> None:
    person, admin = play.pool.person, play.pool.admin
    token = play.pool.join("totp@example.test")["AccessToken"]
    admin.set_user_pool_mfa_config(
        UserPoolId=play.pool.id,
        MfaConfiguration="OPTIONAL",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    secret = person.associate_software_token(AccessToken=token)["SecretCode"]
    person.verify_software_token(AccessToken=token, UserCode=one_time(secret))
    wanted = {"Enabled": True, "PreferredMfa": True}
    person.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=wanted)
    who = {"USERNAME": "totp@example.test"}
    asked = play.step(
        "InitiateAuth, password, with a second factor",
        lambda: play.initiate("USER_PASSWORD_AUTH", **who, PASSWORD=PASSWORD),
        (BEFORE,),
    )
    play.step(
        "RespondToAuthChallenge SOFTWARE_TOKEN_MFA",
        lambda: play.respond(asked, **who, SOFTWARE_TOKEN_MFA_CODE=one_time(secret)),
        (AFTER, TOKENS),
    )


def play_custom(play: Play) -> None:
    play.function.answer(DEFINE, response={"challengeName": "CUSTOM_CHALLENGE"})
    play.function.answer(CREATE, response={"privateChallengeParameters": {"code": "1"}})
    play.function.answer(VERIFY, response={"answerCorrect": False})
    who = {"USERNAME": "a@example.test"}
    asked = play.step(
        "InitiateAuth, custom",
        lambda: play.initiate("CUSTOM_AUTH", **who),
        (DEFINE, CREATE),
        REPORTED,
        "No PreAuthentication: what it decides has to be decided in Create too.",
    )
    play.step(
        "InitiateAuth, custom, unknown person, existence hidden",
        lambda: play.initiate("CUSTOM_AUTH", USERNAME="unknown@example.test"),
        (DEFINE, CREATE),
        remark="userNotFound is true; the answer is the same as for somebody known.",
    )
    asked = play.step(
        "RespondToAuthChallenge CUSTOM_CHALLENGE, wrong",
        lambda: play.respond(asked, **who, ANSWER="0"),
        (VERIFY, DEFINE, CREATE),
    )
    play.function.answer(VERIFY, response={"answerCorrect": True})
    play.function.answer(DEFINE, response={"issueTokens": True})
    play.step(
        "RespondToAuthChallenge CUSTOM_CHALLENGE, right",
        lambda: play.respond(asked, **who, ANSWER="1"),
        (VERIFY, DEFINE, AFTER, TOKENS),
        remark="That PostAuthentication runs here is unclear.",
    )
    play.function.agree()


def play_hosted(play: Play) -> None:
    pool = play.pool
    client = {"client_id": pool.client_id, "redirect_uri": BACK}
    location = play.step(
        "Sign-in page, password",
        lambda: play.post(
            "/login",
            **client,
            username="a@example.test",
            password=PASSWORD,
            response_type="code",
            scope="openid aws.cognito.signin.user.admin",
        ),
        (BEFORE,),
        remark="AWS's table lists no PostAuthentication for the page, and here none runs.",
    )
    code = parse_qs(urlsplit(location).query)["code"][0]
    tokens = play.step(
        "/oauth2/token, authorization code",
        lambda: play.post("/oauth2/token", **client, grant_type="authorization_code", code=code),
        (HOSTED,),
        remark="Other readings of AWS have TokenGeneration_Authentication for local people.",
    )
    refresh = json.loads(tokens)["refresh_token"]
    play.step(
        "/oauth2/token, refresh token",
        lambda: play.post(
            "/oauth2/token", **client, grant_type="refresh_token", refresh_token=refresh
        ),
        (REFRESHED,),
    )
    choosing = trigger_pool(pool.emulator, play.function, "choosing", CHOOSING, **FACTORS)
    choosing.join("otp@example.test")
    page = play.post(
        "/login",
        **{**client, "client_id": choosing.client_id},
        auth_flow="USER_AUTH",
        username="otp@example.test",
        response_type="code",
        scope="openid",
    )
    token = page.split('name="ua_token" value="')[1].split('"')[0]
    play.step(
        "Sign-in page, code by mail",
        lambda: play.post("/login", ua_token=token, challenge="EMAIL_OTP"),
        ("CustomMessage_Authentication",),
        UNCLEAR,
        "Which other triggers run for a sign-in by one-time code is unclear; here none does.",
    )
    play_federation(play)
    play_machine(play)


def play_federation(play: Play) -> None:
    set_up(play.pool, play.function.arn)
    play.step(
        "Another provider's answer, first visit",
        lambda: come_back(play.pool, "ann@corp.test"),
        (INBOUND, EXTERNAL, CONFIRMED),
        REPORTED,
        "No PreAuthentication and no PostAuthentication. Then the token endpoint, as above.",
    )
    play.step(
        "Another provider's answer, later visit",
        lambda: come_back(play.pool, "ann@corp.test"),
        (INBOUND, BEFORE, AFTER),
        REPORTED,
    )


def play_machine(play: Play) -> None:
    machines = trigger_pool(play.pool.emulator, play.function, "machines", CLIENT, version="V3_0")
    machines.admin.create_resource_server(
        UserPoolId=machines.id,
        Identifier="things",
        Name="things",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "Read."}],
    )
    client = machines.admin.create_user_pool_client(
        UserPoolId=machines.id,
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["things/read"],
    )["UserPoolClient"]
    secret = f"{client['ClientId']}:{client['ClientSecret']}".encode()
    play.step(
        "/oauth2/token, client credentials",
        lambda: play.post(
            "/oauth2/token",
            {"Authorization": "Basic " + base64.b64encode(secret).decode()},
            grant_type="client_credentials",
        ),
        ("TokenGeneration_ClientCredentials",),
        remark="Only where the pool asks for version V3_0.",
    )
