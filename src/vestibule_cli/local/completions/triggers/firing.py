"""One function called as Cognito calls it: five seconds, three attempts, the whole event back."""

from __future__ import annotations

import contextvars
import fnmatch
import json
import queue
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vestibule_cli.local.completions.triggers import answers, failures, sources

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTEMPTS = 3
ATTEMPT_SECONDS = 5.0
SOCKET_TIMEOUT = "Socket timeout while invoking Lambda function"


class Outcome(NamedTuple):
    answer: Any = None
    error: str | None = None  # what the function, or the runtime in its place, said went wrong
    throttled: bool = False
    unready: bool = False  # it is still being made


class Functions(Protocol):
    def may_be_called(self, arn: str, pool_arn: str) -> bool:
        """Whether the function is there and lets this pool call it."""
        ...

    def call(self, arn: str, event: dict[str, Any]) -> Outcome: ...


class Firing:
    def __init__(self, functions: Functions, *, seconds: float | None = None) -> None:
        self._functions = functions
        self._seconds = ATTEMPT_SECONDS if seconds is None else seconds

    def fire(self, arn: str, pool_arn: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's response. Raises TriggerFailed as Cognito would."""
        trigger = sources.trigger_of(event["triggerSource"])
        if not self._functions.may_be_called(arn, pool_arn):
            raise failures.unexpected(trigger, "AccessDeniedException")
        reason = SOCKET_TIMEOUT
        for _ in range(ATTEMPTS):
            outcome = self._attempt(arn, event)
            if outcome is None:
                reason = SOCKET_TIMEOUT
            elif outcome.throttled:
                reason = "TooManyRequestsException"
            elif outcome.unready:
                raise failures.unexpected(trigger, "ResourceConflictException")
            elif outcome.error is not None:
                raise failures.refused(trigger, outcome.error)
            else:
                return answers.response_of(trigger, outcome.answer)
        raise failures.unexpected(trigger, reason)

    def _attempt(self, arn: str, event: Mapping[str, Any]) -> Outcome | None:
        """None when nothing came in time. The attempt goes on: nobody can stop it, as on AWS."""
        box: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        told = json.loads(json.dumps(event))

        def run() -> None:
            try:
                box.put(self._functions.call(arn, told))
            except Exception as error:  # noqa: BLE001 - the caller hears of it, whatever it is
                box.put(Outcome(error=str(error)))

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(run,), name="trigger", daemon=True).start()
        try:
            return box.get(timeout=self._seconds)
        except queue.Empty:
            return None


def lets_pool_call(statement: Mapping[str, Any], pool_arn: str) -> bool:
    """Whether a statement of a function's policy lets this pool call it."""
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if service not in ("*", "cognito-idp.amazonaws.com"):
        return False
    if statement.get("Action") not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    known = {"aws:sourcearn": pool_arn, "aws:sourceaccount": pool_arn.split(":")[4]}
    wanted = [
        (known.get(key.lower(), ""), str(value))
        for condition in (statement.get("Condition") or {}).values()
        for key, value in condition.items()
    ]
    return all(fnmatch.fnmatchcase(held, pattern) for held, pattern in wanted)
