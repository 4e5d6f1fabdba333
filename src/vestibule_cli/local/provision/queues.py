"""The queues, dead letters first, and none that stack.yaml no longer names."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vestibule_cli.local.emulator import ACCOUNT_ID
from vestibule_cli.local.provision.compare import same, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vestibule_cli.aws import Aws
    from vestibule_cli.stack import Queue, Stack


# What Terraform's provider sets when nothing is said. In bytes.
MAXIMUM_MESSAGE = "262144"


@dataclass(frozen=True)
class MadeQueue:
    url: str
    arn: str


def ensure_queues(
    aws: "Aws", stack: "Stack", environment: str, senders: "Mapping[str, Sequence[str]]"
) -> dict[str, MadeQueue]:
    """`senders` names the rules of the bus that put something into a queue, by its key."""
    made: dict[str, MadeQueue] = {}
    prefix = f"{stack.resource(environment)}-"
    listed = aws.json("sqs", "ListQueues", QueueNamePrefix=prefix).get("QueueUrls", [])
    kept = {url.rpartition("/")[2]: url for url in listed}
    # A redrive policy names the ARN of the queue for dead letters: that one comes first.
    for key, queue in sorted(stack.queues.items(), key=lambda item: item[1].dead_letters or ""):
        name = stack.resource(environment, key)
        made[key] = _ensure(aws, name, queue, made, senders.get(key, ()), url=kept.pop(name, None))
    for url in kept.values():
        aws.json("sqs", "DeleteQueue", QueueUrl=url)
    return {key: made[key] for key in stack.queues}


def _ensure(  # noqa: PLR0913 - a queue, what it refers to and what there is
    aws: "Aws",
    name: str,
    queue: "Queue",
    made: "Mapping[str, MadeQueue]",
    senders: "Sequence[str]",
    *,
    url: str | None,
) -> MadeQueue:
    wanted = {
        "VisibilityTimeout": str(queue.visibility),
        "MessageRetentionPeriod": str(queue.retention),
        "MaximumMessageSize": MAXIMUM_MESSAGE,
        "SqsManagedSseEnabled": "true",
        "RedrivePolicy": _redrive(queue, made),
        "Policy": _policy(f"arn:aws:sqs:{aws.region}:{ACCOUNT_ID}:{name}", senders),
    }
    if url is None:
        given = {attribute: value for attribute, value in wanted.items() if value}
        url = str(aws.json("sqs", "CreateQueue", QueueName=name, Attributes=given)["QueueUrl"])
    made_of = _attributes(aws, url)
    if not same(wanted, made_of):
        aws.json("sqs", "SetQueueAttributes", QueueUrl=url, Attributes=wanted)
        made_of = _attributes(aws, url)
        verify(name, wanted, made_of)
    return MadeQueue(url=url, arn=made_of["QueueArn"])


def _redrive(queue: "Queue", made: "Mapping[str, MadeQueue]") -> str:
    if queue.dead_letters is None:
        return ""
    policy = {
        "deadLetterTargetArn": made[queue.dead_letters].arn,
        "maxReceiveCount": queue.max_receives,
    }
    return json.dumps(policy)


def _policy(arn: str, senders: "Sequence[str]") -> str:
    """Lets these rules put events into the queue, and nobody else who is not of this account."""
    if not senders:
        return ""
    statement = {
        "Sid": "TakeEvents",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": sorted(senders)}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _attributes(aws: "Aws", url: str) -> dict[str, str]:
    answer = aws.json("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    return {"RedrivePolicy": "", "Policy": "", **answer["Attributes"]}
