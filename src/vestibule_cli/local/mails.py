"""What the stack has mailed: every message is captured, none leaves the machine."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 500

_INVISIBLE = re.compile(r"(?is)<(style|script|head)\b.*?</\1>|<!--.*?-->|<[^>]*>")
_CODE = re.compile(r"(?<![\w#.+-])\d{6}(?:\d{6})?(?![\w-])")
# Of an invitation, on a line of its own: a long one, or a short one in its two groups.
_INVITATION = re.compile(r"(?m)^ +([\w-]{24}|[0-9A-Z]{5}-[0-9A-Z]{5})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mail:
    id: str
    kind: str  # "verification", "password reset", "invitation", "sign-in code" or "mail"
    to: tuple[str, ...]
    sender: str
    subject: str
    text: str
    html: str
    code: str | None
    time: datetime  # UTC
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that its sender gave beside the usual ones."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Mail:
        """From the emulator's own record of a sent message."""
        recipients = [address for field in ("To", "CC", "BCC") for address in record.get(field, [])]
        text = record.get("BodyText") or ""
        body = record.get("BodyHtml") or ""
        return cls(
            id=str(record["MessageId"]).partition("@")[0],
            kind=_kind(record),
            to=tuple(recipients),
            sender=record.get("Source") or "",
            subject=record.get("Subject") or "",
            text=text,
            html=body,
            code=find_code(text) or find_code(readable(body)),
            time=datetime.fromtimestamp(record["Timestamp"], UTC),
            headers=dict(record.get("Headers") or {}),
            tags=dict(record.get("Tags") or {}),
        )


def find_code(text: str) -> str | None:
    """The first number of six digits, Cognito's codes, or of twelve, the long ones of ours.

    Without one, the code of an invitation.
    """
    if found := _CODE.search(text):
        return found[0]
    invitation = _INVITATION.search(text)
    return invitation[1] if invitation else None


def readable(body: str) -> str:
    """What a person sees of an HTML body: colors such as #123456 are not codes."""
    return html.unescape(_INVISIBLE.sub(" ", body))


def _kind(record: Mapping[str, Any]) -> str:
    match record.get("Type"):
        case "CognitoVerificationMessage":
            return "password reset" if record.get("AttributeName") == "password" else "verification"
        case "CognitoInvitationMessage":
            return "invitation"
        case "CognitoEmailOtpMessage":
            return "sign-in code"
        case _:
            return "mail"
