"""Runs a function's handler outside of Lambda, and tells what it asked of AWS and what it was told.

    as_function.py MODULE TIMEOUT

A line of input is `{"event": ...}`; a line of output `{"calls": [{"action", "denied"}], "answer"}`.

Each event is handled by a fork of this process, so that none finds another one's caches.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from vestibule.platform.connection import Connection
from vestibule_cli.local.emulator_internals.signatures import PERMITTED_BY

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSEvents": "events",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "DynamoDB_20120810": "dynamodb",
    "secretsmanager": "secretsmanager",
}
calls: list[dict[str, Any]] = []


def action(path: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The IAM action of a signed request; None for calls of others than AWS."""
    if target := headers.get("x-amz-target"):
        service, _, operation = target.rpartition(".")
        name = f"{SERVICES[service]}:{operation}"
        return PERMITTED_BY.get(name, name)
    if "/ses/aws4_request" in headers.get("authorization", ""):
        return "ses:SendEmail" if path.endswith("/outbound-emails") else f"ses:{path}"
    if "/ec2/aws4_request" in headers.get("authorization", ""):
        return f"ec2:{parse_qs(body.decode())['Action'][0]}"
    return None


def recording(request: Any) -> Any:
    def recorded(
        self: Connection, method: str, path: str, headers: Any, body: bytes, **options: Any
    ) -> Any:
        answer = request(self, method, path, headers, body, **options)
        lower = {name.lower(): value for name, value in headers.items()}
        if name := action(path, lower, body):
            denied = answer.status >= 400 and (
                b"AccessDenied" in answer.body or b"UnauthorizedOperation" in answer.body
            )
            calls.append({"action": name, "denied": denied, "status": answer.status})
        return answer

    return recorded


class Context:
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return int(sys.argv[2]) * 1000


def handled(handler: Any, event: Any) -> str:
    try:
        answer = handler(event, Context())
    except Exception as error:  # noqa: BLE001 - what was asked before counts
        answer = {"raised": f"{type(error).__name__}: {error}"}
    return json.dumps({"calls": calls, "answer": answer}, default=str)


def main() -> None:
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what functions print is their log
    Connection.request = recording(Connection.request)  # type: ignore[method-assign] # all pass it
    handler = importlib.import_module(sys.argv[1]).handler
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(write, "w") as pipe:
                pipe.write(handled(handler, json.loads(line)["event"]))
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        output.write(told + "\n")
        output.flush()


if __name__ == "__main__":
    main()
