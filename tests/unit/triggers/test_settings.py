import pytest

from vestibule.mail.settings import MailSettings
from vestibule.platform.settings import SettingsError
from vestibule.triggers.settings import TriggerSettings


@pytest.mark.parametrize("left_out", [{}, {"RETRY_QUEUE_URL": "", "MIGRATION_URL": ""}])
def test_all_may_be_missing(left_out: dict[str, str]) -> None:
    settings = TriggerSettings.from_environment(left_out)

    assert settings == TriggerSettings(MailSettings.from_environment({}))
    assert (settings.retry_queue_url, settings.directory) == (None, None)


def test_all_are_taken() -> None:
    settings = TriggerSettings.from_environment(
        {
            "RETRY_QUEUE_URL": "https://q.test/1",
            "MAIL_FROM": "hello@example.test",
            "MIGRATION_URL": "https://legacy.example.com/people",
        }
    )

    assert settings.retry_queue_url == "https://q.test/1"
    assert settings.mail.from_address == "hello@example.test"
    assert settings.directory is not None
    assert settings.directory.path == "/people"


def test_what_is_wrong_is_named_all_of_it() -> None:
    wrong = {
        "MAIL_FROM": "nobody",
        "RETRY_QUEUE_URL": "q 1",
        "MIGRATION_URL": "http://legacy.example.com",
    }

    with pytest.raises(SettingsError) as refused:
        TriggerSettings.from_environment(wrong)

    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == list(wrong)
