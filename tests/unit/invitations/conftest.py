"""Invitations on a table in memory, with a post box that mails are put into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.tenants import keep_member, keep_organization
from fakes.whole_api import WholeApi

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from vestibule.invitations.model import Invited


class PostBox:
    """Keeps the promise of `InvitationMail`, until it is told to fail."""

    def __init__(self) -> None:
        self.mails: list[Invited] = []
        self.fault: Exception | None = None

    def send(self, mail: Invited) -> None:
        if self.fault is not None:
            raise self.fault
        self.mails.append(mail)


@pytest.fixture
def post_box() -> PostBox:
    return PostBox()


@pytest.fixture
def api(table: FakeTable, post_box: PostBox) -> WholeApi:
    return WholeApi(table, post_box)


@pytest.fixture
def organization_id(table: FakeTable) -> str:
    return keep_organization(table, name="Acme").id


@pytest.fixture
def organization_admin(table: FakeTable, organization_id: str) -> str:
    return keep_member(table, organization_id, role="admin")
