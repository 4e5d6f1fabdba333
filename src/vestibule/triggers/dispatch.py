"""From an event to the handler of its trigger, and back to Cognito with the whole event."""

from __future__ import annotations

import time

from vestibule.platform import logs, metrics
from vestibule.platform.ids import is_sub
from vestibule.triggers.events import Event, NotATrigger
from vestibule.triggers.line import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.budget import Budget
    from vestibule.security.recorder import Sighting

    Handler = Callable[[Event], Mapping[str, Any] | None]
    """Gives what belongs into the event's `response`, None to leave that as it came.

    Raises Refusal to stop what the person wanted. Anything else that it raises is our own fault:
    it is logged, and costs the person nothing where it need not (see `_TOO_LATE`).
    """
    Loader = Callable[[], Handler]
    """Imports and puts together a handler. Called once, at its first event."""

log = logs.logger(__name__)

APOLOGY: Final = "Something went wrong on our side. Please try again in a moment"
# Their failure can't stop what has happened, yet would fail the person's call.
_TOO_LATE: Final = frozenset({"PostConfirmation", "PostAuthentication", "CustomMessage"})
_UNKNOWN: Final = "Unknown"


class Refusal(Exception):
    """What a stranger may read: Cognito shows it on the sign-in page, and adds a full stop."""

    def __init__(self, words: str) -> None:
        super().__init__(words.rstrip("."))


class Triggers:
    """Answers the events of a user pool.

    `loaders` are found by an event's whole source or else by its trigger: "PreSignUp_SignUp",
    "PreSignUp". `record` writes down what was noticed of attacks, once an event is decided: it
    never raises.
    """

    def __init__(
        self,
        loaders: Mapping[str, Loader],
        budget: Budget,
        monotonic: Callable[[], float] = time.monotonic,
        record: Callable[[Sequence[Sighting]], None] | None = None,
    ) -> None:
        self._loaders = loaders
        self._record = record
        self._budget = budget
        self._monotonic = monotonic
        self._handlers: dict[str, Handler] = {}

    def __call__(self, raw: object, context: object) -> object:
        """Give the whole event, answered. Raise Refusal, and nothing else."""
        self._budget.begin()
        logs.bind(request_id=getattr(context, "aws_request_id", ""))
        metrics.forget()
        try:
            event = Event.parse(raw)
        except NotATrigger:
            log.warning("not an event of a user pool")
            return raw
        line = Line()
        try:
            with line as facts:
                return self._reported(event, facts)
        finally:
            if line.left and self._record is not None:
                self._record(line.left)
                metrics.flush()

    def _reported(self, event: Event, facts: Mapping[str, object]) -> object:
        started, outcome = self._monotonic(), "failed"
        try:
            answer = self._answer(event)
            outcome = "answered"
        except Refusal:
            outcome = "refused"
            raise
        except _Unknown:
            outcome = "unknown"
            return event.raw
        except Exception as error:  # noqa: BLE001 - the outermost edge: our words, not Python's
            log.failure("trigger failed", error, source=event.source)
            if event.trigger in _TOO_LATE:
                return event.raw
            raise Refusal(APOLOGY) from None
        finally:
            _report(event, outcome, (self._monotonic() - started) * 1000, facts)
        if answer is None:
            return event.raw
        return {**event.raw, "response": {**event.response, **answer}}

    def _answer(self, event: Event) -> Mapping[str, Any] | None:
        key = event.source if event.source in self._loaders else event.trigger
        handler = self._handlers.get(key)
        if handler is None:
            if key not in self._loaders:
                raise _Unknown
            handler = self._handlers[key] = self._loaders[key]()
        return handler(event)


class _Unknown(Exception):
    """A source this version has never heard of: not its business, so nobody's trouble."""


def _report(event: Event, outcome: str, milliseconds: float, facts: Mapping[str, object]) -> None:
    """Write the event's one line, and count it. The user name may be what somebody typed."""
    log.info(
        "trigger",
        source=event.source,
        outcome=outcome,
        milliseconds=round(milliseconds, 2),
        user_id=event.user_id if is_sub(event.user_id) else None,
        client_id=event.client_id,
        **facts,
    )
    source = _UNKNOWN if outcome == "unknown" else event.source
    logs.write(metrics.trigger_line(source, milliseconds, succeeded=outcome != "failed"))
