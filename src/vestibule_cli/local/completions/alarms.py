"""Alarms for callers of the query protocol, Terraform among them.

The emulator keeps most of an alarm, but its XML answer to DescribeAlarms drops half of that; its
JSON answer does not. So it is asked for JSON, and the XML is written here. What it does not keep
(the metrics of an expression, one list of actions) is remembered from PutMetricAlarm.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
LISTS = ("AlarmNames", "AlarmTypes")
FORGOTTEN = ("Metrics", "InsufficientDataActions")
NUMBERS = ("Period",)
SINGLE = ("AlarmNamePrefix", "StateValue", "ActionPrefix", "NextToken", "MaxRecords")


def action_of(body: bytes) -> str:
    return dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "")


def forgotten(body: bytes) -> tuple[str, dict[str, Any]]:
    """The name of a put alarm, and what the emulator will not have kept of it."""
    fields = _unfolded(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return str(fields.get("AlarmName")), {
        name: fields[name] for name in FORGOTTEN if fields.get(name)
    }


def _unfolded(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`Metrics.member.1.MetricStat.Period=60` as the structure that was folded into it."""
    root: dict[str, Any] = {}
    for path, value in pairs:
        *above, last = path.split(".")
        place = root
        for step in above:
            place = place.setdefault(step, {})
        place[last] = _typed(last, value)
    return {name: _listed(value) for name, value in root.items()}


def _typed(name: str, text: str) -> Any:
    if name in NUMBERS and text.isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"}:
        members = sorted(value["member"].items(), key=lambda entry: int(entry[0]))
        return [_listed(member) for _, member in members]
    return {name: _listed(held) for name, held in value.items()}


def as_json_request(body: bytes) -> bytes:
    """The same question in the JSON protocol."""
    question: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode()):
        head, _, rest = name.partition(".member.")
        if rest and head in LISTS:
            question.setdefault(head, []).append(value)
        elif name in SINGLE:
            question[name] = int(value) if name == "MaxRecords" else value
    return json.dumps(question).encode()


def as_xml(answer: Mapping[str, Any], request_id: str) -> bytes:
    parts = [
        _list("MetricAlarms", [_as_asked(alarm) for alarm in answer.get("MetricAlarms") or []]),
        _list("CompositeAlarms", answer.get("CompositeAlarms") or []),
    ]
    if answer.get("NextToken"):
        parts.append(_element("NextToken", answer["NextToken"]))
    return (
        f'<DescribeAlarmsResponse xmlns="{NAMESPACE}"><DescribeAlarmsResult>{"".join(parts)}'
        f"</DescribeAlarmsResult><ResponseMetadata><RequestId>{escape(request_id)}</RequestId>"
        "</ResponseMetadata></DescribeAlarmsResponse>"
    ).encode()


def _as_asked(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """Without the defaults that the emulator adds and AWS does not."""
    invented: tuple[str, ...] = ()
    if not alarm.get("MetricName"):
        invented = ("Statistic", "Period", "MetricName", "Namespace", "Dimensions")
    elif alarm.get("ExtendedStatistic"):
        invented = ("Statistic",)
    return {name: value for name, value in alarm.items() if name not in invented}


def _element(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return _list(name, value)
    if isinstance(value, dict):
        inner = "".join(_element(key, held) for key, held in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif name.endswith("Timestamp") and isinstance(value, int | float):
        text = datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    else:
        text = str(value)
    return f"<{name}>{escape(text)}</{name}>"


def _list(name: str, values: list[Any]) -> str:
    return f"<{name}>{''.join(_element('member', value) for value in values)}</{name}>"
