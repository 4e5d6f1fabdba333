"""People who were known before: brought over if the directory says so, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vestibule.platform import logs, metrics
from vestibule.platform.budget import Budget
from vestibule.triggers.dispatch import Refusal, Triggers
from vestibule.triggers.events import Event
from vestibule.triggers.migration import AWAY, DirectoryAway, Migration, to_attributes

ANN = {
    "email": "Ann@Example.com",
    "emailVerified": True,
    "name": "Ann Example",
    "givenName": "Ann",
    "familyName": "Example",
    "locale": "de-AT",
    "accountType": "business",
    "role": "admin",
    "sub": "8d3e1c3a-6f0b-4c1e-9d55-3b1f2b1e7a10",
    "custom:account_type": "enterprise",
    "email_verified": "true",
}
PASSWORD = "correct horse battery staple"


class Before:
    """A directory with one person."""

    def __init__(self, person: dict[str, Any] | None = None) -> None:
        self.person = ANN if person is None else person
        self.asked: list[str] = []
        self.away = False

    def authenticate(self, username: str, password: str) -> dict[str, Any] | None:
        person = self.find(username)
        return person if password == PASSWORD else None

    def find(self, username: str) -> dict[str, Any] | None:
        self.asked.append(username)
        if self.away:
            raise DirectoryAway("it answered 503")
        return self.person if username.lower() == "ann@example.com" else None


def raw(occasion: str = "Authentication", **request: Any) -> dict[str, Any]:
    return {
        "version": "1",
        "triggerSource": f"UserMigration_{occasion}",
        "region": "us-east-1",
        "userPoolId": "us-east-1_aBcDeFgHi",
        "userName": request.pop("user_name", "ann@example.com"),
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client"},
        "request": {"validationData": None, "clientMetadata": None, **request},
        "response": {
            "userAttributes": None,
            "forceAliasCreation": None,
            "finalUserStatus": None,
            "messageAction": None,
            "desiredDeliveryMediums": None,
        },
    }


def migrate(directory: Before | None, occasion: str = "Authentication", **request: Any) -> Any:
    if occasion == "Authentication":
        request.setdefault("password", PASSWORD)
    return Migration(directory).handle(Event.parse(raw(occasion, **request)))


def test_somebody_with_the_right_password_is_brought_over() -> None:
    assert migrate(Before()) == {
        "userAttributes": {
            "email": "ann@example.com",
            "email_verified": "true",
            "given_name": "Ann",
            "family_name": "Example",
            "name": "Ann Example",
            "locale": "de-AT",
            "custom:account_type": "business",
        },
        "finalUserStatus": "CONFIRMED",
        "messageAction": "SUPPRESS",
        "desiredDeliveryMediums": ["EMAIL"],
        "forceAliasCreation": False,
    }


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer() -> None:
    assert migrate(Before(), password="wrong") is None
    assert migrate(Before(), user_name="bob@example.com") is None


def test_a_forgotten_password_needs_no_password() -> None:
    given = migrate(Before(), "ForgotPassword")

    assert given["userAttributes"]["email_verified"] == "true"
    assert given["finalUserStatus"] == "CONFIRMED"
    assert given["messageAction"] == "SUPPRESS"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_a_forgotten_password_needs_a_verified_address(verified: object) -> None:
    before = Before({**ANN, "emailVerified": verified})

    assert migrate(before, "ForgotPassword") is None
    assert migrate(before)["userAttributes"]["email_verified"] == "false"


@pytest.mark.parametrize("occasion", ["Authentication", "ForgotPassword"])
def test_a_directory_that_is_away_is_a_refusal_with_words(occasion: str) -> None:
    before = Before()
    before.away = True

    with pytest.raises(Refusal) as refused:
        migrate(before, occasion)

    assert str(refused.value) == AWAY


def test_without_a_directory_nobody_is_brought_over() -> None:
    assert migrate(None) is None


@pytest.mark.parametrize(
    "request_",
    [
        {"password": ""},
        {"password": None},
        {"password": "x" * 257},
        {"password": ["x"]},
        {"user_name": ""},
        {"user_name": "x" * 129},
    ],
)
def test_what_cannot_be_a_sign_in_is_not_asked_about(request_: dict[str, Any]) -> None:
    before = Before()

    assert migrate(before, **request_) is None
    assert before.asked == []


def test_a_source_of_the_future_is_not_asked_about() -> None:
    before = Before()

    assert migrate(before, "Something", password=PASSWORD) is None
    assert before.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "bob@example.com"},
        {"email": None},
        {"email": ["ann@example.com"]},
        {"email": "ann@example.com, bob@example.com"},
    ],
)
def test_an_answer_about_somebody_else_brings_nobody_over(changes: dict[str, Any]) -> None:
    assert migrate(Before({**ANN, **changes})) is None


@pytest.mark.parametrize("look_alike", ["\u212aate@example.com", "kate@\u212aates.example"])
def test_a_look_alike_brings_over_nobody(look_alike: str) -> None:
    plain = look_alike.replace("\u212a", "k")

    assert to_attributes({**ANN, "email": look_alike}, plain) is None
    assert to_attributes({**ANN, "email": plain}, look_alike) is None
    assert to_attributes({**ANN, "email": look_alike}, look_alike) is None


def test_only_names_of_known_attributes_are_taken() -> None:
    attributes = to_attributes({**ANN, "custom:invite_code": "X"}, "ann@example.com")

    assert attributes is not None
    assert not {"sub", "role", "custom:invite_code"} & set(attributes)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"name": " Ann\r\n\u202eExample "}, "Ann Example"),
        ({"name": "x" * 5000}, "x" * 256),
        ({"name": None}, "Ann Example"),
        ({"name": "A"}, "Ann Example"),
        ({"name": "", "givenName": None, "familyName": {}}, "Unnamed"),
    ],
)
def test_a_name_is_one_clean_line_and_always_there(said: dict[str, Any], kept: str) -> None:
    attributes = to_attributes({**ANN, **said}, "ann@example.com")

    assert attributes is not None
    assert attributes["name"] == kept


@pytest.mark.parametrize(
    "said", [{"locale": "../.."}, {"locale": "x" * 36}, {"locale": 7}, {"locale": ""}]
)
def test_a_locale_of_another_look_is_left_out(said: dict[str, Any]) -> None:
    assert "locale" not in (to_attributes({**ANN, **said}, "ann@example.com") or {})


@pytest.mark.parametrize("account_type", ["admin", "", None, ["business"], "Business"])
def test_an_account_type_is_one_of_ours(account_type: object) -> None:
    attributes = to_attributes({**ANN, "accountType": account_type}, "ann@example.com")

    assert attributes is not None
    assert "custom:account_type" not in attributes


@pytest.mark.parametrize("trouble", ["none", "away", "broken"])
def test_the_password_is_never_written_down(
    trouble: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before()
    before.away = trouble == "away"
    if trouble == "broken":
        monkeypatch.setattr(before, "authenticate", {}.__getitem__)
    logs.configure("DEBUG")
    metrics.forget()
    triggers = Triggers({"UserMigration": lambda: Migration(before).handle}, Budget())

    try:
        answer = triggers(raw(password=PASSWORD), None)
    except Refusal as refusal:
        answer = str(refusal)
    finally:
        logs.configure("INFO")

    written = capsys.readouterr()
    assert PASSWORD not in written.out + written.err
    assert written.out
    if trouble == "none":
        assert isinstance(answer, dict)
        assert answer["response"]["finalUserStatus"] == "CONFIRMED"
    else:
        assert PASSWORD not in json.dumps(answer)
