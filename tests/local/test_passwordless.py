"""Signing in by a mailed code, and the words of the mails, on a running stack."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from vestibule_cli.demo.calls import call
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule_cli.demo.place import Place

pytestmark = pytest.mark.emulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "passwordless_client.py"


@pytest.fixture(scope="module")
def cognito(place: Place) -> Any:
    return boto3.client(
        "cognito-idp",
        region_name=place.region,
        endpoint_url=place.aws_endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )


@pytest.fixture
def ann(place: Place) -> tuple[Person, str]:
    person = Person(place, "Ann")
    user_id = person.sign_up()
    person.confirm(person.code_from_inbox())
    return person, user_id


def mails(place: Place, address: str) -> list[dict[str, Any]]:
    """What was mailed there, the newest first, but for the welcome, which comes when it comes."""
    listed = call("GET", f"{place.inbox_url}.json").body["mails"]
    return [
        mail for mail in listed if address in mail["to"] and mail["tags"].get("kind") != "welcome"
    ]


def start(cognito: Any, place: Place, email: str) -> Any:
    return cognito.initiate_auth(
        ClientId=place.client_id, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": email}
    )


def test_the_whole_play_goes_as_promised(terminal: Callable[..., Any]) -> None:
    played = terminal("demo", "--passwordless", "--json")

    assert played.returncode == 0, played.stdout + played.stderr
    assert len(json.loads(played.stdout)["steps"]) == 9


def test_the_documented_client_signs_in(place: Place, ann: tuple[Person, str]) -> None:
    email = ann[0].email
    command = [sys.executable, EXAMPLE, email, "--client-id", place.client_id]
    with subprocess.Popen(
        [*command, "--region", place.region, "--endpoint-url", place.aws_endpoint_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as client:
        assert client.stderr is not None
        asked = client.stderr.read(len("Code (3 tries left): "))
        code = mails(place, email)[0]["code"]
        printed, _ = client.communicate(f"wrong\n{code}\n".encode(), timeout=30)

    assert asked == b"Code (3 tries left): "
    tokens = json.loads(printed)
    assert place.api("GET", "/me", tokens["AccessToken"]).status == 200


def test_copies_of_the_trigger_at_once_mail_once(place: Place, ann: tuple[Person, str]) -> None:
    person, user_id = ann
    event = {
        "version": "1",
        "triggerSource": "CreateAuthChallenge_Authentication",
        "region": place.region,
        "userPoolId": place.user_pool_id,
        "userName": user_id,
        "callerContext": {"clientId": place.client_id},
        "request": {
            "userAttributes": {"sub": user_id, "email": person.email, "email_verified": "true"},
            "challengeName": "CUSTOM_CHALLENGE",
            "session": [],
        },
        "response": {},
    }
    functions = place.operator("lambda")

    def invoke(_: int) -> Any:
        answer = functions.invoke(
            FunctionName="vestibule-local-triggers", Payload=json.dumps(event)
        )
        return json.loads(answer["Payload"].read())

    before = len(mails(place, person.email))
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(invoke, range(3)))

    assert len(mails(place, person.email)) == before + 1
    assert len({each["response"]["challengeMetadata"] for each in answers}) == 1


def test_the_suspended_are_asked_for_a_code_that_never_comes(
    place: Place, cognito: Any, ann: tuple[Person, str]
) -> None:
    person, user_id = ann
    place.operator("dynamodb").update_item(
        TableName="vestibule-local",
        Key={"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "PROFILE"}},
        UpdateExpression="SET #status = :suspended",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":suspended": {"S": "suspended"}},
    )
    before = len(mails(place, person.email))

    challenge = start(cognito, place, person.email)
    unknown = start(cognito, place, "nobody-there@example.com")
    for wrong in range(3):
        answers = [
            answer(cognito, place, challenge, person.email),
            answer(cognito, place, unknown, "nobody-there@example.com"),
        ]
        if wrong < 2:
            challenge, unknown = answers
            assert told(challenge) == told(unknown)
        else:
            assert answers == ["NotAuthorizedException"] * 2
    assert len(mails(place, person.email)) == before


def answer(cognito: Any, place: Place, challenge: Any, email: str) -> Any:
    """Give a wrong code: the next challenge, or the name of the error."""
    try:
        return cognito.respond_to_auth_challenge(
            ClientId=place.client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": email, "ANSWER": "wrong"},
        )
    except ClientError as error:
        return error.response["Error"]["Code"]


def told(challenge: Any) -> dict[str, str]:
    parameters = challenge["ChallengeParameters"]
    return {name: value for name, value in parameters.items() if name != "USERNAME"}


def test_somebody_unknown_is_told_the_same_and_mailed_nothing(
    place: Place, cognito: Any, ann: tuple[Person, str]
) -> None:
    known = start(cognito, place, ann[0].email)
    unknown = start(cognito, place, "nobody-there@example.com")

    assert told(known) == told(unknown)
    assert mails(place, "nobody-there@example.com") == []


def test_a_mail_is_in_the_language_of_whom_it_is_for(place: Place, cognito: Any) -> None:
    email = "jutta-locale@example.com"
    attributes = {"email": email, "name": "Jutta <b>{####}", "locale": "de-AT"}
    cognito.sign_up(
        ClientId=place.client_id,
        Username=email,
        Password="A-long-enough-one-1",
        UserAttributes=[{"Name": name, "Value": text} for name, text in attributes.items()],
    )

    (mail,) = mails(place, email)
    assert mail["subject"] == "Bestätigen Sie Ihre Adresse für Vestibule"
    assert mail["html"].count(mail["code"]) == 1
    assert "Jutta" not in mail["html"]


def test_a_policy_about_one_sender_lets_nobody_mail_as_another(place: Place) -> None:
    iam, name = place.operator("iam"), "one-sender"
    arn = f"arn:aws:ses:{place.region}:000000000000:identity/vestibule@vestibule.example"
    allow = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": arn}
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="mail",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    keys = iam.create_access_key(UserName=name)["AccessKey"]
    ses = boto3.client(
        "sesv2",
        region_name=place.region,
        endpoint_url=place.aws_endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    mail = {
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    }

    ses.send_email(FromEmailAddress="Vestibule <vestibule@vestibule.example>", **mail)
    with pytest.raises(ClientError) as refused:
        ses.send_email(FromEmailAddress="somebody@else.example", **mail)

    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
