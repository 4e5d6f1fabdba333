"""A mark lets one copy of a message send its mail, on the fake and on the emulator alike."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from vestibule.delivery.mail_marks import LEASE_SECONDS, MOST_TRIES, SENT, MailMarks, key
from vestibule.mail.letters import WELCOME
from vestibule.profiles import items

if TYPE_CHECKING:
    from vestibule.platform.table import Table

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
LATER = timedelta(seconds=LEASE_SECONDS + 1)


class Clock:
    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def marks(table: Table, clock: Clock) -> MailMarks:
    return MailMarks(table, WELCOME, clock)


@pytest.fixture
def person() -> str:
    return str(uuid.uuid4())


def test_of_many_copies_at_once_one_gets_the_mark(marks: MailMarks, person: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: marks.claim(person, "e"), range(8)))

    assert len([claim for claim in claims if claim.id]) == 1
    assert all(claim.id or claim.busy_seconds > 0 for claim in claims)


def test_a_mark_that_is_finished_stays_so(marks: MailMarks, table: Table, person: str) -> None:
    marks.claim(person, "e")
    marks.finish(person, {"language": "de"})

    assert marks.recipient(person).sent
    assert marks.claim(person, "e").sent
    mark = table.get(*key(person, WELCOME))
    assert mark is not None
    assert (mark["state"], mark["language"]) == (SENT, "de")
    assert mark.keys().isdisjoint({"claim", "leaseUntil"})


def test_a_worker_that_died_costs_a_lease_and_two_of_them_the_mail(
    marks: MailMarks, clock: Clock, person: str
) -> None:
    assert marks.claim(person, "e").id
    assert marks.claim(person, "e").busy_seconds == LEASE_SECONDS
    clock.moment += LATER
    assert marks.claim(person, "e").id
    clock.moment += LATER
    assert marks.claim(person, "e").spent

    marks.forgive(person)
    assert marks.claim(person, "e").id


def test_a_mark_that_is_finished_is_not_forgiven(
    marks: MailMarks, table: Table, person: str
) -> None:
    """A slow worker learns that its mail went just as the next one gives up."""
    marks.claim(person, "e")
    marks.finish(person, {"language": "de"})
    finished = table.get(*key(person, WELCOME))

    marks.forgive(person)

    assert finished is not None
    assert finished["tries"] == 1
    assert table.get(*key(person, WELCOME)) == finished


def test_a_mark_that_nobody_made_is_not_forgiven(
    marks: MailMarks, table: Table, person: str
) -> None:
    marks.forgive(person)

    assert table.get(*key(person, WELCOME)) is None


def test_what_was_not_sent_for_certain_may_be_tried_at_once_and_forever(
    marks: MailMarks, person: str
) -> None:
    for _ in range(MOST_TRIES + 2):
        claim = marks.claim(person, "e")
        assert claim.id
        marks.release(person, claim, was_tried=False)


def test_what_may_have_gone_is_tried_once_more(marks: MailMarks, person: str) -> None:
    for _ in range(MOST_TRIES):
        claim = marks.claim(person, "e")
        assert claim.id
        marks.release(person, claim, was_tried=True)

    assert marks.claim(person, "e").spent


def test_a_late_worker_does_not_give_back_what_another_holds(
    marks: MailMarks, clock: Clock, person: str
) -> None:
    slow = marks.claim(person, "e")
    clock.moment += LATER
    assert marks.claim(person, "e").id

    marks.release(person, slow, was_tried=False)

    assert marks.claim(person, "e").busy_seconds == LEASE_SECONDS


def test_nobody_erased_is_marked(marks: MailMarks, table: Table, person: str) -> None:
    table.put(items.tombstone(person, by=person, at="2026-05-17T12:00:00.000000Z"))

    assert marks.claim(person, "e").erased
    marks.finish(person, {})

    assert marks.recipient(person).erased
    assert table.get(*key(person, WELCOME)) is None
