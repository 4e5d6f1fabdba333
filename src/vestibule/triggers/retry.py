"""Where an arrival waits when the table can't be reached: `maintenance` takes it up again."""

from __future__ import annotations

import json

from vestibule.platform.aws import AwsUnavailable
from vestibule.triggers.arrival import to_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.aws import AwsClient
    from vestibule.triggers.arrival import Arrival

KIND: Final = "arrival"
_DEADLINE: Final = 1.0


class RetryQueue:
    def __init__(self, client: AwsClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, arrival: Arrival) -> None:
        """Raise AwsError. A message that arrives twice does no harm."""
        message = {"QueueUrl": self._url, "MessageBody": write(arrival)}
        self._client.call("SendMessage", message, deadline=_DEADLINE)


class NoQueue:
    """Where nobody set up a queue: every arrival waits for the person's next sign-in."""

    def send(self, arrival: Arrival) -> None:
        raise AwsUnavailable("sqs", "SendMessage", message=f"no queue for {arrival.user_id}")


def write(arrival: Arrival) -> str:
    return json.dumps({"kind": KIND, "arrival": to_message(arrival)}, separators=(",", ":"))
