"""How every mail looks: each template, in each language, for each account type."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from vestibule.mail.letters import KINDS, NOTICES, Composer, Contents
from vestibule.mail.templates import TemplateFault
from vestibule.policy.model import ACCOUNT_TYPES

if TYPE_CHECKING:
    from vestibule.mail.letters import Letter

TITLES = {
    "sign_up": "Sign-up",
    "resend_code": "The code again",
    "invitation": "Account made by an operator",
    "invitation_code": "Invitation to sign up",
    "forgot_password": "Forgotten password",
    "update_address": "Changed address",
    "verify_address": "Address to verify",
    "second_factor": "Second factor",
    "sign_in_code": "Passwordless sign-in",
    "welcome": "Welcome",
}
SAMPLE_CODE = "123456"
SAMPLE_NAME = "Ann Example"
SAMPLE_USERNAME = "ann@example.com"
SAMPLE_UNSUBSCRIBE_URL = "https://vestibule.example/api/unsubscribe?token=EXAMPLE"
_ALL = (*KINDS, *NOTICES)


def languages() -> list[str]:
    return sorted(Composer().library.languages())


def letter(kind: str, language: str, account_type: str) -> Letter | None:
    """Compose one, from the files as they are now; None for what there is not.

    Raises TemplateFault.
    """
    if kind not in _ALL or account_type not in ACCOUNT_TYPES or language not in languages():
        return None
    username = SAMPLE_USERNAME if kind == "invitation" else ""
    contents = Contents(
        code=SAMPLE_CODE,
        username=username,
        name=SAMPLE_NAME,
        unsubscribe_url=SAMPLE_UNSUBSCRIBE_URL,
    )
    return Composer().compose(kind, contents, locale=language, account_type=account_type)


def page() -> str:
    shown = [
        _section(kind, language, account_type)
        for kind in _ALL
        for language in languages()
        for account_type in ACCOUNT_TYPES
    ]
    return PAGE.format(count=len(shown), previews="\n".join(shown))


def _section(kind: str, language: str, account_type: str) -> str:
    names = {"title": TITLES[kind], "language": language, "account_type": account_type}
    said = {name: escape(text) for name, text in names.items()}
    try:
        composed = letter(kind, language, account_type)
    except TemplateFault as fault:
        return FAULT.format(**said, kind=kind, fault=escape(str(fault)))
    if composed is None:
        return ""
    return ARTICLE.format(
        **said,
        kind=kind,
        subject=escape(composed.subject),
        text=escape(composed.text),
        sms=SMS.format(text=escape(composed.sms)) if composed.sms else "",
    )


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mail previews: Vestibule</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Vestibule</a></header>
<main>
<h1>Mail previews</h1>
<p>Every mail as it is written now, with a made-up name and code.
<span role="status">{count} previews</span>. <a href="/inbox">Back to the inbox.</a></p>
{previews}
</main>
</body>
</html>
"""

ARTICLE = """<article id="{kind}-{language}-{account_type}" lang="{language}">
<h2>{subject}</h2>
<dl lang="en">
<dt>Mail</dt><dd>{title}</dd>
<dt>Language</dt><dd>{language}</dd>
<dt>Account type</dt><dd>{account_type}</dd>
</dl>
<iframe sandbox="" src="/inbox/previews/{kind}/{language}/{account_type}.html"
 title="{title}, {language}, {account_type}" loading="lazy"></iframe>
<details>
<summary lang="en">As text, and as SMS</summary>
<pre>{text}</pre>
{sms}
</details>
</article>"""

SMS = "<pre>{text}</pre>"

FAULT = """<article id="{kind}-{language}-{account_type}">
<h2>{title}, {language}, {account_type}</h2>
<p role="alert">This template can't be used: {fault}. Until it is mended, Cognito's own wording
goes out.</p>
</article>"""
