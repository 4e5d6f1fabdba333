"""What a person relies on: whatever was answered is there after a restart, whole."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from fakes.zipped import zipped
from vestibule_cli.local import ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Writes what it is told to into the table it is fed from, so that a delivery leaves a trace there.
DELIVERS = """
import boto3, os

table = boto3.client("dynamodb")

def handler(event, context):
    for record in event["Records"]:
        keys = record["dynamodb"]["Keys"]
        if keys["pk"]["S"].startswith("HOLD") and not os.environ.get("OPEN"):
            raise Exception("not yet")
        table.update_item(
            TableName="seen",
            Key={"pk": keys["pk"]},
            UpdateExpression="ADD times :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    print(len(event["Records"]))
"""


VERSION = "def handler(event, context):\n    print(1)\n    return {!r}\n"


def table(dynamodb: Any, name: str, **settings: Any) -> Any:
    made = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        **settings,
    )
    return made["TableDescription"]


def house(emulator: Any, *, opened: bool = True) -> Any:
    """A table whose stream feeds a function, a queue and a pool with one person."""
    dynamodb = emulator.client("dynamodb")
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    described = table(dynamodb, "people", StreamSpecification=stream)
    table(dynamodb, "seen")
    emulator.function("delivers", DELIVERS, Environment={"Variables": open_or_not(opened=opened)})
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=described["LatestStreamArn"],
        FunctionName="delivers",
        StartingPosition="TRIM_HORIZON",
    )
    emulator.client("sqs").create_queue(QueueName="later")
    return emulator.pool("people")


def fill(emulator: Any, *, megabytes: int) -> None:
    dynamodb = emulator.client("dynamodb")
    table(dynamodb, "attic")
    items = [{"pk": {"S": str(n)}, "text": {"S": "x" * 4000}} for n in range(250 * megabytes)]
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        dynamodb.batch_write_item(RequestItems={"attic": puts})


def open_or_not(*, opened: bool) -> dict[str, str]:
    return {"OPEN": "1"} if opened else {"CLOSED": "1"}


def add(emulator: Any, name: str) -> None:
    emulator.client("dynamodb").put_item(TableName="people", Item={"pk": {"S": name}})


def seen(emulator: Any) -> dict[str, int]:
    """How often the function was given each."""
    pages = emulator.client("dynamodb").get_paginator("scan").paginate(TableName="seen")
    return {item["pk"]["S"]: int(item["times"]["N"]) for page in pages for item in page["Items"]}


@pytest.mark.parametrize(
    ("ending", "fork"),
    [
        pytest.param("stop", True, id="stopped"),
        pytest.param("kill", True, id="killed"),
        pytest.param("kill", False, id="killed, without fork"),
    ],
)
def test_everything_is_there_after_a_restart_and_the_next_event_arrives(
    start: Callable[..., Any], eventually: Callable[..., Any], ending: str, *, fork: bool
) -> None:
    first = start(fork=fork)
    pool = house(first)
    tokens = pool.join("ann@example.test")
    for number in range(6):
        add(first, f"P{number}")
    assert eventually(lambda: len(seen(first)) == 6)
    queue = first.client("sqs").get_queue_url(QueueName="later")["QueueUrl"]
    first.client("sqs").send_message(QueueUrl=queue, MessageBody="remember me")
    first.ask("checkpoint")
    getattr(first, ending)()

    second = start(fork=fork)
    pool.emulator, pool.person = second, second.client("cognito-idp", signed=False)
    add(second, "NEXT")

    assert second.url == first.url
    assert eventually(lambda: "NEXT" in seen(second))
    assert set(seen(second).values()) == {1}
    pool.sign_in("ann@example.test")
    renewed = pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )
    assert renewed["AuthenticationResult"]["AccessToken"]
    received = second.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert [message["Body"] for message in received] == ["remember me"]
    assert second.mails_to("ann@example.test")[0]["kind"] == "verification"


def test_a_forked_picture_is_what_the_process_itself_would_take(
    start: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    """It takes the state as it is, where this one copies it first, and drops no less."""
    emulator = start()
    house(emulator).join("ann@example.test")
    add(emulator, "P")
    assert eventually(lambda: seen(emulator))

    assert eventually(lambda: emulator.ask("unlike") == [])


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_an_event_that_was_pending_arrives_after_a_restart(
    start: Callable[..., Any], eventually: Callable[..., Any], ending: str
) -> None:
    first = start()
    house(first, opened=False)
    add(first, "FREE")
    assert eventually(lambda: seen(first) == {"FREE": 1})
    for number in range(5):
        add(first, f"HOLD{number}")
    first.ask("checkpoint")
    getattr(first, ending)()

    second = start()
    second.client("lambda").update_function_configuration(
        FunctionName="delivers", Environment={"Variables": open_or_not(opened=True)}
    )

    expected = dict.fromkeys(["FREE", *(f"HOLD{number}" for number in range(5))], 1)
    assert eventually(lambda: seen(second) == expected, 15)


def test_what_every_reader_of_a_stream_has_passed_is_not_kept(
    start: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    first = start()
    house(first)
    for number in range(6):
        add(first, f"P{number}")
    assert eventually(lambda: len(seen(first)) == 6)

    first.stop()

    newest = max((first.state / "checkpoints").glob("0*"))
    assert "NewImage" not in (newest / "vestibule.json").read_text()


def test_killed_under_load_it_loses_nothing_older_than_five_seconds_and_halves_nothing(
    start: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    first = start()
    pool = house(first)
    fill(first, megabytes=20)
    acknowledged: list[tuple[float, str]] = []
    over = threading.Event()

    def load(worker: int) -> None:
        dynamodb = first.client("dynamodb")
        person = first.client("cognito-idp", signed=False)
        for number in range(10_000):
            name = f"{worker}-{number}"
            try:
                dynamodb.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": "people", "Item": {"pk": {"S": f"{half}#{name}"}}}}
                        for half in ("LEFT", "RIGHT")
                    ]
                )
                person.sign_up(
                    ClientId=pool.client_id,
                    Username=f"{name}@example.test",
                    Password="A-long-enough-one-1",
                )
            except (BotoCoreError, ClientError):
                return
            acknowledged.append((time.monotonic(), name))
            if over.is_set():
                return

    workers = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    time.sleep(8)
    killed = time.monotonic()
    first.kill()
    over.set()
    for worker in workers:
        worker.join()

    second = start()

    dynamodb = second.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName="people")
    kept = {item["pk"]["S"] for page in pages for item in page["Items"]}
    left = {name.partition("#")[2] for name in kept if name.startswith("LEFT")}
    right = {name.partition("#")[2] for name in kept if name.startswith("RIGHT")}
    old = {name for moment, name in acknowledged if moment < killed - 5}
    assert old
    assert left == right
    assert old <= left
    cognito = second.client("cognito-idp")
    people = cognito.get_paginator("list_users").paginate(UserPoolId=pool.id)
    addresses = {
        entry["Value"].partition("@")[0]
        for page in people
        for user in page["Users"]
        for entry in user["Attributes"]
        if entry["Name"] == "email"
    }
    assert old <= addresses
    assert eventually(lambda: kept <= seen(second).keys(), 90)


def test_another_port_is_another_address_for_the_same_queues(
    start: Callable[..., Any], eventually: Callable[..., Any], tmp_path: Path
) -> None:
    first = start()
    house(first)
    queue = first.client("sqs").get_queue_url(QueueName="later")["QueueUrl"]
    old = first.ready["port"]
    first.client("lambda").update_function_configuration(
        FunctionName="delivers",
        Environment={"Variables": {"OPEN": "1", "QUEUE_URL": queue, "LIKE": f"{first.url}9"}},
    )
    first.client("sqs").send_message(QueueUrl=queue, MessageBody="moved")
    first.stop()
    other = start(tmp_path / "other").ready["port"]
    start_port = free_port({old, other})

    second = start(port=start_port)

    sqs = second.client("sqs")
    moved = sqs.get_queue_url(QueueName="later")["QueueUrl"]
    assert moved == queue.replace(str(old), str(start_port))
    assert sqs.list_queues()["QueueUrls"] == [moved]
    assert sqs.receive_message(QueueUrl=moved)["Messages"][0]["Body"] == "moved"
    found = second.client("lambda").get_function_configuration(FunctionName="delivers")
    variables = found["Environment"]["Variables"]
    assert variables["QUEUE_URL"] == moved
    assert variables["LIKE"] == f"{first.url}9"
    add(second, "NEXT")
    assert eventually(lambda: "NEXT" in seen(second))


def free_port(avoid: set[int]) -> int:
    return ports.pick(frozenset(avoid))


def test_a_second_one_on_the_same_state_says_who_holds_it(start: Callable[..., Any]) -> None:
    first = start()

    second = start()

    assert f"pid {first.pid}" in second.ready["error"]
    assert second.wait() == 2


def test_a_taken_port_is_refused(start: Callable[..., Any], tmp_path: Path) -> None:
    first = start()

    second = start(tmp_path / "other", port=first.ready["port"])

    assert "taken" in second.ready["error"]
    assert second.wait() == 2


def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(start: Callable[..., Any]) -> None:
    first = start()
    house(first)
    first.function("version", VERSION.format("old"))
    first.ask("checkpoint")
    first.client("lambda").update_function_code(
        FunctionName="version", ZipFile=zipped(VERSION.format("new"))
    )
    first.ask("checkpoint")
    first.kill()
    newest = max((first.state / "checkpoints").glob("0*"))
    (newest / "dynamodb.json").write_text("{")

    second = start()

    assert "going back to the one before" in second.ready["notes"][0]
    tables = second.client("dynamodb").list_tables()["TableNames"]
    assert tables == ["people", "seen"]
    assert second.invoke("version", {}) == "old"


def test_a_missing_pointer_loses_nothing_and_is_told(start: Callable[..., Any]) -> None:
    first = start()
    house(first)
    first.stop()
    (first.state / "checkpoints" / "current").unlink()

    second = start()

    assert "newest whole one" in second.ready["notes"][0]
    assert second.client("dynamodb").list_tables()["TableNames"] == ["people", "seen"]


def test_workers_and_temporary_files_end_with_it(start: Callable[..., Any]) -> None:
    first = start()
    first.function("prints", "def handler(event, context):\n    print(1)\n    return 1\n")
    assert first.invoke("prints", {}) == 1
    assert list((first.state / "tmp").iterdir())

    children = first.stop()

    assert children == []
    assert list((first.state / "tmp").iterdir()) == []
