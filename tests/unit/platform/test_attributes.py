import json
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from vestibule.platform.attributes import from_attribute, from_item, to_attribute, to_item

numbers = st.integers(-(10**38) + 1, 10**38 - 1) | st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15, allow_subnormal=False
).filter(lambda number: number == 0 or abs(number) > 1e-100)
values = st.recursive(
    st.none() | st.booleans() | st.text() | st.binary() | numbers,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_every_value_survives_the_way_to_the_table_and_back(value: Any) -> None:
    sent = json.loads(json.dumps(to_attribute(value)))

    assert from_attribute(sent) == value


@given(values)
def test_another_reader_of_attributes_sees_the_same_value(value: Any) -> None:
    def plain(read: Any) -> Any:
        if isinstance(read, list):
            return [plain(one) for one in read]
        if isinstance(read, dict):
            return {name: plain(one) for name, one in read.items()}
        if isinstance(read, Decimal):
            return int(read) if read == read.to_integral_value() else float(read)
        return read.value if hasattr(read, "value") else read

    attribute: Any = to_attribute(value)
    if "B" in str(attribute):  # its reader wants bytes, as botocore has decoded them
        return

    assert plain(TypeDeserializer().deserialize(attribute)) == value


class Color(StrEnum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("", {"S": ""}),
        (Color.RED, {"S": "red"}),
        (Size.BIG, {"N": "3"}),
        (True, {"BOOL": True}),
        (1, {"N": "1"}),
        (-0.5, {"N": "-0.5"}),
        (1e-9, {"N": "1e-09"}),
        (Decimal("1.50"), {"N": "1.50"}),
        (None, {"NULL": True}),
        (b"\x00\x01", {"B": "AAE="}),
        ((1, "a"), {"L": [{"N": "1"}, {"S": "a"}]}),
        ({"a": {"b": []}}, {"M": {"a": {"M": {"b": {"L": []}}}}}),
    ],
    ids=repr,
)
def test_a_value_is_written_as_its_type(value: Any, attribute: dict[str, Any]) -> None:
    written = to_attribute(value)

    assert written == attribute
    assert type(written.get("S", "")) is str


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("1E+3", 1000),
        ("2.00", 2),
        ("0.1", 0.1),
        ("-1.5e-7", -1.5e-7),
        ("0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
    ],
)
def test_a_number_is_read_without_loss_and_as_simply_as_may_be(text: str, value: Any) -> None:
    read = from_attribute({"N": text})

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": {1}}, TypeError, "a: a set cannot be stored"),
        ({"a": [0, {"b": object()}]}, TypeError, r"a\[1\]\.b: a object cannot be stored"),
        ({"a": {"b": {2: 1}}}, TypeError, r"a\.b: a map's keys must be text, got 2"),
        ({"a": float("nan")}, ValueError, "a: nan is not a number"),
        ({"a": Decimal("sNaN")}, ValueError, "a: sNaN is not a number"),
        ({"a": float("-inf")}, ValueError, "a: -inf is not a number"),
        ({"a": 10**38 + 1}, ValueError, "a: a number has at most 38 digits, this one 39"),
        ({"a": -1e126}, ValueError, "a: .* is outside"),
        ({"a": 10**500}, ValueError, "a: .* is outside"),
        ({"a": 1e-131}, ValueError, "a: .* is outside"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_its_place(
    value: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        to_item(value)


def test_an_unknown_type_of_attribute_is_not_guessed_at() -> None:
    with pytest.raises(TypeError, match="type SS cannot be read"):
        from_item({"tags": {"SS": ["a"]}})
