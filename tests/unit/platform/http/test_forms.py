from __future__ import annotations

import contextlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.platform.http import forms
from vestibule.platform.http.errors import (
    ApiError,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)

URLENCODED = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
MULTIPART = {"content-type": 'multipart/form-data; boundary="a b"'}


def parts(*fields: tuple[str, str]) -> str:
    return "".join(
        f'--a b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ) + ("--a b--\r\n")


def test_a_form_is_read_by_either_of_its_types() -> None:
    fields = {"a": "1 &", "b": ""}

    assert forms.read("a=1+%26&b=", URLENCODED, is_binary=False) == fields
    assert forms.read(parts(*fields.items()), MULTIPART, is_binary=False) == fields


def test_a_form_may_come_encoded() -> None:
    assert forms.read(b64encode(b"a=1").decode(), URLENCODED, is_binary=True) == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "headers", "refusal"),
    [
        ("{}", {"content-type": "application/json"}, UnsupportedMediaType),
        ("a=1", {}, UnsupportedMediaType),
        ("a=1&a=2", URLENCODED, InvalidRequest),
        ("&".join("abcdefghijklmnopqrstuvwxyz"), URLENCODED, InvalidRequest),
        ("a=%ff", URLENCODED, InvalidRequest),
        ("a" * forms.LARGEST_FORM * 3, URLENCODED, PayloadTooLarge),
        ("ä" * forms.LARGEST_FORM, URLENCODED, PayloadTooLarge),
        ("\ud800", URLENCODED, InvalidRequest),
        (parts(("a", "1"), ("a", "2")), MULTIPART, InvalidRequest),
        (parts(("a", "1"))[:-6], MULTIPART, InvalidRequest),
        ("--a b\r\n\r\n1\r\n--a b--", MULTIPART, InvalidRequest),
        ("", MULTIPART, InvalidRequest),
        (parts(("a", "1")), {"content-type": "multipart/form-data"}, InvalidRequest),
    ],
)
def test_what_is_no_form_is_refused(
    text: str, headers: dict[str, str], refusal: type[ApiError]
) -> None:
    with pytest.raises(refusal):
        forms.read(text, headers, is_binary=False)


def test_what_is_said_to_be_encoded_and_is_not_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        forms.read("a", URLENCODED, is_binary=True)


@given(text=st.text(max_size=300), headers=st.sampled_from([URLENCODED, MULTIPART]))
def test_any_text_is_a_form_or_refused(text: str, headers: dict[str, str]) -> None:
    with contextlib.suppress(InvalidRequest, PayloadTooLarge):
        assert isinstance(forms.read(text, headers, is_binary=False), dict)
