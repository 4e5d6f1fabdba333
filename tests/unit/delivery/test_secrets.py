from __future__ import annotations

import pytest

from fakes.queues import Vault
from vestibule.delivery.secrets import SecretAway, SecretFault, SecretMissing, SecretValue


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def secret(vault: Vault, time: Time | None = None) -> SecretValue:
    return SecretValue(vault, "arn:key", "THE_SECRET", monotonic=time or Time())


@pytest.mark.parametrize("text", ["k1", " k1\n", '{"apiKey": "k1"}', ' {"apiKey": "k1", "x": 2}'])
def test_a_key_is_the_text_or_a_member_of_it(text: str) -> None:
    assert secret(Vault(text)).key() == "k1"


@pytest.mark.parametrize(
    "text", ["", "  ", "two\nlines", "schlüssel", "{", '{"apiKey": ""}', '{"key": "k1"}', "{}"]
)
def test_a_malformed_key_names_the_setting_and_not_the_key(text: str) -> None:
    with pytest.raises(SecretFault, match="THE_SECRET") as caught:
        secret(Vault(text)).key()

    assert "k1" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "text", "[]", "{", "1"])
def test_a_document_is_an_object(text: str) -> None:
    with pytest.raises(SecretFault, match="THE_SECRET"):
        secret(Vault(text)).document()


def test_it_is_fetched_once_in_five_minutes() -> None:
    time, vault = Time(), Vault("k1", "k2")
    one = secret(vault, time)

    assert [one.key(), one.key()] == ["k1", "k1"]
    time.now = 301
    assert one.key() == "k2"
    assert vault.asked == [("GetSecretValue", "arn:key")] * 2


def test_renewing_tells_whether_it_has_changed() -> None:
    one = secret(Vault("k1", "k2", "k2"))
    one.key()

    assert one.renewed()
    assert one.key() == "k2"
    assert not one.renewed()


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "InvalidRequestException"])
def test_a_missing_one_is_a_fault(code: str) -> None:
    with pytest.raises(SecretMissing, match=rf"THE_SECRET.*{code}"):
        secret(Vault("k1", refuses=code)).text()


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "DecryptionFailure", "InternalServiceError"]
)
def test_one_that_is_refused_for_now_is_none(code: str) -> None:
    with pytest.raises(SecretAway, match=rf"THE_SECRET.*{code}"):
        secret(Vault("k1", refuses=code)).text()


def test_an_unreachable_one_is_no_fault() -> None:
    with pytest.raises(SecretAway, match=r"THE_SECRET.*no answer"):
        secret(Vault("k1", is_away=True)).text()


def test_an_earlier_one_that_cannot_be_read_now_is_not_taken_for_none() -> None:
    with pytest.raises(SecretAway):
        secret(Vault("k1", refuses="AccessDeniedException")).earlier_key()
    assert secret(Vault("k1")).earlier_key() is None
