from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vestibule.delivery.pool import Pool, TokenRefused
from vestibule.platform.aws import AwsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cognito:
    """Refuses every place in its list, or answers as told."""

    def __init__(self, answer: dict[str, Any] | None = None, code: str = "") -> None:
        self._answer = answer
        self._code = code
        self.asked: list[dict[str, Any]] = []

    def call(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append({"operation": operation, **payload})
        if self._answer is None:
            raise AwsRefused("cognito-idp", operation, code=self._code)
        return self._answer


def pool(cognito: Cognito) -> Pool:
    return Pool(cognito, "us-east-1_test")  # type: ignore[arg-type]


def test_a_page_is_asked_for_where_the_last_one_ended() -> None:
    cognito = Cognito({"Users": [], "PaginationToken": "t2"})

    assert pool(cognito).page("t1").token == "t2"
    assert pool(cognito).page(None).accounts == ()

    first, second = cognito.asked
    assert first == {
        "operation": "ListUsers",
        "UserPoolId": "us-east-1_test",
        "Limit": 60,
        "PaginationToken": "t1",
    }
    assert "PaginationToken" not in second


def test_an_expired_place_is_told_from_other_refusals() -> None:
    with pytest.raises(TokenRefused):
        pool(Cognito(code="InvalidParameterException")).page("t1")
    with pytest.raises(AwsRefused):
        pool(Cognito(code="InvalidParameterException")).page(None)
    with pytest.raises(AwsRefused):
        pool(Cognito(code="NotAuthorizedException")).page("t1")


def test_somebody_of_a_provider_is_known_by_sub_and_keeps_their_name() -> None:
    user = {
        "Username": "Google_123",
        "UserStatus": "EXTERNAL_PROVIDER",
        "Enabled": True,
        "Attributes": [
            {"Name": "sub", "Value": "s1"},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "email"},
        ],
    }

    (listed,) = pool(Cognito({"Users": [user]})).page(None).accounts

    assert (listed.user_id, listed.user_name) == ("s1", "Google_123")
    assert listed.is_settled
    assert listed.attributes["email"] == ""
