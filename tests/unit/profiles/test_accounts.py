from __future__ import annotations

from typing import Any

import pytest

from fakes.accounts import SignInNames
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.profiles.accounts import Account, CognitoAccounts

POOL = "us-east-1_aBcDeFgHi"


class Cognito:
    """Answers one operation as prepared, and remembers what it was asked."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, payload))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def accounts(answer: dict[str, Any] | Exception) -> CognitoAccounts:
    return CognitoAccounts(Cognito(answer), POOL, SignInNames())  # type: ignore[arg-type]


def user(**attributes: str) -> dict[str, Any]:
    pairs = [{"Name": name.replace("__", ":"), "Value": text} for name, text in attributes.items()]
    return {"Username": "some-id", "Enabled": True, "UserAttributes": pairs}


def refused(code: str, message: str = "") -> AwsRefused:
    return AwsRefused("cognito-idp", "(made)", status=400, code=code, message=message)


def test_an_account_is_asked_for_by_its_sub() -> None:
    cognito = Cognito(user(email="jo@example.test"))

    CognitoAccounts(cognito, POOL, SignInNames()).find("some-id")  # type: ignore[arg-type]

    assert cognito.asked == [("AdminGetUser", {"UserPoolId": POOL, "Username": "some-id"})]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"email": "Jo@Example.TEST", "email_verified": "true"},
            Account("jo@example.test", email_verified=True),
        ),
        ({"email": "jo@x.io", "email_verified": "false"}, Account("jo@x.io", email_verified=False)),
        ({"email": "jo@x.io", "email_verified": "True"}, Account("jo@x.io", email_verified=False)),
        ({"email": "jo@x.io"}, Account("jo@x.io", email_verified=False)),
        ({"email_verified": "true"}, Account(None, email_verified=False)),
        (
            {"custom__account_type": "Business", "custom__marketing_consent": "true"},
            Account(None, False, account_type="business", marketing_consent=True),  # noqa: FBT003
        ),
        (
            {"email": "\u212aate@x.io", "email_verified": "true"},
            Account(None, email_verified=False),
        ),
        ({"custom__account_type": "emperor"}, Account(None, email_verified=False)),
        ({"custom__marketing_consent": "yes"}, Account(None, email_verified=False)),
    ],
    ids=str,
)
def test_attributes_are_read_for_what_they_prove(
    attributes: dict[str, str], expected: Account
) -> None:
    assert accounts(user(**attributes)).find("some-id") == expected


def test_a_disabled_account_counts_as_none() -> None:
    assert accounts(user(email="jo@example.test") | {"Enabled": False}).find("some-id") is None


def test_a_disabled_account_exists_all_the_same() -> None:
    assert accounts(user(email="jo@example.test") | {"Enabled": False}).exists("some-id")


def test_an_account_that_is_gone_is_none_and_deleted_already() -> None:
    gone = accounts(refused("UserNotFoundException"))

    assert not gone.exists("some-id")

    assert gone.find("some-id") is None
    assert gone.delete("some-id") is False


def test_deleting_names_the_account_by_its_sub() -> None:
    cognito = Cognito({})

    assert CognitoAccounts(cognito, POOL, SignInNames()).delete("some-id") is True  # type: ignore[arg-type]
    assert cognito.asked == [("AdminDeleteUser", {"UserPoolId": POOL, "Username": "some-id"})]


@pytest.mark.parametrize(
    "error",
    [refused("NotAuthorizedException"), AwsUnavailable("cognito-idp", "(made)")],
    ids=["refused", "unavailable"],
)
def test_any_other_failure_is_passed_on(error: Exception) -> None:
    with pytest.raises(type(error)):
        accounts(error).find("some-id")
    with pytest.raises(type(error)):
        accounts(error).delete("some-id")


def test_nobody_who_is_disabled_needs_to_be_signed_out() -> None:
    cognito = Cognito(refused("NotAuthorizedException", "User is disabled."))

    CognitoAccounts(cognito, POOL, SignInNames()).sign_out("some-id")  # type: ignore[arg-type]

    assert [operation for operation, _ in cognito.asked] == ["AdminUserGlobalSignOut"]


@pytest.mark.parametrize(
    "error",
    [
        refused("NotAuthorizedException", "Access denied."),
        refused("InvalidParameterException", "User is disabled."),
        AwsUnavailable("cognito-idp", "(made)"),
    ],
    ids=["rights", "another code", "unavailable"],
)
def test_whoever_else_is_not_signed_out_is_told_of(error: Exception) -> None:
    with pytest.raises(type(error)):
        accounts(error).sign_out("some-id")


def test_being_disabled_excuses_nothing_but_the_sign_out() -> None:
    disabled = accounts(refused("NotAuthorizedException", "User is disabled."))

    for act in (disabled.disable, disabled.enable, disabled.delete):
        with pytest.raises(AwsRefused):
            act("some-id")


class Provided:
    """A pool in which somebody is found by a provider's name for them, and not by their sub."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.asked: list[str] = []

    def call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        if payload["Username"] != self._name:
            raise refused("UserNotFoundException")
        self.asked.append(operation)
        return {**user(email="jo@example.test"), "Username": self._name}


def test_who_comes_through_a_provider_is_named_as_cognito_names_them() -> None:
    pool = Provided("Google_123")
    names = SignInNames(**{"some-id": "Google_123"})
    found = CognitoAccounts(pool, POOL, names)  # type: ignore[arg-type]

    account = found.find("some-id")
    found.disable("some-id")
    found.enable("some-id")
    found.sign_out("some-id")

    assert account == Account("jo@example.test", email_verified=False, sign_in_name="Google_123")
    assert found.exists("some-id")
    assert found.delete("some-id") is True
    assert found.attributes("some-id")["email"] == "jo@example.test"
    assert not found.exists("somebody-else")
    assert pool.asked == [
        "AdminGetUser",
        "AdminDisableUser",
        "AdminEnableUser",
        "AdminUserGlobalSignOut",
        "AdminGetUser",
        "AdminDeleteUser",
        "AdminGetUser",
    ]
