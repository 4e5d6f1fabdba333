"""People who sign up and confirm, so many a second, whether the stack keeps up or not."""

from __future__ import annotations

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from vestibule_cli.demo.calls import NoAnswer, call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from faults.laptop import Laptop

PASSWORD = "A-long-enough-one-1"
AT_ONCE = 24
CODE_SECONDS = 30.0
LOOKS_SECONDS = 0.4


class Refused(Exception):
    """Cognito did not do what a person asked for."""


@dataclass
class Person:
    email: str
    sub: str = ""
    seconds: float = 0.0
    """What signing up and confirming took together, without the way to the inbox and back."""
    confirmed_at: float = 0.0
    trouble: str = ""


class Mailbox:
    """Reads the stack's inbox every now and then, and knows the newest code of everybody."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}.json"
        self._codes: dict[str, str] = {}
        self._news = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._closed.set()
        self._thread.join()

    def code(self, email: str) -> str:
        with self._news:
            if not self._news.wait_for(lambda: email in self._codes, CODE_SECONDS):
                raise Refused(f"no code within {CODE_SECONDS:g} s")
            return self._codes[email]

    def _read(self) -> None:
        while not self._closed.wait(LOOKS_SECONDS):
            try:
                mails = call("GET", self._url).body["mails"]
            except (NoAnswer, TypeError, KeyError):
                continue  # the stack is away
            with self._news:
                self._codes |= {
                    to: mail["code"] for mail in mails if mail["code"] for to in mail["to"]
                }
                self._news.notify_all()


class Entrance:
    """The way into one stack, as a person's browser takes it."""

    def __init__(self, laptop: Laptop) -> None:
        self._place = urlsplit(laptop.endpoint)
        self._client_id = laptop.outputs["user_pool_client_id"]
        self._mailbox = Mailbox(laptop.outputs["inbox_url"])
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self.people: list[Person] = []

    def __enter__(self) -> Self:
        self._mailbox.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.shutdown()
        self._mailbox.__exit__(*raised)

    def expect(self, emails: Iterable[str], began: float, pause: float) -> list[Any]:
        """Let them come one after the other, the first at `began`. Give what to wait for."""
        coming = [Person(email) for email in emails]
        self.people += coming
        return [
            self._pool.submit(self._arrive, person, began + number * pause)
            for number, person in enumerate(coming)
        ]

    def _arrive(self, person: Person, at: float) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        try:
            began = time.monotonic()
            person.sub = self._sign_up(person.email)
            took = time.monotonic() - began
            code = self._mailbox.code(person.email)
            began = time.monotonic()
            self._confirm(person.email, code)
            person.seconds = took + time.monotonic() - began
            person.confirmed_at = time.time()
        except Exception as error:  # noqa: BLE001 - any failure is the person's
            person.trouble = f"{person.email}: {type(error).__name__}: {error}"

    def _sign_up(self, email: str) -> str:
        attributes = {"email": email, "name": "Ann Example", "locale": "en"}
        made = self._ask(
            "SignUp",
            {
                "Username": email,
                "Password": PASSWORD,
                "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()],
            },
        )
        return str(made["UserSub"])

    def _confirm(self, email: str, code: str) -> None:
        self._ask("ConfirmSignUp", {"Username": email, "ConfirmationCode": code})

    def _ask(self, action: str, content: Mapping[str, Any]) -> Any:
        """One request and no other try, on a connection of its own."""
        connection = http.client.HTTPConnection(
            str(self._place.hostname), self._place.port, timeout=30
        )
        try:
            connection.request(
                "POST",
                "/",
                json.dumps({"ClientId": self._client_id, **content}),
                {
                    "Content-Type": "application/x-amz-json-1.1",
                    "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
                },
            )
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise Refused(f"{action}: {answer.status} {body[:200].decode(errors='replace')}")
        return json.loads(body)


def percentile(values: Iterable[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def come(crowds: Sequence[tuple[Entrance, Sequence[str]]], seconds: float) -> None:
    """Let people come to all stacks by turns, evenly over so many seconds; return when all have."""
    began = time.monotonic() + 0.05
    waited = []
    for number, (entrance, emails) in enumerate(crowds):
        pause = seconds / max(1, len(emails))
        shift = pause * number / len(crowds)
        waited += entrance.expect(emails, began + shift, pause)
    for one in waited:
        one.result()
