"""What keeps a text that somebody typed from becoming part of the mail around it."""

from __future__ import annotations

LONGEST_NAME = 64

_HTML = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("'", "&#39;"),
    # Cognito replaces {####} and {username} wherever they stand.
    ("{", "&#123;"),
    ("}", "&#125;"),
)
# With these a "name" could be an address to click on, or markup, or one of Cognito's placeholders.
_NEVER_IN_NAMES = frozenset('/\\@:<>{}[]()#%=&|"*_`~^$?!;+\u3002')  # the last is a dot to browsers
_PUNCTUATION = frozenset(".,'-\u2010\u2011\u2013\u2014\u2018\u2019\u00b7\u2022")
_MOST_CAPITALS = 3
_LONGEST_RUN = 2


def html(text: str) -> str:
    for letter, entity in _HTML:
        text = text.replace(letter, entity)
    return text


def plain(text: str) -> str:
    """One line that holds no placeholder: fit for a subject, a text body, an SMS."""
    return one_line(text).replace("{", "(").replace("}", ")")


def one_line(text: str) -> str:
    """Drop what can't be seen, line ends among it: none may begin a header or turn the text."""
    visible = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(visible.split())


def presentable_name(text: str) -> str:
    """Give the name a mail may greet somebody by, "" for what hardly is one.

    Anybody can sign up with another's address and a name such as "You won, see evil.example":
    the mail would then say so in our name.
    """
    name = one_line(text)
    return name if _is_presentable(_plain_letters(name)) else ""


def _is_presentable(name: str) -> bool:
    if not 0 < len(name) <= LONGEST_NAME or not any(letter.isalpha() for letter in name):
        return False
    if not _NEVER_IN_NAMES.isdisjoint(name) or any(letter.isdigit() for letter in name):
        return False
    # "J. R. Example" is a name, "evil.example" is a link.
    if any(part.rstrip(".").count(".") for part in name.split()):
        return False
    return not _shouts(name) and not _stammers(name)


def _plain_letters(name: str) -> str:
    """Show full-width, circled and bold letters as what they are read as."""
    if name.isascii():
        return name
    import unicodedata  # noqa: PLC0415 - Unicode's tables, for names that need them

    return one_line(unicodedata.normalize("NFKC", name))


def _shouts(name: str) -> bool:
    """Whether it is mostly capitals. Initials are none: "J. R. R. Li"."""
    words = [word for word in name.split() if sum(letter.isalpha() for letter in word) > 1]
    capitals = sum(letter.isupper() for word in words for letter in word)
    return capitals > _MOST_CAPITALS and capitals > sum(
        letter.islower() for word in words for letter in word
    )


def _stammers(name: str) -> bool:
    """Whether punctuation stands in a run: "J. O'Neil-Li" has none, "Ann -- now" has."""
    run = ""
    for letter in name:
        if letter not in _PUNCTUATION:
            run = ""
        elif run.endswith(letter) or len(run) == _LONGEST_RUN:
            return True
        else:
            run += letter
    return False
