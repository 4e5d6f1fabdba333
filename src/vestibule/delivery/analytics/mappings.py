"""How each kind of sink wants to hear of facts, and how it says which of them it refuses."""

from __future__ import annotations

import base64
import json

from vestibule.delivery.analytics.sinks import AMPLITUDE, MIXPANEL, PLAIN
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from vestibule.delivery.analytics.facts import Fact
    from vestibule.delivery.analytics.sinks import Sink

MALFORMED: Final = "the sink calls one of its members malformed"
MISSING: Final = "the sink misses one of its members"


@frozen
class Call:
    headers: Mapping[str, str]
    body: bytes


def call_for(sink: Sink, facts: Sequence[Fact]) -> Call:
    headers, content = _CALLS[sink.kind](sink, facts)
    return Call(
        {"content-type": "application/json", "accept": "application/json", **headers},
        json.dumps(content, separators=(",", ":")).encode(),
    )


def refused(sink: Sink, status: int, body: bytes) -> dict[int, str]:
    """Say which facts, by their place in the call, the sink will never take, and why.

    In our words: what a sink says may quote what it was told.
    """
    reader = _REFUSALS.get(sink.kind)
    if reader is None or status not in {200, 400}:
        return {}
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return reader(content) if isinstance(content, dict) else {}


def takes_the_rest(sink: Sink, status: int) -> bool:
    """Whether the facts that such an answer does not name were taken.

    With `strict=1` Mixpanel imports what is right of a batch that it answers with 400; Amplitude
    takes nothing of such a batch.
    """
    return status == 200 or (sink.kind == MIXPANEL and status == 400)


def _mixpanel(sink: Sink, facts: Sequence[Fact]) -> tuple[dict[str, str], Any]:
    # A project's token is a user name without a password; a service account has both.
    key = sink.key or ""
    pair = key if ":" in key else f"{key}:"
    events = [
        {
            "event": fact.name,
            "properties": {
                **_told(fact),
                "time": fact.milliseconds,
                "distinct_id": sink.known_as(fact.subject),
                "$insert_id": fact.id,
            },
        }
        for fact in facts
    ]
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, events


def _amplitude(sink: Sink, facts: Sequence[Fact]) -> tuple[dict[str, str], Any]:
    events = [
        {
            "event_type": fact.name,
            "user_id": sink.known_as(fact.subject),
            "time": fact.milliseconds,
            "insert_id": fact.id,
            "event_properties": _told(fact),
        }
        for fact in facts
    ]
    # Ids of organizations that policy.yaml names are shorter than the five characters it wants.
    return {}, {"api_key": sink.key, "events": events, "options": {"min_id_length": 1}}


def _plain(sink: Sink, facts: Sequence[Fact]) -> tuple[dict[str, str], Any]:
    events = [
        {
            "id": fact.id,
            "name": fact.name,
            "time": fact.milliseconds,
            "subject": sink.known_as(fact.subject),
            "properties": _told(fact),
        }
        for fact in facts
    ]
    headers = {} if sink.key is None else {"x-api-key": sink.key}
    return headers, {"events": events}


def _told(fact: Fact) -> dict[str, str]:
    if fact.organization is None:
        return dict(fact.properties)
    return {**fact.properties, "organization_id": fact.organization}


def _mixpanel_refusals(content: Mapping[str, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for record in _list(content.get("failed_records")):
        if isinstance(record, dict) and _is_place(record.get("index")):
            found[record["index"]] = MALFORMED
    return found


def _amplitude_refusals(content: Mapping[str, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for member, words in (
        ("events_with_invalid_fields", MALFORMED),
        ("events_with_missing_fields", MISSING),
    ):
        named = content.get(member)
        for places in named.values() if isinstance(named, dict) else ():
            found |= dict.fromkeys(filter(_is_place, _list(places)), words)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_place(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_CALLS: Final = {MIXPANEL: _mixpanel, AMPLITUDE: _amplitude, PLAIN: _plain}
_REFUSALS: Final = {MIXPANEL: _mixpanel_refusals, AMPLITUDE: _amplitude_refusals}
