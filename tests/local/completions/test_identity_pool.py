"""What an identity pool refuses: strangers, the classic flow, and people who are gone."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

STRANGER = "Unauthenticated access is not supported for this identity pool."
NOBODY = "us-east-1:00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Place:
    users: Any
    operator: Any
    anybody: Any

    def pool(self, name: str, **settings: Any) -> str:
        wanted = {
            "AllowUnauthenticatedIdentities": False,
            "AllowClassicFlow": False,
            "CognitoIdentityProviders": [
                {
                    "ProviderName": self.provider,
                    "ClientId": self.users.client_id,
                    "ServerSideTokenCheck": True,
                }
            ],
            **settings,
        }
        made = self.operator.create_identity_pool(IdentityPoolName=name, **wanted)
        return str(made["IdentityPoolId"])

    @property
    def provider(self) -> str:
        return f"cognito-idp.us-east-1.amazonaws.com/{self.users.id}"

    def logins(self, address: str) -> dict[str, str]:
        return {self.provider: self.users.join(address)["IdToken"]}


@pytest.fixture(scope="module")
def place(emulator: Any) -> Place:
    return Place(
        emulator.pool("identities"),
        emulator.client("cognito-identity"),
        emulator.client("cognito-identity", signed=False),
    )


@pytest.fixture(scope="module", name="closed")
def pool_that_lets_in_nobody_unknown(place: Place) -> str:
    return place.pool("closed")


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**given)
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_a_stranger_becomes_nobody(place: Place) -> None:
    closed = place.pool("closed to all")

    refused = refusal(place.anybody.get_id, IdentityPoolId=closed)

    assert refused == ("NotAuthorizedException", STRANGER)
    listed = place.operator.list_identities(IdentityPoolId=closed, MaxResults=60)
    assert listed["Identities"] == []


def test_a_stranger_who_was_let_in_before_gets_nothing_any_more(place: Place) -> None:
    pool = place.pool("once open", AllowUnauthenticatedIdentities=True)
    identity = place.anybody.get_id(IdentityPoolId=pool)["IdentityId"]
    credentials = place.anybody.get_credentials_for_identity
    assert credentials(IdentityId=identity)["Credentials"]["AccessKeyId"]

    place.operator.update_identity_pool(
        IdentityPoolId=pool, IdentityPoolName="once open", AllowUnauthenticatedIdentities=False
    )

    refused = ("NotAuthorizedException", STRANGER)
    assert refusal(credentials, IdentityId=identity) == refused
    assert refusal(place.anybody.get_open_id_token, IdentityId=identity) == refused


@pytest.mark.parametrize("action", ["get_credentials_for_identity", "get_open_id_token"])
def test_an_identity_that_nobody_has_gets_nothing(place: Place, action: str) -> None:
    code, _ = refusal(getattr(place.anybody, action), IdentityId=NOBODY)

    assert code == "ResourceNotFoundException"


def test_who_signed_in_gets_credentials_and_no_token_of_the_classic_flow(
    place: Place, closed: str
) -> None:
    logins = place.logins("member@example.test")

    identity = place.anybody.get_id(IdentityPoolId=closed, Logins=logins)["IdentityId"]
    given = {"IdentityId": identity, "Logins": logins}

    found = place.anybody.get_credentials_for_identity(**given)
    assert found["IdentityId"] == identity
    assert found["Credentials"]["SessionToken"]
    assert refusal(place.anybody.get_open_id_token, **given) == (
        "InvalidParameterException",
        "Basic (classic) flow is not enabled, please use enhanced flow.",
    )


def test_where_the_classic_flow_is_on_it_is_answered(place: Place) -> None:
    pool = place.pool("classic", AllowClassicFlow=True)
    logins = place.logins("classic@example.test")
    identity = place.anybody.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]

    assert place.anybody.get_open_id_token(IdentityId=identity, Logins=logins)["Token"]


@pytest.mark.parametrize("end", ["admin_disable_user", "admin_delete_user"])
def test_who_is_disabled_or_gone_gets_nothing(place: Place, closed: str, end: str) -> None:
    address = f"{end.replace('_', '-')}@example.test"
    logins = place.logins(address)
    identity = place.anybody.get_id(IdentityPoolId=closed, Logins=logins)["IdentityId"]

    getattr(place.users.admin, end)(UserPoolId=place.users.id, Username=address)

    again = refusal(place.anybody.get_id, IdentityPoolId=closed, Logins=logins)
    credentials = refusal(
        place.anybody.get_credentials_for_identity, IdentityId=identity, Logins=logins
    )
    assert again[0] == credentials[0] == "NotAuthorizedException"


def test_where_tokens_are_not_checked_at_the_user_pool_they_last(place: Place) -> None:
    provider = {"ProviderName": place.provider, "ClientId": place.users.client_id}
    pool = place.pool("trusting", CognitoIdentityProviders=[provider])
    logins = place.logins("trusted@example.test")

    place.users.admin.admin_disable_user(UserPoolId=place.users.id, Username="trusted@example.test")

    assert place.anybody.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]


def test_a_forged_login_tells_nothing_about_who_has_an_account(place: Place, closed: str) -> None:
    head, payload, signature = place.logins("secret@example.test")[place.provider].split(".")
    forged = {place.provider: f"{head}.{payload}.{signature[::-1]}"}

    def told() -> tuple[str, str]:
        return refusal(place.anybody.get_id, IdentityPoolId=closed, Logins=forged)

    before = told()
    place.users.admin.admin_delete_user(UserPoolId=place.users.id, Username="secret@example.test")

    assert before[0] == "NotAuthorizedException"
    assert told() == before


def test_a_request_that_says_twice_what_it_asks_for_is_no_way_around(
    emulator: Any, closed: str
) -> None:
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"))
    connection.putrequest("POST", "/elsewhere")
    body = json.dumps({"IdentityPoolId": closed}).encode()
    for target in ("DynamoDB_20120810.ListTables", "AWSCognitoIdentityService.GetId"):
        connection.putheader("X-Amz-Target", target)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)

    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()

    assert answer.status == 400
    assert STRANGER in told


def test_a_pool_that_is_not_there_is_not_found(place: Place) -> None:
    code, _ = refusal(place.anybody.get_id, IdentityPoolId=NOBODY)

    assert code == "ResourceNotFoundException"
