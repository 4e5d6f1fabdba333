"""The captured mails as a page and as JSON. Everything a mail says is escaped or shut in."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vestibule_cli.local.mails import Mail

SHOWN = 100


def newest_first(mails: Sequence[Mail]) -> list[Mail]:
    return list(reversed(mails))[:SHOWN]


def as_json(mails: Sequence[Mail]) -> dict[str, Any]:
    return {"mails": [_mail_json(mail) for mail in newest_first(mails)]}


def _mail_json(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "kind": mail.kind,
        "to": list(mail.to),
        "sender": mail.sender,
        "subject": mail.subject,
        "code": mail.code,
        "text": mail.text,
        "html": mail.html,
        "headers": dict(mail.headers),
        "tags": dict(mail.tags),
        "time": mail.time.isoformat(),
    }


def page(mails: Sequence[Mail]) -> str:
    shown = newest_first(mails)
    newest = escape(shown[0].id if shown else "")
    listed = "\n".join(_article(mail) for mail in shown) or (
        '<p class="empty">No mail yet. Sign up with any address: the code arrives here.</p>'
    )
    return PAGE.format(newest=newest, count=_count(len(shown)), mails=listed)


def _count(shown: int) -> str:
    return "1 mail" if shown == 1 else f"{shown} mails"


def _article(mail: Mail) -> str:
    moment = mail.time.isoformat(timespec="seconds")
    return ARTICLE.format(
        id=escape(mail.id),
        subject=escape(mail.subject) or "(no subject)",
        to=escape(", ".join(mail.to)),
        sender=escape(mail.sender),
        moment=escape(moment),
        readable=escape(f"{mail.time:%Y-%m-%d %H:%M:%S} UTC"),
        headers="\n".join(
            HEADER.format(name=escape(name), value=escape(value))
            for name, value in mail.headers.items()
        ),
        code=CODE.format(code=escape(mail.code)) if mail.code else "",
        text=f"<pre>{escape(mail.text)}</pre>" if mail.text else "",
        html=HTML_BODY.format(id=quote(mail.id, safe="")) if mail.html else "",
    )


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbox: Vestibule</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
<script src="/inbox.js" defer></script>
</head>
<body>
<header><a href="/">Vestibule</a></header>
<main id="inbox" data-newest="{newest}">
<h1>Inbox</h1>
<p>Every mail of this stack, newest first. None of them left this machine.
<span role="status">{count}</span>. <a href="/inbox/previews">How every mail looks.</a></p>
{mails}
</main>
</body>
</html>
"""

CODE = '<p class="code"><span>Code</span> <strong>{code}</strong></p>'

HEADER = "<dt>{name}</dt><dd><code>{value}</code></dd>"

ARTICLE = """<article id="mail-{id}">
<h2>{subject}</h2>
{code}
<dl>
<dt>To</dt><dd>{to}</dd>
<dt>From</dt><dd>{sender}</dd>
<dt>At</dt><dd><time datetime="{moment}">{readable}</time></dd>
{headers}
</dl>
{text}
{html}
</article>"""

# No script, no form, no way out: the frame may show what the mail looks like and nothing else.
HTML_BODY = (
    '<iframe sandbox="" src="/inbox/{id}.html" title="The mail as sent" loading="lazy"></iframe>'
)

SCRIPT = """"use strict";
// Asks every two seconds, and loads the page anew only when another mail has arrived.
const shown = document.getElementById("inbox").dataset.newest;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/inbox.json", { cache: "no-store" });
    const { mails } = await answer.json();
    if ((mails[0]?.id ?? "") !== shown) location.reload();
  } catch {
    // The stack is stopped: the page stays as it is.
  }
}, 2000);
"""
