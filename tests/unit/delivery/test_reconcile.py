"""Reconciliation finds who got lost, mends it once, and goes on where it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import keep, profile
from fakes.pool import ListedPool, listed
from fakes.table import FakeTable
from vestibule.delivery import reconcile
from vestibule.delivery.outcomes import DONE, Outcome, later
from vestibule.delivery.reconcile import Reconciliation, Repairs, Report
from vestibule.delivery.reconcile_store import MOST_AGAINS, TableCursor, TableMarks
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace
from vestibule.profiles import items

if TYPE_CHECKING:
    from vestibule.delivery.pool import Listed

NOW = datetime(2026, 11, 20, 9, 41, 0, 123456, tzinfo=UTC)
LONG_AGO = timestamp(NOW - timedelta(hours=2))
JUST_NOW = timestamp(NOW - timedelta(minutes=14))
CURSOR = ("MAINTENANCE#reconcile", "CURSOR")


class Stage:
    """A table, a pool, and repairs that note whom they were asked to repair."""

    def __init__(
        self, *accounts: Listed, opens_profiles: bool = True, delivers: bool = True
    ) -> None:
        self.table = FakeTable()
        self.pool = ListedPool(*accounts)
        self.ensured: list[str] = []
        self.erased: list[str] = []
        self.settled: list[str] = []
        self.settles = False
        self.outcome: Outcome | Exception = DONE
        self.moment = NOW
        self.passed = 0.0
        self.page_takes = 0.0
        self.slept: list[float] = []
        self.repairs = Repairs(
            ensure=self._ensure,
            settle=self._settle,
            erase=self._erase,
            opens_profiles=lambda: opens_profiles,
            delivers=delivers,
        )

    def run(self, seconds: float = 30.0, owner: str | None = None) -> Report:
        return Reconciliation(
            self.pool,  # type: ignore[arg-type]
            TableMarks(self.table),
            TableCursor(self.table, owner or new_id()),
            self.repairs,
            clock=lambda: self.moment,
            monotonic=self._monotonic,
            sleep=self._sleep,
        ).run(seconds)

    def known(self, account: Listed, *, at: str = LONG_AGO, **confirmed: Any) -> None:
        """Put somebody there as ensure_user does, not delivered yet."""
        keep(self.table, profile(account.user_id))
        pk = items.person_key(account.user_id)
        told = {"email": "ann@example.test", **confirmed}
        if told["email"] is None:
            del told["email"]
        self.table.put({"pk": pk, "sk": items.CONFIRMED, "at": at, **told})

    def marked(self, account: Listed, status: str = "delivered", at: str = LONG_AGO) -> None:
        pk = items.person_key(account.user_id)
        self.table.put({"pk": pk, "sk": "DELIVERY#user-service", "status": status, "at": at})

    def confirmed(self, account: Listed) -> dict[str, Any]:
        return self.table.get(items.person_key(account.user_id), items.CONFIRMED) or {}

    def cursor(self) -> dict[str, Any]:
        return self.table.get(*CURSOR) or {}

    def _ensure(self, account: Listed) -> Outcome:
        self.ensured.append(account.user_id)
        return self._said()

    def _erase(self, account: Listed) -> Outcome:
        self.erased.append(account.user_id)
        return self._said()

    def _settle(self, account: Listed) -> bool:
        self.settled.append(account.user_id)
        return self._said().is_done and self.settles

    def _said(self) -> Outcome:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def _monotonic(self) -> float:
        self.passed += self.page_takes
        return self.passed

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def counts(report: Report) -> dict[str, int]:
    return {name: count for name, count in report.run.items() if count}


def test_who_is_known_and_delivered_is_left_alone() -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.known(somebody)
    stage.marked(somebody)
    before = stage.confirmed(somebody)

    report = stage.run()

    assert (report.state, counts(report)) == ("complete", {"checked": 1})
    assert stage.confirmed(somebody) == before
    assert stage.ensured == stage.erased == []


@pytest.mark.parametrize(("settles", "count"), [(False, "skipped"), (True, "repaired")])
def test_who_lacks_an_address_is_not_told_of_again_but_helped_to_theirs(
    settles: bool,  # noqa: FBT001 - a parameter of the test
    count: str,
) -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.settles = settles
    stage.known(somebody, email=None)
    before = stage.confirmed(somebody)

    found = [counts(stage.run()) for _ in range(2)]

    assert found == [{"checked": 1, count: 1}] * 2
    assert stage.settled == [somebody.user_id] * 2
    assert stage.ensured == []
    assert stage.confirmed(somebody) == before


@pytest.mark.parametrize("missing", ["everything", items.PROFILE, items.CONFIRMED])
def test_who_is_missing_is_let_in(missing: str) -> None:
    somebody = listed()
    stage = Stage(somebody)
    if missing != "everything":
        stage.known(somebody)
        stage.table.delete(items.person_key(somebody.user_id), missing)

    report = stage.run()

    assert stage.ensured == [somebody.user_id]
    assert counts(report) == {"checked": 1, "missing": 1, "repaired": 1}


def test_a_profile_that_the_policy_does_not_open_is_not_missing() -> None:
    somebody = listed()
    stage = Stage(somebody, opens_profiles=False)
    stage.known(somebody)
    stage.marked(somebody)
    stage.table.delete(items.person_key(somebody.user_id), items.PROFILE)

    assert counts(stage.run()) == {"checked": 1}


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ({"status": "EXTERNAL_PROVIDER"}, True),
        ({"status": "RESET_REQUIRED"}, True),
        ({"status": "UNCONFIRMED"}, False),
        ({"status": "FORCE_CHANGE_PASSWORD"}, False),
        ({"status": "ARCHIVED"}, False),
        ({"enabled": False}, False),
        ({"attributes": {"email_verified": "false"}}, False),
    ],
)
def test_only_who_has_proven_an_address_should_be_known(
    fields: dict[str, Any], *, is_due: bool
) -> None:
    stage = Stage(listed(**fields))

    report = stage.run()

    assert counts(report)["checked"] == 1
    assert report.run["skipped"] == int(not is_due)
    assert len(stage.ensured) == int(is_due)


def test_somebody_undelivered_is_told_of_again_and_only_once() -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.known(somebody, email="a@b.example")

    assert counts(stage.run()) == {"checked": 1, "republished": 1}
    assert counts(stage.run()) == {"checked": 1}

    told = stage.confirmed(somebody)
    assert (told["again"], told["againAt"]) == (1, timestamp(NOW))
    assert (told["email"], told["at"]) == ("a@b.example", LONG_AGO)


@pytest.mark.parametrize(
    ("confirmed", "mark", "is_told"),
    [
        ({"at": JUST_NOW}, None, False),
        ({}, ("delivered", LONG_AGO), False),
        ({}, ("dead", LONG_AGO), False),
        ({}, ("pending", JUST_NOW), False),
        ({}, ("pending", LONG_AGO), True),
        ({"again": 1, "againAt": timestamp(NOW - timedelta(minutes=59))}, None, False),
        ({"again": 1, "againAt": timestamp(NOW - timedelta(minutes=60))}, None, True),
        ({"again": MOST_AGAINS, "againAt": "2026-01-01T00:00:00Z"}, None, False),
        ({"at": "yesterday"}, None, True),
    ],
)
def test_what_may_still_be_on_its_way_is_not_told_of_again(
    confirmed: dict[str, Any], mark: tuple[str, str] | None, *, is_told: bool
) -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.known(somebody, **confirmed)
    if mark is not None:
        stage.marked(somebody, *mark)

    assert stage.run().run["republished"] == int(is_told)


def test_without_a_user_service_nobody_is_undelivered() -> None:
    somebody = listed()
    stage = Stage(somebody, delivers=False)
    stage.known(somebody)

    assert counts(stage.run()) == {"checked": 1}


def test_two_that_found_the_same_person_tell_of_them_once() -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.known(somebody)
    marks = TableMarks(stage.table)
    found = marks.read([somebody.user_id])[somebody.user_id].confirmed
    assert found is not None

    told = [marks.tell_again(somebody.user_id, found, LONG_AGO) for _ in range(2)]

    assert told == [True, False]
    assert stage.confirmed(somebody)["again"] == 1


def test_nothing_is_told_of_who_was_erased_meanwhile() -> None:
    table = FakeTable()

    assert not TableMarks(table).tell_again("gone", {"at": LONG_AGO}, LONG_AGO)
    assert table.all_items() == []


@pytest.mark.parametrize("fields", [{}, {"status": "UNCONFIRMED"}, {"enabled": False}])
def test_an_account_that_outlived_its_person_is_erased(fields: dict[str, Any]) -> None:
    somebody = listed(**fields)
    stage = Stage(somebody)
    stage.table.put(items.tombstone(somebody.user_id, by="x", at=LONG_AGO))

    report = stage.run()

    assert (stage.erased, stage.ensured) == ([somebody.user_id], [])
    assert counts(report) == {"checked": 1, "erased": 1}


def test_an_erasing_under_way_is_left_to_its_own_message() -> None:
    somebody = listed()
    stage = Stage(somebody)
    stage.table.put(items.tombstone(somebody.user_id, by="x", at=JUST_NOW))

    assert counts(stage.run()) == {"checked": 1, "skipped": 1}
    assert stage.erased == []


@pytest.mark.parametrize("outcome", [later("away"), AwsUnavailable("dynamodb", "x"), KeyError("x")])
def test_one_who_cannot_be_mended_keeps_nobody_waiting(outcome: Any) -> None:
    lost, other, erased = listed(), listed(), listed()
    stage = Stage(lost, other, erased)
    stage.known(other)
    stage.table.put(items.tombstone(erased.user_id, by="x", at=LONG_AGO))
    stage.outcome = outcome

    report = stage.run()

    assert report.state == "complete"
    assert counts(report) == {"checked": 3, "missing": 1, "failed": 2, "republished": 1}


def test_every_page_is_looked_at_and_the_next_run_begins_anew() -> None:
    accounts = [listed() for _ in range(5)]
    stage = Stage(*accounts)

    report = stage.run()

    assert report.state == "complete"
    assert stage.ensured == [one.user_id for one in accounts]
    assert stage.pool.asked == [None, "2", "4"]
    assert stage.cursor().keys() == {"pk", "sk", "last"}
    assert stage.cursor()["last"]["counts"]["checked"] == 5
    assert stage.run().whole["checked"] == 5


def test_the_rate_is_bounded() -> None:
    stage = Stage(*[listed() for _ in range(6)])

    stage.run()

    assert stage.slept == [1 / reconcile.PAGES_PER_SECOND] * 2


def test_a_run_that_ends_early_is_gone_on_with() -> None:
    accounts = [listed() for _ in range(7)]
    stage = Stage(*accounts)
    stage.page_takes = 1.0  # each look at the clock

    states, started = [], set()
    for _ in range(20):
        report = stage.run(seconds=4.5)
        states.append(report.state)
        started.add(report.started_at)
        stage.moment += timedelta(minutes=15)
        if report.state == "complete":
            break

    assert states[0] == "paused"
    assert states[-1] == "complete"
    assert len(started) == 1
    assert set(stage.ensured) == {one.user_id for one in accounts}
    assert stage.ensured == [one.user_id for one in accounts]
    assert report.whole["checked"] == report.whole["repaired"] == len(accounts)


def test_slow_repairs_that_fail_hide_nobody_behind_them() -> None:
    accounts = [listed() for _ in range(4)]
    stage = Stage(*accounts)
    stage.outcome = later("away")
    ensure = stage.repairs.ensure

    def slow(account: Listed) -> Outcome:
        stage.passed += 60.0
        return ensure(account)

    stage.repairs = replace(stage.repairs, ensure=slow)

    for _ in accounts:
        report = stage.run()
        stage.moment += timedelta(minutes=15)

    assert stage.ensured == [one.user_id for one in accounts]
    assert report.whole["failed"] == report.whole["checked"] == len(accounts)


def test_a_table_that_is_away_at_the_start_is_no_error() -> None:
    stage = Stage(listed())
    stage.table.fail_next(AwsUnavailable)

    assert stage.run().state == "interrupted"
    assert stage.run().state == "complete"


def test_two_runs_are_never_at_work_at_once() -> None:
    stage = Stage(*[listed() for _ in range(3)])
    reports: list[Report] = []

    def second(_seconds: float) -> None:
        reports.append(stage.run())

    stage._sleep = second  # type: ignore[method-assign]

    assert stage.run().state == "complete"
    assert [one.state for one in reports] == ["busy"]
    assert len(stage.ensured) == 3


def test_a_run_that_was_killed_does_not_stop_the_next_ones_for_ever() -> None:
    stage = Stage(listed())
    assert TableCursor(stage.table, "killed").take(NOW, 90.0) is not None

    assert stage.run().state == "busy"
    stage.moment += timedelta(seconds=92)

    assert stage.run().state == "complete"


def test_who_lost_the_lease_writes_nothing_more() -> None:
    stage = Stage(*[listed() for _ in range(3)])

    def taken_over(_seconds: float) -> None:
        stage.table.update(*CURSOR, changes={"leaseOwner": "another"})

    stage._sleep = taken_over  # type: ignore[method-assign]

    assert stage.run().state == "interrupted"
    assert stage.cursor()["leaseOwner"] == "another"
    assert stage.cursor()["token"] == "2"


def test_a_place_in_the_list_that_has_expired_means_to_begin_anew() -> None:
    accounts = [listed() for _ in range(3)]
    stage = Stage(*accounts)
    held = {"startedAt": LONG_AGO, "token": "expired", "counts": {"checked": 60}}
    stage.table.put({"pk": CURSOR[0], "sk": CURSOR[1], **held})
    stage.pool.expired = {"expired"}

    report = stage.run()

    assert stage.pool.asked == ["expired", None, "2"]
    assert (report.state, report.whole["checked"]) == ("complete", 3)
    assert report.started_at == timestamp(NOW)


def test_an_outage_interrupts_the_run_and_keeps_its_place() -> None:
    accounts = [listed() for _ in range(5)]
    stage = Stage(*accounts)

    def away(_seconds: float) -> None:
        stage.pool.raises = AwsUnavailable("cognito-idp", "ListUsers")

    stage._sleep = away  # type: ignore[method-assign]

    assert stage.run().state == "interrupted"
    assert stage.cursor()["token"] == "2"
    assert "leaseUntil" not in stage.cursor()
    stage.pool.raises = None
    stage._sleep = lambda _seconds: None  # type: ignore[method-assign]
    assert stage.run().state == "complete"
    assert set(stage.ensured) == {one.user_id for one in accounts}


def test_a_table_that_is_away_interrupts_too() -> None:
    stage = Stage(listed())
    original = stage.pool.page

    def page(token: str | None) -> Any:
        stage.table.fail_next(AwsUnavailable, times=2)
        return original(token)

    stage.pool.page = page  # type: ignore[method-assign]

    assert stage.run().state == "interrupted"


def test_the_answer_says_what_was_found() -> None:
    view = Stage(listed()).run().view()

    assert view == {
        "task": "reconcile",
        "state": "complete",
        "startedAt": timestamp(NOW),
        "run": {
            "checked": 1,
            "skipped": 0,
            "missing": 1,
            "repaired": 1,
            "republished": 0,
            "erased": 0,
            "failed": 0,
        },
        "pass": {
            "checked": 1,
            "skipped": 0,
            "missing": 1,
            "repaired": 1,
            "republished": 0,
            "erased": 0,
            "failed": 0,
        },
    }
