"""A page token leads on in its own list, and nowhere else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.platform.http.errors import InvalidRequest
from vestibule.platform.http.paging import LONGEST_TOKEN, PageRequest, Scope, read

PEOPLE = Scope("GET /people", "PEOPLE", index="gsi1", filter="", prefix="")
KEY = {"pk": "PERSON#1", "sk": "PROFILE", "gsi1pk": "PEOPLE", "gsi1sk": "2026#1"}
DIARY = Scope("GET /me/diary", "PERSON#1", prefix="DIARY#")
DIARY_KEY = {"pk": "PERSON#1", "sk": "DIARY#2026"}


def token(scope: Scope = PEOPLE, key: dict[str, Any] | None = None) -> str:
    made = PageRequest(scope, 25, None).next_token(KEY if key is None else key)
    assert made is not None
    return made


def forged(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def refused(query: dict[str, str], scope: Scope = PEOPLE) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        read(query, scope)
    return [detail.field for detail in caught.value.details]


def test_a_page_begins_at_the_start_and_holds_25_unless_told() -> None:
    page = read({}, PEOPLE)

    assert (page.limit, page.start) == (25, None)


@pytest.mark.parametrize("limit", ["1", "25", "100", "007"])
def test_a_limit_from_1_to_100_is_taken(limit: str) -> None:
    assert read({"limit": limit}, PEOPLE).limit == int(limit)


@pytest.mark.parametrize(
    "limit", ["", "0", "101", "-1", "+1", "1.0", "1e1", "ten", " 1", "1 ", "٣", "²", "9" * 5000]
)
def test_any_other_limit_is_refused_by_name(limit: str) -> None:
    assert refused({"limit": limit}) == ["limit"]


@pytest.mark.parametrize(("scope", "key"), [(PEOPLE, KEY), (DIARY, DIARY_KEY)])
def test_a_token_leads_on_where_the_page_before_ended(scope: Scope, key: dict[str, str]) -> None:
    assert read({"nextToken": token(scope, key)}, scope).start == key


def test_the_last_page_has_no_token() -> None:
    assert PageRequest(PEOPLE, 25, None).next_token(None) is None


def test_a_token_needs_no_escaping_in_a_url() -> None:
    made = token(key={**KEY, "gsi1sk": "ÿ?>~" * 20})

    assert made.replace("-", "").replace("_", "").isalnum()
    assert read({"nextToken": made}, PEOPLE).start is not None


@pytest.mark.parametrize(
    "other",
    [
        Scope("GET /others", "PEOPLE", index="gsi1"),
        Scope("GET /people", "OTHERS", index="gsi1"),
        Scope("GET /people", "PEOPLE", index="gsi1", filter="role=admin"),
        Scope("GET /people", "PEOPLE", index="gsi1", prefix="2027"),
        Scope("GET /people", "PEOPLE", index="gsi2"),
        Scope("GET /people", "PEOPLE"),
    ],
    ids=["route", "partition", "filter", "prefix", "index", "table"],
)
def test_a_token_of_another_list_is_refused(other: Scope) -> None:
    assert refused({"nextToken": token()}, other) == ["nextToken"]


@pytest.mark.parametrize(
    "key",
    [
        {**KEY, "gsi1pk": "OTHERS"},
        {"pk": "PEOPLE", "sk": "x"},
        {**KEY, "more": "x"},
        {**KEY, "gsi1sk": ""},
        {**KEY, "gsi1sk": 7},
        {**KEY, "pk": None},
        {**KEY, "gsi1sk": "\ud800"},
        {**KEY, "gsi1sk": "x" * 1025},
        [],
        None,
        "x",
    ],
    ids=repr,
)
def test_a_key_that_is_no_place_in_the_list_is_refused(key: object) -> None:
    assert refused({"nextToken": forged([1, "GET /people", "PEOPLE", "", key])}) == ["nextToken"]


def test_a_forged_token_reads_no_other_partition() -> None:
    key = {"pk": "PERSON#2", "sk": "DIARY#2026"}

    assert refused({"nextToken": forged([1, DIARY.route, "PERSON#1", "", key])}, DIARY)
    assert refused({"nextToken": forged([1, DIARY.route, "PERSON#2", "", key])}, DIARY)


@pytest.mark.parametrize(
    "content",
    [
        [2, "GET /people", "PEOPLE", "", KEY],
        [True, "GET /people", "PEOPLE", ""],
        {"key": KEY},
        KEY,
        7,
        None,
    ],
    ids=repr,
)
def test_a_token_of_another_make_is_refused(content: object) -> None:
    assert refused({"nextToken": forged(content)}) == ["nextToken"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "%%%", "====", "null", "[]", "\x00", "é", "a b", "W" * (LONGEST_TOKEN + 1), "/../"],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refused({"nextToken": text}) == ["nextToken"]


def test_a_token_cut_short_is_refused_at_every_length() -> None:
    whole = token()

    for length in range(len(whole)):
        assert refused({"nextToken": whole[:length]}) == ["nextToken"]


def test_nesting_without_end_inside_a_token_is_refused() -> None:
    text = base64.urlsafe_b64encode(b"[" * 1500).decode()

    assert refused({"nextToken": text}) == ["nextToken"]


def test_both_problems_are_named_at_once() -> None:
    assert refused({"limit": "0", "nextToken": "x"}) == ["limit", "nextToken"]


@given(st.text())
def test_whatever_comes_as_a_token_is_refused(text: str) -> None:
    assert refused({"nextToken": text}) == ["nextToken"]


@given(st.binary())
def test_whatever_is_inside_a_token_is_refused(content: bytes) -> None:
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")

    assert refused({"nextToken": text}) == ["nextToken"]
