"""Every shipped mail, in each language and for each account type."""

from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from shutil import copytree

import pytest

from vestibule.mail.letters import (
    KINDS,
    LONGEST_HTML,
    LONGEST_SMS,
    LONGEST_SUBJECT,
    NOTICES,
    WELCOME,
    Composer,
    Contents,
    Letter,
)
from vestibule.mail.templates import FOLDER, Library, TemplateFault
from vestibule.policy.model import ACCOUNT_TYPES

LANGUAGES = ("de", "en")
CODE = "{####}"
USERNAME = "{username}"
VOID = {"meta", "br", "hr", "img", "link"}


STOP = "https://house.example/api/unsubscribe?token=abc"


def welcome(
    *,
    name: str = "Ann Example",
    locale: str | None = "en",
    account_type: str = "standard",
    composer: Composer | None = None,
) -> Letter:
    contents = Contents(name=name, unsubscribe_url=STOP)
    made = composer or Composer()
    return made.compose(WELCOME, contents, locale=locale, account_type=account_type)


def compose(
    kind: str = "sign_up",
    *,
    name: str = "Ann Example",
    locale: str | None = "en",
    account_type: str = "standard",
    composer: Composer | None = None,
) -> Letter:
    username = USERNAME if kind == "invitation" else ""
    contents = Contents(code=CODE, username=username, name=name)
    made = composer or Composer()
    return made.compose(kind, contents, locale=locale, account_type=account_type)


class Page(HTMLParser):
    """Notes what a page is made of, and that every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.mark.parametrize("kind", ["sign_up", "resend_code"])
@pytest.mark.parametrize(
    ("locale", "told"),
    [("en", "choose a new password right after"), ("de", "gleich nach der Eingabe des Codes")],
)
def test_whoever_was_signed_up_by_somebody_else_is_told_what_to_do(
    kind: str, locale: str, told: str
) -> None:
    """A stranger knows the password that they chose: confirming makes it good."""
    letter = compose(kind, locale=locale)

    assert told in letter.text
    assert told in letter.html


def test_english_and_german_are_shipped_whole() -> None:
    library = Library()

    assert library.languages() == set(LANGUAGES)
    files = {
        language: {path.name for path in Path(FOLDER, language).iterdir()} for language in LANGUAGES
    }
    assert (
        files["de"]
        == files["en"]
        == {f"{name}.txt" for name in (*KINDS, *NOTICES, "common", "unsubscribe")}
    )


@pytest.mark.parametrize(
    ("kind", "language", "account_type"), [*product(KINDS, LANGUAGES, ACCOUNT_TYPES)]
)
def test_a_shipped_mail_is_whole(kind: str, language: str, account_type: str) -> None:
    letter = compose(kind, locale=language, account_type=account_type)

    page = Page(letter.html)
    assert letter.language == language
    assert f'lang="{language}"' in letter.html
    assert letter.html.count(CODE) == letter.text.count(CODE) == letter.sms.count(CODE) == 1
    assert (USERNAME in letter.html) == (kind == "invitation") == (USERNAME in letter.text)
    greeting = {"en": "Hello Ann Example,", "de": "Guten Tag Ann Example,"}[language]
    assert greeting in letter.html
    assert greeting in letter.text
    assert len(letter.html) <= LONGEST_HTML
    assert len(letter.subject) <= LONGEST_SUBJECT
    assert len(letter.sms) <= LONGEST_SMS
    assert CODE not in letter.subject
    assert "{{" not in letter.subject + letter.html + letter.text + letter.sms
    assert not {"img", "script", "link", "iframe", "form"} & set(page.tags)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_loads_nothing_from_anywhere(kind: str) -> None:
    page = Page(compose(kind).html)

    assert not [value for name, value in page.attributes if name in {"src", "background"}]
    assert not [value for name, value in page.attributes if name == "style" and "url(" in value]


@pytest.mark.parametrize(("kind", "language"), [*product(KINDS, LANGUAGES)])
def test_each_account_type_reads_something_of_its_own(kind: str, language: str) -> None:
    texts = {compose(kind, locale=language, account_type=each).text for each in ACCOUNT_TYPES}

    assert len(texts) == (2 if kind in {"update_address", "verify_address"} else 3)


@pytest.mark.parametrize("account_type", [None, "", "unknown"])
def test_an_unknown_account_type_reads_as_the_standard_one(
    tmp_path: Path, account_type: str | None
) -> None:
    copytree(FOLDER, tmp_path / "templates")
    template = tmp_path / "templates" / "en" / "sign_up.txt"
    template.write_text(template.read_text() + "\n@standard For you.\n")
    composer = Composer(Library(str(tmp_path / "templates")))

    letter = composer.compose(
        "sign_up", Contents(code=CODE), locale="en", account_type=account_type
    )

    assert "For you." in letter.text
    assert "business" not in letter.text


def test_a_hostile_name_appears_nowhere() -> None:
    letter = compose(name="{####} <img src=//evil.example>\r\nBcc: bob@example.com")

    assert "evil" not in letter.html + letter.text + letter.subject + letter.sms
    assert letter.html.count(CODE) == 1
    assert "Hello," in letter.text


def test_a_name_with_an_apostrophe_is_escaped() -> None:
    assert "Anne O&#39;Neil" in compose(name="Anne O'Neil").html


def test_a_language_is_added_by_a_folder(tmp_path: Path) -> None:
    copytree(FOLDER, tmp_path / "templates")
    copytree(tmp_path / "templates" / "de", tmp_path / "templates" / "nl")

    letter = compose(locale="nl-BE", composer=Composer(Library(str(tmp_path / "templates"))))

    assert letter.language == "nl"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("subject: {{brand}}\npreview: p\nsms: {{code}}\n---\nHello", "code"),
        ("subject: s\npreview: p\nsms: s\n---\n[code]", "code"),
        ("subject:\npreview: p\nsms: {{code}}\n---\n[code]", "subject"),
        (f"subject: s\npreview: p\nsms: {{{{code}}}}\n---\n[code]\n\n{'x' * 20000}", "html"),
        (f"subject: {'s' * 141}\npreview: p\nsms: {{{{code}}}}\n---\n[code]", "subject"),
        (f"subject: s\npreview: p\nsms: {{{{code}}}}{'s' * 140}\n---\n[code]", "sms"),
        ("subject: s\npreview: p\nsms: {{code}}\n---\n[code]\n\n{{wrong}}", "wrong"),
    ],
)
def test_a_mail_that_cognito_would_refuse_is_a_fault(tmp_path: Path, text: str, fault: str) -> None:
    copytree(FOLDER, tmp_path / "templates")
    (tmp_path / "templates" / "en" / "sign_up.txt").write_text(text, encoding="utf-8")

    with pytest.raises(TemplateFault, match=fault):
        compose(composer=Composer(Library(str(tmp_path / "templates"))))


def test_an_invitation_without_the_username_is_a_fault(tmp_path: Path) -> None:
    copytree(FOLDER, tmp_path / "templates")
    text = "subject: s\npreview: p\nsms: {{code}} {{username}}\n---\n[code]"
    (tmp_path / "templates" / "en" / "invitation.txt").write_text(text, encoding="utf-8")

    with pytest.raises(TemplateFault, match="username"):
        compose("invitation", composer=Composer(Library(str(tmp_path / "templates"))))


@pytest.mark.parametrize(("language", "account_type"), [*product(LANGUAGES, ACCOUNT_TYPES)])
def test_a_shipped_welcome_is_whole(language: str, account_type: str) -> None:
    letter = welcome(locale=language, account_type=account_type)

    page = Page(letter.html)
    links = [value for name, value in page.attributes if name == "href"]
    assert f'lang="{language}"' in letter.html
    assert STOP in letter.text
    assert STOP in links
    for place in ("onboarding", "dashboard", "support"):
        marks = (
            f"?utm_source=vestibule&utm_medium=email&utm_campaign=welcome"
            f"&utm_content={account_type}-{place}"
        )
        assert f"https://vestibule.example/{marks}" in links
        assert f"https://vestibule.example/{marks}" in letter.text
    assert "Ann Example" in letter.text
    assert "{{" not in letter.subject + letter.html + letter.text
    assert letter.sms == ""
    assert not {"img", "script", "link", "iframe", "form"} & set(page.tags)


def test_each_account_type_is_welcomed_in_words_and_a_subject_of_its_own() -> None:
    for language in LANGUAGES:
        letters = [welcome(locale=language, account_type=each) for each in ACCOUNT_TYPES]

        assert len({letter.text for letter in letters}) == 3
        assert len({letter.subject for letter in letters}) == 3


def test_a_hostile_name_is_not_welcomed_by_it() -> None:
    letter = welcome(name="You won, see evil.example")

    assert "evil" not in letter.html + letter.text + letter.subject


def test_a_language_written_from_the_right_is_set_so(tmp_path: Path) -> None:
    copytree(FOLDER, tmp_path / "templates")
    copytree(tmp_path / "templates" / "en", tmp_path / "templates" / "ar")
    common = tmp_path / "templates" / "ar" / "common.txt"
    common.write_text(common.read_text().replace("direction: ltr", "direction: rtl"))

    letter = welcome(locale="ar", composer=Composer(Library(str(tmp_path / "templates"))))

    assert '<html lang="ar" dir="rtl">' in letter.html


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("subject: s\npreview: p\n---\nHello", STOP),
        ("subject: s\npreview: p\n---\n[unsubscribe Stop]", ""),
    ],
    ids=["no-block", "no-link"],
)
def test_a_welcome_that_nobody_can_stop_is_a_fault(tmp_path: Path, text: str, url: str) -> None:
    copytree(FOLDER, tmp_path / "templates")
    (tmp_path / "templates" / "en" / "welcome.txt").write_text(text, encoding="utf-8")
    composer = Composer(Library(str(tmp_path / "templates")))

    with pytest.raises(TemplateFault, match="unsubscribe"):
        composer.compose(WELCOME, Contents(unsubscribe_url=url), locale=None, account_type=None)
