"""The loop over a batch of messages, the same for every queue of events.

What is done leaves the queue. What is to come later is hidden until then and named as a failure, so
the queue keeps it. What will never succeed becomes a dead letter, sent from here with its reason;
only when that fails too does the message stay. Messages that the time did not suffice for go back.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vestibule.delivery import backoff, letters
from vestibule.delivery.events import UnknownEvent, parse
from vestibule.delivery.letters import Letter
from vestibule.delivery.outcomes import Outcome, later, never
from vestibule.delivery.queue import Message
from vestibule.platform import clock, logs, metrics
from vestibule.platform.aws import AwsError
from vestibule.platform.budget import Budget, seconds_left
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.queue import Queue
    from vestibule.platform.clock import Clock

    Handle = Callable[[Any, Message], Outcome]
    HandleAll = Callable[[Sequence[tuple[Any, Message]]], Mapping[str, Outcome]]

GAVE_UP: Final = "gave_up"
UNKNOWN_EVENT: Final = "unknown_event"
FAULT: Final = "fault"
TIME_OUT: Final = "no_time_left"

RESERVE: Final = 5.0
"""Seconds of an invocation that are left for what must still be said at its end."""
OLDEST: Final = 3 * 86_400.0
"""Seconds after which a message is given up: a queue drops it, without a word, a day later."""
_GIVEN_BACK: Final = 2.0

log = logs.logger(__name__)


@frozen
class Whole:
    """Handles all of a batch at once. `handle` gives the outcome of each message by its id."""

    handle: HandleAll


@frozen
class _Opened:
    message: Message
    content: Any
    """The message's JSON."""
    read: Any = None
    """What is handled."""
    unknown: str = ""
    """Why it can't be."""


class Consumer:
    """Handles one queue. `handle` may raise: that is logged, and the message comes back."""

    def __init__(  # noqa: PLR0913 - what a queue has, by name
        self,
        handle: Handle | Whole,
        queue: Queue,
        dead_letters: Queue,
        *,
        receives: int,
        read: Callable[[Any], Any] = parse,
        needs: float = 10.0,
        budget: Budget | None = None,
        buried: Callable[[Any, Outcome], None] | None = None,
        now: Clock = clock.now,
    ) -> None:
        """`receives`: how often the queue gives a message before its redrive policy takes it.

        `read` makes of the message's JSON what `handle` is given, an Event unless told otherwise,
        and raises UnknownEvent.
        `needs`: the seconds one message may take; with fewer left it is given back untouched.
        `buried` hears what became a dead letter, if it could be read; it does not raise.
        `budget` is told at each batch how long the invocation may take.
        """
        self._handle = handle
        self._queue = queue
        self._dead_letters = dead_letters
        self._receives = receives
        self._read = read
        self._needs = needs
        self._budget = budget or Budget()
        self._told_buried = buried
        self._now = now

    def take(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """Handle a batch; answer the queue with those that have to stay in it."""
        logs.bind(request_id=getattr(context, "aws_request_id", ""))
        metrics.forget()
        self._budget.begin(seconds_left(context, reserve=RESERVE))
        try:
            opened = [self._opened(Message.of(record)) for record in event.get("Records", ())]
            handle = self._handler(opened)
            back = [
                (one.message, seconds)
                for one in opened
                if (seconds := self._handled(one, handle)) is not None
            ]
            self._hide(back)
        finally:
            metrics.flush()
        return {"batchItemFailures": [{"itemIdentifier": message.id} for message, _ in back]}

    def _opened(self, message: Message) -> _Opened:
        content = letters.event_of(message.body)
        try:
            return _Opened(message, content, self._read(content))
        except UnknownEvent as error:
            return _Opened(message, content, unknown=error.reason)

    def _handler(self, opened: Iterable[_Opened]) -> Handle:
        if not isinstance(self._handle, Whole):
            return self._handle
        try:
            outcomes = self._handle.handle(
                [(one.read, one.message) for one in opened if not one.unknown]
            )
        except Exception as error:  # noqa: BLE001 - told of here, and all of them come back
            failed = _failed(error)
            return lambda _read, _message: failed
        return lambda _read, message: outcomes[message.id]

    def _handled(self, opened: _Opened, handle: Handle) -> int | None:
        """Seconds after which the message is to come back; None if it leaves the queue."""
        message, content, read = opened.message, opened.content, opened.read
        if self._budget.left() < self._needs:
            metrics.count("DeliveryGivenBack")
            return backoff.after(_GIVEN_BACK)
        if opened.unknown:
            return self._buried(content, message, never(UNKNOWN_EVENT, opened.unknown))
        try:
            outcome = handle(read, message)
        except Exception as error:  # noqa: BLE001 - one's trouble must not keep the others waiting
            outcome = _failed(error, message.id)
        if outcome.is_done:
            return None
        if not outcome.is_never:
            if not self._is_last(message):
                return _postponed(message, outcome)
            outcome = never(
                GAVE_UP, f"{outcome.reason}: {outcome.detail}", attempts=outcome.attempts
            )
        seconds = self._buried(content, message, outcome)
        if seconds is None and self._told_buried is not None:
            self._told_buried(read, outcome)
        return seconds

    def _is_last(self, message: Message) -> bool:
        """Whether the queue might not give it again."""
        age = self._now().timestamp() - message.sent / 1000
        return message.receives >= self._receives or (message.sent > 0 and age > OLDEST)

    def _hide(self, back: Sequence[tuple[Message, int]]) -> None:
        """Once for the batch: while a peer is away, all of it comes back, again and again."""
        if not back:
            return
        try:
            failed = self._queue.hide(back)
        except AwsError as error:
            failed = {message.id: str(error) for message, _seconds in back}
        for name, why in failed.items():
            # Then it comes back when the queue's own time is over.
            log.warning("visibility not changed", message_id=name, why=why)

    def _buried(self, content: Any, message: Message, outcome: Outcome) -> int | None:
        """Make it a dead letter. If that fails, give the seconds after which it comes back."""
        letter = Letter(
            event=content,
            reason=outcome.reason,
            detail=outcome.detail,
            queue=self._queue.name,
            attempts=message.receives if outcome.attempts is None else outcome.attempts,
            first_at=_first(message, self._now()),
            last_at=clock.timestamp(self._now()),
        )
        try:
            self._dead_letters.send(letters.write(letter))
        except AwsError as error:
            log.failure("dead letter not sent", error, message_id=message.id)
            return backoff.seconds(message.receives)
        metrics.count("DeadLetters")
        log.error(
            "dead letter",
            message_id=message.id,
            reason=outcome.reason,
            detail=outcome.detail,
            attempts=letter.attempts,
        )
        return None


def _failed(error: Exception, message_id: str | None = None) -> Outcome:
    log.failure("message not handled", error, message_id=message_id)
    metrics.count("DeliveryFault")
    return later(FAULT, type(error).__name__)


def _postponed(message: Message, outcome: Outcome) -> int:
    wait = _wait(message, outcome)
    metrics.count("DeliveryDeferred" if outcome.is_deferred else "DeliveryRetried")
    log.info(
        "delivery postponed",
        message_id=message.id,
        reason=outcome.reason,
        detail=outcome.detail,
        receives=message.receives,
        seconds=wait,
    )
    return wait


def _wait(message: Message, outcome: Outcome) -> int:
    if outcome.is_deferred:
        return backoff.deferred(outcome.seconds or 0.0, message.receives)
    usual = backoff.seconds(outcome.attempts or message.receives)
    if outcome.longest is not None:
        usual = min(usual, int(outcome.longest))
    if outcome.seconds is None:
        return usual
    # Not before it was asked to; a peer that always says "in a second" is no reason to hurry.
    return max(usual, backoff.after(outcome.seconds))


def _first(message: Message, now: datetime) -> str:
    if not message.first_received:
        return clock.timestamp(now)
    return clock.timestamp(datetime.fromtimestamp(message.first_received / 1000, UTC))
