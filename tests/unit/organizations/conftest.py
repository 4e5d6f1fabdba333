"""One organization, on the table that all of it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.tenants import keep_organization

if TYPE_CHECKING:
    from fakes.table import FakeTable


@pytest.fixture
def organization_id(table: FakeTable) -> str:
    return keep_organization(table, name="Acme", domain="acme.example").id
