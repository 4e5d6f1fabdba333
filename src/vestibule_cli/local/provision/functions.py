"""The functions, each with its role, its log group and what feeds it."""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from vestibule_cli.aws import found
from vestibule_cli.local.provision.compare import same, verify

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws
    from vestibule_cli.local.provision.code import Code
    from vestibule_cli.stack import Function, QueueEvent, Runtime, StreamEvent


FUNCTIONS = "/2015-03-31/functions"
MAPPINGS = "/2015-03-31/event-source-mappings"
GATEWAY = "apigateway.amazonaws.com"
COGNITO = "cognito-idp.amazonaws.com"
EVENTS = "events.amazonaws.com"


def log_group(function_name: str) -> str:
    return f"/aws/lambda/{function_name}"


def ensure_log_groups(aws: "Aws", stack_name: str, function_names: Iterable[str]) -> None:
    # All groups of one stack come on one page; of all stacks they might not.
    prefix = log_group(stack_name)
    groups = aws.json("logs", "DescribeLogGroups", logGroupNamePrefix=prefix)["logGroups"]
    kept = {each["logGroupName"] for each in groups}
    for group in map(log_group, function_names):
        if group not in kept:
            # Another process may have made it meanwhile.
            found(
                "ResourceAlreadyExistsException",
                partial(aws.json, "logs", "CreateLogGroup", logGroupName=group),
            )


def configuration(
    name: str,
    function: "Function",
    runtime: "Runtime",
    role_arn: str,
    variables: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "Description": function.description,
        "Runtime": runtime.identifier,
        "Handler": function.handler,
        "Role": role_arn,
        "MemorySize": function.memory,
        "Timeout": function.timeout,
        "Environment": {"Variables": dict(variables)},
    }


def ensure_function(aws: "Aws", wanted: dict[str, Any], code: "Code", architecture: str) -> str:
    """Make the function or bring it up to date; return its ARN."""
    name = wanted["FunctionName"]
    described = {**wanted, "CodeSha256": code.digest, "Architectures": [architecture]}
    kept = _find(aws, name)
    if kept is None:
        aws.rest(
            "lambda",
            "POST",
            FUNCTIONS,
            {**wanted, "Code": code.location, "Architectures": [architecture]},
        )
    elif same(described, kept):
        return str(kept["FunctionArn"])
    else:
        if not same(wanted, kept):
            aws.rest("lambda", "PUT", f"{FUNCTIONS}/{name}/configuration", wanted)
        if kept["CodeSha256"] != code.digest or kept.get("Architectures") != [architecture]:
            update_code(aws, name, code, architecture)
    made = _find(aws, name) or {}
    verify(name, described, made)
    return str(made["FunctionArn"])


def update_code(aws: "Aws", name: str, code: "Code", architecture: str) -> None:
    content = {**code.location, "Architectures": [architecture]}
    aws.rest("lambda", "PUT", f"{FUNCTIONS}/{name}/code", content)


def _find(aws: "Aws", name: str) -> dict[str, Any] | None:
    return found(
        "ResourceNotFoundException",
        lambda: aws.rest("lambda", "GET", f"{FUNCTIONS}/{name}/configuration"),
    )


def ensure_permission(
    aws: "Aws", name: str, statement_id: str, principal: str, source_arn: str
) -> None:
    """Let a service of this account call the function, from this source and no other."""
    policy = f"{FUNCTIONS}/{name}/policy"
    given = {
        "StatementId": statement_id,
        "Action": "lambda:InvokeFunction",
        "Principal": principal,
        "SourceArn": source_arn,
    }
    conditions = {"ArnLike": {"AWS:SourceArn": source_arn}}
    if principal == COGNITO:
        # The confused deputy: another account's pool could otherwise name our function.
        account = source_arn.split(":")[4]
        given["SourceAccount"] = account
        conditions["StringEquals"] = {"AWS:SourceAccount": account}
    wanted = {
        "Action": given["Action"],
        "Principal": {"Service": principal},
        "Condition": conditions,
    }
    kept = _permission(aws, policy, statement_id)
    if kept is not None and not same(wanted, kept):
        aws.rest("lambda", "DELETE", f"{policy}/{statement_id}")
        kept = None
    if kept is None:
        aws.rest("lambda", "POST", policy, given)
        verify(f"{name} (permission)", wanted, _permission(aws, policy, statement_id))


def remove_permissions(aws: "Aws", name: str, prefix: str, kept: Collection[str]) -> None:
    """Take away those permissions whose id begins so, but not those in `kept`."""
    policy = f"{FUNCTIONS}/{name}/policy"
    for statement in _permissions(aws, policy):
        if statement["Sid"].startswith(prefix) and statement["Sid"] not in kept:
            aws.rest("lambda", "DELETE", f"{policy}/{statement['Sid']}")


def _permission(aws: "Aws", policy: str, statement_id: str) -> dict[str, Any] | None:
    statements = _permissions(aws, policy)
    return next((each for each in statements if each["Sid"] == statement_id), None)


def _permissions(aws: "Aws", policy: str) -> list[dict[str, Any]]:
    answer = found("ResourceNotFoundException", lambda: aws.rest("lambda", "GET", policy))
    return list(json.loads(answer["Policy"])["Statement"]) if answer else []


def delete_function(aws: "Aws", name: str) -> None:
    for mapping in mappings(aws, name):
        aws.rest("lambda", "DELETE", f"{MAPPINGS}/{mapping['UUID']}")
    aws.rest("lambda", "DELETE", f"{FUNCTIONS}/{name}")


def function_names(aws: "Aws", prefix: str) -> list[str]:
    names: list[str] = []
    query: dict[str, str] | None = {}
    while query is not None:
        page = aws.rest("lambda", "GET", f"{FUNCTIONS}/", None, **query)
        names += [each["FunctionName"] for each in page["Functions"]]
        query = {"Marker": page["NextMarker"]} if page.get("NextMarker") else None
    return [name for name in names if name.startswith(prefix)]


def mappings(aws: "Aws", function_name: str) -> list[dict[str, Any]]:
    answer = aws.rest("lambda", "GET", f"{MAPPINGS}/", FunctionName=function_name)
    return list(answer["EventSourceMappings"])


def stream_mapping(event: "StreamEvent", failures_arn: str | None) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "BatchSize": event.batch_size,
        "MaximumRecordAgeInSeconds": event.maximum_age,
        "MaximumRetryAttempts": event.maximum_retries,
        "BisectBatchOnFunctionError": True,
        # A partial failure would pass for success here: the function raises.
        "FunctionResponseTypes": [],
    }
    if event.filter is not None:
        wanted["FilterCriteria"] = {"Filters": [{"Pattern": event.filter}]}
    if failures_arn is not None:
        wanted["DestinationConfig"] = {"OnFailure": {"Destination": failures_arn}}
    return wanted


def queue_mapping(event: "QueueEvent") -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "BatchSize": event.batch_size,
        # One bad message does not bring back those that were handled beside it.
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    if event.concurrency is not None:
        wanted["ScalingConfig"] = {"MaximumConcurrency": event.concurrency}
    return wanted


def ensure_mappings(
    aws: "Aws", function_name: str, wanted: Mapping[str, Mapping[str, Any]]
) -> None:
    """Feed the function from exactly these sources, `wanted` by the source's ARN."""
    kept = {each["EventSourceArn"]: each for each in mappings(aws, function_name)}
    if kept.keys() == wanted.keys() and same(wanted, kept):
        return
    for arn, each in kept.items():
        if arn not in wanted:
            aws.rest("lambda", "DELETE", f"{MAPPINGS}/{each['UUID']}")
    for arn, settings in wanted.items():
        if arn not in kept:
            _create_mapping(aws, function_name, arn, settings)
        elif not same(settings, kept[arn]):
            aws.rest("lambda", "PUT", f"{MAPPINGS}/{kept[arn]['UUID']}", settings)
    made = {each["EventSourceArn"]: each for each in mappings(aws, function_name)}
    verify(f"{function_name} (events)", wanted, made)


def _create_mapping(aws: "Aws", function_name: str, arn: str, settings: Mapping[str, Any]) -> None:
    source = {"FunctionName": function_name, "EventSourceArn": arn}
    if ":dynamodb:" in arn:
        # From the oldest change still held, so that nothing written meanwhile is skipped.
        source["StartingPosition"] = "TRIM_HORIZON"
    aws.rest("lambda", "POST", f"{MAPPINGS}/", {**source, **settings})
