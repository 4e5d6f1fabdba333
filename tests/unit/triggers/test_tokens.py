"""What goes into tokens, and who gets none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW, POLICY, Backlog, FixedPolicies, arrival, ensuring, event, fixed
from fakes.people import keep, new_sub, profile
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.platform.values import replace
from vestibule.policy.model import Hours, Policy
from vestibule.profiles import items
from vestibule.triggers.admission import WRONG_PASSWORD
from vestibule.triggers.arrival_store import TableArrivals
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.ensure_user import EnsureUser
from vestibule.triggers.tokens import Bearer, TokenGeneration, answer

if TYPE_CHECKING:
    from fakes.table import FakeTable

NEVER = Hours("UTC", frozenset({(NOW.weekday() + 3) % 7}), 0, 60)
LATER: dict[str, Any] = {"response": {"claimsAndScopeOverrideDetails": None}}
Capture = pytest.CaptureFixture[str]


def issue(
    table: FakeTable,
    occasion: str = "Authentication",
    policy: Policy = POLICY,
    backlog: Backlog | None = None,
    **members: Any,
) -> Any:
    handler = TokenGeneration(
        TableArrivals(table), ensuring(table, policy, backlog), FixedPolicies(policy), fixed()
    )
    return handler.handle(event(f"TokenGeneration_{occasion}", **members))


def claims(answered: Any) -> Any:
    return answered["claimsOverrideDetails"]["claimsToAddOrOverride"]


def settled(table: FakeTable, **changes: Any) -> dict[str, Any]:
    who = arrival()
    made = ensuring(table).run(who).profile
    assert made is not None
    changed = items.from_profile(replace(made, **changes))
    table.update(
        changed.pop("pk"), changed.pop("sk"), changes={key: changed[key] for key in changed}
    )
    table.calls.clear()
    return {"user_id": who.user_id, "attributes": {"email": who.email}}


def test_the_first_version_has_texts_for_the_id_token_and_groups_for_both(
    table: FakeTable,
) -> None:
    who = settled(table, role="manager", organization_id="org1", account_type="business")

    answered = issue(table, **who)

    assert answered == {
        "claimsOverrideDetails": {
            "claimsToAddOrOverride": {
                "role": "manager",
                "accountType": "business",
                "organizationId": "org1",
            },
            "groupOverrideDetails": {"groupsToOverride": ["manager", "organization:org1"]},
        }
    }
    assert table.calls == ["GetItem"]


@pytest.mark.parametrize(
    "shape",
    [LATER, {"request": {"scopes": ["openid"]}}, {"version": "2"}, {"version": "3"}],
    ids=["response", "scopes", "2", "3"],
)
def test_later_versions_say_the_same_in_both_tokens(
    table: FakeTable, shape: dict[str, Any]
) -> None:
    answered = issue(table, **settled(table), **shape)

    details = answered["claimsAndScopeOverrideDetails"]
    assert details["idTokenGeneration"] == details["accessTokenGeneration"]
    assert details["idTokenGeneration"]["claimsToAddOrOverride"]["role"] == "user"
    assert details["groupOverrideDetails"]["groupsToOverride"] == ["user"]


def test_the_shape_of_the_response_says_more_than_the_version(table: FakeTable) -> None:
    answered = issue(table, **settled(table), version="2", response={"claimsOverrideDetails": None})

    assert "claimsOverrideDetails" in answered


def test_the_pool_s_own_groups_stay_but_give_nobody_a_role(table: FakeTable) -> None:
    given = {
        "groupsToOverride": ["newsletter", "admin", "organization:other", 7],
        "iamRolesToOverride": ["arn:aws:iam::1:role/a"],
        "preferredRole": "arn:aws:iam::1:role/a",
    }

    answered = issue(table, **settled(table), request={"groupConfiguration": given})

    assert answered["claimsOverrideDetails"]["groupOverrideDetails"] == {
        "groupsToOverride": ["user", "newsletter"],
        "iamRolesToOverride": ["arn:aws:iam::1:role/a"],
        "preferredRole": "arn:aws:iam::1:role/a",
    }


@pytest.mark.parametrize("given", [None, "missing", {}, {"groupsToOverride": None}, []])
def test_a_pool_without_groups_is_no_matter(table: FakeTable, given: object) -> None:
    request = {} if given == "missing" else {"groupConfiguration": given}

    answered = issue(table, **settled(table), request=request)

    details = answered["claimsOverrideDetails"]["groupOverrideDetails"]
    assert details == {"groupsToOverride": ["user"]}


def test_a_token_stays_small_whatever_is_on_record() -> None:
    groups = {"groupsToOverride": [f"{n}-{'g' * 200 * (n % 2)}" for n in range(500)]}
    came = event("TokenGeneration_Authentication", request={"groupConfiguration": groups})

    answered = answer(came, Bearer("r" * 5000, "t" * 5000, "o" * 5000), POLICY)

    assert len(json.dumps(answered)) < 4000


def test_somebody_new_is_made_known_first(table: FakeTable) -> None:
    user_id = new_sub()
    policy = Policy(admins=frozenset({"jo@example.test"}))

    answered = issue(table, policy=policy, user_id=user_id, attributes={"email": "jo@example.test"})

    assert claims(answered)["role"] == "admin"
    assert table.get(items.person_key(user_id), items.PROFILE) is not None


def test_being_asked_twice_changes_nothing(table: FakeTable) -> None:
    who: dict[str, Any] = {"user_id": new_sub(), "attributes": {"email": "jo@example.test"}}
    first = issue(table, **who)
    before = table.all_items()

    assert issue(table, **who) == first
    assert table.all_items() == before


@pytest.mark.parametrize("occasion", ["Authentication", "RefreshTokens", "HostedAuth"])
def test_the_suspended_get_no_token_by_any_way(table: FakeTable, occasion: str) -> None:
    person = keep(table, profile(status="suspended"))

    with pytest.raises(Refusal, match=WRONG_PASSWORD):
        issue(table, occasion, user_id=person.user_id)


def test_the_erased_get_no_token(table: FakeTable) -> None:
    user_id = new_sub()
    table.put(items.tombstone(user_id, by=user_id, at=timestamp(NOW)))

    with pytest.raises(Refusal, match=WRONG_PASSWORD):
        issue(table, user_id=user_id)


def test_outside_the_hours_of_the_role_there_is_no_token(table: FakeTable) -> None:
    who = settled(table, role="guest")

    with pytest.raises(Refusal, match=WRONG_PASSWORD):
        issue(table, "RefreshTokens", Policy(business_hours={"guest": NEVER}), **who)


def test_a_refresh_by_somebody_suspended_is_a_token_that_should_be_dead(
    table: FakeTable, capsys: Capture
) -> None:
    person = keep(table, profile(status="suspended"))
    with pytest.raises(Refusal):
        issue(table, "RefreshTokens", user_id=person.user_id)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["severity"], line["securityEvent"]) for line in lines] == [
        ("LOW", "sign_in_suspended"),
        ("HIGH", "invalid_token_detected"),
    ]


def test_a_table_that_is_away_leaves_the_default_role_and_no_error(table: FakeTable) -> None:
    who = settled(table, role="admin", organization_id="org1")
    table.fail_next(AwsUnavailable)

    assert claims(issue(table, **who)) == {"role": "user"}


def test_somebody_new_who_has_to_wait_gets_the_default_role(table: FakeTable) -> None:
    backlog, user_id = Backlog(), new_sub()
    reading = table.get_many

    def fail(*_: object, **__: object) -> Any:
        raise AwsUnavailable("dynamodb", "BatchGetItem")

    table.get_many = fail  # type: ignore[method-assign]
    answered = issue(table, backlog=backlog, user_id=user_id)
    table.get_many = reading  # type: ignore[method-assign]

    assert claims(answered) == {"role": "user"}
    assert [one.user_id for one in backlog.arrivals] == [user_id]


def test_while_the_rules_were_never_read_somebody_new_gets_the_default_role(
    table: FakeTable,
) -> None:
    backlog, user_id = Backlog(), new_sub()
    policies = FixedPolicies(Policy(role_domains={"example.test": "admin"}), is_certain=False)
    people = TableArrivals(table)
    ensure = EnsureUser(people, policies, backlog, fixed())
    came = event("TokenGeneration_Authentication", user_id=user_id)

    answered = TokenGeneration(people, ensure, policies, fixed()).handle(came)

    assert claims(answered) == {"role": "user"}
    assert [one.user_id for one in backlog.arrivals] == [user_id]
    assert table.all_items() == []


def test_without_profile_creation_the_default_role_it_is(table: FakeTable) -> None:
    answered = issue(table, policy=Policy(profile_creation=False, default_role="guest"))

    assert claims(answered) == {"role": "guest"}


def test_a_machine_s_token_is_left_alone(table: FakeTable) -> None:
    assert issue(table, "ClientCredentials", **LATER) is None
    assert table.calls == []


def test_a_token_without_a_sub_says_no_more_than_anybody_s(table: FakeTable) -> None:
    answered = issue(table, attributes={"sub": None}, userName="Google_1")

    assert claims(answered) == {"role": "user"}
    assert table.all_items() == []
