from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

EXAMPLE = Path(__file__).parents[3] / "examples" / "events" / "analytics-batch.json"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "DEAD_LETTERS_URL": "https://sqs.example/000000000000/analytics-dlq",
    "ENVIRONMENT": "test",
    "QUEUE_URL": "https://sqs.example/000000000000/analytics",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
}


@pytest.fixture
def analytics(starting: Callable[..., ModuleType]) -> ModuleType:
    return starting("analytics", ENVIRONMENT)


def test_without_a_secret_the_example_is_counted_and_done_with(
    analytics: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    event: dict[str, Any] = json.loads(EXAMPLE.read_text("utf-8"))

    assert analytics.handler(event, None) == {"batchItemFailures": []}

    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["AnalyticsOff"] == len(event["Records"])


def test_a_missing_queue_is_a_start_up_error(analytics: ModuleType) -> None:
    with pytest.raises(SettingsError, match="DEAD_LETTERS_URL: is not set"):
        analytics._consumer({**ENVIRONMENT, "DEAD_LETTERS_URL": ""})
