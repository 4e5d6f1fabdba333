"""One organization with everybody around it, on a table in memory."""

from __future__ import annotations

import pytest

from fakes.table import FakeTable
from fakes.tenants import keep_organization
from fakes.whole_api import WholeApi


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def api(table: FakeTable) -> WholeApi:
    return WholeApi(table)


@pytest.fixture
def organization_id(table: FakeTable) -> str:
    return keep_organization(table, name="Acme", domain="acme.example").id
