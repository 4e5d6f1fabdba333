"""What the functions behind queues have in common."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from vestibule.delivery.outcomes import DONE
from vestibule.functions.worker import Worker
from vestibule.mail.settings import MailSettings
from vestibule.platform.settings import SettingsError

if TYPE_CHECKING:
    from vestibule.delivery.outcomes import Outcome

VARIABLES = {
    "AWS_REGION": "us-east-1",
    "DEAD_LETTERS_URL": "https://sqs.test/1/letters",
    "ENVIRONMENT": "test",
    "QUEUE_URL": "https://sqs.test/1/queue",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
}


def done(_event: object, _message: object) -> Outcome:
    return DONE


def test_calls_outside_keep_to_the_time_that_the_batch_has() -> None:
    worker, _ = Worker.read("mailer", VARIABLES)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)

    worker.consumer(done, receives=1).take({"Records": []}, context)

    assert 20 < worker.budget.left() <= 25


def test_what_is_wrong_with_any_setting_is_told_at_once() -> None:
    broken = {**VARIABLES, "TABLE_NAME": "", "QUEUE_URL": "nowhere", "MAIL_FROM": "nobody"}

    with pytest.raises(SettingsError) as caught:
        Worker.read("mailer", broken, MailSettings.from_environment)

    named = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert named == ["TABLE_NAME", "QUEUE_URL", "MAIL_FROM"]


@pytest.mark.parametrize("name", [None, ""])
def test_a_secret_that_nobody_named_is_none(name: str | None) -> None:
    worker, _ = Worker.read("mailer", VARIABLES)

    assert worker.secret(name, "SOME_SECRET") is None
