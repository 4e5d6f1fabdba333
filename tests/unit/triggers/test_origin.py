"""Where a sign-up came from is kept in bounds: anybody may say anything."""

import pytest

from vestibule.triggers import origin


def test_later_words_win_and_the_unknown_is_left_out() -> None:
    found = origin.read(
        {"custom:signup_source": "form", "name": "Jo"},
        {"utm_source": "a", "password": "p", "UTM_X": "x", "utm_bad-name": "x"},
        {"utm_source": "b", "signup_source": "fair", "referrer_id": "r", "utm_term": ""},
    )

    assert found == {"signup_source": "fair", "utm_source": "b", "referrer_id": "r"}


def test_a_value_is_one_short_line() -> None:
    assert origin.read({}, {"utm_source": "a\r\nSet-Cookie: x\u202e" + "b" * 500}) == {
        "utm_source": ("aSet-Cookie: x" + "b" * 500)[:256]
    }


def test_there_are_ten_at_most() -> None:
    assert len(origin.read({}, {f"utm_{n}": "x" for n in range(50)})) == 10


@pytest.mark.parametrize(
    ("told", "is_excessive"),
    [
        ({f"utm_{n}": "x" for n in range(10)}, False),
        ({f"utm_{n}": "x" for n in range(11)}, True),
        ({"utm_source": "x" * 257}, True),
        ({"other": "x" * 257}, False),
    ],
)
def test_more_than_any_campaign_says_is_noticed(
    told: dict[str, str], *, is_excessive: bool
) -> None:
    assert origin.is_excessive(told) is is_excessive
