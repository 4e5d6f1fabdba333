"""PreAuthentication tells nobody who exists; PostAuthentication never costs a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import (
    NOW,
    POLICY,
    Backlog,
    FixedPolicies,
    activities,
    arrival,
    ensuring,
    event,
    everything_of,
    fixed,
)
from fakes.people import keep, new_sub, profile
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.policy.model import Hours, Policy
from vestibule.profiles import items
from vestibule.triggers.admission import WRONG_PASSWORD
from vestibule.triggers.arrival_store import TableArrivals
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.sign_in import PostAuthentication, PreAuthentication
from vestibule.triggers.visits import TableVisits

if TYPE_CHECKING:
    from fakes.table import FakeTable

NEVER = Hours("UTC", frozenset({(NOW.weekday() + 3) % 7}), 0, 60)


def admit(table: FakeTable, policy: Policy = POLICY, **members: Any) -> None:
    handler = PreAuthentication(TableArrivals(table), FixedPolicies(policy), fixed())
    handler.handle(event("PreAuthentication_Authentication", **members))


def sign_in(
    table: FakeTable, policy: Policy = POLICY, backlog: Backlog | None = None, **members: Any
) -> None:
    ensure = ensuring(table, policy, backlog)
    handler = PostAuthentication(TableVisits(table), ensure, fixed())
    handler.handle(event("PostAuthentication_Authentication", **members))


def settled(table: FakeTable, **fields: Any) -> dict[str, Any]:
    """Let somebody arrive, and give what names them in an event."""
    who = arrival(**fields)
    ensuring(table).run(who)
    table.calls.clear()
    return {"user_id": who.user_id, "attributes": {"email": who.email}}


def test_an_active_person_may_try_after_one_read(table: FakeTable) -> None:
    admit(table, **settled(table))

    assert table.calls == ["GetItem"]


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (POLICY, {"status": "suspended"}),
        (Policy(business_hours={"guest": NEVER}), {"role": "guest"}),
    ],
    ids=["suspended", "outside their role's hours"],
)
def test_who_may_not_come_in_reads_the_words_of_a_wrong_password(
    table: FakeTable, policy: Policy, fields: dict[str, Any]
) -> None:
    person = keep(table, profile(**fields))

    with pytest.raises(Refusal) as refused:
        admit(table, policy, user_id=person.user_id)

    assert str(refused.value) == WRONG_PASSWORD == "Incorrect username or password"


def test_hours_of_another_role_are_no_matter(table: FakeTable) -> None:
    admit(table, Policy(business_hours={"guest": NEVER}), user_id=keep(table, profile()).user_id)


@pytest.mark.parametrize("name", [None, "", "jo@example.test", "x" * 5000, "\ud800"])
def test_somebody_unknown_takes_the_same_way(table: FakeTable, name: str | None) -> None:
    unknown: dict[str, Any] = {"request": {"userNotFound": True, "userAttributes": {}}}

    admit(table, userName=name, **unknown)
    assert table.calls == ["GetItem"]

    with pytest.raises(Refusal, match=WRONG_PASSWORD):
        admit(table, Policy(business_hours={"user": NEVER}), userName=name, **unknown)
    assert table.calls == ["GetItem"] * 2


def test_without_a_profile_the_rules_about_the_address_say_the_role(table: FakeTable) -> None:
    policy = Policy(business_hours={"user": NEVER}, admins=frozenset({"jo@example.test"}))

    admit(table, policy, attributes={"email": "jo@example.test"})

    with pytest.raises(Refusal):
        admit(table, policy, attributes={"email": "jo@example.test", "email_verified": "false"})


def test_nobody_is_let_past_a_table_that_is_away(table: FakeTable) -> None:
    table.fail_next(AwsUnavailable)

    with pytest.raises(AwsUnavailable):
        admit(table)


def test_a_sign_in_of_somebody_settled_is_one_write(table: FakeTable) -> None:
    who = settled(table)

    sign_in(table, **who)

    assert table.calls == ["TransactWriteItems"]
    kept = everything_of(table, who["user_id"])
    assert kept[items.LAST_SEEN]["lastLoginAt"] == timestamp(NOW)
    assert kept[items.LAST_SEEN]["lastActivityAt"] == timestamp(NOW)
    assert len(activities(table, who["user_id"], "login")) == 1


def test_a_first_sign_in_makes_the_person_known(table: FakeTable) -> None:
    user_id = new_sub()

    sign_in(table, user_id=user_id)

    kept = everything_of(table, user_id)
    assert {items.PROFILE, items.LAST_SEEN, "ACTIVITY signup", "ACTIVITY login"} <= set(kept)
    assert kept["ACTIVITY signup"]["details"]["door"] == "PostAuthentication_Authentication"


def test_a_changed_address_is_carried_over_at_the_next_sign_in(table: FakeTable) -> None:
    who = settled(table)

    sign_in(table, user_id=who["user_id"], attributes={"email": "new@example.test"})

    assert everything_of(table, who["user_id"])[items.PROFILE]["email"] == "new@example.test"
    assert len(activities(table, who["user_id"], "login")) == 1


def test_an_address_that_is_not_proven_yet_changes_nothing(table: FakeTable) -> None:
    who = settled(table)

    sign_in(
        table,
        user_id=who["user_id"],
        attributes={"email": "new@example.test", "email_verified": "false"},
    )

    assert table.calls == ["TransactWriteItems"]


def test_nothing_is_noted_of_somebody_erased(table: FakeTable) -> None:
    user_id = new_sub()
    table.put(items.tombstone(user_id, by=user_id, at=timestamp(NOW)))

    sign_in(table, user_id=user_id)

    assert set(everything_of(table, user_id)) == {items.TOMBSTONE}


def test_without_profile_creation_a_sign_in_is_noted_all_the_same(table: FakeTable) -> None:
    user_id = new_sub()

    sign_in(table, Policy(profile_creation=False), user_id=user_id)

    kept = set(everything_of(table, user_id))
    assert kept == {items.LAST_SEEN, "ACTIVITY login", items.CONFIRMED}


@pytest.mark.parametrize("failure", [AwsUnavailable, AwsRefused])
@pytest.mark.parametrize("is_queue_away", [False, True])
def test_a_table_that_is_away_costs_nobody_the_sign_in(
    table: FakeTable, failure: type[AwsUnavailable], *, is_queue_away: bool
) -> None:
    backlog, user_id = Backlog(is_away=is_queue_away), new_sub()
    table.fail_next(failure, times=9)

    sign_in(table, backlog=backlog, user_id=user_id)

    assert [one.user_id for one in backlog.arrivals] == [user_id] * (not is_queue_away)


def test_a_sign_in_without_a_sub_is_noted_nowhere(table: FakeTable) -> None:
    sign_in(table, attributes={"sub": None}, userName="Google_1")

    assert table.all_items() == []


@pytest.mark.parametrize("is_known", [True, False], ids=["at the note", "at the opening"])
def test_a_write_the_table_takes_for_wrong_is_kept_for_later(
    table: FakeTable, *, is_known: bool
) -> None:
    """Nobody is told, and nobody is lost: the queue's dead letters show it."""
    who = settled(table) if is_known else {"user_id": new_sub()}
    backlog, transact = Backlog(), table.transact

    def judge(*operations: Any) -> None:
        if is_known or len(operations) > 4:
            raise AwsRefused("dynamodb", "TransactWriteItems", code="ValidationError")
        transact(*operations)

    table.transact = judge  # type: ignore[method-assign]
    sign_in(table, backlog=backlog, **who)

    assert [one.user_id for one in backlog.arrivals] == [who["user_id"]]
