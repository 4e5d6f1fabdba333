"""What nobody may invite to, or how often: admins by a loose code, and mail to one address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import address
from fakes.tenants import keep_member, keep_organization, keep_person
from vestibule.invitations.store import MAILS_AN_HOUR

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from fakes.whole_api import Answer, WholeApi

REVOKE = "DELETE /invitations/{id}"


@pytest.fixture
def admin(table: FakeTable) -> str:
    return keep_person(table, role="admin")


@pytest.fixture
def organization_admin(table: FakeTable, organization_id: str) -> str:
    return keep_member(table, organization_id, role="admin")


def invite(api: WholeApi, by: str, **body: Any) -> Answer:
    return api.call("POST /invitations", by, body=body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"maxUses": 5}, "email"),
        ({"email": "jo@example.test", "expiresInDays": 8}, "expiresInDays"),
        ({"email": "jo@example.test", "maxUses": 2}, "maxUses"),
    ],
)
def test_an_admins_invitation_is_made_out_to_one_address_and_short(
    api: WholeApi, table: FakeTable, admin: str, body: dict[str, Any], field: str
) -> None:
    before = table.all_items()

    refused = invite(api, admin, role="admin", **body)

    assert refused.status == 400
    assert [one["field"] for one in refused.body["details"]] == [field]
    assert table.all_items() == before
    made = invite(api, admin, role="admin", email="jo@example.test", expiresInDays=7)
    assert made.status == 201


def test_one_organization_mails_an_address_one_open_invitation(
    api: WholeApi, table: FakeTable, organization_admin: str, post_box: Any
) -> None:
    email = address()
    first = invite(api, organization_admin, email=email, delivery="email")

    again = invite(api, organization_admin, email=email, delivery="email")

    assert (first.status, again.status) == (201, 409)
    assert len(post_box.mails) == 1
    # Nobody keeps another organization's people from being invited, nor learns that they were.
    other = keep_member(table, keep_organization(table).id, role="admin")
    assert invite(api, other, email=email, delivery="email").status == 201
    api.call(REVOKE, organization_admin, path={"id": first.body["invitation"]["id"]})
    assert invite(api, organization_admin, email=email, delivery="email").status == 201


def test_an_inviter_mails_a_limited_number_in_an_hour(
    api: WholeApi, organization_admin: str, post_box: Any
) -> None:
    answers = [
        invite(api, organization_admin, email=address(), delivery="email")
        for _ in range(MAILS_AN_HOUR + 2)
    ]

    assert [one.status for one in answers] == [201] * MAILS_AN_HOUR + [429] * 2
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "later" in answers[-1].body["error"]
    assert len(post_box.mails) == MAILS_AN_HOUR
    assert invite(api, organization_admin, email=address()).status == 201
