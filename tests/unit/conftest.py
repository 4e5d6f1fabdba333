"""The whole API on a table in memory, with an admin: what a folder does not put otherwise."""

from __future__ import annotations

import pytest

from fakes.people import keep, profile
from fakes.table import FakeTable
from fakes.whole_api import WholeApi


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def api(table: FakeTable) -> WholeApi:
    return WholeApi(table)


@pytest.fixture
def admin(table: FakeTable) -> str:
    return keep(table, profile(role="admin")).user_id
