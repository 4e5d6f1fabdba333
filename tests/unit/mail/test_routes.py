"""GET and POST /unsubscribe through the router, on a table in memory."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from fakes import gateway
from fakes.gateway import event
from fakes.parameters import NAME, InMemoryParameter
from fakes.table import FakeTable
from vestibule.mail import routes
from vestibule.mail.subscriptions import Subscriptions
from vestibule.mail.unsubscribe import (
    MARKETING,
    NOTIFICATIONS,
    ParameterKeys,
    Tokens,
    Wish,
)
from vestibule.profiles import items
from vestibule.profiles.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable

ANN = "11111111-2222-3333-4444-555555555555"
NOTHING_MORE = {"Content-Type": "application/x-www-form-urlencoded"}
BROWSER = {**NOTHING_MORE, "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
ONE_CLICK = "List-Unsubscribe=One-Click"


class Links:
    """Keeps the promise of `Links`."""

    def __init__(self) -> None:
        self.made = Tokens(ParameterKeys(InMemoryParameter(), NAME))
        self.reports = 0

    def tokens(self) -> Tokens | None:
        return self.made

    def report_forged(self) -> None:
        self.reports += 1


class Place:
    def __init__(self) -> None:
        self.table = FakeTable()
        self.links = Links()
        self._api = gateway.api(routes.routes(Subscriptions(self.table, self.links)))

    def call(self, method: str, token: str | None, **said: Any) -> dict[str, Any]:
        query = {} if token is None else {"token": token}
        return self._api(event(method, "/unsubscribe", query=query, **said))

    def post(self, token: str | None, body: str = ONE_CLICK, **headers: str) -> dict[str, Any]:
        return self.call("POST", token, body=body, headers={**NOTHING_MORE, **headers})

    def token(self, category: str = NOTIFICATIONS) -> str:
        return self.links.made.issue(Wish(ANN, category))

    def preferences(self) -> Preferences | None:
        item = self.table.get(items.person_key(ANN), items.PREFERENCES)
        return None if item is None else items.to_preferences(item)


@pytest.fixture
def place() -> Place:
    place = Place()
    kept = Preferences(marketing_emails=True, language="de")
    place.table.put(items.from_preferences(ANN, kept))
    return place


def forged(_: Place) -> str:
    keys = ParameterKeys(InMemoryParameter("x" * 43), NAME)
    return Tokens(keys).issue(Wish(ANN, NOTIFICATIONS))


def expired(place: Place) -> str:
    return place.links.made.issue(Wish(ANN, NOTIFICATIONS), days=-1)


def cut(place: Place) -> str:
    return place.token()[:-1]


def missing(_: Place) -> None:
    return None


INVALID = [forged, expired, cut, missing, lambda _: "", lambda _: "x" * 9000]
NAMES = ["forged", "expired", "cut", "missing", "empty", "huge"]


def test_a_look_at_the_page_changes_nothing_and_offers_to(place: Place) -> None:
    before = place.table.all_items()

    answer = place.call("GET", place.token())

    assert answer["statusCode"] == 200
    assert place.table.all_items() == before
    assert '<form method="post">' in answer["body"]
    assert 'name="List-Unsubscribe" value="One-Click"' in answer["body"]
    assert ANN not in answer["body"]


def test_one_click_turns_the_preference_off_and_leaves_the_others(place: Place) -> None:
    answer = place.post(place.token())

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"message": routes.UNSUBSCRIBED}
    assert place.preferences() == Preferences(
        email_notifications=False, marketing_emails=True, language="de"
    )


def test_each_link_stops_its_own_kind(place: Place) -> None:
    place.post(place.token(MARKETING))

    assert place.preferences() == Preferences(marketing_emails=False, language="de")


def test_one_click_twice_is_one_click(place: Place) -> None:
    token = place.token()
    place.post(token)
    after = place.table.all_items()

    assert place.post(token)["statusCode"] == 200
    assert place.table.all_items() == after


def test_the_token_may_stand_in_the_form_and_the_form_have_parts(place: Place) -> None:
    in_form = f"{ONE_CLICK}&token={place.token()}"
    parts = (
        '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--'
    )

    assert place.post(None, in_form)["statusCode"] == 200
    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    assert place.post(place.token(), parts, **multipart)["statusCode"] == 200


def test_a_form_may_come_encoded(place: Place) -> None:
    call = event("POST", "/unsubscribe", query={"token": place.token()}, headers=NOTHING_MORE)
    call |= {"body": base64.b64encode(ONE_CLICK.encode()).decode(), "isBase64Encoded": True}

    assert place._api(call)["statusCode"] == 200


def test_a_browser_that_posts_gets_a_page(place: Place) -> None:
    answer = place.post(place.token(), **BROWSER)

    assert answer["statusCode"] == 200
    assert "Done." in answer["body"]
    assert "<form" not in answer["body"]


def test_somebody_erased_is_told_the_same_and_nothing_is_written(place: Place) -> None:
    as_usual = place.post(place.token())
    place.table.delete(items.person_key(ANN), items.PREFERENCES)
    place.table.put(items.tombstone(ANN, by=ANN, at="2026-01-01T00:00:00.000000Z"))
    before = place.table.all_items()

    assert place.post(place.token()) == as_usual
    assert place.table.all_items() == before


def test_somebody_without_a_profile_may_stop_mails_too(place: Place) -> None:
    place.table.delete(items.person_key(ANN), items.PREFERENCES)

    assert place.post(place.token())["statusCode"] == 200
    assert place.preferences() == Preferences(email_notifications=False)


@pytest.mark.parametrize("make", INVALID, ids=NAMES)
@pytest.mark.parametrize("headers", [NOTHING_MORE, BROWSER], ids=["program", "browser"])
def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(
    place: Place, make: Callable[[Place], str | None], headers: dict[str, str]
) -> None:
    before = place.table.all_items()

    shown = place.call("GET", make(place), headers=headers)
    posted = place.call("POST", make(place), body=ONE_CLICK, headers=headers)

    assert shown == place.call("GET", "nonsense", headers=headers)
    assert posted == place.call("POST", "nonsense", body=ONE_CLICK, headers=headers)
    assert shown["statusCode"] == posted["statusCode"] == 400
    assert "<form" not in shown["body"]
    assert place.table.all_items() == before


@pytest.mark.parametrize(
    ("make", "reports"), [*zip(INVALID, (1, 0, 0, 0, 0, 0), strict=True)], ids=NAMES
)
def test_only_a_forged_token_is_reported(
    place: Place, make: Callable[[Place], str | None], reports: int
) -> None:
    place.call("GET", make(place))

    assert place.links.reports == reports


def test_where_no_key_is_set_no_link_is_valid() -> None:
    api = gateway.api(routes.routes(Subscriptions(FakeTable(), None)))

    answer = api(event("GET", "/unsubscribe", query={"token": Place().token()}))

    assert answer["statusCode"] == 400


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        ("", "application/x-www-form-urlencoded", 400),
        ("List-Unsubscribe=no", "application/x-www-form-urlencoded", 400),
        ("{}", "application/json", 415),
        (f"{ONE_CLICK}&{ONE_CLICK}", "application/x-www-form-urlencoded", 400),
        ("a" * 20_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=["empty", "other", "json", "twice", "large"],
)
def test_without_the_one_click_nothing_happens(
    place: Place, body: str, media: str, status: int
) -> None:
    answer = place.call("POST", place.token(), body=body, headers={"Content-Type": media})

    assert answer["statusCode"] == status
    assert place.preferences() == Preferences(marketing_emails=True, language="de")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr, de;q=0.5, en;q=0.7", "en"),
        ("de;q=0, en", "en"),
        ("de;q=nonsense", "en"),
        ("../../de", "en"),
        ("DE", "de"),
    ],
)
def test_a_page_is_in_the_readers_language(place: Place, accepted: str, language: str) -> None:
    answer = place.call("GET", place.token(), headers={"Accept-Language": accepted})

    assert f'<html lang="{language}" dir="ltr">' in answer["body"]


def test_a_page_may_do_nothing_but_be_sent_back(place: Place) -> None:
    answer = place.call("GET", place.token())

    headers = answer["headers"]
    style = re.search("<style>(.*)</style>", answer["body"], re.DOTALL)
    assert style
    digest = base64.b64encode(sha256(style[1].encode()).digest()).decode()
    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<script|style=|https?://|src=", answer["body"])
