"""A table that answers at once: it has one canned profile, and takes every write.

Not the emulator: what is compared is how long a handler takes, and the emulator's own work on the
same processors would be noise of the same size. Runs as a process of its own and writes its port to
the file descriptor it is given.
"""

import json
import os
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER_ID = "4478b4c8-20a1-70c4-9a9b-6c5d1e0f3a21"
ADDRESS = "Amsterdam, by the water; reads, rows and repairs clocks. "
PROFILE: dict[str, Any] = {
    "userId": USER_ID,
    "email": "anna@example.com",
    "name": "Anna de Vries",
    "firstName": "Anna",
    "lastName": "de Vries",
    "phoneNumber": "+31201234567",
    "bio": ADDRESS * 4,
    "department": "Clocks",
    "role": "user",
    "roleSource": "default",
    "accountType": "standard",
    "status": "active",
    "emailVerified": True,
    "phoneVerified": False,
    "onboardingCompleted": True,
    "createdAt": "2025-11-20T09:41:00.123456Z",
    "updatedAt": "2025-11-20T09:41:00.123456Z",
    "version": 1,
}


def in_dynamodb_json(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


asked: Counter[str] = Counter()
ITEM = {name: in_dynamodb_json(value) for name, value in PROFILE.items()}


def found(key: dict[str, Any]) -> dict[str, Any] | None:
    is_there = (key["pk"]["S"], key["sk"]["S"]) == (f"USER#{USER_ID}", "PROFILE")
    return {**key, **ITEM} if is_there else None


def answer(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    if operation == "GetItem":
        item = found(request["Key"])
        return {"Item": item} if item else {}
    if operation == "BatchGetItem":
        responses = {
            table: [item for key in wanted["Keys"] if (item := found(key))]
            for table, wanted in request["RequestItems"].items()
        }
        return {"Responses": responses, "UnprocessedKeys": {}}
    if operation in {"PutItem", "TransactWriteItems"}:
        return {}
    raise ValueError(f"{operation}: this stand-in has no answer to it")


class Table(BaseHTTPRequestHandler):
    """Answers GET with how often each operation was asked for: a handler may swallow a failure."""

    protocol_version = "HTTP/1.1"
    # Head and body leave in one write: in two, the second waits for the client's delayed ACK.
    wbufsize = -1

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        asked[operation] += 1
        if operation == "GetParameter":
            # As shipped: nobody has pushed a policy.
            self.reply(400, {"__type": "ParameterNotFound"})
        else:
            self.reply(200, answer(operation, request))

    def do_GET(self) -> None:
        self.reply(200, asked)

    def reply(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "BENCH")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Table)
    with os.fdopen(int(sys.argv[1]), "w") as report:
        report.write(f"{server.server_port}\n")
    server.serve_forever()
