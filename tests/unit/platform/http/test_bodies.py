"""A body is read whole or refused with every problem it has."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from vestibule.platform.attributes import to_item
from vestibule.platform.http.errors import (
    ApiError,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from vestibule.platform.http.request import Request
from vestibule.platform.http.strict_json import DEEPEST, LARGEST_BODY, MOST_PROBLEMS

JSON = {"Content-Type": "application/json"}


class NotEven(ValueError):
    rule = "even"
    message = "Must be even."


def even(value: int) -> int:
    if value % 2:
        raise NotEven
    return value


def not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("Must not be blank.")
    return value.strip()


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Place(Struct, rename="camel", forbid_unknown_fields=True):
    street: str
    house_number: int


class Order(Struct, kw_only=True, rename="camel"):
    name: Annotated[str, Meta(min_length=2, max_length=5)]
    phone_number: (
        Annotated[str, Meta(pattern="^[+]", extra={"message": "Must begin with a plus sign."})]
        | UnsetType
        | None
    ) = UNSET
    code: Annotated[str, Meta(pattern="^A")] | UnsetType = UNSET
    theme: Literal["light", "dark"] | UnsetType = UNSET
    size: Size | UnsetType = UNSET
    count: Annotated[int, Meta(ge=1, le=9)] | UnsetType = UNSET
    ratio: float | UnsetType = UNSET
    agreed: bool | UnsetType = UNSET
    place: Place | UnsetType | None = UNSET
    places: Annotated[list[Place], Meta(min_length=1, max_length=2)] | UnsetType = UNSET
    layout: Annotated[dict[str, Any], Meta(max_length=2)] | UnsetType = UNSET
    pair: Annotated[int, Meta(extra={"check": even})] | UnsetType = UNSET
    note: Annotated[str, Meta(extra={"check": not_blank})] | UnsetType | None = UNSET


def read(body: Any, headers: dict[str, str] | None = None) -> Order:
    text = body if isinstance(body, str) else json.dumps(body)
    return Request("POST", headers=JSON if headers is None else headers, body=text).body(Order)


def refused(body: Any, headers: dict[str, str] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ApiError) as caught:
        read(body, headers)
    assert all(detail.message.endswith(".") for detail in caught.value.details)
    assert 400 <= caught.value.status < 500
    return [(detail.field, detail.rule) for detail in caught.value.details]


def message(body: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    return caught.value.details[0].message


def test_a_body_becomes_its_struct() -> None:
    order = read(
        {
            "name": "Jörg",
            "phoneNumber": None,
            "theme": "dark",
            "size": "large",
            "count": 3,
            "ratio": 2,
            "place": {"street": "A", "houseNumber": 4},
            "places": [{"street": "B", "houseNumber": 5}],
            "layout": {"a": [1, {"b": None}]},
            "pair": 4,
            "note": " line one\n\tline two ",
        }
    )

    assert order == Order(
        name="Jörg",
        phone_number=None,
        theme="dark",
        size=Size.LARGE,
        count=3,
        ratio=2.0,
        place=Place("A", 4),
        places=[Place("B", 5)],
        layout={"a": [1, {"b": None}]},
        pair=4,
        note="line one\n\tline two",
    )


def test_what_is_left_out_stays_unset() -> None:
    order = read({"name": "Jo"})

    assert (order.phone_number, order.place, order.agreed) == (UNSET, UNSET, UNSET)


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"name": None}, ("name", "type")),
        ({"name": 5}, ("name", "type")),
        ({"name": "J"}, ("name", "minLength")),
        ({"name": "Johanna"}, ("name", "maxLength")),
        ({"phoneNumber": "49"}, ("phoneNumber", "pattern")),
        ({"phone_number": "+49"}, ("phone_number", "unknown")),
        ({"code": "B"}, ("code", "pattern")),
        ({"theme": "pink"}, ("theme", "enum")),
        ({"theme": 1}, ("theme", "type")),
        ({"size": "huge"}, ("size", "enum")),
        ({"count": 0}, ("count", "minimum")),
        ({"count": 10}, ("count", "maximum")),
        ({"count": "3"}, ("count", "type")),
        ({"count": True}, ("count", "type")),
        ({"count": 1.5}, ("count", "type")),
        ({"agreed": "true"}, ("agreed", "type")),
        ({"agreed": 1}, ("agreed", "type")),
        ({"place": {"street": 1, "houseNumber": 1}}, ("place.street", "type")),
        ({"place": {"street": "A"}}, ("place.houseNumber", "required")),
        (
            {"place": {"street": "A", "houseNumber": 1, "x": 1}},
            ("place.x", "unknown"),
        ),
        ({"places": []}, ("places", "minItems")),
        ({"places": [{"street": "A", "houseNumber": 1}] * 3}, ("places", "maxItems")),
        ({"places": [{"street": "A", "houseNumber": "1"}]}, ("places[0].houseNumber", "type")),
        ({"places": [{"street": "A"}]}, ("places[0].houseNumber", "required")),
        (
            {"places": [{"street": "A", "houseNumber": 1, "x": 1}]},
            ("places[0].x", "unknown"),
        ),
        ({"layout": {"a": 1, "b": 2, "c": 3}}, ("layout", "maxProperties")),
        ({"layout": []}, ("layout", "type")),
        ({"pair": 3}, ("pair", "even")),
        ({"note": " "}, ("note", "invalid")),
        ({"role": "admin"}, ("role", "unknown")),
        ({"x\r\ny": 1}, ("x??y", "unknown")),
        ({"x" * 500: 1}, ("x" * 64, "unknown")),
    ],
    ids=repr,
)
def test_a_broken_rule_is_named_with_its_field(
    members: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert refused({"name": "Jo", **members}) == [problem]


def test_every_problem_is_named_at_once() -> None:
    body = {"count": 0, "theme": "pink", "x": 1, "place": {"street": 1, "houseNumber": "1"}}

    assert refused(body) == [
        ("count", "minimum"),
        ("name", "required"),
        ("place.houseNumber", "type"),
        ("place.street", "type"),
        ("theme", "enum"),
        ("x", "unknown"),
    ]


def test_problems_without_end_are_cut_off() -> None:
    assert len(refused({f"x{number}": 1 for number in range(500)})) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"name": 5}, "Must be text, not a whole number."),
        ({"phoneNumber": []}, "Must be text or null, not a list."),
        ({"name": "J"}, "Must have at least 2 characters."),
        ({"phoneNumber": "49"}, "Must begin with a plus sign."),
        ({"code": "B"}, "Must match '^A'."),
        ({"theme": "pink"}, "Must be one of: light, dark."),
        ({"size": "pink"}, "Must be one of: small, large."),
        ({"count": 0}, "Must be 1 or more."),
        ({"pair": 3}, "Must be even."),
        ({"note": " "}, "Must not be blank."),
    ],
    ids=repr,
)
def test_a_problem_is_told_in_plain_words(members: dict[str, Any], words: str) -> None:
    assert message({"name": "Jo", **members}) == words


@pytest.mark.parametrize("body", [None, ""])
def test_no_body_is_refused(body: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request("POST", headers=JSON, body=body).body(Order)

    assert caught.value.details[0].rule == "required"


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "name",
        "{'name': 'Jo'}",
        '{"name": "Jo"',
        '{"name": "Jo"} {}',
        '{"name": "Jo",}',
        '{"name": "J\x00o"}',
        '{"name": "J\no"}',
        '{"name": "\\x"}',
        '{"count": NaN}',
        '{"count": Infinity}',
        '{"count": -Infinity}',
        "eyJuYW1lIjogIkpvIn0=",
        " ",
    ],
)
def test_what_is_not_json_is_refused(body: str) -> None:
    assert refused(body) == [("body", "json")]


@pytest.mark.parametrize("body", ["[]", '"name"', "7", "1.5", "null", "true", '[{"name": "Jo"}]'])
def test_json_that_is_no_object_is_refused(body: str) -> None:
    assert refused(body) == [("body", "type")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"name": "Jo", "name": "Jo"}', "name"),
        ('{"name": "Jo", "n\\u0061me": "Jo"}', "name"),
        ('{"name": "Jo", "layout": {"a": [{"b": 1, "b": 1}]}}', "b"),
    ],
)
def test_a_name_given_twice_is_refused_at_any_depth(body: str, field: str) -> None:
    assert refused(body) == [(field, "duplicate")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("\\u0000", "control"),
        ("\\u0007", "control"),
        ("\\u001b[31m", "control"),
        ("\\u007f", "control"),
        ("\\u0085", "control"),
        ("\\ud800", "unicode"),
        ("\\udc00\\ud800", "unicode"),
    ],
)
def test_characters_that_no_text_needs_are_refused_wherever_they_are(text: str, rule: str) -> None:
    assert refused(f'{{"name": "{text}"}}') == [("name", rule)]
    assert refused(f'{{"name": "Jo", "layout": {{"a": ["{text}"]}}}}') == [("layout.a[0]", rule)]
    assert [found for _, found in refused(f'{{"name": "Jo", "layout": {{"{text}": 1}}}}')] == [rule]


def test_a_surrogate_that_came_unescaped_is_refused_too() -> None:
    assert refused('{"name": "\ud800"}') == [("name", "unicode")]


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read('{"name": "\\ud83d\\ude00!"}').name == "😀!"


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "1" * 5000])
def test_a_number_that_readers_disagree_on_is_refused(number: str) -> None:
    assert refused(f'{{"name": "Jo", "layout": {{"a": {number}}}}}') == [("body", "number")]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e101", "1e-131", "-9.9e-131", "1e-310"])
def test_a_number_that_the_table_cannot_hold_is_refused_by_its_place(number: str) -> None:
    body = f'{{"name": "Jo", "layout": {{"a": [0, {number}]}}}}'

    assert refused(body) == [("layout.a[1]", "number")]


@pytest.mark.parametrize("number", ["0.0", "-0.0", "1e-130", "1e-400", "1e100", "0.1e-3", "1" * 16])
def test_what_the_strict_reader_lets_pass_the_table_holds(number: str) -> None:
    read(f'{{"name": "Jo", "layout": {{"a": {number}}}}}')

    to_item({"layout": json.loads(number)})


@pytest.mark.parametrize("depth", [DEEPEST, DEEPEST + 1, 2000, 10000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_without_end_is_refused(depth: int, opening: str, closing: str) -> None:
    inner = opening * depth + "1" + closing * depth
    body = f'{{"name": "Jo", "layout": {inner}}}'

    ((_, rule),) = refused(body)

    assert rule == "depth"


def test_nesting_up_to_the_limit_is_read() -> None:
    inner = '{"a":' * (DEEPEST - 1) + "1" + "}" * (DEEPEST - 1)

    assert read(f'{{"name": "Jo", "layout": {inner}}}').layout is not UNSET


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_a_body_beyond_the_limit_is_refused_whatever_it_holds(letter: str) -> None:
    most = LARGEST_BODY // len(letter.encode()) + 1
    with pytest.raises(PayloadTooLarge) as caught:
        read(json.dumps({"name": letter * most}, ensure_ascii=False))

    assert caught.value.status == 413


def test_a_body_of_a_megabyte_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(PayloadTooLarge):
        read("[" * 1_000_000)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json, text/plain"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
    ids=repr,
)
def test_any_other_type_than_json_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        read({"name": "Jo"}, headers)

    assert caught.value.status == 415
    assert caught.value.details


@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
        " application/json ; ",
    ],
)
def test_json_may_be_named_in_every_way_it_is(media: str) -> None:
    assert read({"name": "Jo"}, {"content-type": media}).name == "Jo"


def test_a_body_that_came_as_bytes_is_refused() -> None:
    request = Request("POST", headers=JSON, body="eyJuYW1lIjogIkpvIn0=", body_is_binary=True)

    with pytest.raises(InvalidRequest) as caught:
        request.body(Order)

    assert caught.value.details[0].rule == "encoding"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_comes_is_read_or_refused(content: Any) -> None:
    body = json.dumps({"name": content, "layout": content, "place": content})
    try:
        problems = 0
        order = read(body)
    except ApiError as error:
        problems = len(error.details) if error.status in {400, 413} else 0
        order = None

    assert problems or msgspec.convert(msgspec.to_builtins(order), Order) == order


@given(st.text())
def test_whatever_text_comes_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(text)

    assert caught.value.details
