from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import yaml

from fakes.fault_server import FaultServer, answer
from fakes.queues import Vault, failures
from fakes.table import FakeTable
from vestibule.delivery.user_service import UserServiceSettings
from vestibule.platform.budget import Budget
from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
NAME = "vestibule.functions.user_service"
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "ENVIRONMENT": "test",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
    "QUEUE_URL": "https://sqs.test/1/user-service",
    "DEAD_LETTERS_URL": "https://sqs.test/1/user-service-dlq",
}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Start the function as its first invocation would."""

    def started(**more: str) -> ModuleType:
        for name, value in {**VARIABLES, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, NAME, raising=False)
        return importlib.import_module(NAME)

    return started


def test_without_a_service_people_leave_the_queue(start: Callable[..., ModuleType]) -> None:
    example = ROOT / "examples" / "events" / "user_service-confirmed.json"
    batch = yaml.safe_load(example.read_text(encoding="utf-8"))

    assert failures(start().handler(batch, None)) == []


def test_with_one_it_starts_without_asking_anybody(start: Callable[..., ModuleType]) -> None:
    function = start(
        USER_SERVICE_URL="https://users.example/api/v1/users", USER_SERVICE_SECRET="arn:key"
    )

    assert failures(function.handler({"Records": []}, None)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USER_SERVICE_URL", "http://users.example"),
        ("USER_SERVICE_URL", "https://169.254.169.254@users.example"),
        ("QUEUE_URL", ""),
        ("DEAD_LETTERS_URL", "nowhere"),
    ],
)
def test_a_bad_setting_keeps_it_from_starting_and_is_named(
    start: Callable[..., ModuleType], name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        start(**{name: value})


def test_it_knows_how_often_its_queue_gives_a_message(start: Callable[..., ModuleType]) -> None:
    stack = yaml.safe_load((ROOT / "stack.yaml").read_text(encoding="utf-8"))
    queue = stack["queues"]["user-service"]

    assert queue["max_receives"] == start().RECEIVES
    assert stack["functions"]["user_service"]["timeout"] < queue["visibility"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_breaker_that_opens_is_an_event_and_nothing_is_asked_then(
    start: Callable[..., ModuleType],
) -> None:
    function, table = start(), FakeTable()
    parts = SimpleNamespace(table=table, client=lambda _service: Vault("k1"))
    with FaultServer(answer({}, 500)) as server:
        place = UserServiceSettings.from_environment(
            {"USER_SERVICE_URL": f"http://127.0.0.1:{server.port}", "USER_SERVICE_SECRET": "arn"}
        )
        service = function._service(parts, place, Budget())
        outcomes = [service.exchange("POST").outcome for _ in range(7)]
        service._peer.close()

    assert [outcome.is_deferred for outcome in outcomes] == [False] * 5 + [True] * 2
    assert len(server.requests) == 5
    (event,) = table.all_items()
    assert (event["kind"], event["source"]) == ("breaker_opened", "user_service")
    assert event["facts"] == {"peer": "user-service"}
