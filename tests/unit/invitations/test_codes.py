from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.invitations import codes

SHORT_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
short_texts = st.text(SHORT_LETTERS, min_size=10, max_size=10)


@pytest.mark.parametrize("style", [codes.LONG, codes.SHORT])
def test_a_code_reads_back_as_it_was_shown(style: str) -> None:
    for _ in range(200):
        code = codes.make(style)

        assert codes.read(code.shown) == code
        assert codes.read(f"  {code.shown}\n") == code


def test_no_two_codes_are_alike() -> None:
    assert len({codes.make(style).hash for style in ("long", "short") for _ in range(500)}) == 1000


def test_a_long_code_holds_128_random_bits_and_more_in_letters_safe_for_an_address() -> None:
    texts = [codes.make(codes.LONG).shown for _ in range(300)]

    assert {len(text) for text in texts} == {24}
    assert set("".join(texts)) == set(string.ascii_letters + string.digits + "-_")


def test_a_short_code_has_ten_letters_that_look_like_no_other() -> None:
    texts = [codes.make(codes.SHORT).shown for _ in range(300)]

    assert {len(text) for text in texts} == {11}
    assert set("".join(texts)) == set(SHORT_LETTERS) | {"-"}


@given(short_texts)
def test_how_a_short_code_is_typed_does_not_matter(text: str) -> None:
    wanted = codes.read(text)
    spread = "-".join(text.lower())

    assert wanted.is_short
    assert codes.read(text.lower()) == codes.read(spread) == codes.read(f" {text} ") == wanted
    for letter, alike in ("0o", "0O", "1i", "1I", "1l", "1L"):
        assert codes.read(text.replace(letter, alike)) == wanted


@given(short_texts, short_texts)
def test_two_short_codes_are_one_only_if_they_are(first: str, second: str) -> None:
    assert (codes.read(first).hash == codes.read(second).hash) == (first == second)


@given(st.text(max_size=3000))
def test_whatever_is_typed_can_be_looked_up(text: str) -> None:
    code = codes.read(text)

    assert len(code.hash) == 64
    assert set(code.hash) <= set(string.hexdigits.lower())
    assert not code.is_short or set(code.text) <= set(SHORT_LETTERS)


def test_the_case_of_a_long_code_counts() -> None:
    text = codes.make(codes.LONG).shown

    assert codes.read(text.swapcase()).hash != codes.read(text).hash


def test_a_code_is_not_shown_by_its_hash() -> None:
    code = codes.make(codes.SHORT)

    assert code.text not in code.hash.upper()
