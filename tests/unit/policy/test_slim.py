"""What a cold start does not pay for, since no policy asks for it."""

from fakes.imports import imported_by

PROGRAM = """
from vestibule.policy.source import PolicySource
policy = PolicySource(None, None).current()
assert policy.address_refusal("ann@example.com") is None
assert policy.role_for("ann@example.com") is None
assert policy.within_business_hours("user", None)
"""


def test_as_shipped_no_costly_module_is_imported() -> None:
    costly = {"dataclasses", "logging", "pathlib", "re", "typing", "urllib", "yaml", "zoneinfo"}
    # `json` itself imports `re`.
    assert costly & imported_by(PROGRAM) <= {"re"}
