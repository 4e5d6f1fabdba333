"""A route that is not whole does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.authorization import PUBLIC
from vestibule.platform.http.request import Request
from vestibule.platform.http.response import Response, ok
from vestibule.platform.http.routes import RouteError, Routes

if TYPE_CHECKING:
    from vestibule.platform.http.routes import Handler

WHOLE: dict[str, Any] = {"rule": PUBLIC, "summary": "A thing.", "answers": {200: None}}


def handler(_request: Request) -> Response:
    return ok({})


def test_the_methods_of_a_path_are_told_apart() -> None:
    routes = Routes()

    for method in ("GET", "POST", "PUT", "DELETE"):
        routes.add(method, "/a", handler, **WHOLE)

    assert [route.name for route in routes] == ["GET /a", "POST /a", "PUT /a", "DELETE /a"]


def test_handlers_are_put_into_what_answers_for_them_all() -> None:
    def answering(inner: Handler) -> Handler:
        return lambda request: Response(201, inner(request).body)

    routes = Routes(answering=answering)
    routes.add("GET", "/a", handler, **WHOLE)

    (route,) = routes
    assert route.handler(Request()).status == 201


@pytest.mark.parametrize("rule", [None, "public", True, object])
def test_a_route_without_a_rule_does_not_start(rule: Any) -> None:
    with pytest.raises(RouteError, match="GET /a has no rule"):
        Routes().add("GET", "/a", handler, **{**WHOLE, "rule": rule})


def test_a_route_that_says_nothing_of_its_rule_does_not_start() -> None:
    said = {name: value for name, value in WHOLE.items() if name != "rule"}

    with pytest.raises(RouteError):
        Routes().add("GET", "/a", handler, **said)


@pytest.mark.parametrize(
    "resource", ["a", "", "/", "/a/", "//a", "/a{b}", "/{b", "/{}", "/{b+}", "/a b", "/ä", "/{ä}"]
)
def test_a_path_of_a_strange_shape_does_not_start(resource: str) -> None:
    with pytest.raises(RouteError):
        Routes().add("GET", resource, handler, **WHOLE)


@pytest.mark.parametrize("method", ["get", "OPTIONS", "ANY", ""])
def test_a_method_that_is_not_ours_to_answer_does_not_start(method: str) -> None:
    with pytest.raises(RouteError):
        Routes().add(method, "/a", handler, **WHOLE)


def test_two_handlers_for_one_route_do_not_start() -> None:
    one, other = Routes(), Routes()
    one.add("GET", "/a", handler, **WHOLE)
    other.add("GET", "/a", handler, **WHOLE)

    with pytest.raises(RouteError, match="there already"):
        Routes(one, other)


def test_routes_of_several_domains_become_one_table() -> None:
    one, other = Routes(), Routes()
    one.add("GET", "/a", handler, **WHOLE)
    other.add("GET", "/b", handler, **WHOLE)

    assert [route.name for route in Routes(one, other)] == ["GET /a", "GET /b"]
    assert len(Routes(one, other)) == 2
