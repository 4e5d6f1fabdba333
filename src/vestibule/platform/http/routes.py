"""The routes of the API: what they are called, who may call them, what they take and answer.

The router runs them and the OpenAPI document is made from them, so there is one list of them.
"""

from __future__ import annotations

from vestibule.platform.authorization import Rule
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Required, TypedDict, Unpack

    from vestibule.platform.http.request import Request
    from vestibule.platform.http.response import Response

    Handler = Callable[[Request], Response]

    class Description(TypedDict, total=False):
        rule: Required[Rule]
        summary: Required[str]
        answers: Required[Mapping[int, str | None]]  # status -> "module:Struct", None: no body
        body: str  # "module:Struct"
        form: str  # "module:Struct", for a body that is a form
        locates: Iterable[int]  # statuses of the handler that come with a Location
        pages: Iterable[int]  # statuses that are a page to those who ask for one
        parameters: Iterable[Parameter]
        refusals: Iterable[int]  # statuses of the handler's own errors, such as 409
        tag: str


SIGNED = "/signed/{proxy+}"  # the same routes, for callers that sign their requests
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class RouteError(Exception):
    """A route that must not start: raised at import, so nothing is deployed with it."""


@frozen
class Parameter:
    """One name in the query or among the headers."""

    name: str
    description: str
    place: str = "query"
    kind: str = "string"


LIMIT = Parameter("limit", "How many to answer with: 1 to 100, 25 if left out.", kind="integer")
NEXT_TOKEN = Parameter("nextToken", "The nextToken of the answer before, for the page after it.")
IF_MATCH = Parameter(
    "If-Match", "The ETag of the version to change: 412 if it is no longer that.", place="header"
)
PAGE = (LIMIT, NEXT_TOKEN)


@frozen
class Route:
    method: str
    resource: str
    handler: Handler
    rule: Rule
    summary: str
    answers: Mapping[int, str | None]
    body: str | None
    parameters: tuple[Parameter, ...]
    refusals: tuple[int, ...]
    tag: str
    form: str | None = None
    pages: frozenset[int] = frozenset()
    locates: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        return f"{self.method} {self.resource}"


class Routes:
    def __init__(
        self, *others: Routes, answering: Callable[[Handler], Handler] | None = None
    ) -> None:
        """`answering`: what each handler added here is put into."""
        self._answering = answering
        self._routes: dict[tuple[str, str], Route] = {}
        for other in others:
            for route in other:
                self._add(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    def __len__(self) -> int:
        return len(self._routes)

    def add(
        self, method: str, resource: str, handler: Handler, **said: Unpack[Description]
    ) -> None:
        """Raise RouteError for a route without a rule, of a strange shape, or there already.

        Types are named as "module:Struct" and imported only where somebody needs them.
        """
        if not isinstance(said.get("rule"), Rule):
            raise RouteError(f"{method} {resource} has no rule: say who may call it")
        self._add(
            Route(
                method=method,
                resource=resource,
                handler=handler if self._answering is None else self._answering(handler),
                rule=said["rule"],
                summary=said["summary"],
                answers=dict(said["answers"]),
                body=said.get("body"),
                parameters=tuple(said.get("parameters", ())),
                refusals=tuple(said.get("refusals", ())),
                tag=said.get("tag") or resource.strip("/").partition("/")[0],
                form=said.get("form"),
                pages=frozenset(said.get("pages", ())),
                locates=frozenset(said.get("locates", ())),
            )
        )

    def _add(self, route: Route) -> None:
        if route.method not in METHODS:
            raise RouteError(f"{route.name}: the method must be one of {', '.join(METHODS)}")
        if not all(map(_is_segment, route.resource.split("/")[1:])) or route.resource[:1] != "/":
            raise RouteError(f"{route.name}: a path is /words and /{{parameters}}, each by itself")
        if (route.method, route.resource) in self._routes:
            raise RouteError(f"{route.name} is there already")
        self._routes[route.method, route.resource] = route


def _is_segment(text: str) -> bool:
    if text[:1] == "{":
        return text[-1] == "}" and text[1:-1].isalnum() and text.isascii()
    return text.isascii() and text.replace("-", "").isalnum()
