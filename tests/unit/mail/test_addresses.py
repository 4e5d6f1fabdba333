import pytest

from vestibule.mail.addresses import deliverable


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann+tag@example.com ", "ann+tag@example.com"),
        ("o'neil@sub.example.com", "o'neil@sub.example.com"),
        ("Ann@xn--Bcher-kva.example", "Ann@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_written_as_ses_wants_it(address: str, written: str) -> None:
    assert deliverable(address) == written


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@b@example.com",
        "ann@example.com, bob@example.com",
        "ann@example.com\r\nBcc: bob@example.com",
        "Ann <ann@example.com>",
        '"ann b"@example.com',
        "änn@example.com",
        "ann@bücher.example",
        "\u212aate@example.com",
        "kate@\u212aates.example",
        "ann@exam ple.com",
        "ann@-\ud800.example",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 60}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example",
    ],
)
def test_anything_but_one_bare_address_is_refused(address: str) -> None:
    assert deliverable(address) is None
