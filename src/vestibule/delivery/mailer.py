"""Welcomes each person once, by mail, when they have proven their address."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from vestibule.delivery import backoff
from vestibule.delivery.outcomes import DONE, Outcome, deferred, later, never
from vestibule.delivery.welcome import Welcome
from vestibule.mail.addresses import deliverable
from vestibule.mail.sender import MailNotSent, MailPutOff, MailRefused, Stamp
from vestibule.mail.templates import TemplateFault
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.clock import now
from vestibule.platform.ids import is_sub
from vestibule.platform.retry import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    from vestibule.delivery.breaker import Breaker
    from vestibule.delivery.events import Event
    from vestibule.delivery.mail_marks import Claim, MailMarks, Recipient
    from vestibule.delivery.queue import Message
    from vestibule.delivery.welcome import WelcomeLetters
    from vestibule.mail.letters import Letter
    from vestibule.mail.sender import StampingSender
    from vestibule.platform.clock import Clock
    from vestibule.policy.ports import Policies

TOO_LATE: Final = timedelta(days=30)
"""An event may be told again much later, for another's sake: nobody is welcomed a year after."""
UNKNOWN_SECONDS: Final = 120.0
"""Before the one repetition of a mail that may have gone: by then most troubles are over."""

NOT_ADDRESSED: Final = "bad_address"
NOT_A_PERSON: Final = "not_a_person"
REFUSED: Final = "mail_refused"
TEMPLATE_FAULT: Final = "template_fault"
OUTCOME_UNKNOWN: Final = "outcome_unknown"
PUT_OFF: Final = "mail_put_off"
NO_ANSWER: Final = "no_answer"
BUSY: Final = "being_sent"
BREAKER_OPEN: Final = "breaker_open"
RULES_UNREAD: Final = "rules_unread"
NOT_NOTED: Final = "sent_not_noted"
NOTING_TRIES: Final = 4
_NOTING_SECONDS: Final = 3.0
_NOT_NOTED_SECONDS: Final = 5.0
"""Soon enough to be back while nobody else may send it."""
_MOST_UNNOTED: Final = 1000

log = logs.logger(__name__)


class Mailer:
    """The consumer of the queue `mail`. Raises AwsError when the table or the key is away."""

    def __init__(  # noqa: PLR0913 - parts, each asked for something else
        self,
        marks: MailMarks,
        letters: WelcomeLetters,
        sender: StampingSender,
        policies: Policies,
        breaker: Breaker,
        *,
        clock: Clock = now,
        left: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`left` tells how many seconds the invocation still has."""
        self._marks = marks
        self._letters = letters
        self._sender = sender
        self._policies = policies
        self._breaker = breaker
        self._clock = clock
        self._left = left
        self._sleep = sleep
        self._unnoted: dict[str, Mapping[str, str]] = {}

    def handle(self, event: Event, message: Message) -> Outcome:
        if not is_sub(event.subject):
            return never(NOT_A_PERSON)
        welcome = Welcome.of(event)
        if welcome.user_id in self._unnoted:
            return self._noted(welcome.user_id, self._unnoted[welcome.user_id])
        policy = self._policies.current()
        if not self._policies.is_certain:
            return later(RULES_UNREAD)
        if not policy.welcome_mail:
            return _skipped(welcome, "policy")
        if self._clock() - datetime.fromisoformat(welcome.at) > TOO_LATE:
            return _skipped(welcome, "too_late")
        return self._look_up(welcome, message.receives)

    def _look_up(self, welcome: Welcome, receives: int) -> Outcome:
        recipient = self._marks.recipient(welcome.user_id)
        if recipient.sent:
            return DONE
        reason = _reason_against(recipient)
        if reason is not None:
            return _skipped(welcome, reason)
        return self._welcome(welcome.as_known(recipient), receives)

    def _welcome(self, welcome: Welcome, receives: int) -> Outcome:
        if welcome.email is None:
            return _skipped(welcome, "not_verified")
        to = deliverable(welcome.email)
        if to is None:
            return never(NOT_ADDRESSED)
        if self._marks.is_suppressed(to):
            return _skipped(welcome, "suppressed")
        if (wait := self._breaker.remaining()) > 0:
            # The longer it lasts, the later: the queue gives a message only so often.
            return deferred(BREAKER_OPEN, max(wait, backoff.seconds(receives)))
        return self._mail(to, welcome)

    def _mail(self, to: str, welcome: Welcome) -> Outcome:
        try:
            letter, stamp = self._letters.write(welcome)
        except TemplateFault as fault:
            metrics.count("MailTemplateFault")
            return never(TEMPLATE_FAULT, str(fault))
        claim = self._marks.claim(welcome.user_id, welcome.event_id)
        if claim.id:
            outcome = self._send(to, letter, stamp, welcome.user_id, claim)
            return self._sent(welcome, letter) if outcome.is_done else outcome
        if claim.erased or claim.sent:
            return DONE
        if claim.spent:
            self._marks.forgive(welcome.user_id)
            return never(OUTCOME_UNKNOWN, "SES did not say whether it took the mail, twice")
        return later(BUSY, seconds=claim.busy_seconds)

    def _send(self, to: str, letter: Letter, stamp: Stamp, user_id: str, claim: Claim) -> Outcome:
        self._breaker.permits()  # nothing else is sent since it was asked whether it does
        try:
            self._sender.send(to, letter, stamp)
        except MailRefused as error:
            self._breaker.succeeded()  # it answers: this mail is what it does not like
            self._marks.release(user_id, claim, was_tried=False)
            return never(REFUSED, str(error))
        except MailPutOff as error:
            self._breaker.failed()
            self._marks.release(user_id, claim, was_tried=False)
            return later(PUT_OFF, str(error))
        except MailNotSent as error:
            self._breaker.failed()
            self._marks.release(user_id, claim, was_tried=True)
            return later(NO_ANSWER, str(error), seconds=UNKNOWN_SECONDS)
        self._breaker.succeeded()
        return DONE

    def _sent(self, welcome: Welcome, letter: Letter) -> Outcome:
        facts = {
            "accountType": welcome.account_type,
            "language": letter.language,
            "source": welcome.source,
        }
        metrics.count("WelcomeMailSent")
        # Not the source: anybody may have written anything into that.
        log.info("welcome mail sent", user_id=welcome.user_id, language=letter.language)
        return self._noted(welcome.user_id, facts)

    def _noted(self, user_id: str, facts: Mapping[str, str]) -> Outcome:
        """Note that it was sent: else somebody else sends it again when the claim's lease ends."""
        for tries in range(1, NOTING_TRIES + 1):
            try:
                self._marks.finish(user_id, facts)
            except AwsError as error:
                log.warning("mail sent and not noted", user_id=user_id, why=error.code)
                if tries == NOTING_TRIES or not self._has_time():
                    break
                self._sleep(pause(tries))
            else:
                self._unnoted.pop(user_id, None)
                return DONE
        if len(self._unnoted) < _MOST_UNNOTED:
            self._unnoted[user_id] = facts
        return later(NOT_NOTED, seconds=_NOT_NOTED_SECONDS, longest=_NOT_NOTED_SECONDS)

    def _has_time(self) -> bool:
        return self._left is None or self._left() >= _NOTING_SECONDS


def without_sender(event: Event, _message: Message) -> Outcome:
    """Let an event go where no sender's address is set: nobody is written to, nothing waits."""
    return _skipped(Welcome.of(event), "no_sender")


def without_site(event: Event, _message: Message) -> Outcome:
    """Let it go where no link can lead: nobody gets a mail that can't be stopped."""
    return _skipped(Welcome.of(event), "no_site")


def _reason_against(recipient: Recipient) -> str | None:
    if recipient.erased:
        return "erased"
    if recipient.profile is not None and recipient.profile.is_suspended:
        return "suspended"
    if recipient.preferences is not None and not recipient.preferences.email_notifications:
        return "unwanted"
    return None


def _skipped(welcome: Welcome, reason: str) -> Outcome:
    metrics.count("WelcomeMailSkipped")
    log.info("no welcome mail", user_id=welcome.user_id, reason=reason)
    return DONE
