"""Who may write items of some keys alone writes no others, however the items are named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fakes.roles import Role, is_denied, send_raw
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.emulator
OURS, STRANGE = "OURS#1", "USER#1"
TABLE = "leading"


def key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "x"}}


def whole(operation: str, pk: str) -> dict[str, Any]:
    return {operation: {"TableName": TABLE, "Key": key(pk)}}


# By the keys that it names: a call on the table.
CALLS: dict[str, Callable[[Any, str], object]] = {
    "get": lambda db, pk: db.get_item(TableName=TABLE, Key=key(pk)),
    "put": lambda db, pk: db.put_item(TableName=TABLE, Item=key(pk)),
    "update": lambda db, pk: db.update_item(TableName=TABLE, Key=key(pk)),
    "delete": lambda db, pk: db.delete_item(TableName=TABLE, Key=key(pk)),
    "query": lambda db, pk: db.query(
        TableName=TABLE,
        KeyConditionExpression="#p = :p and sk >= :s",
        ExpressionAttributeNames={"#p": "pk"},
        ExpressionAttributeValues={":p": {"S": pk}, ":s": {"S": "OURS#"}},
    ),
    "query of old": lambda db, pk: db.query(
        TableName=TABLE,
        KeyConditions={"pk": {"AttributeValueList": [{"S": pk}], "ComparisonOperator": "EQ"}},
    ),
    "query of an index": lambda db, pk: db.query(
        TableName=TABLE,
        IndexName="by-owner",
        KeyConditionExpression="owner = :o",
        ExpressionAttributeValues={":o": {"S": pk}},
    ),
    "batch of reads": lambda db, pk: db.batch_get_item(
        RequestItems={TABLE: {"Keys": [key(OURS), key(pk)]}} if pk != OURS else
        {TABLE: {"Keys": [key(OURS)]}}
    ),
    "batch of puts": lambda db, pk: db.batch_write_item(
        RequestItems={TABLE: [{"PutRequest": {"Item": key(pk)}}]}
    ),
    "batch of deletions": lambda db, pk: db.batch_write_item(
        RequestItems={TABLE: [{"DeleteRequest": {"Key": key(pk)}}]}
    ),
    "transaction of reads": lambda db, pk: db.transact_get_items(
        TransactItems=[whole("Get", pk)]
    ),
    "transaction": lambda db, pk: db.transact_write_items(
        TransactItems=[
            whole("Delete", "OURS#2"),
            {"Put": {"TableName": TABLE, "Item": key(pk)}},
        ]
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def table(emulator: Any) -> str:
    db = emulator.client("dynamodb")
    text = {"AttributeType": "S"}
    arn: str = db.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, **text} for n in ("pk", "sk", "owner")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )["TableDescription"]["TableArn"]
    return arn


@pytest.fixture(scope="module")
def keys(emulator: Any, table: str) -> tuple[str, str]:
    """Of somebody who may do everything with items whose keys begin with OURS#, and check any."""
    iam = emulator.client("iam")
    iam.create_user(UserName="writer-of-items")
    items = {
        "Effect": "Allow",
        "Action": ["dynamodb:*Item", "dynamodb:Transact*"],
        "Resource": [table, f"{table}/index/*"],
        "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["OURS#*"]}},
    }
    queries = {**items, "Action": "dynamodb:Query"}
    check = {"Effect": "Allow", "Action": "dynamodb:ConditionCheckItem", "Resource": table}
    iam.put_user_policy(
        UserName="writer-of-items",
        PolicyName="keys",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [items, queries, check]}),
    )
    made = iam.create_access_key(UserName="writer-of-items")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


@pytest.fixture(scope="module")
def somebody(emulator: Any, keys: tuple[str, str]) -> Any:
    return emulator.client("dynamodb", aws_access_key_id=keys[0], aws_secret_access_key=keys[1])


@pytest.mark.parametrize("call", CALLS)
def test_a_call_is_refused_for_the_key_that_it_names(somebody: Any, call: str) -> None:
    assert not is_denied(lambda: CALLS[call](somebody, OURS))
    assert is_denied(lambda: CALLS[call](somebody, STRANGE))


def test_a_table_may_be_named_by_its_arn(somebody: Any, table: str) -> None:
    assert not is_denied(lambda: somebody.get_item(TableName=table, Key=key(OURS)))
    assert is_denied(lambda: somebody.get_item(TableName=table, Key=key(STRANGE)))


def test_each_part_of_a_transaction_is_asked_for_by_its_own_key(somebody: Any) -> None:
    check = whole("ConditionCheck", STRANGE)
    check["ConditionCheck"]["ConditionExpression"] = "attribute_not_exists(pk)"

    somebody.transact_write_items(TransactItems=[check, whole("Delete", OURS)])


BATCH = {TABLE: [{"PutRequest": {"Item": key(STRANGE)}}]}
STRANGE_PUT = {"TableName": TABLE, "Item": key(STRANGE)}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("PutItem", {**STRANGE_PUT, "RequestItems": {}}),
        ("PutItem", {**STRANGE_PUT, "RequestItems": BATCH}),
        ("PutItem", {**STRANGE_PUT, "Key": key(OURS)}),
        ("PutItem", {**STRANGE_PUT, "IndexName": "by-owner"}),
        ("PutItem", {**STRANGE_PUT, "Item": {**key(STRANGE), "owner": {"S": OURS}}}),
        ("PutItem", {"TableName": TABLE, "Item": {"sk": {"S": "x"}}}),
        ("PutItem", {"TableName": TABLE, "Item": {**key(OURS), "pk": {}}}),
        ("PutItem", {"TableName": TABLE}),
        ("PutItem", [STRANGE_PUT]),
        ("DeleteItem", {"TableName": TABLE, "Item": key(OURS), "Key": key(STRANGE)}),
        ("BatchWriteItem", {"RequestItems": BATCH, "TableName": TABLE}),
        ("BatchWriteItem", {"RequestItems": {TABLE: []}}),
        ("BatchWriteItem", {"RequestItems": {}, "TableName": TABLE}),
        ("BatchWriteItem", {"RequestItems": {TABLE: [{"Any": {"Item": key(OURS)}}]}}),
        ("BatchGetItem", {"RequestItems": {TABLE: {"Keys": []}}}),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": STRANGE_PUT | {"IndexName": "by-owner"}}]},
        ),
        ("TransactWriteItems", {"TransactItems": [{"Put": STRANGE_PUT | {"Key": key(OURS)}}]}),
        ("TransactWriteItems", {"TransactItems": [], "TableName": TABLE}),
        ("TransactWriteItems", {"TransactItems": [{}], "TableName": TABLE}),
        ("Query", {"TableName": TABLE}),
        (
            "Query",
            {
                "TableName": TABLE,
                "KeyConditionExpression": ":s = pk",
                "ExpressionAttributeValues": {":s": {"S": STRANGE}},
            },
        ),
    ],
)
def test_a_call_names_items_where_its_operation_has_them(
    emulator: Any, keys: tuple[str, str], operation: str, body: Any
) -> None:
    _, said = send_raw(
        emulator.url,
        json.dumps(body).encode(),
        headers={
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        },
        service="dynamodb",
        keys=keys,
    )

    assert "AccessDeniedException" in said


def test_every_part_that_does_the_same_is_asked_for(somebody: Any) -> None:
    def put(*names: str) -> None:
        items = [{"Put": {"TableName": TABLE, "Item": key(pk)}} for pk in names]
        somebody.transact_write_items(TransactItems=items)

    assert not is_denied(lambda: put("OURS#3", "OURS#4"))
    assert is_denied(lambda: put("OURS#5", STRANGE))
    assert is_denied(lambda: put(STRANGE, "OURS#5"))


@pytest.mark.usefixtures("table")
def test_root_is_not_asked(emulator: Any) -> None:
    for call in CALLS.values():
        call(emulator.client("dynamodb"), "ROOT#1")


@pytest.mark.parametrize(
    ("function", "own"),
    [
        ("analytics", "ONCE#analytics#probe"),
        ("analytics", "SECURITY#probe"),
        ("mailer", "SECURITY#probe"),
        ("relay", "UNRELAYED#probe"),
        ("user_service", "SECURITY#probe"),
    ],
)
def test_a_function_puts_items_of_its_own_kinds_alone(
    running_stack: dict[str, Any], function: str, own: str
) -> None:
    place = Place.from_outputs(running_stack, ROOT_CREDENTIALS)
    role = Role(place, running_stack["functions"][function])

    def put(pk: str) -> None:
        role.client("dynamodb").put_item(
            TableName=place.table_name,
            Item={**key(pk), "expiresAt": {"N": "1"}},
            ConditionExpression="attribute_exists(pk)",
        )

    try:
        assert not is_denied(lambda: put(own))
        for strange in ("USER#probe", "ONCE#another#probe", own.lower()):
            assert is_denied(lambda strange=strange: put(strange)), strange  # type: ignore[misc] # bound here
    finally:
        role.remove()
