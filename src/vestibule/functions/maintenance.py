"""Finishes what an erased profile leaves behind: the table's stream brings its tombstone here."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.aws import AwsClient
from vestibule.platform.settings import Settings
from vestibule.platform.table import Table
from vestibule.profiles import items
from vestibule.profiles.accounts import CognitoAccounts
from vestibule.profiles.erase import Eraser
from vestibule.profiles.store import TableRemains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

log = logs.logger(__name__)


class Unfinished(Exception):
    """Some of a batch is still to be done. Raised so that the stream brings all of it again."""


def _wire(settings: Settings) -> Eraser:
    logs.configure(settings.log_level)
    metrics.configure(settings.metrics_namespace, settings.environment)
    cognito, dynamodb = (
        AwsClient(service, region=settings.region, endpoint_url=settings.endpoint_url)
        for service in ("cognito-idp", "dynamodb")
    )
    accounts = CognitoAccounts(cognito, settings.user_pool_id)
    return Eraser(accounts, TableRemains(Table(dynamodb, settings.table_name)))


def handler(event: Mapping[str, Any], context: object) -> None:
    logs.bind(request_id=getattr(context, "aws_request_id", ""))
    metrics.forget()
    try:
        finish(event, eraser)
    finally:
        metrics.flush()


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


eraser = _wire(Settings.from_environment())
