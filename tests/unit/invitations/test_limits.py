"""What nobody may invite to, or how often: admins by a loose code, and mail to one address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import CREATED, address
from fakes.tenants import invitation, keep_member, keep_organization
from vestibule.invitations import codes
from vestibule.invitations.mail_limits import (
    BY_INVITER,
    FOR_ORGANIZATION,
    MAILS,
    TO_ADDRESS,
    counters,
    counting,
)
from vestibule.invitations.store import TableInvitationStore
from vestibule.profiles.model import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.table import FakeTable
    from fakes.whole_api import Answer, WholeApi
    from vestibule.invitations.mail_limits import Counter

REVOKE = "DELETE /invitations/{id}"


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


def mail(api: WholeApi, by: str, email: str | None = None, **body: Any) -> Answer:
    return invite(api, by, email=email or address(), delivery="email", **body)


def test_an_inviter_mails_a_limited_number_in_an_hour(
    api: WholeApi, organization_admin: str, post_box: Any
) -> None:
    most = BY_INVITER[0][0]

    answers = [mail(api, organization_admin) for _ in range(most + 2)]

    assert [one.status for one in answers] == [201] * most + [429] * 2
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "later" in answers[-1].body["error"]
    assert len(post_box.mails) == most
    assert invite(api, organization_admin, email=address()).status == 201


def test_an_address_gets_a_limited_number_whoever_invites(
    api: WholeApi, table: FakeTable, admin: str, post_box: Any
) -> None:
    email, most = address(), TO_ADDRESS[0][0]
    inviters = [keep_member(table, keep_organization(table).id, role="admin") for _ in range(most)]

    assert [mail(api, by, email).status for by in inviters] == [201] * most
    another = keep_member(table, keep_organization(table).id, role="admin")
    refused = [mail(api, by, email) for by in (another, admin)]

    assert {one.status for one in refused} == {429}
    assert len(post_box.mails) == most
    # Whose limit it was is told to nobody, and no counter names the address.
    by_own = [mail(api, inviters[0]) for _ in range(BY_INVITER[0][0])][-1]
    assert (by_own.status, by_own.body["error"]) == (429, refused[0].body["error"])
    counted = [one["pk"] for one in table.all_items() if one["sk"] == MAILS]
    assert counted
    assert not any("@" in pk for pk in counted)


def test_revoking_lifts_no_limit_of_an_address(
    api: WholeApi, organization_admin: str, post_box: Any
) -> None:
    email, most = address(), TO_ADDRESS[0][0]
    for _ in range(most):
        made = mail(api, organization_admin, email)
        api.call(REVOKE, organization_admin, path={"id": made.body["invitation"]["id"]})

    assert mail(api, organization_admin, email).status == 429
    assert len(post_box.mails) == most


def test_an_organization_mails_a_limited_number_in_a_day(
    api: WholeApi, table: FakeTable, organization_id: str, post_box: Any
) -> None:
    most, an_hours = FOR_ORGANIZATION[0][0], BY_INVITER[0][0]
    admins = [keep_member(table, organization_id, role="admin") for _ in range(most // an_hours)]
    for by in admins:
        assert {mail(api, by).status for _ in range(an_hours)} == {201}

    another = keep_member(table, organization_id, role="admin")

    assert mail(api, another).status == 429
    assert len(post_box.mails) == most


def count(table: FakeTable, counted: Sequence[Counter], now: int) -> bool:
    puts = counting(table, counted, now)
    if puts is not None:
        table.transact(*puts)
    return puts is not None


def test_mails_are_counted_over_the_time_that_ends_now(table: FakeTable) -> None:
    counted, at = counters("jo", "jo@example.test", None), 3600 * 1000 - 10
    most, a_days = TO_ADDRESS[0][0], TO_ADDRESS[1][0]

    assert [count(table, counted, at) for _ in range(most + 1)] == [True] * most + [False]
    # The clock's next hour begins, and nothing with it.
    assert not count(table, counted, at + 20)
    assert not count(table, counted, at + 3599)
    assert [count(table, counted, at + 3600) for _ in range(most + 1)] == [True] * most + [False]
    assert 2 * most == a_days
    assert not count(table, counted, at + 2 * 3600)
    assert count(table, counted, at + 24 * 3600)


def test_a_mail_that_is_refused_counts_for_nobody(
    api: WholeApi, table: FakeTable, organization_admin: str, post_box: Any
) -> None:
    email = address()
    assert mail(api, organization_admin, email).status == 201
    before = table.all_items()

    assert [mail(api, organization_admin, email).status for _ in range(5)] == [409] * 5

    assert table.all_items() == before
    assert len(post_box.mails) == 1


def test_of_two_at_once_none_is_counted_as_the_same(
    api: WholeApi, table: FakeTable, organization_admin: str, post_box: Any
) -> None:
    transact, turn = table.transact, iter(range(1))

    def raced(*operations: Any) -> None:
        if next(turn, None) == 0:
            assert mail(api, organization_admin).status == 201
        transact(*operations)

    table.transact = raced  # type: ignore[method-assign]

    assert mail(api, organization_admin).status == 201
    counted = table.get(f"ONCE#invitation-mails-by-{organization_admin}", MAILS)
    assert counted is not None
    assert len(counted["times"]) == len(post_box.mails) == 2


def test_whoever_runs_the_place_is_counted_nowhere(table: FakeTable) -> None:
    store = TableInvitationStore(table)
    for _ in range(TO_ADDRESS[0][0] + 1):
        made = invitation(codes.make(codes.LONG), email="jo@example.test", delivery="email")
        store.add(made, ())
        store.revoke(made, (), by=OPERATOR, at=CREATED)

    assert not [one for one in table.all_items() if one["sk"] == MAILS]
