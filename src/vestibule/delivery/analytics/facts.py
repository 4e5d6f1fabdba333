"""What of our events is told to analytics: under business names, and as little as will do.

No address, no name, and nothing anybody typed beside the words of a campaign. Who it is about is a
`sub`, which each sink may replace by a pseudonym of its own. A sign-up that was only begun is about
nobody yet: its id leads to no account.
"""

from __future__ import annotations

import hashlib

from vestibule.delivery import events
from vestibule.platform.ids import is_sub
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from vestibule.delivery.events import Event

WELCOME: Final = "welcome"
_LONGEST: Final = 100
_CAMPAIGN: Final = "utm_"
_SIGN_UP_SOURCE: Final = "signup_source"
# By the member of an event's data: everything else stays here.
_PROPERTIES: Final = {
    "accountType": "account_type",
    "role": "role",
    "roleSource": "role_source",
    "previousRole": "previous_role",
    "language": "language",
}


@frozen
class Fact:
    """One thing to tell. `id` is the same however often the event comes."""

    id: str
    name: str
    milliseconds: int
    subject: str
    """Who or what it is told of: the person if there is one."""
    person: str | None
    """Whose consent it needs."""
    organization: str | None
    properties: Mapping[str, str]


def facts_of(event: Event) -> tuple[Fact, ...]:
    """None for what is nobody's business: most types."""
    names = _NAMES.get(event.type)
    if names is None:
        return ()
    person, organization = _person(event.data), _organization(event.data)
    properties = _properties(event.data)
    return tuple(
        Fact(
            id=_id(event.id, name),
            name=name,
            milliseconds=event.sequence // 1000,
            subject=person or event.subject,
            person=person,
            organization=organization,
            properties=properties,
        )
        for name in names(event.data)
    )


def _mailed(data: Mapping[str, Any]) -> tuple[str, ...]:
    return ("welcome_email_sent",) if data.get("kind") == WELCOME else ()


def _always(*names: str) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    return lambda _data: names


_NAMES: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]]] = {
    events.USER_SIGNUP_STARTED: _always("user_signup_started"),
    events.USER_CONFIRMED: _always("user_profile_created"),
    events.USER_ROLE_ASSIGNED: _always("user_role_assigned"),
    events.USER_SIGNED_IN: _always("user_signed_in"),
    events.ORGANIZATION_CREATED: _always("organization_created"),
    events.ORGANIZATION_JOINED: _always("organization_joined"),
    events.INVITATION_ACCEPTED: _always("invitation_accepted"),
    events.MAIL_SENT: _mailed,
}


def _id(event_id: str, name: str) -> str:
    """32 digits: Mixpanel takes no more than 36 characters."""
    return hashlib.sha256(f"{event_id}|{name}".encode()).hexdigest()[:32]


def _person(data: Mapping[str, Any]) -> str | None:
    """Find a sub: what an operator or the policy made is about nobody."""
    for name in ("userId", "createdBy"):
        told = data.get(name)
        if isinstance(told, str) and is_sub(told):
            return told
    return None


def _organization(data: Mapping[str, Any]) -> str | None:
    told = data.get("organizationId")
    return told if isinstance(told, str) and told else None


def _properties(data: Mapping[str, Any]) -> dict[str, str]:
    found = {ours: data.get(theirs) for theirs, ours in _PROPERTIES.items()}
    origin = data.get("origin")
    if isinstance(origin, dict):
        found |= {name: text for name, text in origin.items() if _is_campaign(name)}
    return {name: str(text) for name, text in sorted(found.items()) if _is_fit(text)}


def _is_campaign(name: str) -> bool:
    return name.startswith(_CAMPAIGN) or name == _SIGN_UP_SOURCE


def _is_fit(text: object) -> bool:
    """The words of a campaign come with a link: one made for one person may hold an address."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= _LONGEST
        and "@" not in text
        and "%40" not in text
        and text.isprintable()
    )
