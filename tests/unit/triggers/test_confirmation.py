"""Confirming makes somebody known; choosing a new password makes nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW, Backlog, activities, arrival, ensuring, event, everything_of, fixed
from fakes.interruptions import before_each_write
from fakes.people import keep, new_sub, profile
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.profiles import items
from vestibule.triggers.confirmation import PostConfirmation
from vestibule.triggers.ensure_user import ATTEMPTS, Raced
from vestibule.triggers.origin_store import TableOrigins
from vestibule.triggers.visits import TableVisits

if TYPE_CHECKING:
    from fakes.table import FakeTable


def confirm(
    table: FakeTable, occasion: str = "ConfirmSignUp", backlog: Backlog | None = None, **of: Any
) -> None:
    ensure = ensuring(table, backlog=backlog)
    handler = PostConfirmation(ensure, TableVisits(table), fixed())
    handler.handle(event(f"PostConfirmation_{occasion}", **of))


def test_a_confirmation_is_one_read_and_one_write(table: FakeTable) -> None:
    confirm(table)

    assert table.calls == ["BatchGetItem", "TransactWriteItems"]


def test_what_sign_up_was_told_comes_onto_the_activity_and_is_forgotten(table: FakeTable) -> None:
    user_id, email = new_sub(), "jo@example.test"
    TableOrigins(table, fixed()).keep(email, {"utm_source": "news", "referrer_id": "r1"})

    confirm(
        table,
        user_id=user_id,
        attributes={"email": email, "custom:signup_source": "fair"},
        request={"clientMetadata": {"utm_source": "other", "utm_medium": "mail"}},
    )

    (made,) = activities(table, user_id)
    assert made["details"] == {
        "door": "PostConfirmation_ConfirmSignUp",
        "signup_source": "fair",
        "utm_source": "news",
        "utm_medium": "mail",
        "referrer_id": "r1",
    }
    assert table.get(f"EMAIL#{email}", "SIGNUP") is None


def test_a_new_password_is_noted_and_makes_nobody(table: FakeTable) -> None:
    user_id = new_sub()

    confirm(table, "ConfirmForgotPassword", user_id=user_id)

    kept = everything_of(table, user_id)
    assert set(kept) == {items.LAST_SEEN, "ACTIVITY password_reset"}
    assert kept[items.LAST_SEEN]["lastPasswordResetAt"] == timestamp(NOW)
    assert table.calls[:-1] == ["TransactWriteItems"]


def test_a_password_reset_keeps_the_last_sign_in(table: FakeTable) -> None:
    who = arrival()
    TableVisits(table).sign_in(who, settled=False)

    confirm(table, "ConfirmForgotPassword", user_id=who.user_id)

    assert everything_of(table, who.user_id)[items.LAST_SEEN]["lastLoginAt"] == who.at


def test_a_table_that_is_away_costs_the_note_of_a_reset_alone(table: FakeTable) -> None:
    table.fail_next(AwsUnavailable)
    backlog = Backlog()

    confirm(table, "ConfirmForgotPassword", backlog)

    assert backlog.arrivals == []


@pytest.mark.parametrize("reached", [0, 1], ids=["at the read", "at the write"])
def test_an_arrival_waits_in_the_queue_while_the_table_is_away(
    table: FakeTable, reached: int
) -> None:
    backlog, user_id = Backlog(), new_sub()
    if reached:
        before_each_write(table, lambda: table.fail_next(AwsUnavailable), times=1)
    else:
        table.fail_next(AwsUnavailable)

    confirm(table, backlog=backlog, user_id=user_id)

    (waiting,) = backlog.arrivals
    assert waiting.user_id == user_id
    ensuring(table).run(waiting)
    assert len(activities(table, user_id)) == 1


def test_a_write_whose_answer_was_lost_is_found_done_when_tried_again(table: FakeTable) -> None:
    backlog, user_id = Backlog(), new_sub()
    before_each_write(
        table, lambda: table.fail_next(AwsUnavailable("dynamodb", "x"), applied=True), times=1
    )

    confirm(table, backlog=backlog, user_id=user_id)
    ensuring(table).run(backlog.arrivals[0])

    assert len(activities(table, user_id)) == 1


def test_if_even_the_queue_is_away_it_is_logged_and_counted(
    table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.fail_next(AwsUnavailable)

    confirm(table, backlog=Backlog(is_away=True), user_id=(user_id := new_sub()))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["level"], line["userId"]) for line in lines] == [("ERROR", user_id)]


def test_who_is_written_to_at_each_attempt_has_to_wait(table: FakeTable) -> None:
    backlog, person = Backlog(), keep(table, profile())
    who = arrival(person.user_id)

    def meanwhile() -> None:
        table.update(items.person_key(who.user_id), items.PROFILE, increment={"version": 1})

    before_each_write(table, meanwhile, times=2 * ATTEMPTS)
    with pytest.raises(Raced):
        ensuring(table).run(who)

    assert ensuring(table, backlog=backlog).arrive(who) is None
    assert backlog.arrivals == [who]


@pytest.mark.parametrize("occasion", ["ConfirmSignUp", "ConfirmForgotPassword"])
@pytest.mark.parametrize("name", ["", "Google_1", "jo@example.test", "../PROFILE#1"])
def test_nobody_is_kept_under_an_id_that_is_no_sub(
    table: FakeTable, occasion: str, name: str
) -> None:
    confirm(table, occasion, attributes={"sub": None}, userName=name)

    assert table.all_items() == []
