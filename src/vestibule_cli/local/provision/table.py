"""The table: made once, its indexes, stream, TTL and recovery kept as stack.yaml says."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vestibule_cli.aws import found
from vestibule_cli.console import wait_until
from vestibule_cli.local.provision.compare import ProvisionError, same, verify

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws
    from vestibule_cli.stack import Index, Table, TableKey


INDEX_SECONDS = 10


@dataclass(frozen=True)
class MadeTable:
    name: str
    arn: str
    stream_arn: str


def ensure_table(aws: "Aws", name: str, table: "Table") -> MadeTable:
    wanted = _wanted(table)
    kept = _find(aws, name)
    made = kept and _described(aws, name, kept)
    if not made or not same(wanted, made):
        if kept is None:
            aws.json("dynamodb", "CreateTable", **_definition(name, table))
        else:
            _update(aws, name, table, kept)
        _ensure_ttl(aws, name, table)
        _ensure_recovery(aws, name, table)
        made = _described(aws, name, aws.json("dynamodb", "DescribeTable", TableName=name)["Table"])
        verify(name, wanted, made)
    return MadeTable(name=name, arn=made["TableArn"], stream_arn=made["LatestStreamArn"])


def _wanted(table: "Table") -> dict[str, Any]:
    return {
        "DeletionProtectionEnabled": True,
        "KeySchema": _key_schema(table.key),
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": table.stream},
        "index_names": list(table.indexes),
        "indexes": {key: _index(key, index) for key, index in table.indexes.items()},
        "ttl": {"AttributeName": table.ttl, "TimeToLiveStatus": "ENABLED"},
        "recovery": table.point_in_time_recovery,
    }


def _described(aws: "Aws", name: str, found: dict[str, Any]) -> dict[str, Any]:
    """What the table says of itself, in the shape of `_wanted`."""
    indexes = {each["IndexName"]: each for each in found.get("GlobalSecondaryIndexes", [])}
    ttl = aws.json("dynamodb", "DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    return {
        **found,
        "index_names": list(indexes),
        "indexes": indexes,
        "ttl": ttl,
        "recovery": _recovers(aws, name),
    }


def _find(aws: "Aws", name: str) -> dict[str, Any] | None:
    answer = found(
        "ResourceNotFoundException",
        lambda: aws.json("dynamodb", "DescribeTable", TableName=name),
    )
    return answer and answer["Table"]


def _key_schema(key: "TableKey") -> list[dict[str, str]]:
    return [
        {"AttributeName": key.partition, "KeyType": "HASH"},
        {"AttributeName": key.sort, "KeyType": "RANGE"},
    ]


def _index(name: str, index: "Index") -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": _key_schema(index.key),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)},
    }


def _attributes(table: "Table") -> list[dict[str, str]]:
    keys = [table.key, *(index.key for index in table.indexes.values())]
    names = {name for key in keys for name in (key.partition, key.sort)}
    return [{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)]


def _definition(name: str, table: "Table") -> dict[str, Any]:
    definition: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": _attributes(table),
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": table.stream},
    }
    if table.indexes:
        definition["GlobalSecondaryIndexes"] = [_index(*each) for each in table.indexes.items()]
    return definition


def _update(aws: "Aws", name: str, table: "Table", found: dict[str, Any]) -> None:
    if not same(_key_schema(table.key), found["KeySchema"]):
        raise ProvisionError(
            f"{name}: the key of a table cannot change. Put table.key back, or start over with "
            "`vestibule reset`."
        )
    if not found.get("DeletionProtectionEnabled"):
        aws.json("dynamodb", "UpdateTable", TableName=name, DeletionProtectionEnabled=True)
    stream = {"StreamEnabled": True, "StreamViewType": table.stream}
    if not same(stream, found.get("StreamSpecification")):
        aws.json(
            "dynamodb", "UpdateTable", TableName=name, StreamSpecification={"StreamEnabled": False}
        )
        aws.json("dynamodb", "UpdateTable", TableName=name, StreamSpecification=stream)
    kept = {each["IndexName"]: each for each in found.get("GlobalSecondaryIndexes", [])}
    wanted = {key: _index(key, index) for key, index in table.indexes.items()}
    for key, index in kept.items():
        if key not in wanted or not same(wanted[key], index):
            _change_index(aws, name, table, {"Delete": {"IndexName": key}})
    for key, index in wanted.items():
        if key not in kept or not same(index, kept[key]):
            _change_index(aws, name, table, {"Create": index})


def _change_index(aws: "Aws", name: str, table: "Table", change: dict[str, Any]) -> None:
    aws.json(
        "dynamodb",
        "UpdateTable",
        TableName=name,
        AttributeDefinitions=_attributes(table),
        GlobalSecondaryIndexUpdates=[change],
    )
    if not wait_until(lambda: not _busy(aws, name), INDEX_SECONDS):
        raise ProvisionError(
            f"{name}: its indexes are still being changed after {INDEX_SECONDS} s. Try again."
        )


def _busy(aws: "Aws", name: str) -> bool:
    found = aws.json("dynamodb", "DescribeTable", TableName=name)["Table"]
    return any(
        each.get("IndexStatus") != "ACTIVE" for each in found.get("GlobalSecondaryIndexes", [])
    )


def _ensure_ttl(aws: "Aws", name: str, table: "Table") -> None:
    found = aws.json("dynamodb", "DescribeTimeToLive", TableName=name)["TimeToLiveDescription"]
    enabled = found.get("TimeToLiveStatus") == "ENABLED"
    attribute = found.get("AttributeName", "")
    if enabled and attribute == table.ttl:
        return
    if enabled:
        aws.json(
            "dynamodb",
            "UpdateTimeToLive",
            TableName=name,
            TimeToLiveSpecification={"Enabled": False, "AttributeName": attribute},
        )
    aws.json(
        "dynamodb",
        "UpdateTimeToLive",
        TableName=name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl},
    )


def _recovers(aws: "Aws", name: str) -> bool:
    found = aws.json("dynamodb", "DescribeContinuousBackups", TableName=name)[
        "ContinuousBackupsDescription"
    ]
    recovery = found.get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


def _ensure_recovery(aws: "Aws", name: str, table: "Table") -> None:
    if _recovers(aws, name) != table.point_in_time_recovery:
        aws.json(
            "dynamodb",
            "UpdateContinuousBackups",
            TableName=name,
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": table.point_in_time_recovery
            },
        )
