"""The mail that welcomes somebody: to whom, in which words, with which links."""

from __future__ import annotations

from vestibule.mail.letters import WELCOME, Contents
from vestibule.mail.sender import Stamp
from vestibule.mail.unsubscribe import NOTIFICATIONS, Wish
from vestibule.platform.values import frozen, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from vestibule.delivery.events import Event
    from vestibule.delivery.mail_marks import Recipient
    from vestibule.mail.letters import Composer, Letter

    class Links(Protocol):
        def issue(self, wish: Wish) -> str:
            """Give the token of a link that ends mails of a kind."""


@frozen
class Welcome:
    """Somebody to be welcomed, as the event tells of them."""

    user_id: str
    event_id: str
    at: str
    email: str | None
    """Only if it is proven."""
    name: str
    account_type: str
    language: str | None
    source: str

    @classmethod
    def of(cls, event: Event) -> Welcome:
        data = event.data
        return cls(
            user_id=event.subject,
            event_id=event.id,
            at=event.time,
            email=_text(data, "email") if data.get("emailVerified") is True else None,
            name=_text(data, "name") or "",
            account_type=_text(data, "accountType") or "standard",
            language=_text(data, "language"),
            source=_source(data),
        )

    def as_known(self, recipient: Recipient) -> Welcome:
        """Believe the table where it knows better by now."""
        profile, preferences = recipient.profile, recipient.preferences
        known = self
        if profile is not None:
            known = replace(
                known,
                email=profile.claimed_email,
                name=profile.name,
                account_type=profile.account_type,
            )
        if preferences is not None and self.language is None:
            known = replace(known, language=preferences.language)
        return known


class WelcomeLetters:
    def __init__(self, composer: Composer, links: Links, unsubscribe_url: str) -> None:
        """`unsubscribe_url`: where the API answers `/unsubscribe`, for everybody to reach."""
        self._composer = composer
        self._links = links
        self._unsubscribe_url = unsubscribe_url

    def write(self, welcome: Welcome) -> tuple[Letter, Stamp]:
        """Raise TemplateFault, or AwsError when the key can't be asked for."""
        token = self._links.issue(Wish(welcome.user_id, NOTIFICATIONS))
        url = f"{self._unsubscribe_url}?token={token}"
        letter = self._composer.compose(
            WELCOME,
            Contents(name=welcome.name, unsubscribe_url=url),
            locale=welcome.language,
            account_type=welcome.account_type,
        )
        return letter, _stamp(welcome, url)


def _stamp(welcome: Welcome, url: str) -> Stamp:
    return Stamp(
        headers={
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        tags={"kind": WELCOME, "account_type": welcome.account_type, "source": welcome.source},
    )


def _source(data: Mapping[str, Any]) -> str:
    origin = data.get("origin")
    told = _text(origin, "signup_source") if isinstance(origin, dict) else None
    return told or _text(data, "door") or "unknown"


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) and value else None
