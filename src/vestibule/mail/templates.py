"""The texts of the mails: a folder for each language, a file for each mail.

A file has a head (`subject: ...` and the like), a line `---`, and paragraphs apart by blank lines.
A paragraph is a title (`# ...`), a block (`[code]`, `[username]`, `[button LABEL]`, `[onboarding
LABEL]`, `[dashboard LABEL]`, `[support LABEL]`, `[unsubscribe LABEL]`) or text. One that begins
with `@standard`, `@business` or `@enterprise` is for that account type alone, and so is a line of
the head such as `subject@business: ...`. `{{name}}` stands for a value, and there is nothing more
to it: no conditions, no loops, no engine to import.
"""

from __future__ import annotations

import os

from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

FOLDER: Final = os.path.join(os.path.dirname(__file__), "templates")  # noqa: PTH118, PTH120 - pathlib costs 5 ms
DEFAULT_LANGUAGE: Final = "en"
COMMON: Final = "common"
_LANGUAGE_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST_LANGUAGE: Final = 35
LINKS: Final = ("onboarding", "dashboard", "support", "unsubscribe")
_BLOCKS: Final = ("code", "username", "button", *LINKS)


class TemplateFault(Exception):
    """A template that can't be used, with the reason: whoever edits templates reads it."""


@frozen
class Block:
    kind: str  # "title", "text", "code", "username", "button" or one of LINKS
    text: str = ""
    only_for: str | None = None  # an account type


@frozen
class Template:
    language: str
    head: Mapping[str, str]
    blocks: tuple[Block, ...] = ()

    def line(self, name: str, account_type: str | None = None) -> str:
        own = self.head.get(f"{name}@{account_type}")
        if own is None and name not in self.head:
            raise TemplateFault(f"its head has no {name!r}")
        return self.head[name] if own is None else own


class Library:
    """Reads each file once. A language is there as soon as its folder is."""

    def __init__(self, folder: str = FOLDER) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], Template] = {}
        self._languages: frozenset[str] | None = None

    def languages(self) -> frozenset[str]:
        if self._languages is None:
            with os.scandir(self._folder) as entries:
                self._languages = frozenset(each.name for each in entries if each.is_dir())
        return self._languages

    def find(self, name: str, locale: str | None) -> Template:
        """Give the template in the nearest language that has it: de-AT, then de, then English."""
        for language in self.chain(locale):
            known = self._known.get((language, name))
            if known is None:
                text = self._read(f"{language}/{name}.txt")
                if text is None:
                    continue
                known = self._known[language, name] = parse(text, language)
            return known
        raise TemplateFault(f"no language has a template {name!r}")

    def chain(self, locale: str | None) -> list[str]:
        """Languages that exist, nearest first. A locale may be anything: it never names a path."""
        wanted = (locale or "").strip().lower().replace("_", "-").partition(".")[0]
        found = []
        if len(wanted) <= _LONGEST_LANGUAGE and _LANGUAGE_LETTERS.issuperset(wanted):
            while wanted:
                if wanted in self.languages():
                    found.append(wanted)
                wanted = wanted.rpartition("-")[0]
        return found if DEFAULT_LANGUAGE in found else [*found, DEFAULT_LANGUAGE]

    def file(self, name: str) -> str:
        """Read what all languages share: the layout, the brand."""
        text = self._read(name)
        if text is None:
            raise TemplateFault(f"there is no {name}")
        return text

    def _read(self, name: str) -> str | None:
        path = os.path.join(self._folder, name)  # noqa: PTH118 - pathlib costs 5 ms
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 5 ms
                return file.read()
        except FileNotFoundError:
            return None


def parse(text: str, language: str) -> Template:
    """Raise TemplateFault, naming the line."""
    head_text, _, body = text.partition("\n---\n")
    head: dict[str, str] = {}
    for number, line in enumerate(head_text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise TemplateFault(f"line {number}: expected `name: text`, got {line[:40]!r}")
        if line.strip():
            head[name.strip()] = value.strip()
    paragraphs = (" ".join(part.split()) for part in body.split("\n\n"))
    return Template(language, head, tuple(_block(each) for each in paragraphs if each))


def _block(paragraph: str) -> Block:
    only_for = None
    if paragraph.startswith("@"):
        only_for, _, paragraph = paragraph[1:].partition(" ")
    if paragraph.startswith("# "):
        return Block("title", paragraph[2:], only_for)
    if paragraph.startswith("[") and paragraph.endswith("]"):
        kind, _, label = paragraph[1:-1].partition(" ")
        if kind not in _BLOCKS:
            raise TemplateFault(f"there is no block [{kind}], only {', '.join(_BLOCKS)}")
        return Block(kind, label, only_for)
    return Block("text", paragraph, only_for)


def fill(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Escape the text and put the values in, as they are. They are not looked into again."""
    beginning, *rest = text.split("{{")
    parts = [escape(beginning)]
    for piece in rest:
        name, closed, after = piece.partition("}}")
        if not closed or name not in values:
            raise TemplateFault(f"{{{{{name[:40]}}}}} stands for nothing")
        parts += (values[name], escape(after))
    return "".join(parts)
