from __future__ import annotations

from typing import Any

import pytest

from vestibule_cli.local.completions.triggers.tokens import overridden

ACCESS = {
    "sub": "u1",
    "client_id": "c1",
    "token_use": "access",
    "scope": "aws.cognito.signin.user.admin",
    "cognito:groups": ["held"],
}
ID = {"sub": "u1", "aud": "c1", "token_use": "id", "name": "Ann", "cognito:groups": ["held"]}


def second(**details: Any) -> dict[str, Any]:
    return {"claimsAndScopeOverrideDetails": details}


def test_an_answer_without_details_changes_nothing() -> None:
    assert overridden(ID, {"claimsAndScopeOverrideDetails": None}, "V2_0", "id") == ID
    assert overridden(ACCESS, {}, "V1_0", "access") == ACCESS


def test_groups_beside_the_sections_reach_both_tokens() -> None:
    answer = second(groupOverrideDetails={"groupsToOverride": ["manager"]})

    assert overridden(ID, answer, "V2_0", "id")["cognito:groups"] == ["manager"]
    assert overridden(ACCESS, answer, "V2_0", "access")["cognito:groups"] == ["manager"]


def test_groups_of_version_one_reach_the_access_token_and_claims_do_not() -> None:
    answer = {
        "claimsOverrideDetails": {
            "claimsToAddOrOverride": {"plan": "gold"},
            "groupOverrideDetails": {"groupsToOverride": ["manager"]},
        }
    }

    access = overridden(ACCESS, answer, "V1_0", "access")
    identity = overridden(ID, answer, "V1_0", "id")

    assert (access["cognito:groups"], "plan" in access) == (["manager"], False)
    assert (identity["cognito:groups"], identity["plan"]) == (["manager"], "gold")


@pytest.mark.parametrize("empty", [None, {}, {"groupsToOverride": []}])
def test_an_empty_group_override_takes_the_groups_away(empty: Any) -> None:
    changed = overridden(ACCESS, second(groupOverrideDetails=empty), "V2_0", "access")

    assert "cognito:groups" not in changed


def test_details_without_a_group_override_leave_the_groups() -> None:
    answer = second(accessTokenGeneration={"claimsToAddOrOverride": {"a": 1}})

    changed = overridden(ACCESS, answer, "V2_0", "access")

    assert (changed["cognito:groups"], changed["a"]) == (["held"], 1)


def test_roles_are_for_the_id_token() -> None:
    roles = {"groupsToOverride": ["a"], "iamRolesToOverride": ["r"], "preferredRole": "r"}
    answer = second(groupOverrideDetails=roles)

    assert overridden(ID, answer, "V2_0", "id")["cognito:preferred_role"] == "r"
    assert "cognito:roles" not in overridden(ACCESS, answer, "V2_0", "access")


@pytest.mark.parametrize("name", ["sub", "aud", "iss", "exp", "cognito:username", "token_use"])
def test_what_names_a_token_cannot_be_changed_or_suppressed(name: str) -> None:
    claims = {**ID, name: "kept"}
    section = {"claimsToAddOrOverride": {name: "taken"}, "claimsToSuppress": [name]}

    changed = overridden(claims, second(idTokenGeneration=section), "V2_0", "id")

    assert changed[name] == "kept"


def test_an_access_token_may_name_its_own_client_as_its_audience() -> None:
    section = {"claimsToAddOrOverride": {"aud": "c1"}}

    changed = overridden(ACCESS, second(accessTokenGeneration=section), "V2_0", "access")

    assert changed["aud"] == "c1"


@pytest.mark.parametrize(
    "section",
    [
        {"claimsToAddOrOverride": {"aud": "another"}},
        {"claimsToAddOrOverride": {"aud": ["c1"]}},
        {"claimsToAddOrOverride": {"aud": "c1"}, "claimsToSuppress": ["aud"]},
    ],
)
def test_an_access_token_has_no_other_audience(section: dict[str, Any]) -> None:
    changed = overridden(ACCESS, second(accessTokenGeneration=section), "V2_0", "access")

    assert "aud" not in changed


def test_suppressing_beats_overriding() -> None:
    section = {"claimsToAddOrOverride": {"name": "Bea"}, "claimsToSuppress": ["name"]}

    assert "name" not in overridden(ID, second(idTokenGeneration=section), "V2_0", "id")


def test_developer_claims_can_only_be_suppressed() -> None:
    section = {"claimsToAddOrOverride": {"dev:x": "1"}, "claimsToSuppress": ["dev:y"]}

    changed = overridden({**ID, "dev:y": "2"}, second(idTokenGeneration=section), "V2_0", "id")

    assert not [name for name in changed if name.startswith("dev:")]


def test_scopes_are_added_and_suppressed_in_the_access_token() -> None:
    section = {
        "scopesToAdd": ["vestibule/api", "two words"],
        "scopesToSuppress": ["aws.cognito.signin.user.admin"],
    }
    answer = second(accessTokenGeneration=section, idTokenGeneration=section)

    assert overridden(ACCESS, answer, "V2_0", "access")["scope"] == "vestibule/api"
    assert "scope" not in overridden(ID, answer, "V2_0", "id")


def test_the_claims_given_are_left_alone() -> None:
    overridden(ID, second(idTokenGeneration={"claimsToSuppress": ["name"]}), "V2_0", "id")

    assert ID["name"] == "Ann"
