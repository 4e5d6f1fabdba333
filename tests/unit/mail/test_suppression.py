from datetime import UTC, datetime, timedelta

import pytest

from fakes.table import FakeTable
from vestibule.mail.suppression import BOUNCE, BOUNCE_DAYS, COMPLAINT, Suppressions

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def suppressions(clock: Clock) -> Suppressions:
    return Suppressions(FakeTable(), clock)


def test_an_address_is_set_aside_however_it_is_written(suppressions: Suppressions) -> None:
    assert suppressions.add("Jo@Example.Test", BOUNCE, "General")

    assert suppressions.holds("jo@example.test")
    assert not suppressions.holds("ann@example.test")


def test_a_bounce_is_forgotten_in_time_and_a_complaint_is_not(
    suppressions: Suppressions, clock: Clock
) -> None:
    suppressions.add("bounced@example.test", BOUNCE, "General")
    suppressions.add("angry@example.test", COMPLAINT, "abuse")

    clock.moment = NOON + timedelta(days=BOUNCE_DAYS + 1)

    assert not suppressions.holds("bounced@example.test")
    assert suppressions.holds("angry@example.test")


def test_a_bounce_after_a_complaint_changes_nothing(
    suppressions: Suppressions, clock: Clock
) -> None:
    suppressions.add("angry@example.test", COMPLAINT, "abuse")
    suppressions.add("angry@example.test", BOUNCE, "General")

    clock.moment = NOON + timedelta(days=BOUNCE_DAYS + 1)

    assert suppressions.holds("angry@example.test")


def test_what_is_no_address_is_not_kept() -> None:
    table = FakeTable()

    assert not Suppressions(table).add("nobody", BOUNCE, "General")
    assert not Suppressions(table).holds("nobody")
    assert table.all_items() == []
