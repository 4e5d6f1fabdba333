"""What somebody typed stays text, on one line, and no placeholder of Cognito's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.mail import escaping


@given(st.text())
def test_no_text_can_open_a_tag_or_be_a_placeholder(typed: str) -> None:
    escaped = escaping.html(typed)

    assert not set("<>\"'{}") & set(escaped)


@given(st.text())
def test_a_plain_text_is_one_visible_line_without_placeholders(typed: str) -> None:
    line = escaping.plain(typed)

    assert line.isprintable()
    assert "{" not in line
    assert "}" not in line


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Ann Example",
        "J. R. Example",
        "Anne-Marie O'Neil",
        "Søren",
        "李雷",
        "محمد",
        "Ann\tB",
        "J. R. R. Li",
        "BOB",
        "李一",
        "TJ",
        "नेहा शर्मा",
        "Zoë Ōe",
    ],
)
def test_a_name_is_greeted(name: str) -> None:
    assert escaping.presentable_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a" * 65,
        "You won: https://evil.example",
        "see evil.example now",
        "www.evil.example",
        "Ann <b>",
        "{####}",
        "{username}",
        "{##Click Here##}",
        "ann@evil.example",
        "Call 0900 1234",
        "...",
        "Call \u2460\u2461\u2462",
        "Ann \u2167",
        "evil\u3002example",
        "\uff45\uff56\uff49\uff4c\uff0e\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45",
        "see evil\u2024example",
        "Ann \uff1cb\uff1e",
        "ACT NOW",
        "YOU HAVE WON Ann",
        "\uff21\uff23\uff34 \uff2e\uff2f\uff37",
        "Ann -- read on",
        "Ann \u2014-\u2013 now",
        "Ann,, now",
        "Ann\u2026",
        "\ufdfa" * 4,
    ],
)
def test_what_is_hardly_a_name_is_not_greeted(name: str) -> None:
    assert escaping.presentable_name(name) == ""


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\r", "\n", "\u2028", "\x00", "\ud800"])
def test_what_turns_or_breaks_a_line_is_dropped(letter: str) -> None:
    assert escaping.presentable_name(f"Ann{letter}Example") == "Ann Example"
