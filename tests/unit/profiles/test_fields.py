from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.profiles import fields
from vestibule.profiles.fields import RuleBroken

ANY_TEXT = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Jo", "Jo"),
        ("  Jo Doe \u00a0", "Jo Doe"),
        ("<b>Jo</b> & Co", "<b>Jo</b> & Co"),
        ("O\u2019Neil-\u00d8stergaard", "O\u2019Neil-\u00d8stergaard"),
        ("Jose\u0301", "Jos\u00e9"),
        ("\u738b\u5c0f\u660e", "\u738b\u5c0f\u660e"),
        ("\u0646\u06cc\u0645\u200c\u0641\u0627", "\u0646\u06cc\u0645\u200c\u0641\u0627"),
        ("\U0001f600\U0001f600", "\U0001f600\U0001f600"),
        ("x" * 256, "x" * 256),
        (" " + "x" * 256 + " ", "x" * 256),
    ],
)
def test_a_name_is_kept_trimmed_and_composed(typed: str, kept: str) -> None:
    assert fields.full_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("", "length"),
        ("   ", "length"),
        ("J", "length"),
        ("e\u0301", "length"),
        ("x" * 257, "length"),
        ("Jo\x00Doe", "control"),
        ("Jo\nDoe", "control"),
        ("Jo\tDoe", "control"),
        ("Jo\x7fDoe", "control"),
        ("Jo\x85Doe", "control"),
        ("Jo\u2028Doe", "control"),
        ("Jo\u2029Doe", "control"),
        ("Jo\ud800Doe", "unicode"),
        ("Jo \udfff", "unicode"),
        ("\u200b\u200b", "visible"),
        ("\u0301\u00ad\u2060", "visible"),
        *((f"Jo{override}eoD", "direction") for override in map(chr, range(0x202A, 0x202F))),
        *((f"Jo{override}eoD", "direction") for override in map(chr, range(0x2066, 0x206A))),
        ("Bob\u200b Example", "visible"),
        ("Bob\u200f Example", "visible"),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_by_it(typed: str, rule: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        fields.full_name(typed)

    assert broken.value.rule == rule


@given(ANY_TEXT)
def test_a_name_is_either_refused_or_safe_to_show(typed: str) -> None:
    try:
        kept = fields.full_name(typed)
    except RuleBroken:
        return

    assert 2 <= len(kept) <= 256
    assert kept == kept.strip() == unicodedata.normalize("NFC", kept)
    assert not {unicodedata.category(letter) for letter in kept} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert fields.full_name(kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"), [("", None), (" \u3000 ", None), ("J", "J"), (" R&D ", "R&D")]
)
def test_a_blank_short_name_clears_the_field(typed: str, kept: str | None) -> None:
    assert fields.short_name(typed) == kept


def test_a_short_name_has_128_characters_at_most() -> None:
    assert fields.short_name("x" * 128) == "x" * 128
    with pytest.raises(RuleBroken, match="1 to 128 characters long; it has 129"):
        fields.short_name("x" * 129)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("two\r\nlines", "two\nlines"),
        ("  indented", "  indented"),
        ("\n \t", None),
        ("", None),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_bio_is_kept_as_typed(typed: str, kept: str | None) -> None:
    assert fields.bio(typed) == kept


@pytest.mark.parametrize(
    ("typed", "rule"),
    [("x" * 2001, "length"), ("a\x00b", "control"), ("a\rb", "control"), ("\ud83d", "unicode")],
)
def test_a_bio_that_breaks_a_rule_is_refused_by_it(typed: str, rule: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        fields.bio(typed)

    assert broken.value.rule == rule


@pytest.mark.parametrize("typed", ["+14155550123", "+12", "+" + "9" * 15, " +4915112345678 "])
def test_an_international_number_is_kept(typed: str) -> None:
    assert fields.phone_number(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "14155550123",
        "+1",
        "+0123456",
        "+" + "9" * 16,
        "+1 415 555",
        "+1-415",
        "+1415\n555",
        "+\u0661\u0662\u0663\u0664",
        "++1415",
        "+1415x",
    ],
)
def test_what_is_no_international_number_is_refused(typed: str) -> None:
    with pytest.raises(RuleBroken, match="plus sign"):
        fields.phone_number(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("jo@example.com", "jo@example.com"),
        (" Jo.Doe+tag@Mail.Example.COM ", "jo.doe+tag@mail.example.com"),
        ("a!#$%&'*+/=?^_`{|}~-b@x.io", "a!#$%&'*+/=?^_`{|}~-b@x.io"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_address_is_kept_in_lower_case(typed: str, kept: str) -> None:
    assert fields.email(typed) == kept


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("", "length"),
        ("jo", "length"),
        ("jo.example.com", "email"),
        ("@example.com", "email"),
        ("jo@", "email"),
        ("jo@localhost", "email"),
        ("jo@@example.com", "email"),
        ("jo doe@example.com", "email"),
        (".jo@example.com", "email"),
        ("jo.@example.com", "email"),
        ("jo..doe@example.com", "email"),
        ("jo@-example.com", "email"),
        ("jo@example..com", "email"),
        ("jo@example.com.", "email"),
        ("jo@exam_ple.com", "email"),
        ("jo@ex\u00e4mple.com", "email"),
        ("\u212aate@example.com", "email"),  # composed, the Kelvin sign is a plain K
        ("kate@\u212aates.com", "email"),
        ("Jo <jo@example.com>", "email"),
        ("x" * 65 + "@example.com", "email"),
        ("jo@" + "x" * 64 + ".com", "email"),
        ("jo@" + "x." * 130 + "com", "length"),
        ("jo@example.com\x00", "control"),
        ("jo@example\n.com", "control"),
        ("jo\ud800@example.com", "unicode"),
    ],
)
def test_what_is_no_address_is_refused(typed: str, rule: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        fields.email(typed)

    assert broken.value.rule == rule


@given(st.emails())
def test_ordinary_addresses_are_either_kept_or_longer_than_ours(typed: str) -> None:
    local, _, domain = typed.rpartition("@")
    if len(typed) <= 254 and len(local) <= 64 and domain.isascii():
        assert fields.email(typed) == typed.lower()


@given(ANY_TEXT)
def test_no_text_breaks_a_rule_in_another_way(typed: str) -> None:
    for rule in (fields.short_name, fields.bio, fields.phone_number, fields.email):
        with contextlib.suppress(RuleBroken):
            rule(typed)
