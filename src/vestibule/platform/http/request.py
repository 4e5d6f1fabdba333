"""One call as the handlers see it: parsed, its caller known, nothing of the gateway left."""

from __future__ import annotations

from vestibule.platform.http.errors import InvalidRequest, Unauthenticated
from vestibule.platform.origin import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from vestibule.platform.http.paging import PageRequest

    Body = TypeVar("Body")

_NOTHING: Mapping[str, str] = {}
_LARGEST_VERSION_DIGITS = 15


class Caller:
    """Who calls, by the word of the gateway's authorizer."""

    __slots__ = ("is_person", "user_id")

    def __init__(self, user_id: str, *, is_person: bool = True) -> None:
        self.user_id = user_id
        self.is_person = is_person


class Request:
    """`headers` has lower-case names. `path` and `query` are decoded, each name once.

    `url_path` is the path as it was called, with what stands before our own: a stage, `/signed`.
    """

    __slots__ = (
        "_body",
        "_body_is_binary",
        "_headers",
        "caller",
        "method",
        "path",
        "query",
        "resource",
        "source_ip",
        "url_path",
        "user_agent",
    )

    def __init__(  # noqa: PLR0913 - what a request consists of
        self,
        method: str = "GET",
        resource: str = "/",
        *,
        path: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: str | None = None,
        body_is_binary: bool = False,
        caller: Caller | None = None,
        source_ip: str = "",
        user_agent: str = "",
        url_path: str = "",
    ) -> None:
        self.method = method
        self.resource = resource
        self.path = path
        self.query = query
        self._headers = headers
        self._body = body
        self._body_is_binary = body_is_binary
        self.caller = caller
        self.source_ip = source_ip
        self.user_agent = user_agent
        self.url_path = url_path

    @property
    def route(self) -> str:
        return f"{self.method} {self.resource}"

    def location(self, child: str) -> str:
        """Give the path of something made under this one, as this caller reaches it."""
        return f"{self.url_path.rstrip('/')}/{child}"

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self._headers.items()}

    @property
    def user_id(self) -> str:
        """The caller's sub. Raise Unauthenticated when nobody signed in calls."""
        if self.caller is None:
            raise Unauthenticated
        return self.caller.user_id

    @property
    def origin(self) -> Origin:
        return Origin(self.source_ip or None, self.user_agent or None)

    @property
    def text(self) -> str:
        """The body as it came, whatever it is."""
        return self._body or ""

    def body(self, type_: type[Body]) -> Body:
        """Read the JSON body as a msgspec Struct; raise InvalidRequest with every problem."""
        # Imported here because it imports msgspec, which no reading route should pay for.
        from vestibule.platform.http import bodies  # noqa: PLC0415

        return bodies.read(self._body, self.headers, type_, is_binary=self._body_is_binary)

    def form(self) -> dict[str, str]:
        """Read the body as a form; raise InvalidRequest when it is none."""
        from vestibule.platform.http import forms  # noqa: PLC0415 - hardly a route takes one

        return forms.read(self._body, self.headers, is_binary=self._body_is_binary)

    def page(
        self,
        *,
        partition: str,
        index: str | None = None,
        filter: str = "",  # noqa: A002 - what the API calls it
        prefix: str = "",
    ) -> PageRequest:
        """Read `limit` and `nextToken` of a list: one partition of the table or of an index.

        `prefix` is what the list's sort keys begin with, where its query says so.
        """
        from vestibule.platform.http import paging  # noqa: PLC0415 - few routes are lists

        scope = paging.Scope(self.route, partition, index=index, filter=filter, prefix=prefix)
        return paging.read(self.query, scope)

    def if_match(self) -> int | None:
        """Give the version that the caller expects; None when any will do."""
        value = self.headers.get("if-match", "*").strip()
        if value == "*":
            return None
        digits = value.removeprefix("W/")
        if len(digits) > 1 and digits[0] == digits[-1] == '"':
            digits = digits[1:-1]
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _LARGEST_VERSION_DIGITS):
            raise InvalidRequest.of(
                "If-Match", "version", 'Must be one version as an answer\'s ETag gave it, as "3".'
            )
        return int(digits)
