"""Finishes what was left undone.

The table's stream brings the tombstones of erased profiles, the retry queue people who arrived
while the table could not be reached.
"""

from __future__ import annotations

from vestibule.functions.parts import Parts
from vestibule.organizations.store import Departures
from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsClient
from vestibule.platform.settings import Settings
from vestibule.profiles import items
from vestibule.profiles.accounts import CognitoAccounts
from vestibule.profiles.erase import Eraser
from vestibule.profiles.store import TableRemains
from vestibule.triggers.arrival_store import TableArrivals
from vestibule.triggers.ensure_user import EnsureUser
from vestibule.triggers.line import Line
from vestibule.triggers.retry import NoQueue, NotAnArrival, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Final

log = logs.logger(__name__)

QUEUE: Final = "aws:sqs"


class Unfinished(Exception):
    """Some of a batch is still to be done. Raised so that the stream brings all of it again."""


def _wire(settings: Settings) -> tuple[Eraser, EnsureUser]:
    parts = Parts.of(settings, AwsClient)
    accounts = CognitoAccounts(parts.client("cognito-idp"), settings.user_pool_id)
    return (
        Eraser(accounts, TableRemains(parts.table), Departures(parts.table)),
        EnsureUser(TableArrivals(parts.table), parts.policies, NoQueue()),
    )


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any] | None:
    """Answer the queue with what has to stay in it. The stream hears of failures by Unfinished."""
    logs.bind(request_id=getattr(context, "aws_request_id", ""))
    metrics.forget()
    messages = [one for one in event.get("Records", ()) if one.get("eventSource") == QUEUE]
    try:
        if messages:
            return take_up(messages, ensure_user)
        finish(event, eraser)
    finally:
        metrics.flush()
    return None


def take_up(messages: Iterable[Mapping[str, Any]], ensure_user: EnsureUser) -> dict[str, Any]:
    """Let everybody in who had to wait. What fails, or is no arrival, stays in the queue."""
    failed = []
    for message in messages:
        try:
            arrival = read(message.get("body", ""))
            with Line() as facts:
                outcome = ensure_user.run(arrival)
        except NotAnArrival as error:
            metrics.count("RetryMessageUnknown")
            log.failure("not an arrival", error, message_id=message.get("messageId"))
            failed.append(message.get("messageId"))
        except Exception as error:  # noqa: BLE001 - one's trouble must not keep the others waiting
            metrics.count("ArrivalFailed")
            log.failure("arrival not taken up", error, message_id=message.get("messageId"))
            failed.append(message.get("messageId"))
        else:
            metrics.count("ArrivalTakenUp")
            log.info("arrival taken up", user_id=arrival.user_id, erased=outcome.erased, **facts)
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def finish(event: Mapping[str, Any], eraser: Eraser) -> None:
    """Finish every person the event names, and raise Unfinished if that failed for any."""
    failed = []
    for user_id in dict.fromkeys(_erased(event)):
        try:
            done = eraser.finish(user_id)
        except Exception as error:  # noqa: BLE001 - one's trouble must not keep the others waiting
            metrics.count("EraseFailed")
            log.failure("erase not finished", error, user_id=user_id)
            failed.append(user_id)
        else:
            metrics.count("EraseFinished")
            log.info("erased", user_id=user_id, account=done.account, items=done.items)
    if failed:
        raise Unfinished(f"erase not finished for {', '.join(failed)}")


def _erased(event: Mapping[str, Any]) -> Iterator[str]:
    """Read the new tombstones among stream records. Whatever else comes is passed over."""
    for record in event.get("Records", ()):
        keys = record.get("dynamodb", {}).get("Keys", {})
        user_id = items.user_id_of(keys.get("pk", {}).get("S", ""))
        is_tombstone = keys.get("sk", {}).get("S") == items.TOMBSTONE
        if record.get("eventName") == "INSERT" and is_tombstone and user_id is not None:
            yield user_id
        else:
            log.warning("not a tombstone", event_id=record.get("eventID"))


eraser, ensure_user = _wire(Settings.from_environment())
