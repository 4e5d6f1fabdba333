"""From the confirmation to the welcome mail, and out of the next, on the whole stack."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from vestibule.delivery import events
from vestibule.platform.clock import now, timestamp
from vestibule_cli.demo.calls import call
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule_cli.demo.place import Place

pytestmark = pytest.mark.emulator

ONE_CLICK = "List-Unsubscribe=One-Click"


def welcomed(place: Place, person: Person) -> list[dict[str, Any]]:
    mails = call("GET", f"{place.inbox_url}.json").body["mails"]
    return [
        mail
        for mail in mails
        if person.email in mail["to"] and mail["tags"].get("kind") == "welcome"
    ]


def ask(method: str, url: str, body: str | None = None, **headers: str) -> tuple[int, str]:
    """As a browser or a mail program asks: a form, and no token of Cognito's."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    try:
        form = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, f"{parts.path}?{parts.query}", body, {**form, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_somebody_confirmed_is_welcomed_once_and_may_have_no_more(
    place: Place, running_stack: dict[str, Any], eventually: Callable[..., Any]
) -> None:
    stack = running_stack
    person = Person(place, "Ann")
    user_id = person.sign_up()
    assert welcomed(place, person) == []
    person.confirm(person.code_from_inbox())
    person.sign_in()

    def notified() -> bool:
        answer = place.api("GET", "/me/preferences", person.access_token)
        return bool(answer.body["preferences"]["emailNotifications"])

    assert eventually(lambda: welcomed(place, person))
    (mail,) = welcomed(place, person)
    link = mail["headers"]["List-Unsubscribe"][1:-1]
    assert mail["headers"]["List-Unsubscribe-Post"] == ONE_CLICK
    assert mail["tags"]["account_type"] == "standard"
    assert link in mail["text"]
    assert link.startswith(f"{stack['site_url']}/api/unsubscribe?token=")
    assert "utm_campaign=welcome" in mail["text"]

    status, page = ask("GET", link, **{"Accept-Language": "de"})
    assert (status, '<html lang="de"' in page) == (200, True)
    assert "Sollen wir" in page
    assert notified()
    assert ask("POST", _forged(link), ONE_CLICK)[0] == 400
    assert "invalid_token_detected" in _security_events(place)
    assert notified()
    assert ask("POST", link, ONE_CLICK)[0] == 200
    assert not notified()
    browser = {"Accept": "text/html", "Origin": stack["site_url"], "Sec-Fetch-Site": "same-origin"}
    status, page = ask("POST", link, ONE_CLICK, **browser)
    assert (status, "Done." in page) == (200, True)

    # However often the queue brings it, nobody is welcomed twice.
    assert _taken_again(place, stack, user_id, person.email) == {"batchItemFailures": []}
    assert len(welcomed(place, person)) == 1


def _taken_again(place: Place, stack: dict[str, Any], user_id: str, email: str) -> Any:
    data = {"userId": user_id, "email": email, "emailVerified": True, "name": "Ann"}
    event = events.make(events.USER_CONFIRMED, user_id, timestamp(now()), data)
    records = [{"messageId": str(one), "body": events.write(event)} for one in range(3)]
    answer = place.operator("lambda").invoke(
        FunctionName=stack["functions"]["mailer"], Payload=json.dumps({"Records": records})
    )
    return json.loads(answer["Payload"].read())


def _forged(link: str) -> str:
    """Change a letter of the signature."""
    place = len(link) - 20
    return f"{link[:place]}{'B' if link[place] == 'A' else 'A'}{link[place + 1 :]}"


def _security_events(place: Place) -> set[str]:
    pages = place.operator("dynamodb").get_paginator("scan").paginate(TableName=place.table_name)
    kept = [item for page in pages for item in page["Items"]]
    return {item["kind"]["S"] for item in kept if item["pk"]["S"].startswith("SECURITY#")}
