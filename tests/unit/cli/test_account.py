"""Whose account it is: what botocore finds, and what it says when it finds nothing."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from vestibule.platform.aws import AwsRefused
from vestibule.platform.credentials import Credentials
from vestibule_cli import account
from vestibule_cli.account import Account, NoCredentials
from vestibule_cli.failures import Misuse

if TYPE_CHECKING:
    from pathlib import Path

PROCESS = """\
import json, pathlib
counter = pathlib.Path({counter!r})
count = int(counter.read_text() or 0) + 1 if counter.exists() else 1
counter.write_text(str(count))
print(json.dumps({{"Version": 1, "AccessKeyId": f"key{{count}}", "SecretAccessKey": "s",
    "SessionToken": "t", "Expiration": {expiration!r}}}))
"""


def a_profile(folder: Path, monkeypatch: pytest.MonkeyPatch, expiration: str) -> None:
    """One whose credentials come from a program, as with SSO or a vault."""
    script = folder / "process.py"
    script.write_text(PROCESS.format(counter=str(folder / "count"), expiration=expiration))
    config = folder / "config"
    command = shlex.join([sys.executable, str(script)])
    config.write_text(f"[profile work]\nregion = eu-west-1\ncredential_process = {command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def test_keys_of_the_environment_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")

    assert Account().credentials() == Credentials("key", "secret", "token")


def test_a_profile_comes_before_keys_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_profile(tmp_path, monkeypatch, "2999-01-01T00:00:00Z")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")

    found = Account("work")

    assert found.credentials() == Credentials("key1", "s", "t")
    assert found.credentials().access_key == "key1", "they last: the program is not run again"
    assert found.region == "eu-west-1"
    assert Account("work", "us-west-2").region == "us-west-2"


def test_the_region_is_taken_from_where_terraform_takes_it() -> None:
    assert Account(environment={"AWS_REGION": "eu-north-1"}).region == "eu-north-1"
    assert Account(None, "us-west-2", {"AWS_REGION": "eu-north-1"}).region == "us-west-2"


def test_without_credentials_one_line_says_so() -> None:
    with pytest.raises(NoCredentials, match="there are no AWS credentials") as raised:
        Account().credentials()
    assert "\n" not in str(raised.value)


def test_an_unknown_profile_is_a_misuse() -> None:
    with pytest.raises(Misuse, match=r"profile \(nope\) could not be found"):
        Account("nope").credentials()


def test_a_program_that_fails_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile work]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    with pytest.raises(NoCredentials, match="aws sso login --profile work") as raised:
        Account("work").credentials()
    assert "\n" not in str(raised.value)


def test_credentials_that_aws_refuses_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AwsRefused("sts", "GetCallerIdentity", status=403, code="X", message="Expired.")

    monkeypatch.setattr(account.Aws, "query", refuse)

    with pytest.raises(NoCredentials, match=r"AWS refuses these credentials: Expired\. Name a"):
        _ = Account(environment={}).id


@pytest.mark.parametrize("url", ["http://example.com", "nonsense", "http://127.0.0.1:1/path"])
def test_an_address_that_must_not_be_told_keys_is_refused(url: str) -> None:
    with pytest.raises(Misuse, match="AWS_ENDPOINT_URL must"):
        Account(environment={"AWS_ENDPOINT_URL": url})
