"""GET /health: the function runs and its settings are whole. It asks no other service."""

from __future__ import annotations

from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http.response import ok
from vestibule.platform.http.routes import Routes


def routes(version: str) -> Routes:
    table = Routes()
    table.add(
        "GET",
        "/health",
        lambda _request: ok({"status": "ok", "version": version}),
        rule=PUBLIC,
        summary="Tell whether the API answers, and which version of it.",
        answers={200: "vestibule.platform.http.answers:Health"},
    )
    return table
