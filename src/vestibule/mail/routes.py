"""GET and POST /unsubscribe. Few calls come here: what answers them is imported by the first."""

from __future__ import annotations

from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http.errors import InvalidRequest
from vestibule.platform.http.response import Response, ok
from vestibule.platform.http.routes import Parameter, Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.mail.subscriptions import Subscriptions
    from vestibule.mail.unsubscribe import Wish
    from vestibule.mail.unsubscribe_page import Pages
    from vestibule.platform.http.request import Request

TOKEN: Final = Parameter("token", "What the mail's link carries.")
FIELD: Final = "List-Unsubscribe"
ONE_CLICK: Final = "One-Click"
UNSUBSCRIBED: Final = "Unsubscribed successfully"
_HTML: Final = "text/html"
_BODIES: Final = "vestibule.mail.bodies"
# The same whatever is wrong with a token: it tells nobody whether an account is behind it.
_INVALID: Final = "This link is not valid, or no longer."


def routes(subscriptions: Subscriptions) -> Routes:
    handlers = _Handlers(subscriptions)
    table = Routes()
    table.add(
        "GET",
        "/unsubscribe",
        handlers.offer,
        rule=PUBLIC,
        summary="Offer to stop mails of a kind. Changes nothing: programs follow links, too.",
        answers={200: None},
        parameters=(TOKEN,),
        pages=(200, 400),
        tag="mail",
    )
    table.add(
        "POST",
        "/unsubscribe",
        handlers.end,
        rule=PUBLIC,
        summary="Stop mails of a kind, in one click (RFC 8058). May be repeated.",
        form=f"{_BODIES}:UnsubscribeForm",
        answers={200: f"{_BODIES}:Unsubscribed"},
        parameters=(TOKEN,),
        pages=(200, 400),
        tag="mail",
    )
    return table


class _Handlers:
    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._pages: Pages | None = None

    def offer(self, request: Request) -> Response:
        wish = self._subscriptions.wish(request.query.get(TOKEN.name, ""))
        return self._page(request, "invalid" if wish is None else "offer")

    def end(self, request: Request) -> Response:
        wish = self._wish(request)
        if wish is None:
            if _wants_page(request):
                return self._page(request, "invalid")
            raise InvalidRequest(error=_INVALID)
        self._subscriptions.end(wish)
        if _wants_page(request):
            return self._page(request, "done")
        return ok({"message": UNSUBSCRIBED})

    def _wish(self, request: Request) -> Wish | None:
        form = request.form()
        token = request.query.get(TOKEN.name) or form.get(TOKEN.name, "")
        return self._subscriptions.wish(token) if form.get(FIELD) == ONE_CLICK else None

    def _page(self, request: Request, what: str) -> Response:
        from vestibule.mail.unsubscribe_page import HEADERS, Pages  # noqa: PLC0415 - as above

        self._pages = self._pages or Pages()
        page = self._pages.show(what, request.headers.get("accept-language", ""))
        return Response(
            400 if what == "invalid" else 200,
            page.text,
            headers={**HEADERS, "Content-Security-Policy": page.policy},
            content_type=f"{_HTML}; charset=utf-8",
        )


def _wants_page(request: Request) -> bool:
    """Browsers name the type; mail programs take anything."""
    return _HTML in request.headers.get("accept", "")
