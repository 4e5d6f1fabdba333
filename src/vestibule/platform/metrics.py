"""Counts what happened, as CloudWatch's embedded metric format: lines of the log, no calls.

Domains count outcomes (`count("ProfileCreated")`); one line an invocation carries them all.
"""

from __future__ import annotations

import time
from json.encoder import encode_basestring_ascii as quote

from vestibule.platform import logs

_REQUEST = (
    '"Dimensions":[["Environment"],["Environment","Route","StatusClass"]],"Metrics":'
    '[{"Name":"Requests","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]'
)
_TRIGGER = (
    '"Dimensions":[["Environment","Source"]],"Metrics":['
    '{"Name":"CognitoTriggerInvocations","Unit":"Count"},'
    '{"Name":"CognitoTriggerDuration","Unit":"Milliseconds"},'
    '{"Name":"CognitoTriggerSuccess","Unit":"Count"}]'
)

_namespace = quote("Vestibule")
_environment = quote("local")
_counts: dict[str, int] = {}
_request_members: dict[tuple[str, int], str] = {}


def configure(namespace: str, environment: str) -> None:
    global _namespace, _environment  # noqa: PLW0603 - one process reports as one source
    _namespace = quote(namespace)
    _environment = quote(environment)


def count(name: str, value: int = 1) -> None:
    """Add to a count that the invocation's line will carry. Names are CamelCase words."""
    if not (name.isascii() and name.isalnum()):
        raise ValueError(f"{name!r} is no name for a metric: letters and digits only")
    _counts[name] = _counts.get(name, 0) + value


def forget() -> None:
    """Drop what an invocation that was cut off had counted."""
    _counts.clear()


def flush() -> None:
    """Write what was counted, if anything was."""
    if _counts:
        metrics, members = _counted()
        logs.write(_line(metrics[1:], members))


def request_line(route: str, status: int, milliseconds: float) -> str:
    """Give the line of one request's outcome, with everything counted while it was answered."""
    key = (route, status // 100)
    said = _request_members.get(key)
    if said is None:
        said = f'"Route":{quote(route)},"StatusClass":"{status // 100}xx","Requests":1,"Latency":'
        _request_members[key] = said
    directives = f'{{"Namespace":{_namespace},{_REQUEST}}}'
    members = f",{said}{milliseconds:.2f}"
    if _counts:
        more_directives, more_members = _counted()
        directives += more_directives
        members += more_members
    return _line(directives, members)


def trigger_line(source: str, milliseconds: float, *, succeeded: bool) -> str:
    """Give the line of one trigger's outcome, with everything counted while it was handled."""
    directives = f'{{"Namespace":{_namespace},{_TRIGGER}}}'
    members = (
        f',"Source":{quote(source)},"CognitoTriggerInvocations":1,'
        f'"CognitoTriggerDuration":{milliseconds:.2f},"CognitoTriggerSuccess":{int(succeeded)}'
    )
    if _counts:
        more_directives, more_members = _counted()
        directives += more_directives
        members += more_members
    return _line(directives, members)


def _counted() -> tuple[str, str]:
    """Empty the counts into a metric directive and its members, each with a comma before it."""
    names = ",".join(f'{{"Name":"{name}","Unit":"Count"}}' for name in _counts)
    members = "".join(f',"{name}":{value}' for name, value in _counts.items())
    _counts.clear()
    directive = f',{{"Namespace":{_namespace},"Dimensions":[["Environment"]],"Metrics":[{names}]}}'
    return directive, members


def _line(directives: str, members: str) -> str:
    moment = time.time_ns() // 1_000_000
    return (
        f'{{"_aws":{{"Timestamp":{moment},"CloudWatchMetrics":[{directives}]}},'
        f'"Environment":{_environment}{members}}}\n'
    )
