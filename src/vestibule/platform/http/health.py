"""GET /health: the function runs and its settings are whole. It asks no other service."""

from __future__ import annotations

from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http.response import ok
from vestibule.platform.http.routes import Routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response


def routes(version: str) -> Routes:
    health = Routes()

    @health.get(
        "/health",
        rule=PUBLIC,
        summary="Tell whether the API answers, and which version of it.",
        answers={200: "vestibule.platform.http.answers:Health"},
    )
    def read_health(_request: Request) -> Response:
        return ok({"status": "ok", "version": version})

    return health
