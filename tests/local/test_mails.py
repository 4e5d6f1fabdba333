from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vestibule.invitations import codes
from vestibule.mail.letters import Composer, Contents
from vestibule_cli.local.mails import Mail, find_code, readable


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your verification code is 123456.", "123456"),
        ("Code: 012345", "012345"),
        ("(987654)", "987654"),
        ("Call +123456 or 1234567", None),
        ("color #123456 and order 12345", None),
        ("a123456b, 123456-7", None),
        ("", None),
    ],
)
def test_a_code_is_a_number_of_exactly_six_digits(text: str, code: str | None) -> None:
    assert find_code(text) == code


@pytest.mark.parametrize("style", [codes.LONG, codes.SHORT])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_code_of_an_invitation_is_one(style: str, language: str) -> None:
    code = codes.make(style).shown
    letter = Composer().compose(
        "invitation_code", Contents(code=code), locale=language, account_type=None
    )

    assert find_code(letter.text) == code


def test_words_are_no_code_of_an_invitation() -> None:
    words = ("Donaudampfschifffahrtsweg", "Brückenpfeilerfundamente", "UPPER-CASE")
    assert [len(word) for word in words] == [25, 24, 10]
    assert [find_code(f"    {word}") for word in words] == [None] * 3


def test_markup_styles_and_comments_are_not_read() -> None:
    body = (
        "<head><title>111111</title></head><style>p{color:#222222;width:333333px}</style>"
        "<!-- 444444 --><p data-id='555555'>Your&nbsp;code: <b>666666</b></p>"
    )

    assert find_code(readable(body)) == "666666"


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"Type": "CognitoVerificationMessage", "AttributeName": "email"}, "verification"),
        ({"Type": "CognitoVerificationMessage", "AttributeName": "password"}, "password reset"),
        ({"Type": "CognitoInvitationMessage"}, "invitation"),
        ({"Type": "CognitoEmailOtpMessage"}, "sign-in code"),
        ({"Type": "v2.SendEmail"}, "mail"),
    ],
)
def test_a_mail_knows_what_it_is_for(record: dict[str, str], kind: str) -> None:
    mail = Mail.from_record({"MessageId": "m@email.amazonses.com", "Timestamp": 0.0, **record})

    assert mail.kind == kind
    assert mail.id == "m"


def test_a_record_becomes_a_mail() -> None:
    mail = Mail.from_record(
        {
            "MessageId": "m1@email.amazonses.com",
            "Source": "house@example.test",
            "To": ["a@example.test"],
            "CC": ["b@example.test"],
            "BCC": [],
            "Subject": "Hello",
            "BodyText": "123456",
            "BodyHtml": "",
            "Timestamp": 1_800_000_000.5,
            "Type": "SendEmail",
        }
    )

    assert mail.to == ("a@example.test", "b@example.test")
    assert mail.sender == "house@example.test"
    assert (mail.text, mail.code) == ("123456", "123456")
    assert mail.time == datetime.fromtimestamp(1_800_000_000.5, UTC)
