"""The emulator on a free loopback port, checking signatures, for the tests of this folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fakes.table import FakeTable
from vestibule.platform.aws import AwsClient
from vestibule.platform.credentials import Credentials
from vestibule.platform.ids import new_id
from vestibule.platform.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
TABLE_NAME = "contract"
# It ends with the tests even when they are killed: its standard input is closed then.
SERVE = """
import os, socket, sys, threading, uvicorn
from ministack.app import app
threading.Thread(target=lambda: os._exit(len(sys.stdin.read())), daemon=True).start()
config = uvicorn.Config(app, date_header=False, server_header=False, log_level="critical")
uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
"""


@pytest.fixture(scope="session")
def emulator_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("emulator")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        environment = {
            "AUTH": "true",
            "GATEWAY_PORT": str(port),
            "HOME": str(folder),
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_HOST": "127.0.0.1",
            "PATH": os.environ["PATH"],
            "S3_DATA_DIR": str(folder / "s3"),
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(folder / "state"),
            "TMPDIR": str(folder),
        }
        # The listening socket is handed over, so the port cannot be taken in between.
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(listener.fileno())],
            env=environment,
            cwd=folder,
            pass_fds=(listener.fileno(),),
            stdin=subprocess.PIPE,
        )
    yield port
    process.communicate(timeout=30)


def root_credentials() -> Credentials:
    """A key of twelve digits is the emulator's root account."""
    return Credentials("000000000000", "x")


@pytest.fixture(scope="session")
def connect(emulator_port: int) -> Iterator[Callable[..., AwsClient]]:
    """Make a client of the emulator, or of what stands in front of it."""
    clients: list[AwsClient] = []

    def make(service: str = "dynamodb", port: int = emulator_port, **settings: object) -> AwsClient:
        client = AwsClient(
            service,
            region=REGION,
            endpoint_url=f"http://127.0.0.1:{port}",
            credentials=root_credentials,
            **{"deadline": 20.0, "attempt_timeout": 10.0, **settings},  # type: ignore[arg-type]
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def real_table(connect: Callable[..., AwsClient]) -> Table:
    client = connect()
    names = ("pk", "sk", "gsi1pk", "gsi1sk")
    client.call(
        "CreateTable",
        {
            "TableName": TABLE_NAME,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
            "KeySchema": _key("pk", "sk"),
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "gsi1",
                    "KeySchema": _key("gsi1pk", "gsi1sk"),
                    "Projection": {
                        "ProjectionType": "INCLUDE",
                        "NonKeyAttributes": ["userId", "name", "bio", "createdAt"],
                    },
                }
            ],
        },
    )
    return Table(client, TABLE_NAME)


def _key(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


@pytest.fixture(params=["fake", "emulator"])
def table(request: pytest.FixtureRequest) -> Table:
    """Both tables: what a test in this folder says of one holds for the other."""
    if request.param == "fake":
        return FakeTable()
    real: Table = request.getfixturevalue("real_table")
    return real


@pytest.fixture
def pk() -> str:
    """A partition of its own for each test."""
    return f"TEST#{new_id()}"
