"""The function behind the queue `mail`, as it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
QUEUE = "http://127.0.0.1:9/000000000000/mail"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_REGION": "us-east-1",
    "DEAD_LETTERS_URL": f"{QUEUE}-dlq",
    "ENVIRONMENT": "test",
    "MAIL_FROM": "hello@example.test",
    "QUEUE_URL": QUEUE,
    "SITE_URL": "https://house.example",
    "TABLE_NAME": "vestibule-test",
    "UNSUBSCRIBE_PARAMETER": "/vestibule/test/unsubscribe",
    "USER_POOL_ID": "us-east-1_test",
}


@pytest.fixture
def module(starting: Callable[..., ModuleType]) -> ModuleType:
    return starting("mailer", ENVIRONMENT)


def example() -> dict[str, Any]:
    path = ROOT / "examples" / "events" / "mailer-confirmed.json"
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event


@pytest.mark.parametrize("missing", ["MAIL_FROM", "SITE_URL"])
def test_without_a_sender_or_a_site_the_example_leaves_the_queue_unsent(
    module: ModuleType, missing: str
) -> None:
    consumer = module._consumer({**ENVIRONMENT, missing: ""})

    assert consumer.take(example()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUEUE_URL", ""),
        ("MAIL_FROM", "nobody"),
        ("SITE_URL", "http://house.example"),
        ("SITE_URL", "https://house.example/?a=b"),
        ("UNSUBSCRIBE_PARAMETER", ""),
        ("UNSUBSCRIBE_PARAMETER", "unsubscribe"),
    ],
)
def test_a_bad_setting_stops_the_start_and_is_named(
    module: ModuleType, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        module._consumer({**ENVIRONMENT, name: value})


def test_where_no_site_is_the_api_itself_is_linked_to(module: ModuleType) -> None:
    links = module.LinkSettings.from_environment(
        {**ENVIRONMENT, "SITE_URL": "", "API_URL": "https://api.example/api/"}
    )

    assert links.unsubscribe_url == "https://api.example/api/unsubscribe"


def test_it_knows_how_often_its_queue_gives_a_message(module: ModuleType) -> None:
    stack = yaml.safe_load((ROOT / "stack.yaml").read_text(encoding="utf-8"))
    queue = stack["queues"]["mail"]

    assert queue["max_receives"] == module.RECEIVES
    assert stack["functions"]["mailer"]["timeout"] < queue["visibility"]


def test_the_start_imports_nothing_costly() -> None:
    program = "import sys, vestibule.functions.mailer; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"boto3", "dataclasses", "logging", "msgspec", "http"} & set(shown.stdout.split())
