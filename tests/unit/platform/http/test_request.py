"""What a handler may ask of a request."""

from __future__ import annotations

import pytest

from vestibule.platform.http.errors import InvalidRequest, Unauthenticated
from vestibule.platform.http.request import Caller, Request


@pytest.mark.parametrize(
    ("sent", "version"),
    [('"3"', 3), ("3", 3), ('W/"3"', 3), (' "12" ', 12), ("*", None), ('"0"', 0)],
)
def test_if_match_names_a_version(sent: str, version: int | None) -> None:
    assert Request(headers={"if-match": sent}).if_match() == version


def test_without_if_match_any_version_will_do() -> None:
    assert Request().if_match() is None


@pytest.mark.parametrize(
    "sent", ["", '"', '""', '"3', "three", '"3", "4"', "-3", "3.0", "²", "٣", "9" * 5000, '"*"']
)
def test_an_if_match_that_is_no_version_is_refused_by_name(sent: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request(headers={"If-Match": sent}).if_match()

    assert [detail.field for detail in caught.value.details] == ["If-Match"]


def test_header_names_are_lower_case_however_they_came() -> None:
    assert Request(headers={"IF-Match": "1", "x-Y": "2"}).headers == {"if-match": "1", "x-y": "2"}


def test_a_caller_has_an_id() -> None:
    assert Request(caller=Caller("x")).user_id == "x"


def test_nobody_has_none() -> None:
    with pytest.raises(Unauthenticated):
        _ = Request().user_id


def test_a_page_is_of_the_route_that_asks_for_it() -> None:
    key = {"pk": "A", "sk": "B"}
    token = Request("GET", "/a").page(partition="A").next_token(key)
    assert token is not None

    query = {"nextToken": token, "limit": "7"}

    page = Request("GET", "/a", query=query).page(partition="A")
    assert (page.start, page.limit) == (key, 7)
    with pytest.raises(InvalidRequest):
        Request("GET", "/b", query=query).page(partition="A")
