"""A directory of people as it may have stood before Vestibule: the sample to migrate from.

    python examples/legacy_directory/directory.py [--port PORT] [--people FILE]
        [--certificate PEM --key PEM] [--api-key-file FILE]

It speaks what the migration trigger asks (see docs/migration.md), over http on this machine's own
address, or over https with a certificate. Standard library alone; one process, ended by Ctrl-C.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import ssl
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LARGEST_QUESTION = 8 * 1024
HERE = Path(__file__).parent
# What hashlib takes as n, r and p; about 50 ms.
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


@dataclass(frozen=True)
class Person:
    facts: dict[str, Any]
    salt: bytes
    digest: bytes


NOBODY = Person({}, b"nobody", b"\0" * 64)


class People:
    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self._people = {
            entry["email"].lower(): Person(
                {key: value for key, value in entry.items() if key != "password"},
                bytes.fromhex(entry["password"]["salt"]),
                bytes.fromhex(entry["password"]["scrypt"]),
            )
            for entry in entries
        }

    def find(self, username: str) -> dict[str, Any] | None:
        person = self._people.get(username.lower())
        return person.facts if person else None

    def authenticate(self, username: str, password: str) -> dict[str, Any] | None:
        """For somebody unknown a password is hashed as well: the time must not tell."""
        person = self._people.get(username.lower(), NOBODY)
        digest = hashlib.scrypt(password.encode(), salt=person.salt, **SCRYPT)
        matches = hmac.compare_digest(digest, person.digest)
        return person.facts if matches and person is not NOBODY else None


class Directory(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, people: People, api_key: str | None) -> None:
        super().__init__(("127.0.0.1", port), Questions)
        self.people = people
        self.api_key = api_key


class Questions(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Directory

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_QUESTION:
            self.close_connection = True
            self._answer(413, {"error": f"at most {LARGEST_QUESTION} bytes, and say how many"})
            return
        body = self.rfile.read(int(length))
        if not self._is_known():
            self._answer(403, {"error": "a wrong key, or none"})
            return
        try:
            question = json.loads(body)
            username = question["username"]
            if self.path.endswith("/authenticate"):
                person = self.server.people.authenticate(username, question["password"])
            elif self.path.endswith("/find"):
                person = self.server.people.find(username)
            else:
                self._answer(405, {"error": "only /authenticate and /find"})
                return
        except (ValueError, KeyError, TypeError, AttributeError):
            self._answer(400, {"error": "expected a JSON object with username and password"})
            return
        if person is None:
            self._answer(404, {"error": "nobody by this name, or not with this password"})
        else:
            self._answer(200, person)

    def _is_known(self) -> bool:
        expected = self.server.api_key
        given = self.headers.get("X-Api-Key", "")
        return expected is None or hmac.compare_digest(given.encode(), expected.encode())

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as its base names it
        """Write the path and the status; what was asked holds a password."""
        print(format % args, file=sys.stderr)


def hashed(password: str, salt: bytes) -> dict[str, str]:
    """What people.json keeps of a password."""
    digest = hashlib.scrypt(password.encode(), salt=salt, **SCRYPT)
    return {"salt": salt.hex(), "scrypt": digest.hex()}


def main() -> None:
    parser = argparse.ArgumentParser(description="A sample directory to migrate from.")
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    parser.add_argument("--people", type=Path, default=HERE / "people.json")
    parser.add_argument("--certificate", type=Path, help="PEM file: speak https")
    parser.add_argument("--key", type=Path, help="PEM file with the certificate's key")
    parser.add_argument("--api-key-file", type=Path, help="answer only those who send this key")
    given = parser.parse_args()
    people = People(json.loads(given.people.read_text(encoding="utf-8")))
    api_key = given.api_key_file.read_text().strip() if given.api_key_file else None
    with Directory(given.port, people, api_key) as directory:
        scheme = "http"
        if given.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(given.certificate, given.key)
            directory.socket = context.wrap_socket(
                directory.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        host = "127.0.0.1" if scheme == "http" else "localhost"
        print(f"{scheme}://{host}:{directory.server_address[1]}", flush=True)
        try:
            directory.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
