from __future__ import annotations

import pytest

from fakes.table import FakeTable
from vestibule.platform import logs, metrics


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture(autouse=True)
def _nothing_noted_yet() -> None:
    """The log and the counts are the process's, and another test may have set them."""
    logs.configure("INFO")
    logs.bind()
    metrics.forget()
