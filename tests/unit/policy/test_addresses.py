import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.policy import addresses
from vestibule.profiles import fields


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        (" ann@example.com ", "ann@example.com"),
        ("ann+news@example.com", "ann+news@example.com"),
        ("o'hara@sub.example.co.uk", "o'hara@sub.example.co.uk"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_compared_lower_case_and_bare(typed: str, wanted: str) -> None:
    assert addresses.normalized(typed) == wanted


@pytest.mark.parametrize(
    "typed",
    [
        *("", "ann", "@example.com", "ann@", "ann@example", "a@b@example.com", "ann@example.com."),
        *("ann@.example.com", "ann@exa_mple.com", "ann@-example.com", "ann@127.0.0.1"),
        *("a..b@example.com", ".a@example.com", "a b@example.com", "ann@[1.2.3.4]", "ann@example"),
        *(
            "ann@example.com\n",
            "ann\r\nBcc: x@example.com",
            '"a b"@example.com',
            "ann@ex ample.com",
        ),
        *("ann@bücher.example", "änn@example.com", "ann@\u0435xample.com", "\u202eann@a.com"),
        # In lower case the Kelvin sign is k, and a dotted capital I is i with a mark.
        *("\u212aate@example.com", "kate@\u212aates.com", "\u0130da@example.com"),
        *(f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com"),
    ],
)
def test_what_is_no_plain_address_is_none(typed: str) -> None:
    assert addresses.normalized(typed) is None


@given(st.emails(), st.text(max_size=80))
def test_what_passes_here_passes_in_a_profile(email: str, text: str) -> None:
    for typed in (email, text, f"{text}@example.com"):
        address = addresses.normalized(typed)
        if address is not None:
            assert fields.email(address) == address


@pytest.mark.parametrize(
    ("domain", "is_in"),
    [
        ("mailinator.com", True),
        ("box.mailinator.com", True),
        ("a.b.mailinator.com", True),
        ("notmailinator.com", False),
        ("mailinator.com.example", False),
        ("com", False),
    ],
)
def test_a_domain_covers_what_lies_under_it(domain: str, is_in: bool) -> None:  # noqa: FBT001 - a row's result
    assert addresses.lies_in(domain, {"mailinator.com"}) is is_in
