from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from fakes.fault_server import FaultServer, answer
from fakes.queues import Vault, failures
from fakes.table import FakeTable
from vestibule.delivery.user_service import UserServiceSettings
from vestibule.functions import user_service_wiring
from vestibule.functions.worker import Worker
from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "ENVIRONMENT": "test",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
    "QUEUE_URL": "https://sqs.test/1/user-service",
    "DEAD_LETTERS_URL": "https://sqs.test/1/user-service-dlq",
}


@pytest.fixture
def start(starting: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
    return lambda **more: starting("user_service", {**VARIABLES, **more})


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


def test_its_breaker_ends_when_those_of_all_other_workers_do(
    start: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    function, told = start(), []

    def spied(*parts: object, in_step: bool = False) -> object:
        told.append(in_step)
        return user_service_wiring.user_service(*parts, in_step=in_step)  # type: ignore[arg-type]

    monkeypatch.setattr(function, "user_service", spied)

    function._consumer(VARIABLES)

    assert told == [True]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_breaker_that_opens_is_an_event_and_nothing_is_asked_then() -> None:
    table = FakeTable()
    worker, _ = Worker.read("user_service", VARIABLES)
    worker.parts.table, worker.parts.client = table, lambda _service: Vault("k1")  # type: ignore[assignment,return-value]
    with FaultServer(answer({}, 500)) as server:
        place = UserServiceSettings.from_environment(
            {"USER_SERVICE_URL": f"http://127.0.0.1:{server.port}", "USER_SERVICE_SECRET": "arn"}
        )
        assert place is not None
        service = user_service_wiring.service(worker, place)
        outcomes = [service.exchange("POST").outcome for _ in range(7)]
        service._peer.close()

    assert [outcome.is_deferred for outcome in outcomes] == [False] * 5 + [True] * 2
    assert len(server.requests) == 5
    (event,) = table.all_items()
    assert (event["kind"], event["source"]) == ("breaker_opened", "user_service")
    assert event["facts"] == {"peer": "user-service"}
