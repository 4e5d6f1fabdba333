"""What the AWS access does not import, since each cold start would pay for it."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"
MODULES = (
    "vestibule.platform.aws, vestibule.platform.clock, vestibule.platform.ids, "
    "vestibule.platform.settings, vestibule.platform.table"
)


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    shown = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys, {MODULES}; print(*sys.modules)"],
        # -S: a development environment's own start-up files import things too.
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
        *("msgspec", "random", "secrets", "ssl", "typing", "urllib", "uuid"),
    ],
)
def test_a_costly_module_is_not_imported(imported: frozenset[str], heavy: str) -> None:
    assert heavy not in imported
