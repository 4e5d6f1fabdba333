"""Whether a function's answer is the whole event, with a response of the right types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[Any], bool]

WHOLE = (
    *("version", "triggerSource", "region", "userPoolId", "userName", "callerContext"),
    *("request", "response"),
)


def _nothing_or(*types: type) -> Check:
    return lambda value: value is None or type(value) in types


_TEXT, _FLAG, _MAP, _LIST = (
    _nothing_or(str),
    _nothing_or(bool),
    _nothing_or(dict),
    _nothing_or(list),
)


def _texts(value: Any) -> bool:
    """A map of strings, or nothing."""
    return value is None or (
        isinstance(value, dict) and all(_TEXT(item) for item in value.values())
    )


def _names(value: Any) -> bool:
    """A list of strings, or nothing."""
    return value is None or (isinstance(value, list) and all(type(item) is str for item in value))


def _shaped(**checks: Check) -> Check:
    """An object, or nothing, whose known members pass their checks."""

    def check(value: Any) -> bool:
        if value is None:
            return True
        return isinstance(value, dict) and all(
            passes(value.get(name)) for name, passes in checks.items()
        )

    return check


_GROUPS = _shaped(groupsToOverride=_names, iamRolesToOverride=_names, preferredRole=_TEXT)
_SECTION = _shaped(
    claimsToAddOrOverride=_MAP,
    claimsToSuppress=_names,
    scopesToAdd=_names,
    scopesToSuppress=_names,
)
_RESPONSES: Mapping[str, Mapping[str, Check]] = {
    "PreSignUp": dict.fromkeys(("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone"), _FLAG),
    "CustomMessage": dict.fromkeys(("smsMessage", "emailMessage", "emailSubject"), _TEXT),
    "DefineAuthChallenge": {
        "challengeName": _TEXT,
        "issueTokens": _FLAG,
        "failAuthentication": _FLAG,
    },
    "CreateAuthChallenge": {
        "publicChallengeParameters": _texts,
        "privateChallengeParameters": _texts,
        "challengeMetadata": _TEXT,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": _FLAG},
    "InboundFederation": {"userAttributesToMap": _texts},
    "UserMigration": {
        "userAttributes": _texts,
        "finalUserStatus": _TEXT,
        "messageAction": _TEXT,
        "desiredDeliveryMediums": _LIST,
        "forceAliasCreation": _FLAG,
        "enableSMSMFA": _FLAG,
    },
    "PreTokenGeneration": {
        "claimsOverrideDetails": _shaped(
            claimsToAddOrOverride=_texts, claimsToSuppress=_names, groupOverrideDetails=_GROUPS
        ),
        "claimsAndScopeOverrideDetails": _shaped(
            idTokenGeneration=_SECTION,
            accessTokenGeneration=_SECTION,
            groupOverrideDetails=_GROUPS,
        ),
    },
}


def response_of(trigger: str, answer: Any) -> dict[str, Any]:
    """The response in an answer. Raises TriggerFailed unless the event came back whole."""
    if isinstance(answer, str):
        raise failures.invalid()
    if not isinstance(answer, dict) or not all(name in answer for name in WHOLE):
        raise failures.unrecognizable()
    response = answer["response"]
    if response is None:
        return {}
    if not isinstance(response, dict):
        raise failures.invalid()
    for name, passes in _RESPONSES.get(trigger, {}).items():
        if not passes(response.get(name)):
            raise failures.invalid()
    return response
