"""The bus, the rules that put its events into queues, and the schedules that call functions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vestibule_cli.aws import found
from vestibule_cli.local.provision import functions
from vestibule_cli.local.provision.compare import same, verify
from vestibule_cli.stack import ScheduleEvent

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws
    from vestibule_cli.local.provision.queues import MadeQueue
    from vestibule_cli.stack import Stack

# Where schedules are kept.
DEFAULT = "default"
# Only the event itself, as the relay wrote it.
DETAIL = "$.detail"
# A day, and as often as EventBridge tries in one.
RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


def ensure_bus(aws: "Aws", name: str) -> str:
    """Make the bus if it is missing; return its ARN."""
    kept = found(
        "ResourceNotFoundException", lambda: aws.json("events", "DescribeEventBus", Name=name)
    )
    if kept is None:
        aws.json("events", "CreateEventBus", Name=name)
        kept = aws.json("events", "DescribeEventBus", Name=name)
    return str(kept["Arn"])


def rule_arn(bus_arn: str, rule: str) -> str:
    """`arn:...:rule/vestibule-local/vestibule-local-welcome`"""
    return f"{bus_arn.replace(':event-bus/', ':rule/')}/{rule}"


def ensure_rules(
    aws: "Aws", stack: "Stack", environment: str, queues: "Mapping[str, MadeQueue]"
) -> None:
    """Put into the queues what the rules of stack.yaml say, and nothing else."""
    bus = stack.resource(environment)
    kept = _rules(aws, bus, f"{bus}-")
    for key, rule in stack.bus.rules.items():
        name, queue = stack.resource(environment, key), stack.queues[rule.queue]
        target = {
            "Id": "queue",
            "Arn": queues[rule.queue].arn,
            "InputPath": DETAIL,
            "RetryPolicy": RETRIES,
            "DeadLetterConfig": {"Arn": queues[queue.dead_letters or rule.queue].arn},
        }
        wanted = {"EventPattern": rule.pattern, "State": "ENABLED"}
        _ensure_rule(aws, bus, name, wanted, target, kept=kept.pop(name, None))
    for name in kept:
        _delete_rule(aws, bus, name)


def ensure_schedules(
    aws: "Aws",
    stack: "Stack",
    environment: str,
    function_arns: Mapping[str, str],
    queues: "Mapping[str, MadeQueue]",
) -> None:
    """Call the functions as often as their schedules say, and no others."""
    kept = _rules(aws, DEFAULT, f"{stack.resource(environment)}-")
    for key, function in stack.functions.items():
        permitted = set()
        for event in function.events:
            if isinstance(event, ScheduleEvent):
                name = stack.resource(environment, f"{key}-{event.schedule}")
                target = {
                    "Id": "function",
                    "Arn": function_arns[key],
                    "Input": event.input,
                    "RetryPolicy": RETRIES,
                    **_letters(function.dead_letters(stack.queues), queues),
                }
                wanted = {"ScheduleExpression": event.rate, "State": "ENABLED"}
                arn = _ensure_rule(aws, DEFAULT, name, wanted, target, kept=kept.pop(name, None))
                permitted.add(f"schedule-{event.schedule}")
                functions.ensure_permission(
                    aws,
                    stack.resource(environment, key),
                    f"schedule-{event.schedule}",
                    functions.EVENTS,
                    arn,
                )
        functions.remove_permissions(aws, stack.resource(environment, key), "schedule-", permitted)
    for name in kept:
        _delete_rule(aws, DEFAULT, name)


def _letters(key: str | None, queues: "Mapping[str, MadeQueue]") -> dict[str, Any]:
    return {} if key is None else {"DeadLetterConfig": {"Arn": queues[key].arn}}


def _rules(aws: "Aws", bus: str, prefix: str) -> dict[str, dict[str, Any]]:
    listed = aws.listed("events", "ListRules", "Rules", EventBusName=bus, NamePrefix=prefix)
    return {each["Name"]: each for each in listed}


def _ensure_rule(  # noqa: PLR0913 - a rule, what it says and where it stands
    aws: "Aws",
    bus: str,
    name: str,
    wanted: Mapping[str, Any],
    target: Mapping[str, Any],
    *,
    kept: Mapping[str, Any] | None,
) -> str:
    if kept is None or not same(wanted, kept):
        aws.json("events", "PutRule", Name=name, EventBusName=bus, **wanted)
        kept = aws.json("events", "DescribeRule", Name=name, EventBusName=bus)
        verify(f"{name} (rule)", wanted, kept)
    targets = _targets(aws, bus, name)
    others = [each["Id"] for each in targets if each["Id"] != target["Id"]]
    if others:
        aws.json("events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=others)
    if not any(same(target, each) for each in targets):
        aws.json("events", "PutTargets", Rule=name, EventBusName=bus, Targets=[target])
        (made,) = _targets(aws, bus, name)
        verify(f"{name} (target)", target, made)
    return str(kept["Arn"])


def _targets(aws: "Aws", bus: str, rule: str) -> list[dict[str, Any]]:
    return list(aws.listed("events", "ListTargetsByRule", "Targets", Rule=rule, EventBusName=bus))


def _delete_rule(aws: "Aws", bus: str, name: str) -> None:
    ids = [each["Id"] for each in _targets(aws, bus, name)]
    if ids:
        aws.json("events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=ids)
    aws.json("events", "DeleteRule", Name=name, EventBusName=bus)
