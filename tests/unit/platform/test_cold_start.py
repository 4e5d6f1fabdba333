"""What the AWS access does not import, since each cold start would pay for it."""

import pytest

from fakes.imports import imported_by

MODULES = (
    "vestibule.platform.aws, vestibule.platform.clock, vestibule.platform.ids, "
    "vestibule.platform.settings, vestibule.platform.table"
)


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    return imported_by(f"import {MODULES}")


@pytest.mark.parametrize(
    "heavy",
    [
        *("boto3", "botocore", "dataclasses", "decimal", "email", "http", "inspect", "logging"),
        *("msgspec", "random", "secrets", "ssl", "typing", "urllib", "uuid"),
    ],
)
def test_a_costly_module_is_not_imported(imported: frozenset[str], heavy: str) -> None:
    assert heavy not in imported
