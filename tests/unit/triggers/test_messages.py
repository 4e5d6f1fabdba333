"""The words of Cognito's own mails: all of them or none, and a fault stops nothing."""

from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from vestibule.mail.letters import Composer
from vestibule.mail.templates import FOLDER, Library
from vestibule.platform import metrics
from vestibule.triggers.events import Event
from vestibule.triggers.messages import Messages

SOURCES = (
    "SignUp",
    "AdminCreateUser",
    "ResendCode",
    "ForgotPassword",
    "UpdateUserAttribute",
    "VerifyUserAttribute",
    "Authentication",
)
NULLS = {"smsMessage": None, "emailMessage": None, "emailSubject": None}


def event(
    occasion: str = "SignUp", request: Mapping[str, Any] | None = None, **attributes: Any
) -> Event:
    raw = {
        "version": "1",
        "triggerSource": f"CustomMessage_{occasion}",
        "region": "us-east-1",
        "userPoolId": "us-east-1_aBcDeFgHi",
        "userName": "8d3e1c3a-6f0b-4c1e-9d55-3b1f2b1e7a10",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client"},
        "request": {
            "userAttributes": {"email": "ann@example.com", "name": "Ann Example", **attributes},
            "codeParameter": "{####}",
            "linkParameter": "{##Click Here##}",
            "usernameParameter": "{username}" if occasion == "AdminCreateUser" else None,
            "clientMetadata": None,
            **(request or {}),
        },
        "response": dict(NULLS),
    }
    return Event.parse(raw)


def answer(of: Event, *, with_mail: bool = True, folder: str = FOLDER) -> dict[str, str | None]:
    given = Messages(Composer(Library(folder)), with_mail=with_mail).handle(of)
    assert given is not None
    return dict(given)


def mail(of: Event, **settings: Any) -> dict[str, str]:
    return {name: text or "" for name, text in answer(of, **settings).items()}


@pytest.mark.parametrize("occasion", SOURCES)
def test_every_source_has_subject_body_and_sms_with_the_placeholders(occasion: str) -> None:
    given = mail(event(occasion))

    assert given["emailSubject"]
    assert given["emailMessage"].count("{####}") == given["smsMessage"].count("{####}") == 1
    has_username = "{username}" in given["emailMessage"] and "{username}" in given["smsMessage"]
    assert has_username == (occasion == "AdminCreateUser")


@pytest.mark.parametrize("occasion", SOURCES)
def test_with_cognitos_own_sender_no_mail_field_is_given(occasion: str) -> None:
    given = answer(event(occasion), with_mail=False)

    assert given["emailMessage"] is None
    assert given["emailSubject"] is None
    assert "{####}" in (given["smsMessage"] or "")


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("de-AT", "Bestätigen Sie Ihre Adresse für Vestibule"),
        ("de_DE", "Bestätigen Sie Ihre Adresse für Vestibule"),
        ("en-GB", "Confirm your address for Vestibule"),
        ("xx", "Confirm your address for Vestibule"),
        ("../../../etc/passwd", "Confirm your address for Vestibule"),
        ("\x00", "Confirm your address for Vestibule"),
        ("d" * 5000, "Confirm your address for Vestibule"),
    ],
)
def test_the_persons_language_is_used(locale: str, subject: str) -> None:
    assert mail(event(locale=locale))["emailSubject"] == subject


def test_the_account_type_has_words_of_its_own() -> None:
    business = mail(event(**{"custom:account_type": "business"}))["emailMessage"]
    unknown = mail(event(**{"custom:account_type": "<b>"}))["emailMessage"]

    assert "business account" in business
    assert unknown == mail(event())["emailMessage"]


@pytest.mark.parametrize(
    "name",
    [
        "{####}",
        "{username}",
        "{##Click Here##}",
        "<script>alert(1)</script>",
        "A\r\nBcc: bob@example.com",
        "\u202eelpmaxe",
        "x" * 5000,
        "__proto__",
    ],
)
@pytest.mark.parametrize("occasion", ["SignUp", "AdminCreateUser"])
def test_a_name_can_smuggle_nothing_in(occasion: str, name: str) -> None:
    given = mail(event(occasion, name=name))

    assert given["emailMessage"].count("{####}") == 1
    assert given["emailMessage"].count("{username}") == (occasion == "AdminCreateUser")
    assert "{##" not in given["emailMessage"].replace("{####}", "")
    assert "<script" not in given["emailMessage"]
    assert "bob@example.com" not in given["emailMessage"]
    assert "\u202e" not in given["emailMessage"]
    assert given["emailSubject"].isprintable()
    assert len(given["emailMessage"]) < 20_000


def test_a_pool_that_mails_links_gets_its_link() -> None:
    given = mail(event(request={"codeParameter": None}))

    assert "{##Click Here##}" in given["emailMessage"]


def test_an_event_without_placeholders_gets_the_usual_ones() -> None:
    bare = {"codeParameter": None, "linkParameter": None, "usernameParameter": None}

    given = mail(event("AdminCreateUser", request=bare))

    assert "{####}" in given["emailMessage"]
    assert "{username}" in given["emailMessage"]


def test_a_faulty_template_leaves_the_words_to_the_pool(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copytree(FOLDER, tmp_path / "templates")
    (tmp_path / "templates" / "en" / "sign_up.txt").write_text("subject: {{wrong}}\n---\n[code]")

    metrics.forget()

    given = answer(event(), folder=str(tmp_path / "templates"))
    metrics.flush()

    assert given == NULLS
    assert '"MailTemplateFault":1' in capsys.readouterr().out


def test_templates_that_are_gone_leave_the_words_to_the_pool(tmp_path: Path) -> None:
    assert answer(event(), folder=str(tmp_path / "nowhere")) == NULLS


def test_a_source_of_the_future_is_left_alone() -> None:
    assert Messages(Composer(), with_mail=True).handle(event("CarrierPigeon")) is None
