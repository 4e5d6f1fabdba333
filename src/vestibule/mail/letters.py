"""A mail, composed: subject, HTML, text and what an SMS would say."""

from __future__ import annotations

from vestibule.mail import escaping, links
from vestibule.mail.brand import Brand
from vestibule.mail.templates import COMMON, Library, Template, TemplateFault, fill
from vestibule.platform.values import frozen
from vestibule.policy.model import ACCOUNT_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Final

    from vestibule.mail.templates import Block

KINDS: Final = (
    "sign_up",
    "resend_code",
    "invitation",
    "invitation_code",
    "forgot_password",
    "update_address",
    "verify_address",
    "second_factor",
    "sign_in_code",
)
WELCOME: Final = "welcome"
# These bring no code, and a way to be spared the next.
NOTICES: Final = (WELCOME,)
# Cognito's own limits; SES takes far more, and no mail of ours should.
LONGEST_HTML: Final = 20_000
LONGEST_SUBJECT: Final = 140
LONGEST_SMS: Final = 140

_PARAGRAPH: Final = '<p style="margin:0 0 16px">{}</p>'
_TITLE: Final = '<h1 style="margin:0 0 16px;font-size:22px;line-height:1.25">{}</h1>'
_CODE: Final = (
    '<p style="margin:0 0 16px;padding:14px;border:1px solid {line};border-radius:6px;'
    "text-align:center;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:26px;"
    'letter-spacing:3px;font-weight:600">{value}</p>'
)
_LINK: Final = '<p style="margin:0 0 16px"><a href="{url}" style="color:{accent}">{value}</a></p>'
_SMALL_LINK: Final = (
    '<p style="margin:0 0 16px;font-size:13px">'
    '<a href="{url}" style="color:{quiet}">{value}</a></p>'
)
_USERNAME: Final = '<p style="margin:0 0 16px;font-weight:600">{value}</p>'
_BUTTON: Final = (
    '<p style="margin:0 0 16px"><a href="{url}" style="display:inline-block;padding:10px 20px;'
    'border-radius:6px;background:{accent};color:{on_accent};text-decoration:none">{value}</a></p>'
)


@frozen
class Letter:
    language: str
    subject: str
    html: str
    text: str
    sms: str


@frozen
class Contents:
    """What a letter is about. `code` and `username` go in as they are: Cognito's placeholders."""

    code: str = ""
    username: str = ""
    name: str = ""  # as somebody typed it
    minutes: int = 5
    unsubscribe_url: str = ""


class Composer:
    """Composes letters. What is wrong with a template or the brand is a TemplateFault."""

    def __init__(self, library: Library | None = None) -> None:
        self._library = library or Library()
        self._brand: Brand | None = None
        self._layout = ""

    @property
    def library(self) -> Library:
        return self._library

    def compose(
        self, kind: str, contents: Contents, *, locale: str | None, account_type: str | None
    ) -> Letter:
        """Compose in the nearest language. An account type that is none of ours is the first."""
        brand = self._load()
        audience = account_type if account_type in ACCOUNT_TYPES else None
        audience = audience or ACCOUNT_TYPES[0]
        template = self._library.find(kind, locale)
        common = self._library.find(COMMON, template.language)
        blocks = [each for each in template.blocks if each.only_for in {None, audience}]
        plain = _values(brand, contents, common, escaping.plain, str)
        marked = _values(brand, contents, common, escaping.html, escaping.html)
        urls = _urls(brand, contents, kind, audience)
        subject = fill(template.line("subject", audience), plain)
        text = "\n\n".join(_text(blocks, plain, urls))
        letter = Letter(
            language=template.language,
            subject=subject,
            html=fill(
                self._layout,
                {
                    **brand.colors,
                    "language": template.language,
                    "direction": common.line("direction"),
                    "subject": escaping.html(subject),
                    "preview": fill(template.line("preview", audience), marked, escaping.html),
                    "body": "\n".join(_html(blocks, marked, brand, urls)),
                    "footer": fill(common.line("footer"), marked, escaping.html),
                    "brand": marked["brand"],
                    "site": marked["site"],
                    "imprint": escaping.html(brand.imprint),
                },
            ),
            text=f"{text}\n\n-- \n{fill(common.line('footer'), plain)}\n{brand.imprint}\n",
            sms="" if kind in NOTICES else fill(template.line("sms"), plain),
        )
        _check(letter)
        if kind in NOTICES:
            _check_notice(contents, blocks)
        else:
            _check_code(letter, contents, blocks)
        return letter

    def _load(self) -> Brand:
        if self._brand is None:
            self._layout = self._library.file("layout.html")
            self._brand = Brand.parse(self._library.file("brand.json"))
        return self._brand


def _values(
    brand: Brand,
    contents: Contents,
    common: Template,
    escape: Callable[[str], str],
    literal: Callable[[str], str],
) -> Mapping[str, str]:
    """Give what may stand in a template. Only the placeholders are not escaped.

    `literal` writes what is the template's own.
    """
    values = {
        "brand": escape(brand.name),
        "site": escape(brand.site),
        "support": escape(brand.support),
        "minutes": str(contents.minutes),
        "name": escape(escaping.presentable_name(contents.name)),
        "code": contents.code,
        "username": contents.username,
    }
    greeting = common.line("greeting" if values["name"] else "greeting_unnamed")
    return {**values, "greeting": fill(greeting, values, literal)}


def _urls(brand: Brand, contents: Contents, kind: str, audience: str) -> Mapping[str, str]:
    """Give what each block leads to. The way out of these mails is nobody's visit to count."""
    marked = {
        name: links.tagged(
            url, source=brand.utm_source, campaign=kind, content=f"{audience}-{name}"
        )
        for name, url in brand.links.items()
    }
    return {**marked, "button": brand.site, "unsubscribe": contents.unsubscribe_url}


def _html(
    blocks: list[Block], values: Mapping[str, str], brand: Brand, urls: Mapping[str, str]
) -> Iterator[str]:
    for block in blocks:
        filled = fill(block.text, values, escaping.html)
        if block.kind == "title":
            yield _TITLE.format(filled)
        elif block.kind == "code":
            yield _CODE.format(line=brand.colors["line"], value=values["code"])
        elif block.kind == "username":
            yield _USERNAME.format(value=values["username"])
        elif block.kind in urls:
            shape = _SHAPES.get(block.kind, _LINK)
            url = escaping.html(urls[block.kind])
            yield shape.format(url=url, value=filled, **brand.colors)
        else:
            yield _PARAGRAPH.format(filled)


_SHAPES: Final[Mapping[str, str]] = {
    "button": _BUTTON,
    "onboarding": _BUTTON,
    "unsubscribe": _SMALL_LINK,
}


def _text(blocks: list[Block], values: Mapping[str, str], urls: Mapping[str, str]) -> Iterator[str]:
    for block in blocks:
        filled = fill(block.text, values)
        if block.kind in {"code", "username"}:
            yield f"    {values[block.kind]}"
        elif block.kind in urls:
            yield f"{filled}: {urls[block.kind]}"
        else:
            yield filled


def _check(letter: Letter) -> None:
    """A letter that Cognito would refuse would cost somebody the sign-up."""
    for part, longest in (
        ("html", LONGEST_HTML),
        ("subject", LONGEST_SUBJECT),
        ("sms", LONGEST_SMS),
    ):
        if len(getattr(letter, part)) > longest:
            raise TemplateFault(f"its {part} is longer than {longest} characters")
    if not letter.subject.isprintable() or not letter.subject:
        raise TemplateFault("its subject must be one line")


def _check_notice(contents: Contents, blocks: list[Block]) -> None:
    """Nobody is written to unasked without a way to stop it."""
    if not contents.unsubscribe_url or not any(block.kind == "unsubscribe" for block in blocks):
        raise TemplateFault("it lacks the way to unsubscribe")


def _check_code(letter: Letter, contents: Contents, blocks: list[Block]) -> None:
    if not any(block.kind == "code" for block in blocks) or contents.code not in letter.sms:
        raise TemplateFault("it lacks the code")
    if contents.username and (
        contents.username not in letter.html or contents.username not in letter.sms
    ):
        raise TemplateFault("it lacks the username")
