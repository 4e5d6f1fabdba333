"""Whoever arrives exists once afterwards: on the fake table and on the emulator alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fakes.arrivals import (
    NOW,
    POLICY,
    Backlog,
    FixedPolicies,
    activities,
    arrival,
    ensuring,
    everything_of,
    fixed,
)
from fakes.people import address, claimant, keep, profile
from fakes.tenants import keep_organization
from vestibule.invitations import codes
from vestibule.invitations import items as invitation_items
from vestibule.invitations.model import BY_EMAIL, REVOKED, Invitation
from vestibule.invitations.reservations import Reservations
from vestibule.organizations import items as organization_items
from vestibule.organizations.memberships import joining
from vestibule.organizations.store import TableOrganizationStore
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace
from vestibule.policy.model import NamedOrganization, Policy
from vestibule.profiles import items
from vestibule.profiles.model import OPERATOR, full_view
from vestibule.profiles.preferences import Preferences
from vestibule.profiles.remains import TableRemains
from vestibule.profiles.store import TableProfileStore, TableSignInNames
from vestibule.triggers.arrival_store import TableArrivals
from vestibule.triggers.ensure_user import EnsureUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile
    from vestibule.triggers.arrival import Arrival
    from vestibule.triggers.ensure_user import Outcome

SOON = int((NOW + timedelta(days=3)).timestamp())


def a_domain() -> str:
    return f"{new_id()[:12]}.test"


def an_invitation(table: Table, email: str, **fields: object) -> Invitation:
    """Open an invitation and reserve it for an address."""
    code = codes.make(codes.LONG)
    plain = Invitation(
        id=new_id()[:16],
        code_hash=code.hash,
        role="manager",
        created_by=OPERATOR,
        by_admin=True,
        email=email,
        created_at="2026-03-01T00:00:00.000000Z",
        valid_until=SOON,
    )
    invitation = replace(plain, **fields)
    table.put(invitation_items.from_invitation(invitation, forgotten_at=SOON))
    assert Reservations(table).reserve(code.text, email, NOW) is not None
    return invitation


def invitation_now(table: Table, invitation: Invitation) -> Invitation:
    item = table.get(*invitation_items.invite_key(invitation.code_hash), consistent=True)
    assert item is not None
    return invitation_items.to_invitation(item)


def opened(ensure: EnsureUser, who: Arrival) -> Profile:
    outcome = ensure.run(who)
    assert outcome.profile is not None
    return outcome.profile


def at_once(*calls: Callable[[], Outcome]) -> list[Outcome]:
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [one.result() for one in [pool.submit(call) for call in calls]]


def test_an_arrival_leaves_all_that_a_person_has(table: Table) -> None:
    who = arrival(
        language="de",
        marketing_consent=True,
        account_type="business",
        email=f"jo@{(domain := a_domain())}",
        origin={"signup_source": "fair", "utm_campaign": "spring"},
    )

    made = opened(ensuring(table, clock=fixed(NOW + timedelta(hours=1))), who)

    kept = everything_of(table, who.user_id)
    assert set(kept) == {"PROFILE", "PREFERENCES", "MEMBERSHIP", "CONFIRMED", "ACTIVITY signup"}
    assert (made.created_at, made.updated_at, kept["ACTIVITY signup"]["time"]) == (who.at,) * 3
    assert items.to_profile(kept["PROFILE"]) == made
    assert (made.email, made.email_verified, made.email_conflict) == (who.email, True, False)
    assert (made.role, made.role_source, made.onboarding_completed) == ("user", "default", False)
    assert items.to_preferences(kept["PREFERENCES"]) == Preferences(
        language="de", marketing_emails=True
    )
    assert kept["ACTIVITY signup"]["details"] == {
        "door": who.door,
        "signup_source": "fair",
        "utm_campaign": "spring",
    }
    assert claimant(table, who.email or "") == who.user_id
    claim = table.get(*organization_items.domain_claim(domain))
    assert claim is not None
    assert claim["organizationId"] == made.organization_id


@pytest.mark.parametrize("copies", [3, 8])
def test_copies_at_once_leave_exactly_one_of_each(table: Table, copies: int) -> None:
    who, organization_id = arrival(), keep_organization(table).id
    invitation = an_invitation(
        table, who.email or "", delivery=BY_EMAIL, organization_id=organization_id
    )
    ensure = ensuring(table)

    outcomes = at_once(*[lambda: ensure.run(who)] * copies)

    assert {outcome.profile for outcome in outcomes} == {outcomes[0].profile}
    assert len(activities(table, who.user_id)) == 1
    kept = everything_of(table, who.user_id)
    assert kept["PROFILE"]["version"] == 1
    assert kept["PROFILE"]["role"] == "manager"
    assert kept["PROFILE"]["organizationId"] == organization_id
    assert kept["MEMBERSHIP"]["organizationId"] == organization_id
    members = TableOrganizationStore(table).members(organization_id, 25, None).members
    assert [one.user_id for one in members] == [who.user_id]
    assert claimant(table, who.email or "") == who.user_id
    assert invitation_now(table, invitation).uses == 1
    assert kept["CONFIRMED"]["organizationId"] == organization_id


@pytest.mark.parametrize("creates", [True, False])
def test_what_is_given_for_good_waits_until_the_rules_are_known(
    table: Table, *, creates: bool
) -> None:
    who, backlog = arrival(), Backlog()
    policies = FixedPolicies(Policy(profile_creation=creates), is_certain=False)
    ensure = EnsureUser(TableArrivals(table), policies, backlog, fixed())

    assert ensure.arrive(who) is None

    assert backlog.arrivals == [who]
    assert everything_of(table, who.user_id) == {}
    policies.policy = Policy(admins=frozenset({who.email or ""}))
    policies.is_certain = True
    assert opened(ensure, backlog.arrivals[0]).role == "admin"


def test_whoever_is_known_already_needs_no_rules(table: Table) -> None:
    who = arrival()
    known = opened(ensuring(table), who)
    policies = FixedPolicies(Policy(), is_certain=False)

    assert opened(EnsureUser(TableArrivals(table), policies, Backlog(), fixed()), who) == known


def test_two_people_with_one_address_both_exist_and_one_holds_it(table: Table) -> None:
    email = address()
    racers = [arrival(email=email) for _ in range(4)]
    ensure = ensuring(table, Policy(admins=frozenset({email})))

    at_once(*[lambda one=one: ensure.run(one) for one in racers])

    kept = [opened(ensure, one) for one in racers]
    holder = claimant(table, email)
    assert sorted(one.email_conflict for one in kept) == [False, True, True, True]
    assert {one.user_id for one in kept if one.email == email} == {holder}
    assert {one.user_id for one in kept if one.role == "admin"} == {holder}
    assert [one.email for one in kept if one.email_conflict] == [None] * 3


def test_of_several_first_business_people_one_founds_and_the_others_wait(table: Table) -> None:
    domain = a_domain()
    racers = [arrival(email=f"p{n}@{domain}", account_type="business") for n in range(4)]
    ensure = ensuring(table)

    at_once(*[lambda one=one: ensure.run(one) for one in racers])

    kept = [opened(ensure, one) for one in racers]
    founders = [one for one in kept if one.organization_id is not None]
    assert len(founders) == 1
    organization = table.get(
        *organization_items.organization_key(founders[0].organization_id or "")
    )
    assert organization is not None
    assert (organization["domain"], organization["domainVerified"]) == (domain, False)
    members = table.query(f"ORG#{founders[0].organization_id}", sk_prefix="MEMBER#").items
    assert sorted((one["role"], one["status"]) for one in members) == [
        ("admin", "active"),
        *[("member", "pending")] * 3,
    ]
    assert sorted(one.status for one in kept) == ["active", *["pending"] * 3]


def test_a_standard_account_does_not_wait_for_the_organization_of_its_domain(
    table: Table,
) -> None:
    domain, ensure = a_domain(), ensuring(table)
    opened(ensure, arrival(email=f"first@{domain}", account_type="business"))

    later = opened(ensure, arrival(email=f"later@{domain}", account_type="standard"))

    assert (later.status, later.organization_id) == ("active", None)
    assert "MEMBERSHIP" not in everything_of(table, later.user_id)


def test_an_admin_of_the_whole_place_acts_while_they_wait_for_an_organization(
    table: Table,
) -> None:
    domain = a_domain()
    email = f"head@{domain}"
    opened(ensuring(table), arrival(email=f"first@{domain}", account_type="business"))

    head = opened(
        ensuring(table, Policy(admins=frozenset({email}))),
        arrival(email=email, account_type="business"),
    )

    assert (head.is_active_admin, head.organization_id) == (True, None)
    assert table.get(*organization_items.membership_key(head.user_id)) is not None


def test_whoever_a_provider_names_is_kept_by_that_name_until_they_are_erased(
    table: Table,
) -> None:
    who = arrival(sign_in_name="Google_123")
    names, store = TableSignInNames(table), TableProfileStore(table)
    made = opened(ensuring(table), who)
    assert names.find(who.user_id) == "Google_123"
    assert "Google_123" not in str(full_view(made))

    store.erase(made, by=who.user_id, at=who.at, release_claim=True)

    assert names.find(who.user_id) == "Google_123"  # for who deletes the account
    TableRemains(table).clear(who.user_id)
    assert names.find(who.user_id) is None
    assert store.person(who.user_id).erased


@pytest.mark.parametrize(
    ("invited_as", "plan"), [(None, "free"), ("business", "team")], ids=["self-declared", "invited"]
)
def test_nobody_gives_their_own_organization_a_plan(
    table: Table, invited_as: str | None, plan: str
) -> None:
    policy = Policy(
        plans={"standard": "free", "business": "team"},
        features={"free": ("profiles",), "team": ("profiles", "members")},
    )
    who = arrival(email=f"jo@{a_domain()}", account_type="business")
    if invited_as is not None:
        an_invitation(table, who.email or "", account_type=invited_as)

    made = opened(ensuring(table, policy), who)

    assert made.account_type == "business"
    organization = table.get(*organization_items.organization_key(made.organization_id or ""))
    assert organization is not None
    assert organization["plan"] == plan
    assert organization["features"] == list(policy.features_for(plan))


def test_who_is_settled_costs_one_read_and_changes_nothing(table: Table) -> None:
    who, ensure = arrival(), ensuring(table)
    first = opened(ensure, who)
    before = table.query(items.person_key(who.user_id)).items

    again = opened(ensure, replace(who, door="TokenGeneration_Authentication"))

    assert again == first
    assert table.query(items.person_key(who.user_id)).items == before


def test_somebody_erased_is_not_made_again(table: Table) -> None:
    who = arrival()
    table.put(items.tombstone(who.user_id, by=who.user_id, at=who.at))

    outcome = ensuring(table).run(who)

    assert (outcome.profile, outcome.erased) == (None, True)
    assert set(everything_of(table, who.user_id)) == {items.TOMBSTONE}
    assert claimant(table, who.email or "") is None


def test_without_profile_creation_nobody_is_made_but_they_are_told_of_once(table: Table) -> None:
    who = arrival(account_type="business")
    ensure = ensuring(table, Policy(profile_creation=False, default_role="guest"))

    outcome = ensure.run(who)
    first = everything_of(table, who.user_id)
    again = ensure.run(replace(who, at="2026-12-01T00:00:00.000000Z"))

    assert (outcome.profile, outcome.erased) == (again.profile, again.erased) == (None, False)
    assert set(first) == {"CONFIRMED"}
    told = first["CONFIRMED"]
    assert (told["email"], told["emailVerified"], told["at"]) == (who.email, True, who.at)
    assert (told["accountType"], told["role"], told["roleSource"]) == (
        "business",
        "guest",
        "default",
    )
    assert everything_of(table, who.user_id) == first
    made = opened(ensuring(table), who)
    assert made.role == "user"
    assert everything_of(table, who.user_id)["CONFIRMED"] == told


def test_an_arrival_is_told_of_as_what_it_became(table: Table) -> None:
    domain = a_domain()
    email = f"jo@{domain}"
    who = arrival(
        email=email,
        first_name="Jo",
        last_name="Doe",
        language="de",
        marketing_consent=True,
        origin={"utm_source": "news"},
        door="PostConfirmation_ConfirmSignUp",
    )
    an_invitation(table, email, account_type="enterprise")

    made = opened(ensuring(table), who)

    told = everything_of(table, who.user_id)["CONFIRMED"]
    assert {name: value for name, value in told.items() if name not in {"pk", "sk"}} == {
        "userId": who.user_id,
        "email": email,
        "emailVerified": True,
        "name": made.name,
        "firstName": "Jo",
        "lastName": "Doe",
        "accountType": "enterprise",
        "role": "manager",
        "roleSource": "invitation",
        "organizationId": made.organization_id,
        "language": "de",
        "marketingConsent": True,
        "door": "PostConfirmation_ConfirmSignUp",
        "origin": {"utm_source": "news"},
        "at": who.at,
    }


@pytest.mark.parametrize("proven", [True, False])
def test_whoever_was_never_told_of_is_told_of_at_the_next_chance(
    table: Table, *, proven: bool
) -> None:
    who, ensure = arrival(email_verified=proven), ensuring(table)
    made = opened(ensure, who)
    table.delete(items.person_key(who.user_id), items.CONFIRMED)

    assert opened(ensure, who) == made

    kept = everything_of(table, who.user_id)
    assert kept["CONFIRMED"]["name"] == made.name
    assert kept["PROFILE"]["version"] == 1
    assert len(activities(table, who.user_id)) == 1


def test_whoever_was_never_told_of_and_moved_is_told_of_by_the_new_address(table: Table) -> None:
    who, ensure, email = arrival(), ensuring(table), address()
    opened(ensure, who)
    table.delete(items.person_key(who.user_id), items.CONFIRMED)

    opened(ensure, replace(who, email=email))

    assert everything_of(table, who.user_id)["CONFIRMED"]["email"] == email


def test_somebody_without_their_address_is_told_of_without_it(table: Table) -> None:
    email = address()
    opened(ensuring(table), arrival(email=email))
    second = arrival(email=email)
    made = opened(ensuring(table), second)
    table.delete(items.person_key(second.user_id), items.CONFIRMED)

    assert opened(ensuring(table), second) == made

    told = everything_of(table, second.user_id)["CONFIRMED"]
    assert ("email" in told, told["emailVerified"]) == (False, False)


def test_the_erased_leave_no_word_of_their_coming(table: Table) -> None:
    who = arrival()
    made = opened(ensuring(table), who)

    TableProfileStore(table).erase(made, by=who.user_id, at=who.at, release_claim=True)

    assert "CONFIRMED" not in everything_of(table, who.user_id)
    assert ensuring(table).run(who).erased
    assert "CONFIRMED" not in everything_of(table, who.user_id)


def test_an_unproven_address_is_kept_and_counts_for_nothing(table: Table) -> None:
    domain = a_domain()
    who = arrival(email=f"jo@{domain}", email_verified=False, account_type="business")
    policy = Policy(admins=frozenset({who.email or ""}), role_domains={domain: "manager"})

    made = opened(ensuring(table, policy), who)

    assert (made.email, made.email_verified, made.role) == (who.email, False, "user")
    assert made.organization_id is None
    assert claimant(table, who.email or "") is None
    assert table.get(*organization_items.domain_claim(domain)) is None


@pytest.mark.parametrize(
    ("rules", "invited", "expected"),
    [
        (("admin", "domain"), True, ("admin", "admin_list")),
        (("domain",), True, ("manager", "invitation")),
        (("domain",), False, ("guest", "domain")),
        ((), True, ("manager", "invitation")),
        ((), False, ("user", "default")),
    ],
    ids=["admin list", "invitation", "domain", "invitation alone", "default"],
)
def test_a_role_comes_from_the_first_source_that_has_one(
    table: Table, rules: tuple[str, ...], *, invited: bool, expected: tuple[str, str]
) -> None:
    domain = a_domain()
    who = arrival(email=f"jo@{domain}")
    if invited:
        an_invitation(table, who.email or "")
    policy = Policy(
        admins=frozenset({who.email or ""} if "admin" in rules else ()),
        role_domains={domain: "guest"} if "domain" in rules else {},
    )

    made = opened(ensuring(table, policy), who)

    assert (made.role, made.role_source) == expected


def test_a_revoked_invitation_leaves_default_role_and_no_organization(table: Table) -> None:
    who = arrival()
    invitation = an_invitation(table, who.email or "", organization_id=new_id())
    table.update(*invitation_items.invite_key(invitation.code_hash), changes={"status": REVOKED})

    made = opened(ensuring(table), who)

    assert (made.role, made.role_source, made.organization_id) == ("user", "default", None)
    assert invitation_now(table, invitation).uses == 0


def test_a_reservation_that_lapsed_is_not_spent(table: Table) -> None:
    who = arrival()
    invitation = an_invitation(table, who.email or "")
    later = ensuring(table, clock=fixed(NOW + timedelta(hours=25)))

    made = opened(later, who)

    assert made.role_source == "default"
    assert invitation_now(table, invitation).uses == 0


def test_an_invitation_brings_account_type_and_organization_and_is_spent(table: Table) -> None:
    who, organization_id = arrival(), new_id()
    invitation = an_invitation(
        table,
        who.email or "",
        delivery=BY_EMAIL,
        organization_id=organization_id,
        account_type="enterprise",
    )

    made = opened(ensuring(table), who)

    assert (made.account_type, made.organization_id) == ("enterprise", organization_id)
    member = table.get(*organization_items.member_key(organization_id, who.user_id))
    assert member is not None
    assert (member["role"], member["status"]) == ("member", "active")
    assert invitation_now(table, invitation).uses == 1
    assert table.get(*invitation_items.reservation_key(who.email or "")) is None


def test_a_named_organization_is_opened_by_the_first_and_joined_by_all(table: Table) -> None:
    domain, key = a_domain(), new_id()[:8]
    policy = Policy(
        organizations={key: NamedOrganization(key, "Acme", frozenset({domain}), "team")},
        features={"team": ("members",)},
        default_department="General",
    )
    ensure = ensuring(table, policy)
    racers = [arrival(email=f"p{n}@{domain}") for n in range(3)]

    at_once(*[lambda one=one: ensure.run(one) for one in racers])

    kept = [opened(ensure, one) for one in racers]
    assert [(one.organization_id, one.department) for one in kept] == [(key, "General")] * 3
    organization = table.get(*organization_items.organization_key(key))
    assert organization is not None
    assert (organization["name"], organization["features"]) == ("Acme", ["members"])
    members = table.query(f"ORG#{key}", sk_prefix="MEMBER#").items
    assert {(one["role"], one["status"]) for one in members} == {("member", "active")}


def test_everybody_else_joins_the_default_organization(table: Table) -> None:
    key = new_id()[:8]
    policy = replace(
        POLICY,
        organizations={key: NamedOrganization(key, "Everybody", frozenset(), "free")},
        default_organization=key,
    )

    made = opened(ensuring(table, policy), arrival(email=f"{new_id()}@mail.test"))

    assert made.organization_id == key


def test_somebody_whose_address_is_taken_belongs_where_everybody_does(table: Table) -> None:
    domain, theirs, everybodys = a_domain(), new_id()[:8], new_id()[:8]
    policy = Policy(
        organizations={
            theirs: NamedOrganization(theirs, "Acme", frozenset({domain}), "team"),
            everybodys: NamedOrganization(everybodys, "Everybody", frozenset(), "free"),
        },
        default_organization=everybodys,
    )
    ensure, first = ensuring(table, policy), arrival(email=f"jo@{domain}")
    opened(ensure, first)

    made = [opened(ensure, arrival(email=first.email)) for _ in range(2)]

    assert {(one.organization_id, one.email_conflict) for one in made} == {(everybodys, True)}


def test_a_domain_proven_by_its_owner_lets_every_account_in(table: Table) -> None:
    domain, organization_id = a_domain(), new_id()
    table.put(organization_items.claim(domain, organization_id, "2026-01-01", verified=True))

    made = opened(ensuring(table), arrival(email=f"jo@{domain}", account_type="standard"))

    assert made.organization_id == organization_id


@pytest.mark.parametrize(
    ("email", "account_type"),
    [("jo@mail.test", "business"), ("jo@{domain}", "standard")],
    ids=["public mail", "standard account"],
)
def test_nobody_founds_from_a_public_domain_or_without_business(
    table: Table, email: str, account_type: str
) -> None:
    domain = a_domain()
    who = arrival(
        email=email.format(domain=domain).replace("jo@", f"{new_id()}@"), account_type=account_type
    )

    made = opened(ensuring(table), who)

    assert made.organization_id is None
    assert "MEMBERSHIP" not in everything_of(table, who.user_id)


def test_who_belongs_somewhere_already_joins_nothing_else(table: Table) -> None:
    who, elsewhere = arrival(account_type="business", email=f"jo@{a_domain()}"), new_id()
    table.transact(*joining(who.user_id, elsewhere, at=who.at))

    made = opened(ensuring(table), who)

    assert made.organization_id is None
    assert everything_of(table, who.user_id)["MEMBERSHIP"]["organizationId"] == elsewhere


def test_a_profile_opened_by_its_owner_first_is_completed_once(table: Table) -> None:
    who = arrival()
    invitation = an_invitation(table, who.email or "")
    own = keep(
        table, profile(who.user_id, email=who.email, email_verified=True, bio="Mine", version=3)
    )
    table.put(items.from_preferences(who.user_id, Preferences(theme="dark")))

    made = [opened(ensuring(table), who) for _ in range(3)]

    assert made[0] == made[1] == made[2]
    assert (made[0].bio, made[0].created_at, made[0].version) == ("Mine", own.created_at, 4)
    assert (made[0].role, made[0].onboarding_completed) == ("manager", True)
    assert len(activities(table, who.user_id)) == 1
    assert everything_of(table, who.user_id)["PREFERENCES"]["theme"] == "dark"
    assert invitation_now(table, invitation).uses == 1


def test_a_role_that_an_admin_gave_is_not_taken_back(table: Table) -> None:
    who = arrival()
    keep(table, profile(who.user_id, role="manager", role_source="admin"))

    made = opened(ensuring(table), who)

    assert (made.role, made.role_source) == ("manager", "admin")


def test_a_changed_address_is_carried_over_with_its_claim_and_nothing_else(table: Table) -> None:
    who = arrival()
    old, new = who.email or "", f"jo@{(domain := a_domain())}"
    opened(ensuring(table), who)
    policy = Policy(admins=frozenset({new}), role_domains={domain: "manager"})

    moved = opened(ensuring(table, policy), replace(who, email=new, account_type="business"))

    assert (moved.email, moved.role, moved.organization_id, moved.version) == (new, "user", None, 2)
    assert (claimant(table, old), claimant(table, new)) == (None, who.user_id)
    assert len(activities(table, who.user_id, "email_change")) == 1
    assert len(activities(table, who.user_id)) == 1


@pytest.mark.parametrize("rule", ["blocked", "not allowed"])
def test_an_address_nobody_may_sign_up_with_is_not_carried_over(table: Table, rule: str) -> None:
    domain = a_domain()
    policy = Policy(blocked_domains=frozenset({domain}))
    who = arrival()
    old = who.email or ""
    if rule == "not allowed":
        policy = Policy(allowed_domains=frozenset({old.rpartition("@")[2]}))
    ensure = ensuring(table, policy)
    before = opened(ensure, who)

    moved = opened(ensure, replace(who, email=f"jo@{domain}"))

    assert moved == before
    assert claimant(table, old) == who.user_id
    assert claimant(table, f"jo@{domain}") is None
    assert activities(table, who.user_id, "email_change") == []


def test_an_address_without_its_claim_is_not_traded_for_one_that_is_refused(table: Table) -> None:
    holder, domain = arrival(), a_domain()
    who = arrival(email=holder.email)
    ensure = ensuring(table, Policy(blocked_domains=frozenset({domain})))
    opened(ensure, holder)
    before = opened(ensure, who)
    assert before.email_conflict

    assert opened(ensure, replace(who, email=f"jo@{domain}")) == before


def test_whom_an_admin_made_may_prove_an_address_that_sign_up_refuses(table: Table) -> None:
    who = arrival(email=f"jo@{(domain := a_domain())}", email_verified=False)
    ensure = ensuring(table, Policy(blocked_domains=frozenset({domain})))
    opened(ensure, who)

    assert opened(ensure, replace(who, email_verified=True)).email_verified


def test_the_first_proof_of_an_address_counts_whenever_it_comes(table: Table) -> None:
    who = arrival(email=f"jo@{(domain := a_domain())}", email_verified=False)
    policy = Policy(role_domains={domain: "manager"})
    ensure = ensuring(table, policy)
    assert opened(ensure, who).role == "user"
    invitation = an_invitation(table, who.email or "", role="guest")

    proven = [opened(ensure, replace(who, email_verified=True)) for _ in range(2)]

    assert proven[0] == proven[1]
    assert (proven[0].role, proven[0].role_source) == ("guest", "invitation")
    assert claimant(table, who.email or "") == who.user_id
    assert invitation_now(table, invitation).uses == 1
    assert len(activities(table, who.user_id)) == 1


def test_a_changed_address_held_by_somebody_else_is_done_without(table: Table) -> None:
    who, holder = arrival(), arrival()
    ensure = ensuring(table)
    opened(ensure, who)
    opened(ensure, holder)

    moved = [opened(ensure, replace(who, email=holder.email)) for _ in range(2)]

    assert moved[0] == moved[1]
    assert (moved[0].email, moved[0].email_verified, moved[0].email_conflict) == (None, False, True)
    assert claimant(table, who.email or "") is None
    assert claimant(table, holder.email or "") == holder.user_id


def test_an_old_address_that_somebody_else_holds_by_now_is_left_to_them(table: Table) -> None:
    who, holder = arrival(), new_id()
    old, new = who.email or "", address()
    ensure = ensuring(table)
    opened(ensure, who)
    table.update(*(items.claim_key(old), items.CLAIM), changes={"userId": holder})

    moved = opened(ensure, replace(who, email=new))

    assert (moved.email, moved.email_verified, moved.email_conflict) == (new, True, False)
    assert (claimant(table, old), claimant(table, new)) == (holder, who.user_id)
    assert len(activities(table, who.user_id, "email_change")) == 1


def test_an_address_that_became_free_is_taken_at_the_next_sign_in(table: Table) -> None:
    who = arrival()
    holder = keep(table, profile(email=who.email, email_verified=True))
    ensure = ensuring(table)
    assert opened(ensure, who).email_conflict
    table.delete(items.claim_key(holder.email or ""), items.CLAIM)

    freed = opened(ensure, who)

    assert (freed.email, freed.email_verified, freed.email_conflict) == (who.email, True, False)
    assert claimant(table, who.email or "") == who.user_id


def test_whoever_gets_their_address_late_is_told_of_anew_with_it(table: Table) -> None:
    who = arrival()
    keep(table, profile(email=who.email, email_verified=True))
    ensure = ensuring(table)
    opened(ensure, who)
    held = everything_of(table, who.user_id)["CONFIRMED"]
    assert "email" not in held
    opened(ensure, who)
    assert everything_of(table, who.user_id)["CONFIRMED"] == held
    table.delete(items.claim_key(who.email or ""), items.CLAIM)

    for _ in range(2):
        opened(ensure, who)

    told = everything_of(table, who.user_id)["CONFIRMED"]
    assert (told["email"], told["emailVerified"], told["again"]) == (who.email, True, 1)
    assert {name: told[name] for name in held if name != "emailVerified"} == {
        name: held[name] for name in held if name != "emailVerified"
    }


def test_whose_profile_has_the_address_already_is_told_of_anew_too(table: Table) -> None:
    who = arrival()
    keep(table, profile(email=who.email, email_verified=True))
    ensure = ensuring(table)
    before = opened(ensure, who)
    table.delete(items.claim_key(who.email or ""), items.CLAIM)
    after = replace(before, email=who.email, email_verified=True, email_conflict=False, version=9)
    keep(table, after)
    table.update(items.person_key(who.user_id), items.PROFILE, changes={"arrivedAt": who.at})

    for _ in range(2):
        assert opened(ensure, who) == after

    told = everything_of(table, who.user_id)["CONFIRMED"]
    assert (told["email"], told["again"]) == (who.email, 1)


def test_where_no_profiles_are_opened_an_address_is_told_of_once_it_is_free(table: Table) -> None:
    who = arrival()
    keep(table, profile(email=who.email, email_verified=True))
    ensure = ensuring(table, replace(POLICY, profile_creation=False))
    assert ensure.run(who).profile is None
    assert "email" not in everything_of(table, who.user_id)["CONFIRMED"]
    table.delete(items.claim_key(who.email or ""), items.CLAIM)

    for _ in range(2):
        ensure.run(who)

    told = everything_of(table, who.user_id)["CONFIRMED"]
    assert (told["email"], told["again"]) == (who.email, 1)


def test_a_later_address_is_no_reason_to_tell_of_somebody_again(table: Table) -> None:
    who = arrival()
    ensure = ensuring(table)
    opened(ensure, who)

    opened(ensure, replace(who, email=address()))

    told = everything_of(table, who.user_id)["CONFIRMED"]
    assert (told["email"], told.get("again")) == (who.email, None)


def test_somebody_suspended_is_left_as_they_are(table: Table) -> None:
    who = arrival()
    kept = keep(table, profile(who.user_id, status="suspended"))

    assert opened(ensuring(table), who) == kept
    assert set(everything_of(table, who.user_id)) == {"PROFILE"}
