from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from vestibule.platform.aws import AwsRefused
from vestibule_cli.local import user_service
from vestibule_cli.local.state import StateFolder
from vestibule_cli.local.user_service import Choice

if TYPE_CHECKING:
    from pathlib import Path

    from vestibule_cli.aws import Aws

OWN = "https://users.example/api/v1/users"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    program = tmp_path / user_service.PROGRAM
    program.parent.mkdir(parents=True)
    program.touch()
    return tmp_path


@pytest.mark.parametrize("text", ["sample", "none", OWN, "http://127.0.0.1:8080/users"])
def test_what_it_may_be(text: str) -> None:
    assert user_service.parse(text) == text


@pytest.mark.parametrize("text", ["", "nothing", "http://users.example", "https://a.example/?b=1"])
def test_what_it_may_not_be_is_told_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be https.* or sample, or none"):
        user_service.parse(text)


def test_each_choice_has_its_address(project: Path, tmp_path: Path) -> None:
    assert Choice("sample", 81).url(project) == "http://127.0.0.1:81/api/v1/users"
    assert Choice("sample", 81).url(tmp_path / "without examples") == ""
    assert Choice("none", 81).url(project) == ""
    assert Choice(OWN, 81).url(project) == OWN


def test_the_choice_is_kept_until_another_is_given(tmp_path: Path) -> None:
    assert StateFolder(tmp_path).user_service() == "sample"
    assert StateFolder(tmp_path).user_service(OWN) == OWN
    assert StateFolder(tmp_path).user_service() == OWN
    assert StateFolder(tmp_path).user_service("sample") == "sample"


class Vault:
    """Secrets as the emulator gives them."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def json(self, service: str, operation: str, **asked: str) -> dict[str, str]:
        assert (service, operation) == ("secretsmanager", "GetSecretValue")
        text = self._texts.get(asked["SecretId"])
        if text is None:
            raise AwsRefused(service, operation, status=400, code="ResourceNotFoundException")
        return {"SecretString": text}


def test_the_key_is_the_field_of_the_secret_and_none_as_long_as_there_is_none() -> None:
    vault = cast("Aws", Vault(full='{"apiKey": "k1"}', empty=""))

    assert user_service.key(vault, "full") == "k1"
    assert user_service.key(vault, "empty") is None
    assert user_service.key(vault, "nowhere") is None
