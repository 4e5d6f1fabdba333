"""What the first mail of a process does not import, since somebody waits for it."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"
PROGRAM = """
import sys
from vestibule.mail.letters import Composer, Contents
from vestibule.mail.sender import SesSender
from vestibule.mail.settings import MailSettings
from vestibule.triggers import challenge, codes, directory, messages, migration
Composer().compose("sign_in_code", Contents(code="1"), locale="de", account_type="business")
SesSender("a@example.com", region="us-east-1")
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    shown = subprocess.run(
        # -S: a development environment's own start-up files import things too.
        [sys.executable, "-S", "-c", PROGRAM],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(shown.stdout.split())


@pytest.mark.parametrize(
    "heavy",
    [
        *("boto3", "botocore", "dataclasses", "decimal", "email", "http", "inspect", "logging"),
        *("msgspec", "pathlib", "random", "secrets", "ssl", "string", "typing", "urllib"),
        *("encodings.idna", "html", "importlib.resources"),
    ],
)
def test_a_costly_module_is_not_imported(imported: frozenset[str], heavy: str) -> None:
    assert heavy not in imported
