"""From a sign-up to the bus on a running stack: who arrives is told of once, and in whole."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from fakes.catalogue import checked
from fakes.people import new_sub
from vestibule.delivery import events
from vestibule_cli.demo.person import Person
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from vestibule.delivery.events import Event

pytestmark = pytest.mark.emulator

EXAMPLES = Path(__file__).parents[2] / "examples" / "events"


class Watch:
    """A queue of the test's own that gets every event of the bus."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self._stack = stack
        self._seen: list[Event] = []
        bus, name = stack["bus_name"], "watch"
        self._queues = self.client("sqs")
        self._url = self._queues.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._queues.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["QueueArn"]
        )["Attributes"]
        bridge = self.client("events")
        pattern = json.dumps({"source": [events.SOURCE]})
        bridge.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)
        target = {"Id": "queue", "Arn": attributes["QueueArn"], "InputPath": "$.detail"}
        bridge.put_targets(Rule=name, EventBusName=bus, Targets=[target])

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=self._stack["region"],
            endpoint_url=self._stack["aws_endpoint_url"],
            **ROOT_CREDENTIALS,
        )

    def of(self, subject: str, count: int, *, quiet_seconds: float = 0.5) -> list[Event]:
        """Wait for so many events about a subject, and then for more that should not come."""
        deadline = time.monotonic() + 60
        while len(self._about(subject)) < count and time.monotonic() < deadline:
            self._receive(1)
        until = time.monotonic() + quiet_seconds
        while time.monotonic() < until:
            self._receive(0)
            time.sleep(0.05)
        return self._about(subject)

    def _about(self, subject: str) -> list[Event]:
        # The welcome is mailed, and told of, whenever it comes.
        found = [event for event in self._seen if event.subject == subject]
        return [event for event in found if event.type != events.MAIL_SENT]

    def _receive(self, seconds: int) -> None:
        received = self._queues.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds
        )
        for message in received.get("Messages", ()):
            self._seen.append(checked(events.parse(message["Body"])))
            self._queues.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture(scope="module")
def watch(running_stack: dict[str, Any]) -> Watch:
    return Watch(running_stack)


def types(told: list[Event]) -> list[str]:
    return sorted(event.type for event in told)


def test_a_confirmed_sign_up_is_told_of_once_and_by_the_same_id_when_told_again(
    running_stack: dict[str, Any], watch: Watch
) -> None:
    person = Person(Place.from_outputs(running_stack, ROOT_CREDENTIALS), "Eve")
    user_id = person.sign_up()
    person.confirm(person.code_from_inbox())
    person.sign_in()

    told = watch.of(user_id, 3)

    assert types(told) == ["user.confirmed", "user.role_assigned", "user.signed_in"]
    (confirmed,) = [event for event in told if event.type == "user.confirmed"]
    assert confirmed.data["email"] == person.email
    assert confirmed.data["door"] == "PostConfirmation_ConfirmSignUp"

    watch.client("dynamodb").update_item(
        TableName=running_stack["table_name"],
        Key={"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "CONFIRMED"}},
        UpdateExpression="SET #again = :one",
        ExpressionAttributeNames={"#again": "again"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    again = watch.of(user_id, 4, quiet_seconds=0)
    assert [event for event in again if event.type == "user.confirmed"] == [confirmed] * 2


def test_three_copies_of_a_confirmation_are_told_of_once(
    running_stack: dict[str, Any], watch: Watch
) -> None:
    example = EXAMPLES / "triggers-PostConfirmation_ConfirmSignUp.json"
    event, user_id = json.loads(example.read_text(encoding="utf-8")), new_sub()
    event |= {"userName": user_id, "userPoolId": running_stack["user_pool_id"]}
    event["request"]["userAttributes"] |= {"sub": user_id, "email": f"{user_id}@example.test"}
    functions = watch.client("lambda")

    def confirm(_: int) -> Any:
        answer = functions.invoke(
            FunctionName=running_stack["functions"]["triggers"], Payload=json.dumps(event)
        )
        return json.loads(answer["Payload"].read())["userName"]

    with ThreadPoolExecutor(max_workers=3) as pool:
        assert list(pool.map(confirm, range(3))) == [user_id] * 3

    told = watch.of(user_id, 2)
    assert types(told) == ["user.confirmed", "user.role_assigned"]
    assert told[0].id != told[1].id


def test_a_record_that_cannot_be_told_keeps_nobody_waiting(
    running_stack: dict[str, Any], watch: Watch
) -> None:
    table, name = watch.client("dynamodb"), running_stack["table_name"]
    broken, person = new_sub(), new_sub()
    item = {"pk": {"S": f"USER#{broken}"}, "sk": {"S": "ERASED"}, "erasedAt": {"S": "yesterday"}}
    good = {"pk": {"S": f"USER#{person}"}, "sk": {"S": "ERASED"}}

    table.put_item(TableName=name, Item=item)
    table.put_item(TableName=name, Item=good)

    assert types(watch.of(person, 1, quiet_seconds=0)) == ["user.erased"]
    assert watch.of(broken, 0, quiet_seconds=0) == []
    found = table.scan(
        TableName=name,
        FilterExpression="begins_with(pk, :aside)",
        ExpressionAttributeValues={":aside": {"S": "UNRELAYED#"}},
    )["Items"]
    aside = {one["of"]["M"]["pk"]["S"]: one["reason"]["S"] for one in found}
    assert aside[f"USER#{broken}"] == "cannot be told: ValueError"
    assert f"USER#{person}" not in aside
