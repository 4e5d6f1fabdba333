"""The log is the process's own: each test finds it as a function does at its start."""

from __future__ import annotations

import pytest

from vestibule.platform import logs


@pytest.fixture(autouse=True)
def _as_configured() -> None:
    logs.configure("INFO")
