"""What an alarm says that the emulator leaves out."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import ACCOUNT_ID, part

if TYPE_CHECKING:
    from collections.abc import Mapping


async def alarms(region: str, question: bytes) -> dict[str, Any]:
    """DescribeAlarms in the JSON protocol, whose answer is whole."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "GraniteServiceVersion20100801.DescribeAlarms",
    }
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        _, _, body = await part("services.cloudwatch").handle_request(
            "POST", "/", headers, question, {}
        )
    found: dict[str, Any] = json.loads(body)
    return found


def complete_alarm(region: str, name: str, more: Mapping[str, Any]) -> None:
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        alarm = part("services.cloudwatch")._alarms.get(name)
        if alarm is not None:
            alarm.update(more)
