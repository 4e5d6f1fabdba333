from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from vestibule.mail.letters import KINDS, NOTICES
from vestibule.mail.templates import TemplateFault
from vestibule.policy.model import ACCOUNT_TYPES
from vestibule_cli.local import edge, inbox, previews
from vestibule_cli.local.mails import Mail

SITE = Path(__file__).parents[2] / "site"
GATEWAY = "/restapis/abc/api/_user_request_"
TRICKS = "<script>alert(1)</script>\"&'<img src=x onerror=alert(1)>"


def mail(**changes: Any) -> Mail:
    facts = {
        "id": "m1",
        "kind": "verification",
        "to": ("ann@example.test",),
        "sender": "no-reply@example.test",
        "subject": "Your code",
        "text": "Your code is 123456",
        "html": "",
        "code": "123456",
        "time": datetime(2026, 11, 20, 9, 41, tzinfo=UTC),
    }
    return Mail(**{**facts, **changes})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Gateway:
    """In the emulator's place: remembers what reached it."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def lets_in(self, origin: str) -> bool:
        return origin in ("http://127.0.0.1:8080", "http://localhost:5173")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(dict(scope))
        self.bodies.append((await receive())["body"])
        headers = [(b"x-from", b"gateway"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 418, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@dataclass
class Edge:
    mails: list[Mail] = field(default_factory=list)
    gateway: Gateway = field(default_factory=Gateway)

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        query: str = "",
    ) -> Answer:
        app = edge.build(SITE, self.gateway, GATEWAY, lambda: self.mails)
        given = {"host": "127.0.0.1:8080", **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.replace("%2F", "/").replace("%20", " "),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
        }
        sent: list[Any] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            if not waiting:
                await asyncio.Event().wait()  # the client stays and says nothing more
            return waiting.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        return Answer(
            sent[0]["status"],
            {name.decode(): value.decode() for name, value in sent[0]["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]).decode(),
        )


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_site_is_at_the_root() -> None:
    answer = Edge().ask("/")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "/inbox" in [link.get("href") for link in Tags(answer.body).named("a")]


@pytest.mark.parametrize(
    "path", ["/", "/style.css", "/inbox", "/inbox.json", "/inbox/previews", "/nowhere"]
)
def test_every_page_carries_the_safety_headers(path: str) -> None:
    headers = Edge().ask(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def test_the_inbox_is_found_with_a_slash_too() -> None:
    answer = Edge().ask("/inbox/")

    assert answer.status == 308
    assert answer.headers["location"] == "/inbox"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/inbox", "/inbox/previews"])
def test_no_page_needs_what_its_own_policy_forbids(path: str) -> None:
    tags = Tags(Edge([mail(html="<p>hi</p>")]).ask(path).body)

    addresses = [
        attributes.get("src") or attributes.get("href") or ""
        for tag, attributes in tags.found
        if tag in {"script", "link", "img", "iframe"}
    ]
    assert all(address.startswith("/") for address in addresses), addresses
    assert not tags.named("style")
    assert not [each for _tag, each in tags.found if any(key.startswith("on") for key in each)]
    assert not [each for _tag, each in tags.found if "style" in each]


@pytest.mark.parametrize("path", ["/nowhere", "/inbox/none.html", "/../pyproject.toml", "/apis"])
def test_an_unknown_page_is_a_404_page(path: str) -> None:
    answer = Edge().ask(path)

    assert answer.status == 404
    assert "Not found" in answer.body


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/api", f"{GATEWAY}/"),
        ("/api/", f"{GATEWAY}/"),
        ("/api/me", f"{GATEWAY}/me"),
        ("/api/profiles/a%2Fb", f"{GATEWAY}/profiles/a%2Fb"),
        ("/api/api/inbox", f"{GATEWAY}/api/inbox"),
    ],
)
def test_the_api_is_reached_at_the_gateways_path_as_it_was_encoded(
    asked: str, reached: str
) -> None:
    site = Edge()

    site.ask(asked)

    assert site.gateway.seen[0]["raw_path"].decode() == reached
    assert site.gateway.seen[0]["path"] == reached.replace("%2F", "/")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
def test_the_api_gets_each_request_whole_and_its_answer_comes_back_untouched(method: str) -> None:
    site = Edge()

    answer = site.ask(
        "/api/me", method, {"authorization": "Bearer x"}, body=b'{"a": 1}', query="limit=1&a=%20"
    )

    seen = site.gateway.seen[0]
    assert seen["method"] == method
    assert seen["query_string"] == b"limit=1&a=%20"
    assert (b"authorization", b"Bearer x") in seen["headers"]
    assert site.gateway.bodies == [b'{"a": 1}']
    assert answer.status == 418
    assert answer.headers == {"x-from": "gateway", "cache-control": "no-store"}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080",
        "localhost",
        "LOCALHOST:1",
        "[::1]:8080",
        "127.0.0.1",
        "name.localhost:8080",
    ],
)
def test_loopback_names_are_served(host: str) -> None:
    assert Edge().ask("/inbox.json", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[::2]"]
)
@pytest.mark.parametrize("path", ["/", "/inbox.json", "/api/me"])
def test_a_foreign_name_that_points_here_is_refused(path: str, host: str) -> None:
    site = Edge([mail()])

    answer = site.ask(path, headers={"host": host})

    assert answer.status == 421
    assert "123456" not in answer.body
    assert site.gateway.seen == []


def test_the_inbox_lists_the_newest_mail_first_with_its_code() -> None:
    answer = Edge([mail(), mail(id="m2", to=("bob@example.test",), code="654321")]).ask("/inbox")

    assert answer.body.index("654321") < answer.body.index("123456")
    assert answer.body.index("bob@example.test") < answer.body.index("ann@example.test")
    assert answer.headers["cache-control"] == "no-store"


def test_an_empty_inbox_says_how_to_fill_it() -> None:
    assert "No mail yet" in Edge().ask("/inbox").body


def test_the_inbox_as_json_has_all_of_a_mail() -> None:
    answer = Edge([mail()]).ask("/inbox.json")

    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.body) == {
        "mails": [
            {
                "id": "m1",
                "kind": "verification",
                "to": ["ann@example.test"],
                "sender": "no-reply@example.test",
                "subject": "Your code",
                "code": "123456",
                "text": "Your code is 123456",
                "html": "",
                "headers": {},
                "tags": {},
                "time": "2026-11-20T09:41:00+00:00",
            }
        ]
    }


@pytest.mark.parametrize("field_name", ["id", "sender", "subject", "text", "code"])
def test_whatever_a_mail_says_is_shown_as_text(field_name: str) -> None:
    body = Edge([mail(**{field_name: TRICKS})]).ask("/inbox").body

    tags = Tags(body)
    assert len(tags.named("script")) == 1
    assert not tags.named("img")
    assert TRICKS not in body


def test_an_address_is_shown_as_text_too() -> None:
    assert TRICKS not in Edge([mail(to=(TRICKS,))]).ask("/inbox").body


def test_a_mails_own_html_is_shut_in() -> None:
    site = Edge([mail(html=f"<b>{TRICKS}</b>")])

    frame = Tags(site.ask("/inbox").body).named("iframe")[0]
    shown = site.ask(frame["src"] or "")

    assert frame["sandbox"] == ""
    assert shown.body == f"<b>{TRICKS}</b>"
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy


def test_every_mail_can_be_seen_in_each_language_for_each_account_type() -> None:
    site = Edge()

    frames = Tags(site.ask("/inbox/previews").body).named("iframe")
    shown = [site.ask(frame["src"] or "") for frame in frames]

    kinds = (*KINDS, *NOTICES)
    assert len(frames) == len(kinds) * len(ACCOUNT_TYPES) * len(previews.languages())
    assert all(frame["sandbox"] == "" for frame in frames)
    assert {answer.status for answer in shown} == {200}
    assert all("Ann Example" in answer.body for answer in shown)
    assert all("123456" in answer.body or "token=EXAMPLE" in answer.body for answer in shown)
    assert all(
        answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        for answer in shown
    )


@pytest.mark.parametrize(
    "preview",
    [
        "other/en/standard",
        "sign_up/xx/standard",
        "sign_up/en/other",
        "sign_up/..%2F..%2Fen/standard",
    ],
)
def test_a_preview_of_something_else_is_a_404_page(preview: str) -> None:
    assert Edge().ask(f"/inbox/previews/{preview}.html").status == 404


def test_a_template_that_is_broken_says_so_where_it_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_asked: str) -> None:
        raise TemplateFault(f"no good: {TRICKS}")

    monkeypatch.setattr(previews, "letter", broken)

    page = Edge().ask("/inbox/previews").body

    assert "This template can't be used: no good" in page
    assert TRICKS not in page
    assert Edge().ask("/inbox/previews/sign_up/en/standard.html").status == 404


def test_the_headers_of_a_mail_are_shown_as_text() -> None:
    link = f"<https://house.example/unsubscribe?{TRICKS}>"
    site = Edge([mail(headers={"List-Unsubscribe": link}, tags={"kind": "welcome"})])

    (listed,) = json.loads(site.ask("/inbox.json").body)["mails"]
    page = site.ask("/inbox").body

    assert listed["headers"] == {"List-Unsubscribe": link}
    assert listed["tags"] == {"kind": "welcome"}
    assert "List-Unsubscribe" in page
    assert "&lt;https://house.example/unsubscribe?" in page
    assert TRICKS not in page


def test_a_long_inbox_shows_its_newest_part() -> None:
    mails = [mail(id=f"m{number}", code=f"{number:06}") for number in range(inbox.SHOWN + 20)]

    shown = json.loads(Edge(mails).ask("/inbox.json").body)["mails"]

    assert len(shown) == inbox.SHOWN
    assert shown[0]["id"] == f"m{inbox.SHOWN + 19}"


def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        return {"type": "websocket.connect"}

    app = edge.build(SITE, Gateway(), GATEWAY, list)
    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, nothing, keep))

    assert sent == [{"type": "websocket.close", "code": 1000}]


FOREIGN = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}


@pytest.mark.parametrize("path", ["/", "/inbox", "/inbox.json", "/inbox.js", "/style.css"])
def test_a_page_of_others_gets_nothing(path: str) -> None:
    answer = Edge(mails=[mail()]).ask(path, headers=FOREIGN)

    assert answer.status == 403
    assert "123456" not in answer.body


@pytest.mark.parametrize("path", ["/", "/inbox", "/inbox.json"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:8081", "https://127.0.0.1:8080"]
)
def test_a_page_of_others_gets_nothing_by_its_origin_either(path: str, origin: str) -> None:
    answer = Edge(mails=[mail()]).ask(path, headers={"origin": origin})

    assert answer.status == 403
    assert answer.body == "Pages of others are not answered here.\n"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:5173"])
def test_an_own_page_and_one_that_was_let_in_are_answered(origin: str) -> None:
    assert Edge(mails=[mail()]).ask("/inbox.json", headers={"origin": origin}).status == 200


@pytest.mark.parametrize("path", ["/", "/inbox"])
def test_a_link_on_a_page_of_others_leads_here(path: str) -> None:
    link = {
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }

    assert Edge().ask(path, headers=link).status == 200
    assert Edge().ask(path, headers={**link, "sec-fetch-dest": "iframe"}).status == 403
