import pytest

from vestibule.mail.links import tagged

MARKS = "utm_source=house&utm_medium=email&utm_campaign=welcome&utm_content=business-help"


@pytest.mark.parametrize(
    ("url", "marked"),
    [
        ("https://a.example/", f"https://a.example/?{MARKS}"),
        ("https://a.example/?b=c", f"https://a.example/?b=c&{MARKS}"),
        ("https://a.example/#part", f"https://a.example/?{MARKS}#part"),
        ("https://a.example/?b=c#part", f"https://a.example/?b=c&{MARKS}#part"),
        ("mailto:help@a.example", "mailto:help@a.example"),
    ],
)
def test_a_link_keeps_what_it_says_and_gets_its_marks(url: str, marked: str) -> None:
    assert tagged(url, source="house", campaign="welcome", content="business-help") == marked


def test_a_mark_stays_within_its_parameter() -> None:
    link = tagged("https://a.example/", source="A&b=c #", campaign="w", content="c")

    assert link == (
        "https://a.example/?utm_source=a-b-c--&utm_medium=email&utm_campaign=w&utm_content=c"
    )
