from pathlib import Path

import pytest

from vestibule.mail.templates import Library, TemplateFault, fill, parse

PAGE = "subject: Hi\npreview: p\n---\n# Title\n\nOne\ntwo.\n\n[code]\n\n@business [button Go on]\n"


def folder(root: Path, **files: str) -> Library:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Library(str(root))


def test_a_template_has_a_head_and_blocks() -> None:
    template = parse(PAGE, "en")

    assert template.line("subject") == "Hi"
    assert [(each.kind, each.text, each.only_for) for each in template.blocks] == [
        ("title", "Title", None),
        ("text", "One two.", None),
        ("code", "", None),
        ("button", "Go on", "business"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [("subject\n---\nx", "line 1"), ("subject: a\n---\n[script]", r"no block \[script\]")],
)
def test_a_faulty_template_is_named(text: str, fault: str) -> None:
    with pytest.raises(TemplateFault, match=fault):
        parse(text, "en")


def test_a_line_that_the_head_lacks_is_named() -> None:
    with pytest.raises(TemplateFault, match="'sms'"):
        parse(PAGE, "en").line("sms")


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("DE-at", "de"),
        ("de_DE.UTF-8", "de"),
        ("pt-BR", "pt-br"),
        ("pt", "en"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
        ("../../secret", "en"),
        ("de/../en", "en"),
        ("d" * 5000, "en"),
        ("de\x00", "en"),
    ],
)
def test_the_nearest_language_is_taken(tmp_path: Path, locale: str | None, language: str) -> None:
    library = folder(tmp_path, en__sign_up=PAGE, de__sign_up=PAGE, **{"pt-br__sign_up": PAGE})

    assert library.find("sign_up", locale).language == language


def test_a_language_may_lack_a_template(tmp_path: Path) -> None:
    library = folder(tmp_path, en__sign_up=PAGE, de__other=PAGE)

    assert library.find("sign_up", "de").language == "en"


def test_a_template_that_no_language_has_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match="'other'"):
        folder(tmp_path, en__sign_up=PAGE).find("other", "en")


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match=r"brand\.json"):
        Library(str(tmp_path)).file("brand.json")


def test_values_are_put_in_as_they_are_and_not_looked_into_again() -> None:
    filled = fill("a {{x}} & {{y}}", {"x": "{{y}}", "y": "<"}, lambda text: text.replace("&", "+"))

    assert filled == "a {{y}} + <"


@pytest.mark.parametrize("text", ["{{unknown}}", "{{x"])
def test_a_marker_that_stands_for_nothing_is_a_fault(text: str) -> None:
    with pytest.raises(TemplateFault):
        fill(text, {"x": "1"})
