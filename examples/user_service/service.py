"""A small user service: the one that confirmed people reach until you name your own.

    python examples/user_service/service.py [--port PORT] [--database FILE]

If USER_SERVICE_API_KEY is set, only who sends it in X-API-Key may store or delete people. The
switches at /control are open to everybody on this machine. It needs nothing but Python, answers on
this machine's own address alone, and ends by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import hmac
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from switches import Faults
from users import Answer, Users

USERS = "/api/v1/users"
CONTROL = "/control"
LARGEST_QUESTION = 64 * 1024
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "[::1]"}
MOST_LISTED = 1000


class UserService(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, users: Users, api_key: str) -> None:
        super().__init__(("127.0.0.1", port), Requests)
        self.users = users
        self.api_key = api_key
        self.faults = Faults()
        self._counted = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, what: str) -> None:
        with self._counted:
            self._counts[what] += 1

    def counts(self) -> dict[str, int]:
        with self._counted:
            return dict(sorted(self._counts.items()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers who have gone."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1
    server: UserService

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_PUT(self) -> None:
        self._dispatch()

    def do_DELETE(self) -> None:
        self._dispatch()

    def _dispatch(self) -> None:
        body = self._read_body()
        if body is None:
            return
        path = urlsplit(self.path).path.rstrip("/")
        if not self._is_from_here():
            self._say(403, {"error": "for this machine alone"})
        elif path == CONTROL:
            self._control(body)
        elif self.server.faults.now.down:
            self.server.count("down")
            self._hang_up()
        elif path == USERS and self.command == "GET":
            self._list()
        elif path == USERS and self.command == "POST":
            self._faulty(body)
        elif path.startswith(f"{USERS}/") and self.command in {"DELETE", "GET"}:
            self._one(unquote(path.removeprefix(f"{USERS}/")))
        elif not path and self.command == "GET":
            self._say(200, {"users": USERS, "control": CONTROL})
        else:
            self._say(404, {"error": f"no {self.command} {path}"})

    def _list(self) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("limit", ["100"])[0]
        most = min(int(asked), MOST_LISTED) if asked.isdigit() else 100
        users = self.server.users
        self._say(200, {"total": users.count(), "users": users.newest(most)})

    def _one(self, sub: str) -> None:
        if self.command == "GET":
            found = self.server.users.find(sub)
            self._say(200 if found else 404, found or {"error": "nobody by this sub"})
        elif not self._is_known():
            self._say(401, {"error": "a wrong key, or none"})
        elif self.server.users.remove(sub):
            self.server.count("removed")
            self._say(204, None)
        else:
            self._say(404, {"error": "nobody by this sub"})

    def _faulty(self, body: bytes) -> None:
        """Do what a POST asks for, as far as the switches let it."""
        faults = self.server.faults
        now = faults.now
        self.server.count("posts")
        time.sleep(now.latency)
        if faults.strikes(now.resets):
            self.server.count("resets")
            self._hang_up()
        elif faults.strikes(now.errors):
            self._say(now.error_status, {"error": "as switched"}, self._retry_after())
        elif faults.strikes(now.throttled):
            self._say(429, {"error": "too many, as switched"}, self._retry_after())
        elif now.redirect:
            self._say(302, None, {"Location": now.redirect})
        elif now.html:
            self._send(200, b"<!doctype html><title>Sign in</title>", "text/html", {})
        else:
            self._carried_out(body)

    def _carried_out(self, body: bytes) -> None:
        faults = self.server.faults
        answer = self._add(body)
        if faults.strikes(faults.now.duplicates):
            self.server.count("duplicates")
            answer = self._add(body)
        if faults.strikes(faults.now.lost_answers):
            self.server.count("lost_answers")
            self._hang_up()
            return
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        self._say(answer.status, answer.content, headers)

    def _add(self, body: bytes) -> Answer:
        if not self._is_known():
            return Answer(401, {"error": "a wrong key, or none"})
        person = _read(body)
        if person is None:
            expected = "expected a JSON object with cognitoSub, email and fullName"
            return Answer(400, {"error": expected})
        poison = self.server.faults.now.poison
        if poison and poison in person["email"]:
            return Answer(422, {"error": "refused, as switched"})
        answer = self.server.users.add(person, self.headers.get("Idempotency-Key", ""))
        if answer.status == 201 and not answer.replayed:
            self.server.count("stored")
            print(f"stored {person['cognitoSub']}", flush=True)
        return answer

    def _control(self, body: bytes) -> None:
        server = self.server
        try:
            if self.command == "PUT":
                changes = dict(json.loads(body))
                key = changes.pop("api_key", None)
                server.faults.turn(changes)
                server.api_key = server.api_key if key is None else str(key)
            elif self.command == "DELETE":
                server.faults.reset()
        except (ValueError, TypeError) as error:
            self._say(400, {"error": str(error)})
            return
        told = {"switches": server.faults.as_dict(), "counts": server.counts()}
        self._say(200, {**told, "users": server.users.count()})

    def _is_from_here(self) -> bool:
        """Whether it comes from this machine, and from no web page: those name an origin."""
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        site = self.headers.get("Sec-Fetch-Site", "none")
        return (
            self.client_address[0] == "127.0.0.1"
            and host in LOOPBACK_NAMES
            and "Origin" not in self.headers
            and site in {"none", "same-origin"}
        )

    def _is_known(self) -> bool:
        expected = self.server.api_key
        given = self.headers.get("X-API-Key", "")
        return not expected or hmac.compare_digest(given.encode(), expected.encode())

    def _retry_after(self) -> dict[str, str]:
        wait = self.server.faults.now.retry_after
        return {"Retry-After": wait} if wait else {}

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_QUESTION:
            self.close_connection = True
            self._say(413, {"error": f"at most {LARGEST_QUESTION} bytes"})
            return None
        return self.rfile.read(int(length))

    def _say(
        self, status: int, content: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self._send(status, body, "application/json", headers or {})

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        now = self.server.faults.now
        is_faulty = self.command == "POST" and (now.slow_body or now.endless_body)
        self.server.count(f"status_{status}" if self.command == "POST" else "other")
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            if is_faulty and now.endless_body:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not is_faulty:
            self.wfile.write(body)
        elif now.endless_body:
            self._write_without_end()
        else:
            self._write_slowly(body, now.slow_body)

    def _write_slowly(self, body: bytes, seconds: float) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(seconds / len(body))

    def _write_without_end(self) -> None:
        while True:
            self.wfile.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
            self.wfile.flush()

    def _hang_up(self) -> None:
        """Reset the connection: whoever asked learns nothing."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        raise ConnectionAbortedError

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as its base names it
        """Write nothing: what is stored is printed, and the counts tell the rest."""


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        person = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(person, dict):
        return None
    needed = (person.get(name) for name in ("cognitoSub", "email", "fullName"))
    return person if all(isinstance(text, str) for text in needed) else None


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(description="A sample user service.")
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    parser.add_argument("--database", default=":memory:", help="SQLite file; in memory if none")
    parser.add_argument(
        "--until-input-ends", action="store_true", help="end when standard input does"
    )
    given = parser.parse_args()
    users = Users(given.database)
    key = os.environ.get("USER_SERVICE_API_KEY", "")
    with contextlib.suppress(KeyboardInterrupt), UserService(given.port, users, key) as service:
        print(f"http://127.0.0.1:{service.server_address[1]}{USERS}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if given.until_input_ends:
            threading.Thread(target=_end_with_input, daemon=True).start()
        service.serve_forever()
    users.close()


if __name__ == "__main__":
    main()
