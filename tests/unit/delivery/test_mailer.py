"""Who is welcomed, in which words, and what becomes of a mail that does not go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.parameters import NAME, InMemoryParameter
from fakes.table import FakeTable
from vestibule.delivery import events
from vestibule.delivery.breaker import Breaker
from vestibule.delivery.mail_marks import LEASE_SECONDS, SENT, MailMarks, key
from vestibule.delivery.mailer import (
    BREAKER_OPEN,
    BUSY,
    NO_ANSWER,
    NOT_A_PERSON,
    NOT_ADDRESSED,
    NOT_NOTED,
    NOTING_TRIES,
    OUTCOME_UNKNOWN,
    PUT_OFF,
    REFUSED,
    RULES_UNREAD,
    TEMPLATE_FAULT,
    TOO_LATE,
    Mailer,
    without_sender,
    without_site,
)
from vestibule.delivery.outcomes import DONE, Outcome
from vestibule.delivery.queue import Message
from vestibule.delivery.welcome import WelcomeLetters
from vestibule.mail.letters import WELCOME, Composer
from vestibule.mail.sender import MailNotSent, MailPutOff, MailRefused
from vestibule.mail.suppression import COMPLAINT, Suppressions
from vestibule.mail.templates import TemplateFault
from vestibule.mail.unsubscribe import NOTIFICATIONS, ParameterKeys, Tokens, Wish
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.clock import timestamp
from vestibule.platform.operations import Reason, TransactionRefused
from vestibule.platform.values import replace
from vestibule.policy.model import Policy
from vestibule.profiles import items
from vestibule.profiles.model import SUSPENDED, Profile
from vestibule.profiles.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.delivery.events import Event
    from vestibule.mail.letters import Letter
    from vestibule.mail.sender import Stamp

ANN = "11111111-2222-3333-4444-555555555555"
NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
URL = "https://house.example/api/unsubscribe"
MESSAGE = Message(id="m", receipt="r", body="", receives=1, first_received=0, sent=0)
PROFILE = Profile(
    user_id=ANN,
    name="Ann of the profile",
    created_at="2026-05-17T11:00:00.000000Z",
    updated_at="2026-05-17T11:00:00.000000Z",
    email="ann@example.test",
    email_verified=True,
    account_type="enterprise",
)


def confirmed(at: datetime = NOON, subject: str = ANN, **changes: Any) -> Event:
    data = {
        "userId": subject,
        "email": "ann@example.test",
        "emailVerified": True,
        "name": "Ann Example",
        "accountType": "business",
        "language": "de",
        "door": "PostConfirmation_ConfirmSignUp",
        "origin": {"signup_source": "pricing page"},
        **changes,
    }
    told = {name: value for name, value in data.items() if value is not None}
    return events.make("user.confirmed", subject, timestamp(at), told)


class Outbox:
    """Keeps the promise of `StampingSender`, failing as it is told to."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Letter, Stamp]] = []
        self.faults: list[Exception] = []
        self.tries = 0

    def send(self, to: str, letter: Letter, stamp: Stamp) -> None:
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        self.mails.append((to, letter, stamp))


class Policies:
    def __init__(self) -> None:
        self.policy = Policy()
        self.is_certain = True

    def current(self) -> Policy:
        return self.policy


class Unwritable(Composer):
    def compose(self, *_given: Any, **_named: Any) -> Letter:
        raise TemplateFault("its head has no 'subject'")


class House:
    def __init__(self, *, breaker_failures: int = 99) -> None:
        self.table = FakeTable()
        self.outbox = Outbox()
        self.policies = Policies()
        self.moment = NOON
        self.monotonic = 0.0
        self.tokens = Tokens(ParameterKeys(InMemoryParameter(), NAME), self.clock)
        self.composer = Composer()
        self.breaker = Breaker("ses", failures=breaker_failures, clock=lambda: self.monotonic)
        self.mailer = self.worker()

    def clock(self) -> datetime:
        return self.moment

    def worker(self, left: float = 60.0) -> Mailer:
        return Mailer(
            MailMarks(self.table, WELCOME, self.clock),
            WelcomeLetters(self.composer, self.tokens, URL),
            self.outbox,
            self.policies,
            self.breaker,
            clock=self.clock,
            left=lambda: left,
            sleep=lambda _seconds: None,
        )

    def handle(self, event: Event | None = None) -> Outcome:
        return self.mailer.handle(event or confirmed(), MESSAGE)

    def mark(self) -> dict[str, Any]:
        return self.table.get(*key(ANN, WELCOME)) or {}


@pytest.fixture
def house() -> House:
    return House()


def test_a_confirmed_person_gets_one_mail_with_a_way_out_of_the_next(house: House) -> None:
    assert house.handle() == DONE

    ((to, letter, stamp),) = house.outbox.mails
    assert to == "ann@example.test"
    assert (letter.language, "Ann Example" in letter.text) == ("de", True)
    assert "Geschäftskonto" in letter.subject
    link = stamp.headers["List-Unsubscribe"]
    assert link.startswith(f"<{URL}?token=")
    assert link[1:-1] in letter.text
    assert stamp.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert house.tokens.read(link[1:-1].partition("=")[2]) == Wish(ANN, NOTIFICATIONS)
    assert stamp.tags == {"kind": "welcome", "account_type": "business", "source": "pricing page"}


def test_every_copy_of_the_event_finds_the_mail_sent(house: House) -> None:
    outcomes = [house.handle() for _ in range(3)]

    assert outcomes == [DONE, DONE, DONE]
    assert len(house.outbox.mails) == 1
    assert house.mark()["state"] == SENT
    assert house.mark()["source"] == "pricing page"


def test_copies_at_once_send_one(house: House) -> None:
    class Slow(Outbox):
        def send(self, to: str, letter: Letter, stamp: Stamp) -> None:
            others.append(house.worker().handle(confirmed(), MESSAGE))
            super().send(to, letter, stamp)

    others: list[Outcome] = []
    house.outbox = Slow()
    house.mailer = house.worker()

    assert house.handle() == DONE

    assert [(one.reason, bool(one.seconds)) for one in others] == [(BUSY, True)]
    assert len(house.outbox.mails) == 1


def test_a_profile_that_is_there_by_now_is_believed(house: House) -> None:
    house.table.put(items.from_profile(replace(PROFILE, email="new@example.test")))

    house.handle()

    ((to, letter, stamp),) = house.outbox.mails
    assert to == "new@example.test"
    assert stamp.tags["account_type"] == house.mark()["accountType"] == "enterprise"
    assert "Ann of the profile" in letter.text
    assert "Unternehmenskonto" in letter.subject


def test_without_a_language_the_preferred_one_is_taken(house: House) -> None:
    house.table.put(items.from_preferences(ANN, Preferences(language="de")))

    house.handle(confirmed(language=None))

    assert house.outbox.mails[0][1].language == "de"


@pytest.mark.parametrize(
    "item",
    [
        items.from_preferences(ANN, Preferences(email_notifications=False)),
        items.tombstone(ANN, by=ANN, at="2026-05-17T11:00:00.000000Z"),
        items.from_profile(replace(PROFILE, status=SUSPENDED)),
        items.from_profile(replace(PROFILE, email_verified=False)),
        items.from_profile(replace(PROFILE, email=None, email_verified=False, email_conflict=True)),
    ],
    ids=["unwanted", "erased", "suspended", "unverified", "conflict"],
)
def test_who_must_not_be_written_to_is_not(house: House, item: dict[str, Any]) -> None:
    house.table.put(item)

    assert house.handle() == DONE
    assert house.outbox.tries == 0
    assert house.mark() == {}


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_nobody_with_an_unproven_address_is_written_to(house: House, verified: object) -> None:
    assert house.handle(confirmed(emailVerified=verified)) == DONE
    assert house.outbox.tries == 0


def test_an_address_that_was_set_aside_is_not_written_to(house: House) -> None:
    Suppressions(house.table).add("Ann@Example.test", COMPLAINT, "abuse")

    assert house.handle() == DONE
    assert house.outbox.tries == 0


def test_the_rules_may_switch_it_off(house: House) -> None:
    house.policies.policy = Policy(welcome_mail=False)

    assert house.handle() == DONE
    assert house.outbox.tries == 0


def test_while_nobody_knows_the_rules_it_waits(house: House) -> None:
    house.policies.is_certain = False

    assert house.handle().reason == RULES_UNREAD
    assert house.outbox.tries == 0


def test_nobody_is_welcomed_long_after(house: House) -> None:
    assert house.handle(confirmed(at=NOON - TOO_LATE - timedelta(seconds=1))) == DONE
    assert house.outbox.tries == 0
    assert house.handle(confirmed(at=NOON - TOO_LATE)) == DONE
    assert house.outbox.tries == 1


@pytest.mark.parametrize("email", ["no address", "a@b.example,c@d.example", "Ann <a@b.example>"])
def test_what_is_no_address_becomes_a_dead_letter(house: House, email: str) -> None:
    outcome = house.handle(confirmed(email=email))

    assert (outcome.is_never, outcome.reason) == (True, NOT_ADDRESSED)
    assert house.outbox.tries == 0


def test_an_event_about_no_person_becomes_a_dead_letter(house: House) -> None:
    assert house.handle(confirmed(subject="somebody")).reason == NOT_A_PERSON


def test_a_refused_mail_becomes_a_dead_letter_that_may_be_sent_again(house: House) -> None:
    house.outbox.faults = [MailRefused("SES answered 400 MessageRejected")]

    outcome = house.handle()

    assert (outcome.is_never, outcome.reason) == (True, REFUSED)
    assert "MessageRejected" in outcome.detail
    assert house.handle() == DONE
    assert len(house.outbox.mails) == 1


def test_a_mail_that_was_put_off_goes_as_soon_as_it_can(house: House) -> None:
    house.outbox.faults = [MailPutOff("throttled") for _ in range(5)]

    reasons = [house.handle().reason for _ in range(6)]

    assert reasons == [PUT_OFF] * 5 + [""]
    assert len(house.outbox.mails) == 1


def test_an_outcome_that_nobody_knows_costs_one_mail_more_at_most(house: House) -> None:
    house.outbox.faults = [MailNotSent("TimeoutError") for _ in range(3)]

    outcomes = [house.handle() for _ in range(3)]

    assert [one.reason for one in outcomes] == [NO_ANSWER, NO_ANSWER, OUTCOME_UNKNOWN]
    assert outcomes[0].seconds
    assert outcomes[2].is_never
    assert house.outbox.tries == 2


def test_a_worker_that_dies_leaves_the_mail_to_the_next(house: House) -> None:
    house.outbox.faults = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        house.handle()

    waiting = house.handle()
    house.moment += timedelta(seconds=61)

    assert waiting.reason == BUSY
    assert house.handle() == DONE
    assert len(house.outbox.mails) == 1


def test_a_broken_template_becomes_a_dead_letter_and_holds_nothing(house: House) -> None:
    house.composer = Unwritable()
    house.mailer = house.worker()

    outcome = house.handle()

    assert (outcome.is_never, outcome.reason) == (True, TEMPLATE_FAULT)
    assert "subject" in outcome.detail
    assert house.mark() == {}


def test_somebody_erased_at_the_last_moment_is_not_written_to(house: House) -> None:
    class Slow(Composer):
        def compose(self, *given: Any, **named: Any) -> Letter:
            house.table.put(items.tombstone(ANN, by=ANN, at="2026-05-17T11:00:00.000000Z"))
            return super().compose(*given, **named)

    house.composer = Slow()
    house.mailer = house.worker()

    assert house.handle() == DONE
    assert house.outbox.tries == 0


def test_a_mark_that_many_fight_for_is_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_operations: object) -> None:
        raise TransactionRefused((Reason("None"), Reason("TransactionConflict")))

    monkeypatch.setattr(house.table, "transact", refuse)

    outcome = house.handle()

    assert (outcome.reason, bool(outcome.seconds)) == (BUSY, True)
    assert house.outbox.tries == 0


def test_a_service_that_fails_is_left_alone_and_tried_again() -> None:
    house = House(breaker_failures=2)
    house.outbox.faults = [MailPutOff("away"), MailPutOff("away")]
    reasons = [house.handle().reason for _ in range(4)]
    assert reasons == [PUT_OFF, PUT_OFF, BREAKER_OPEN, BREAKER_OPEN]
    assert house.outbox.tries == 2

    patient = [house.mailer.handle(confirmed(), replace(MESSAGE, receives=15)) for _ in range(20)]
    assert max(one.seconds or 0 for one in patient) > 60

    house.monotonic += 31

    assert house.handle() == DONE
    assert not house.breaker.is_open


def test_a_service_that_refuses_one_mail_is_not_left_alone() -> None:
    house = House(breaker_failures=2)
    house.outbox.faults = [MailRefused("bad") for _ in range(3)]

    assert [house.handle().reason for _ in range(3)] == [REFUSED] * 3
    assert house.handle() == DONE


def failing_once_sent(house: House, times: int) -> None:
    """Take the table away as soon as a mail has gone."""

    class Last(Outbox):
        def send(self, to: str, letter: Letter, stamp: Stamp) -> None:
            super().send(to, letter, stamp)
            house.table.fail_next(AwsUnavailable, times=times)

    house.outbox = Last()


def test_a_mail_that_went_is_noted_though_the_table_stumbles(house: House) -> None:
    failing_once_sent(house, NOTING_TRIES - 1)
    house.mailer = house.worker()

    assert house.handle() == DONE
    assert house.mark()["state"] == SENT


def test_a_mail_that_could_not_be_noted_is_remembered_and_sent_no_second_time(
    house: House,
) -> None:
    failing_once_sent(house, NOTING_TRIES)
    house.mailer = house.worker()

    outcome = house.handle()
    assert (outcome.kind, outcome.reason) == ("later", NOT_NOTED)
    assert (outcome.seconds or 0) < LEASE_SECONDS
    house.moment += timedelta(seconds=LEASE_SECONDS + 1)

    assert house.handle() == DONE
    assert house.outbox.tries == 1
    assert house.mark()["state"] == SENT


def test_noting_ends_with_the_invocation(house: House) -> None:
    failing_once_sent(house, NOTING_TRIES)
    house.mailer = house.worker(left=1.0)

    assert house.handle().reason == NOT_NOTED
    assert len(house.table._faults) == NOTING_TRIES - 1


def test_a_probe_is_taken_by_a_mail_alone() -> None:
    house = House(breaker_failures=1)
    house.outbox.faults = [MailPutOff("away")]
    house.handle()
    house.monotonic += 31
    genuine, house.composer = house.composer, Unwritable()
    house.mailer = house.worker()
    assert house.handle().reason == TEMPLATE_FAULT

    house.composer = genuine
    house.mailer = house.worker()

    assert house.handle() == DONE


@pytest.mark.parametrize("handle", [without_sender, without_site])
def test_without_a_sender_or_a_site_nothing_waits(handle: Callable[..., Outcome]) -> None:
    assert handle(confirmed(), MESSAGE) == DONE


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"origin": {"utm_source": "x"}}, "PostConfirmation_ConfirmSignUp"),
        ({"origin": "x", "door": None}, "unknown"),
        ({"origin": None}, "PostConfirmation_ConfirmSignUp"),
    ],
)
def test_a_mail_is_tagged_with_where_somebody_came_from(
    house: House, changes: dict[str, Any], source: str
) -> None:
    house.handle(confirmed(**changes))

    assert house.outbox.mails[0][2].tags["source"] == source
