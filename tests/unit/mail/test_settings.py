import pytest

from vestibule.mail.settings import MailSettings
from vestibule.platform.settings import SettingsError


def test_without_variables_cognito_sends_its_own_mails_and_we_none() -> None:
    settings = MailSettings.from_environment({})

    assert settings == MailSettings(
        cognito_uses_ses=False, from_address=None, configuration_set=None
    )


@pytest.mark.parametrize(
    "sender", ["no-reply@example.com", "Vestibule Mail <no-reply@example.com>"]
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str) -> None:
    settings = MailSettings.from_environment(
        {"MAIL_SENDER": "ses", "MAIL_FROM": sender, "MAIL_CONFIGURATION_SET": "mails"}
    )

    assert settings.cognito_uses_ses
    assert settings.from_address == sender
    assert settings.configuration_set == "mails"


@pytest.mark.parametrize(
    "sender",
    ["nobody", "A\r\nB <a@example.com>", '"A" <a@example.com>', "A <a@example.com> b", "a@b@c.de"],
)
def test_a_wrong_variable_is_named_with_its_rule(sender: str) -> None:
    with pytest.raises(SettingsError) as refused:
        MailSettings.from_environment({"MAIL_SENDER": "smtp", "MAIL_FROM": sender})

    assert "MAIL_SENDER: must be ses or cognito" in str(refused.value)
    assert "MAIL_FROM: must be" in str(refused.value)
