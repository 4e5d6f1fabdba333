"""An invitation is worth its maker's word, and a code for everybody makes nobody a member."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import NOW as ARRIVED
from fakes.arrivals import POLICY, arrival, ensuring
from fakes.people import address
from fakes.tenants import (
    invitation_now,
    keep_invitation,
    keep_member,
    keep_organization,
    keep_person,
    membership_of,
    profile_of,
    reserved_for,
)
from vestibule.invitations.acceptance import Acceptance
from vestibule.invitations.errors import BelongsAlready, CallerSuspended, InvitationUseless
from vestibule.invitations.model import BY_CODE, BY_EMAIL
from vestibule.invitations.reservations import Reservations
from vestibule.invitations.service import InvitationService
from vestibule.invitations.store import TableInvitationStore
from vestibule.organizations import items as organizations
from vestibule.organizations.store import TableOrganizationStore
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace
from vestibule.policy.model import NamedOrganization
from vestibule.profiles import items as people

if TYPE_CHECKING:
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile

SOON = int((ARRIVED + timedelta(days=3)).timestamp())


def invite(table: Table, by: str, **fields: Any) -> tuple[str, Any]:
    return keep_invitation(table, created_by=by, valid_until=SOON, **fields)


def arrive(table: Table, email: str, policy: Any = POLICY, **fields: Any) -> Profile:
    outcome = ensuring(table, policy).run(arrival(email=email, **fields))
    assert outcome.profile is not None
    return outcome.profile


def newcomer(table: Table) -> tuple[str, str]:
    email = address()
    return keep_person(table, email=email, email_verified=True), email


def depart(table: Table, user_id: str, organization_id: str, how: str) -> None:
    """Take from an inviter what the invitation stood on."""
    key = (people.person_key(user_id), people.PROFILE)
    if how == "suspended":
        table.update(*key, changes={"status": "suspended"})
    elif how == "demoted":
        table.update(*key, changes={"role": "user"})
    elif how == "erased":
        table.delete(*key)
    elif how == "removed":
        table.delete(*organizations.member_key(organization_id, user_id))
    else:
        member = organizations.member_key(organization_id, user_id)
        table.update(*member, changes={"role": "member"})


OF_PLACE = ["suspended", "demoted", "erased"]
OF_ORGANIZATION = ["suspended", "erased", "removed", "made a member"]


def made_by_one_who(table: Table, how: str, *, of_place: bool, email: str) -> tuple[Any, ...]:
    organization_id = keep_organization(table).id
    if of_place:
        maker = keep_person(table, role="admin")
        code, made = invite(table, maker, role="admin", email=email)
    else:
        maker = keep_member(table, organization_id, role="admin")
        code, made = invite(table, maker, role="user", email=email, organization_id=organization_id)
    return code, made, lambda: depart(table, maker, organization_id, how)


CASES = [*((how, True) for how in OF_PLACE), *((how, False) for how in OF_ORGANIZATION)]


@pytest.mark.parametrize(("how", "of_place"), CASES)
def test_whoever_may_not_invite_any_more_has_invited_nobody(
    table: Table, how: str, *, of_place: bool
) -> None:
    email = address()
    code, made, part = made_by_one_who(table, how, of_place=of_place, email=email)
    part()

    assert Reservations(table).reserve(code, email, ARRIVED) is None

    assert reserved_for(table, email) is None
    assert invitation_now(table, made).taken == 0


@pytest.mark.parametrize(("how", "of_place"), CASES)
def test_a_reserved_place_is_worth_nothing_once_its_inviter_is_gone(
    table: Table, how: str, *, of_place: bool
) -> None:
    email = address()
    code, made, part = made_by_one_who(table, how, of_place=of_place, email=email)
    assert Reservations(table).reserve(code, email, ARRIVED) is not None
    part()

    person = arrive(table, email)

    assert (person.role, person.role_source, person.organization_id) == ("user", "default", None)
    assert invitation_now(table, made).uses == 0


def test_an_inviter_who_still_may_gives_what_they_promised(table: Table) -> None:
    email = address()
    code, _, _ = made_by_one_who(table, "", of_place=True, email=email)
    assert Reservations(table).reserve(code, email, ARRIVED) is not None

    assert arrive(table, email).role == "admin"


def test_a_code_for_everybody_makes_nobody_a_member_until_they_bring_it(table: Table) -> None:
    organization_id = keep_organization(table).id
    code, made = invite(
        table,
        keep_member(table, organization_id, role="admin"),
        role="manager",
        max_uses=1000,
        organization_id=organization_id,
    )
    email = address()
    # Somebody else signs up in their name; they confirm it.
    assert Reservations(table).reserve(code, email, ARRIVED) is not None

    person = arrive(table, email)

    assert (person.role, person.role_source, person.organization_id) == ("user", "default", None)
    assert membership_of(table, organization_id, person.user_id) is None
    assert invitation_now(table, made).uses == 1

    assert Acceptance(table).accept(code, person.user_id, ARRIVED) == organization_id

    member = membership_of(table, organization_id, person.user_id)
    assert member is not None
    assert (member.role, member.status) == ("member", "active")
    assert profile_of(table, person.user_id).organization_id == organization_id
    assert invitation_now(table, made).uses == 1  # the place that sign-up used
    with pytest.raises(BelongsAlready):
        Acceptance(table).accept(code, person.user_id, ARRIVED)


def test_a_single_place_used_at_sign_up_is_still_theirs_to_join_by(table: Table) -> None:
    organization_id = keep_organization(table).id
    maker = keep_member(table, organization_id, role="admin")
    code, _ = invite(table, maker, role="user", organization_id=organization_id)
    email = address()
    assert Reservations(table).reserve(code, email, ARRIVED) is not None
    person = arrive(table, email)
    other, _ = newcomer(table)

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, other, ARRIVED)
    assert Acceptance(table).accept(code, person.user_id, ARRIVED) == organization_id


def test_a_code_for_everybody_from_an_admin_of_all_gives_its_role_alone(table: Table) -> None:
    organization_id = keep_organization(table).id
    code, _ = invite(
        table,
        keep_person(table, role="admin"),
        by_admin=True,
        role="manager",
        max_uses=5,
        organization_id=organization_id,
    )
    email = address()
    assert Reservations(table).reserve(code, email, ARRIVED) is not None

    person = arrive(table, email)

    assert (person.role, person.organization_id) == ("manager", None)


def test_somebody_known_already_joins_by_a_free_place(table: Table) -> None:
    organization_id = keep_organization(table).id
    maker = keep_member(table, organization_id, role="admin")
    code, made = invite(table, maker, max_uses=1, organization_id=organization_id)
    first, second = newcomer(table)[0], newcomer(table)[0]

    Acceptance(table).accept(code, first, ARRIVED)

    assert (invitation_now(table, made).uses, invitation_now(table, made).taken) == (1, 1)
    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, second, ARRIVED)
    assert profile_of(table, second).organization_id is None


@pytest.mark.parametrize("how", OF_ORGANIZATION)
def test_a_code_is_not_accepted_once_its_inviter_is_gone(table: Table, how: str) -> None:
    organization_id = keep_organization(table).id
    maker = keep_member(table, organization_id, role="admin")
    code, made = invite(table, maker, max_uses=9, organization_id=organization_id)
    depart(table, maker, organization_id, how)
    user_id, _ = newcomer(table)

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, user_id, ARRIVED)

    assert membership_of(table, organization_id, user_id) is None
    assert invitation_now(table, made).uses == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "revoked"},
        {"valid_until": int(ARRIVED.timestamp())},
        {"taken": 1, "uses": 1},
        {"email": "somebody.else@example.test"},
        {"organization_id": None},
    ],
    ids=["revoked", "expired", "spent", "bound to another", "of no organization"],
)
def test_a_code_that_opens_nothing_is_not_accepted(table: Table, fields: dict[str, Any]) -> None:
    given = {"organization_id": keep_organization(table).id, "valid_until": SOON, **fields}
    code, made = keep_invitation(table, **given)
    user_id, _ = newcomer(table)

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, user_id, ARRIVED)

    assert invitation_now(table, made) == made


def test_only_who_has_proven_an_address_and_may_act_accepts(table: Table) -> None:
    code, _ = keep_invitation(
        table, organization_id=keep_organization(table).id, valid_until=SOON, max_uses=5
    )
    unproven = keep_person(table, email=address())
    suspended = keep_person(table, email=address(), email_verified=True, status="suspended")

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, unproven, ARRIVED)
    with pytest.raises(CallerSuspended):
        Acceptance(table).accept(code, suspended, ARRIVED)


@pytest.mark.parametrize("by_admin", [True, False])
@pytest.mark.parametrize("known_by", ["policy", "proof"])
def test_the_organization_of_ones_own_domain_outranks_another_ones_invitation(
    table: Table, known_by: str, *, by_admin: bool
) -> None:
    domain, own, theirs = f"{new_id()[:12]}.test", new_id(), keep_organization(table).id
    maker = keep_member(table, theirs, role="admin")
    if by_admin:
        maker = keep_person(table, role="admin")
    policy = POLICY
    if known_by == "policy":
        named = NamedOrganization(own, "Acme", frozenset({domain}), "free")
        policy = replace(POLICY, organizations={own: named})
    else:
        table.put(organizations.claim(domain, own, "2026-01-01", verified=True))
    email = f"jo@{domain}"
    code, _ = invite(
        table, maker, organization_id=theirs, email=email, by_admin=by_admin, delivery=BY_EMAIL
    )
    assert Reservations(table).reserve(code, email, ARRIVED) is not None

    assert arrive(table, email, policy).organization_id == (theirs if by_admin else own)


def bound(table: Table, *, delivery: str, domain: str = "mail.test") -> tuple[str, str, str, Any]:
    """Invite an address to an organization, and reserve the place as a sign-up does."""
    organization_id, email = keep_organization(table).id, f"jo-{new_id()[:12]}@{domain}"
    maker = keep_member(table, organization_id, role="admin")
    code, made = invite(
        table, maker, organization_id=organization_id, email=email, delivery=delivery
    )
    assert Reservations(table).reserve(code, email, ARRIVED) is not None
    return organization_id, email, code, made


@pytest.mark.parametrize("current", ["moved@else.test", ""])
def test_a_code_for_an_address_is_of_no_use_to_whoever_has_moved_away_from_it(
    table: Table, current: str
) -> None:
    """The record keeps the old one until the next sign-in, and longer if the new one is refused."""
    organization_id, email, code, made = bound(table, delivery=BY_CODE)
    person = arrive(table, email)

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, person.user_id, ARRIVED, current)
    assert invitation_now(table, made).is_offered
    assert Acceptance(table).accept(code, person.user_id, ARRIVED, email) == organization_id


def test_a_code_for_whoever_has_it_does_not_mind_a_move(table: Table) -> None:
    organization_id = keep_organization(table).id
    maker = keep_member(table, organization_id, role="admin")
    code, _ = invite(table, maker, role="user", organization_id=organization_id)
    mover, _ = newcomer(table)

    assert Acceptance(table).accept(code, mover, ARRIVED, "moved@else.test") == organization_id


def test_a_mailed_invitation_makes_a_member_at_arrival(table: Table) -> None:
    organization_id, email, _, made = bound(table, delivery=BY_EMAIL)

    person = arrive(table, email)

    assert (person.organization_id, person.role) == (organization_id, "manager")
    assert membership_of(table, organization_id, person.user_id) is not None
    assert not invitation_now(table, made).is_offered


def test_one_that_its_maker_was_shown_makes_nobody_a_member_but_gives_its_role(
    table: Table,
) -> None:
    """The maker could have signed up in that person's name; they have agreed to nothing."""
    organization_id, email, code, made = bound(table, delivery=BY_CODE)

    person = arrive(table, email)

    assert (person.role, person.role_source) == ("manager", "invitation")
    assert person.organization_id is None
    assert membership_of(table, organization_id, person.user_id) is None
    spent = invitation_now(table, made)
    assert (spent.uses, spent.is_offered) == (1, True)

    other, _ = newcomer(table)
    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, other, ARRIVED)
    assert Acceptance(table).accept(code, person.user_id, ARRIVED) == organization_id
    assert profile_of(table, person.user_id).organization_id == organization_id
    assert not invitation_now(table, made).is_offered


@pytest.mark.parametrize("waits_for", ["nobody yet", "its admin", "everybody's"])
def test_who_is_asked_to_join_neither_founds_nor_waits_elsewhere_meanwhile(
    table: Table, waits_for: str
) -> None:
    """Else they could not join: a founder may not leave alone."""
    domain, key = f"{new_id()[:12]}.test", new_id()
    policy = POLICY
    if waits_for == "its admin":
        table.put(organizations.claim(domain, key, "2026-01-01", verified=False))
    if waits_for == "everybody's":
        named = NamedOrganization(key, "All", frozenset(), "free")
        policy = replace(POLICY, organizations={key: named}, default_organization=key)
    organization_id, email, code, _ = bound(table, delivery=BY_CODE, domain=domain)

    person = arrive(table, email, policy, account_type="business")

    assert (person.organization_id, person.status) == (None, "active")
    assert Acceptance(table).accept(code, person.user_id, ARRIVED) == organization_id


@pytest.mark.parametrize("brought_at", ["sign-up", "later"])
def test_who_waits_for_an_organization_is_let_in_by_its_invitation(
    table: Table, brought_at: str
) -> None:
    """Its admin has said yes already; to another one's they are told that they wait."""
    domain, organization_id = f"{new_id()[:12]}.test", keep_organization(table).id
    table.put(organizations.claim(domain, organization_id, "2026-01-01", verified=False))
    maker = keep_member(table, organization_id, role="admin")
    code, _ = invite(table, maker, max_uses=9, organization_id=organization_id)
    email = f"jo@{domain}"
    if brought_at == "sign-up":
        assert Reservations(table).reserve(code, email, ARRIVED) is not None
    person = arrive(table, email, account_type="business")
    assert (person.status, person.organization_id) == ("pending", None)
    elsewhere = keep_organization(table).id
    other, _ = keep_invitation(table, organization_id=elsewhere, valid_until=SOON)

    for useless in (other, "x" * 24):
        with pytest.raises(BelongsAlready):
            Acceptance(table).accept(useless, person.user_id, ARRIVED)
    assert Acceptance(table).accept(code, person.user_id, ARRIVED) == organization_id

    now = profile_of(table, person.user_id)
    assert (now.status, now.organization_id) == ("active", organization_id)
    member = membership_of(table, organization_id, person.user_id)
    assert member is not None
    assert member.is_active


def test_one_that_its_maker_was_shown_keeps_nobody_from_their_own_domains_organization(
    table: Table,
) -> None:
    domain, own = f"{new_id()[:12]}.test", new_id()
    named = NamedOrganization(own, "Acme", frozenset({domain}), "free")
    _, email, _, _ = bound(table, delivery=BY_CODE, domain=domain)

    person = arrive(table, email, replace(POLICY, organizations={own: named}))

    assert person.organization_id == own


def test_what_was_offered_and_not_taken_can_still_be_revoked(table: Table) -> None:
    _, email, code, made = bound(table, delivery=BY_CODE)
    person = arrive(table, email)
    service = InvitationService(
        TableInvitationStore(table),
        TableOrganizationStore(table),
        lambda: POLICY,
        clock=lambda: ARRIVED,
    )

    service.revoke(made.id, by=made.created_by)

    with pytest.raises(InvitationUseless):
        Acceptance(table).accept(code, person.user_id, ARRIVED)


def test_an_invitation_with_the_default_role_leaves_the_domains_role(table: Table) -> None:
    domain = f"{new_id()[:12]}.test"
    email = f"jo@{domain}"
    code, _ = keep_invitation(table, role="user", valid_until=SOON)
    assert Reservations(table).reserve(code, email, ARRIVED) is not None

    person = arrive(table, email, replace(POLICY, role_domains={domain: "guest"}))

    assert (person.role, person.role_source) == ("guest", "domain")
