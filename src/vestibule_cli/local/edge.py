"""What a browser sees: the site, the API and the inbox on one port, as behind a CDN on AWS."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from vestibule.mail.templates import TemplateFault
from vestibule_cli.local import asgi, inbox, previews
from vestibule_cli.local.door import is_link, is_loopback, is_of_another_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vestibule_cli.local.mails import Mail

API = "/api"
SITE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A mail may bring its own colors, and nothing else: no script, no request, no address of ours.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
SAFETY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Emulator(Protocol):
    """The emulator behind its door, which knows whose pages are answered."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...
    def lets_in(self, origin: str) -> bool: ...


def build(
    site: Path, emulator: Emulator, gateway_path: str, mails: Callable[[], Sequence[Mail]]
) -> ASGIApp:
    """`gateway_path` is where the emulator serves the API: `/restapis/ID/STAGE/_user_request_`."""

    missing = site / "404.html"
    not_found = partial(FileResponse, missing, 404, {"cache-control": "no-store"})

    async def show_inbox(_request: Request) -> Response:
        return _fresh(HTMLResponse(inbox.page(mails())))

    async def list_inbox(_request: Request) -> Response:
        return _fresh(JSONResponse(inbox.as_json(mails())))

    async def show_mail(request: Request) -> Response:
        wanted = request.path_params["mail"]
        for mail in mails():
            if mail.id == wanted:
                return _mail(mail.html)
        return not_found()

    async def show_previews(_request: Request) -> Response:
        return _fresh(HTMLResponse(previews.page()))

    async def show_preview(request: Request) -> Response:
        asked = request.path_params
        try:
            letter = previews.letter(asked["kind"], asked["language"], asked["account_type"])
        except TemplateFault:
            letter = None
        return not_found() if letter is None else _mail(letter.html)

    async def script(_request: Request) -> Response:
        return _fresh(Response(inbox.SCRIPT, media_type="text/javascript"))

    pages = Starlette(
        routes=[
            Route("/inbox", show_inbox),
            Route("/inbox/", lambda _request: RedirectResponse("/inbox", status_code=308)),
            Route("/inbox.json", list_inbox),
            Route("/inbox.js", script),
            Route("/inbox/previews", show_previews),
            Route("/inbox/previews/{kind}/{language}/{account_type}.html", show_preview),
            Route("/inbox/{mail}.html", show_mail),
            Mount("/", StaticFiles(directory=site, html=True)),
        ],
        exception_handlers={404: lambda _request, _error: not_found()},
    )
    return _Edge(pages, emulator, gateway_path)


def _fresh(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response


def _mail(body: str) -> Response:
    """For a frame: shut in, whatever it holds."""
    return _fresh(HTMLResponse(body, headers={"content-security-policy": MAIL_POLICY}))


class _Edge:
    def __init__(self, pages: ASGIApp, emulator: Emulator, gateway_path: str) -> None:
        self._pages = pages
        self._emulator = emulator
        self._gateway_path = gateway_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._pages(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif not _is_loopback(scope):
            answer = PlainTextResponse("Only loopback names are served here.\n", status_code=421)
            await answer(scope, receive, send)
        elif scope["path"] == API or scope["path"].startswith(f"{API}/"):
            await self._emulator(self._to_gateway(scope), receive, send)
        elif self._is_of_others(scope):
            answer = PlainTextResponse("Pages of others are not answered here.\n", status_code=403)
            await answer(scope, receive, _with_safety(send))
        else:
            await self._pages(scope, receive, _with_safety(send))

    def _is_of_others(self, scope: Scope) -> bool:
        # Not every browser says by Sec-Fetch-Site for whom it asks.
        origin = asgi.header(scope, b"origin")
        if origin and not self._emulator.lets_in(origin):
            return True
        return is_of_another_page(scope) and not is_link(scope)

    def _to_gateway(self, scope: Scope) -> Scope:
        """The same request, at the path where the gateway has it. Its encoding stays as sent."""
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        return {
            **scope,
            "path": self._gateway_path + (scope["path"][len(API) :] or "/"),
            "raw_path": self._gateway_path.encode() + (raw[len(API) :] or b"/"),
        }


def _is_loopback(scope: Scope) -> bool:
    """A foreign name that was pointed at this machine (DNS rebinding) comes with its own Host."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and is_loopback(hosts[0])


def _with_safety(send: Send) -> Send:
    async def safe(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.decode("latin-1").lower() for name, _value in message["headers"]}
            wanted = {**SAFETY, "content-security-policy": SITE_POLICY}
            added = [
                (name.encode(), value.encode())
                for name, value in wanted.items()
                if name not in given
            ]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return safe
