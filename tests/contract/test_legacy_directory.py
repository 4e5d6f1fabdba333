"""The sample directory in a process of its own, asked by the adapter that the trigger uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.certificates import certificate
from vestibule.platform import connection
from vestibule.triggers.directory import HttpsDirectory
from vestibule.triggers.events import Event
from vestibule.triggers.migration import DirectoryAway, Migration
from vestibule.triggers.settings import DirectorySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parents[2] / "examples" / "legacy_directory" / "directory.py"
OLGA, PASSWORD = "olga@example.com", "Older-than-this-1"


@contextmanager
def running(*arguments: str | Path) -> Iterator[HttpsDirectory]:
    process = subprocess.Popen(
        [sys.executable, PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            settings = DirectorySettings.from_environment({"MIGRATION_URL": url})
            assert settings is not None
            directory = HttpsDirectory(settings)
            yield directory
            directory.close()
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def directory() -> Iterator[HttpsDirectory]:
    with running() as one:
        yield one


def test_the_right_password_gives_the_person_without_it(directory: HttpsDirectory) -> None:
    person = directory.authenticate(OLGA, PASSWORD)

    assert person is not None
    assert person["name"] == "Olga Earlier"
    assert "password" not in json.dumps(person)


@pytest.mark.parametrize(
    ("username", "password"),
    [(OLGA, "wrong"), ("nobody@example.com", PASSWORD), ("", ""), (OLGA, "")],
)
def test_a_wrong_password_and_nobody_are_the_same(
    directory: HttpsDirectory, username: str, password: str
) -> None:
    assert directory.authenticate(username, password) is None


def test_somebody_is_found_whatever_the_case(directory: HttpsDirectory) -> None:
    assert directory.find(OLGA.upper()) == directory.authenticate(OLGA, PASSWORD)
    assert directory.find("nobody@example.com") is None


def test_a_question_that_is_none_is_no_wrong_password(directory: HttpsDirectory) -> None:
    with pytest.raises(DirectoryAway, match="413"):
        directory.authenticate(OLGA, "x" * 10_000)


@pytest.mark.parametrize(
    ("occasion", "username", "password", "migrated"),
    [
        ("Authentication", OLGA, PASSWORD, True),
        ("Authentication", "otto@example.com", "Never-verified-2", True),
        ("Authentication", OLGA, "wrong", False),
        ("ForgotPassword", OLGA, None, True),
        ("ForgotPassword", "otto@example.com", None, False),
    ],
)
def test_the_trigger_brings_over_whom_it_may(
    directory: HttpsDirectory,
    occasion: str,
    username: str,
    password: str | None,
    *,
    migrated: bool,
) -> None:
    event = Event.parse(
        {
            "triggerSource": f"UserMigration_{occasion}",
            "userName": username,
            "request": {"password": password},
        }
    )

    answer = Migration(directory).handle(event)

    assert (answer is not None) == migrated
    if answer is not None:
        assert answer["userAttributes"]["email"] == username
        assert answer["finalUserStatus"] == "CONFIRMED"


def test_over_tls_it_answers_only_those_who_bring_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates, keys = certificate(tmp_path)
    (tmp_path / "api-key").write_text("a key\n")
    monkeypatch.setattr(connection, "_tls_context", None)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    files = ("--certificate", certificates, "--key", keys, "--api-key-file", tmp_path / "api-key")

    with running(*files) as directory, pytest.raises(DirectoryAway, match="403"):
        directory.find(OLGA)
