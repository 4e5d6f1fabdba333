"""What a function is told: the envelope, and people's attributes as AWS gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_CLIENT = "CLIENT_ID_NOT_APPLICABLE"
FLAGS = ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")
# What a response holds on arrival. Of PostConfirmation and the like: nothing.
_EMPTY_RESPONSES: Mapping[str, Mapping[str, Any]] = {
    "PreSignUp": dict.fromkeys(FLAGS, False),
    "CustomMessage": dict.fromkeys(("smsMessage", "emailMessage", "emailSubject")),
    "DefineAuthChallenge": dict.fromkeys(("challengeName", "issueTokens", "failAuthentication")),
    "CreateAuthChallenge": dict.fromkeys(
        ("publicChallengeParameters", "privateChallengeParameters", "challengeMetadata")
    ),
    "VerifyAuthChallengeResponse": {"answerCorrect": None},
    "InboundFederation": {"userAttributesToMap": {}},
    "UserMigration": dict.fromkeys(
        (
            "userAttributes",
            "forceAliasCreation",
            "enableSMSMFA",
            "finalUserStatus",
            "messageAction",
            "desiredDeliveryMediums",
        )
    ),
}


def event(
    source: str,
    pool: Mapping[str, Any],
    user_name: str,
    client_id: str | None,
    request: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "version": "1",
        "triggerSource": source,
        "region": region_of(pool),
        "userPoolId": pool["Id"],
        "userName": user_name,
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": client_id or NO_CLIENT,
        },
        "request": dict(request),
        "response": dict(_EMPTY_RESPONSES.get(source.partition("_")[0], {})),
    }


def token_event(base: dict[str, Any], version: str) -> dict[str, Any]:
    """An event of PreTokenGeneration in the version that the pool asks for."""
    is_first = version.startswith("V1")
    key = "claimsOverrideDetails" if is_first else "claimsAndScopeOverrideDetails"
    return {**base, "version": version[1], "response": {key: None}}


def given(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as text, before there is a person: no sub, no status."""
    return {name: _text(value) for name, value in attributes.items() if name != "sub"}


def of_person(attributes: Mapping[str, Any], status: str) -> dict[str, str]:
    found = {name: _text(value) for name, value in attributes.items()}
    for name in ("email", "phone_number"):
        if name in found:
            found.setdefault(f"{name}_verified", "false")
    return {**found, "cognito:user_status": status}


def region_of(pool: Mapping[str, Any]) -> str:
    return str(pool["Id"]).partition("_")[0]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
