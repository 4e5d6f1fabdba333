"""Where facts go: the secret that describes the sinks, checked whole."""

from __future__ import annotations

import hashlib
import hmac
import json

from vestibule.delivery.outbound import location
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any, Final

    from vestibule.platform.endpoint import Location

MIXPANEL: Final = "mixpanel"
AMPLITUDE: Final = "amplitude"
PLAIN: Final = "plain"
KINDS: Final = (MIXPANEL, AMPLITUDE, PLAIN)
_MOST: Final = 10
_LONGEST_NAME: Final = 32
_LONGEST_KEY: Final = 512
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_QUERY_LETTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%&="
)
_QUERY_RULE: Final = "a-z, A-Z, 0-9 and -._~&= in its query"
_MEMBERS: Final = frozenset({"name", "kind", "url", "key", "requiresConsent", "pseudonymKey"})


class SinksBroken(ValueError):
    """Says which member of the secret is wrong and what the rule is. Quotes no key."""


@frozen
class Sink:
    name: str
    kind: str
    at: Location
    query: str = ""  # with its question mark
    key: str | None = None
    requires_consent: bool = True
    pseudonym_key: str | None = None

    def known_as(self, subject: str) -> str:
        """A sink with a key of its own hears pseudonyms, which no other sink can tell apart."""
        if self.pseudonym_key is None:
            return subject
        return hmac.new(self.pseudonym_key.encode(), subject.encode(), hashlib.sha256).hexdigest()[
            :32
        ]


def parse(text: str, allowed_hosts: Collection[str] = ()) -> tuple[Sink, ...]:
    """Raise SinksBroken. With hosts given, each sink is at one of them.

    An empty text, or none named, means that nobody is told anything.
    """
    if not text.strip():
        return ()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise SinksBroken("must be JSON") from None
    told = content.get("sinks") if isinstance(content, dict) else None
    if not isinstance(told, list) or len(told) > _MOST:
        raise SinksBroken(f'must be {{"sinks": [...]}} with at most {_MOST} of them')
    sinks = tuple(_sink(f"sinks[{number}]", one, allowed_hosts) for number, one in enumerate(told))
    names = [sink.name for sink in sinks]
    if len(set(names)) < len(names):
        raise SinksBroken("sinks: each needs a name of its own")
    return sinks


def _sink(place: str, told: Any, allowed_hosts: Collection[str]) -> Sink:
    if not isinstance(told, dict):
        raise SinksBroken(f"{place}: must be an object")
    if unknown := sorted(told.keys() - _MEMBERS):
        raise SinksBroken(f"{place}: has no member {unknown[0]!r:.40}")
    at, query = _where(place, told.get("url"), allowed_hosts)
    sink = Sink(
        name=_name(place, told.get("name")),
        kind=_kind(place, told.get("kind")),
        at=at,
        query=query,
        key=_key(place, "key", told),
        requires_consent=_switch(place, told),
        pseudonym_key=_key(place, "pseudonymKey", told),
    )
    if sink.key is None and sink.kind != PLAIN:
        raise SinksBroken(f"{place}.key: {sink.kind} needs one")
    return sink


def _name(place: str, name: Any) -> str:
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and _LETTERS.issuperset(name):
        return name
    raise SinksBroken(
        f"{place}.name: must be 1 to {_LONGEST_NAME} lower-case letters, digits, '-' and '_'"
    )


def _kind(place: str, kind: Any) -> str:
    if isinstance(kind, str) and kind in KINDS:
        return kind
    raise SinksBroken(f"{place}.kind: must be one of {', '.join(KINDS)}")


def _where(place: str, url: Any, allowed_hosts: Collection[str]) -> tuple[Location, str]:
    if not isinstance(url, str):
        raise SinksBroken(f"{place}.url: must be text")
    where, mark, query = url.partition("?")
    if not _QUERY_LETTERS.issuperset(query):
        raise SinksBroken(f"{place}.url: other letters than {_QUERY_RULE} must be escaped")
    try:
        return location(where, allowed_hosts), f"{mark}{query}"
    except ValueError as error:
        raise SinksBroken(f"{place}.url: {error}") from None


def _key(place: str, member: str, told: Mapping[str, Any]) -> str | None:
    key = told.get(member)
    if key is None:
        return None
    if isinstance(key, str) and key.isascii() and key.isprintable():
        key = key.strip()
        if 0 < len(key) <= _LONGEST_KEY:
            return key
    raise SinksBroken(f"{place}.{member}: must be one line of ASCII, up to {_LONGEST_KEY} long")


def _switch(place: str, told: Mapping[str, Any]) -> bool:
    switch = told.get("requiresConsent", True)
    if isinstance(switch, bool):
        return switch
    raise SinksBroken(f"{place}.requiresConsent: must be true or false")
