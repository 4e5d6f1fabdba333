"""What a cold start does not pay for, since no policy asks for it."""

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "src"
PROGRAM = """
import sys
from vestibule.policy.source import PolicySource
policy = PolicySource(None, None).current()
assert policy.address_refusal("ann@example.com") is None
assert policy.role_for("ann@example.com") is None
assert policy.within_business_hours("user", None)
print(*sys.modules)
"""


def test_as_shipped_no_costly_module_is_imported() -> None:
    shown = subprocess.run(
        [sys.executable, "-S", "-c", PROGRAM],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )

    costly = {"dataclasses", "logging", "pathlib", "re", "typing", "urllib", "yaml", "zoneinfo"}
    # `json` itself imports `re`.
    assert costly & set(shown.stdout.split()) <= {"re"}
