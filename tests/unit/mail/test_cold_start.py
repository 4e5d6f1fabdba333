"""What the first mail of a process does not import, since somebody waits for it."""

import pytest

from fakes.imports import imported_by

PROGRAM = """
from vestibule.mail.letters import Composer, Contents
from vestibule.mail.sender import SesSender
from vestibule.mail.settings import MailSettings
from vestibule.triggers import challenge, codes, directory, messages, migration
Composer().compose("sign_in_code", Contents(code="1"), locale="de", account_type="business")
SesSender("a@example.com", region="us-east-1")
"""


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    return imported_by(PROGRAM)


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
