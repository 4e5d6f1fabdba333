"""Plain HTTP calls, as any client makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = 20
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class NoAnswer(Exception):
    """Nobody answered at the address: the stack is away, or the address is wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


def call(
    method: str,
    url: str,
    *,
    token: str | None = None,
    body: object | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request; an answer of any status is an answer.

    Raises NoAnswer when none came.
    """
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    # The address comes from the stack's own outputs: http on loopback, https on AWS.
    request = Request(url, data=data, method=method, headers=sent)  # noqa: S310
    try:
        with _opener(url).open(request, timeout=TIMEOUT) as reply:
            return _answer(reply.status, reply.read(), reply.headers.items())
    except HTTPError as refusal:
        with refusal:
            return _answer(refusal.code, refusal.read(), refusal.headers.items())
    except (URLError, HTTPException, OSError) as error:
        raise NoAnswer(f"{method} {url}: no answer ({error})") from error


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _opener(url: str) -> OpenerDirector:
    """A proxy, whatever the environment says of it, has no way to this machine's loopback."""
    return build_opener(*([ProxyHandler({})] if is_loopback(url) else []))


def _answer(status: int, raw: bytes, headers: Any) -> Answer:
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = raw.decode(errors="replace")
    return Answer(status, body, {name.lower(): value for name, value in headers})
