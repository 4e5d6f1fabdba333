"""What organizations and memberships promise: on the fake table and on the emulator alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fakes.people import CREATED, LATER, keep, new_sub, profile
from fakes.tenants import (
    keep_member,
    keep_organization,
    keep_person,
    membership_of,
    organization,
    organization_of,
    profile_of,
    rules,
)
from vestibule.organizations import items, memberships
from vestibule.organizations.departures import Departures
from vestibule.organizations.errors import LastAdmin, OrganizationsError, Raced
from vestibule.organizations.model import Draft, Wanted
from vestibule.organizations.service import OrganizationService
from vestibule.organizations.standing import Standing
from vestibule.organizations.store import TableOrganizationStore
from vestibule.platform.conditions import absent
from vestibule.platform.ids import new_id
from vestibule.platform.operations import Put, TransactionRefused
from vestibule.platform.values import replace
from vestibule.profiles import items as people
from vestibule.profiles.model import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table

BY_OPERATOR = Standing(OPERATOR, None, is_operator=True)


@pytest.fixture
def store(table: Table) -> TableOrganizationStore:
    return TableOrganizationStore(table)


def a_domain() -> str:
    return f"{new_id()}.example"


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Run all calls at once; name what each raised, or "done"."""

    def run(call: Callable[[], object]) -> str:
        try:
            call()
        except (OrganizationsError, TransactionRefused) as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return sorted(pool.map(run, calls))


def test_an_organization_reads_back_whole(table: Table, store: TableOrganizationStore) -> None:
    domain = a_domain()
    made = organization(domain=domain, domain_verified=True, features=("a", "b"))

    store.add(made, BY_OPERATOR, None)

    assert organization_of(table, made.id) == made
    assert store.holder_of(domain) == made.id
    assert store.holder_of(a_domain()) is None


def test_a_claimed_domain_refuses_a_second_organization(
    table: Table, store: TableOrganizationStore
) -> None:
    first = keep_organization(table, domain=a_domain())
    second = organization(domain=first.domain)

    with pytest.raises(Raced):
        store.add(second, BY_OPERATOR, None)

    assert table.get(*items.organization_key(second.id)) is None
    assert store.holder_of(first.domain or "") == first.id


def test_whoever_is_no_active_admin_adds_nothing(
    table: Table, store: TableOrganizationStore
) -> None:
    made = organization()
    demoted = keep(table, profile(role="user"))
    once = Standing(demoted.user_id, replace(demoted, role="admin"))

    with pytest.raises(Raced):
        store.add(made, once, None)

    assert table.get(*items.organization_key(made.id)) is None


def test_a_first_admin_belongs_there_at_once(table: Table, store: TableOrganizationStore) -> None:
    made, user_id = organization(), keep_person(table)

    store.add(made, BY_OPERATOR, store.scene(user_id, made.id, user_id))

    standing = store.standing(user_id, made.id)
    assert standing.is_organization_admin
    assert store.standing(user_id, None) == standing
    assert profile_of(table, user_id).organization_id == made.id
    assert organization_of(table, made.id).admins == 1


def test_pages_list_every_organization_once(table: Table, store: TableOrganizationStore) -> None:
    made = [keep_organization(table).id for _ in range(3)]
    listed, start = [], None
    while True:
        page = store.page(2, start)
        listed += [one.id for one in page.organizations]
        start = page.next_key
        if start is None:
            break

    assert [listed.count(one) for one in made] == [1, 1, 1]


def test_pages_of_members_name_them(table: Table, store: TableOrganizationStore) -> None:
    organization_id = keep_organization(table).id
    members = sorted(
        keep_member(table, organization_id, name=f"Jo {number}") for number in range(3)
    )
    keep_member(table, keep_organization(table).id)

    first = store.members(organization_id, 2, None)
    second = store.members(organization_id, 2, first.next_key)

    listed = [*first.members, *second.members]
    assert [one.user_id for one in listed] == members
    names = first.names | second.names
    assert names == {one: profile_of(table, one).name for one in members}


def test_a_page_of_active_members_ends_on_one_of_them(
    table: Table, store: TableOrganizationStore
) -> None:
    organization_id = keep_organization(table).id
    members = sorted(keep_member(table, organization_id) for _ in range(3))
    for _ in range(9):
        keep_member(table, organization_id, status="pending")

    first = store.active_members(organization_id, 2, None)
    second = store.active_members(organization_id, 2, first.next_key)

    assert [one.user_id for one in (*first.members, *second.members)] == members
    pk, sk = items.member_key(organization_id, members[1])
    assert first.next_key == {"pk": pk, "sk": sk}
    assert second.next_key is None


def test_whoever_is_suspended_meanwhile_becomes_no_admin(
    table: Table, store: TableOrganizationStore
) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id)
    scene = store.scene(admin, organization_id, user_id)
    table.update(people.person_key(user_id), people.PROFILE, changes={"status": "suspended"})

    with pytest.raises(Raced):
        store.assign(scene, "admin", None)

    assert membership_of(table, organization_id, user_id) == scene.membership


def test_nobody_belongs_or_waits_in_two_places(table: Table) -> None:
    first, second = keep_organization(table).id, keep_organization(table).id
    user_id = keep_member(table, first, status="pending")

    with pytest.raises(TransactionRefused):
        table.transact(*memberships.joining(user_id, second, at=LATER))

    assert membership_of(table, second, user_id) is None


def test_of_several_founders_of_one_domain_one_makes_the_organization(table: Table) -> None:
    domain = a_domain()
    founders = [keep_person(table) for _ in range(6)]
    tries = [(organization(domain=domain), user_id) for user_id in founders]

    results = at_once(
        *(
            partial(table.transact, *memberships.founding(made, user_id, CREATED))
            for made, user_id in tries
        )
    )

    assert results == [TransactionRefused.__name__] * 5 + ["done"]
    claim = table.get(*items.domain_claim(domain))
    assert claim is not None
    made, founder = next(one for one in tries if one[0].id == claim["organizationId"])
    membership = membership_of(table, made.id, founder)
    assert membership is not None
    assert membership.is_active_admin
    assert organization_of(table, made.id).admins == 1
    others = [table.get(*items.membership_key(one)) for one in founders if one != founder]
    assert others == [None] * 5


def test_founding_goes_together_with_the_founders_profile(table: Table) -> None:
    made, founder = organization(domain=a_domain()), profile()
    opened = people.from_profile(replace(founder, organization_id=made.id))

    table.transact(
        Put(opened, condition=absent()),
        *memberships.founding(made, founder.user_id, CREATED),
    )

    standing = TableOrganizationStore(table).standing(founder.user_id, None)
    assert standing.is_organization_admin
    assert standing.organization == replace(made, admins=1)


def test_an_accepted_persons_profile_and_membership_agree(
    table: Table, store: TableOrganizationStore
) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id, status="pending", bio="Hello")
    before = profile_of(table, user_id)

    store.accept(store.scene(admin, organization_id, user_id), LATER)

    membership = membership_of(table, organization_id, user_id)
    assert membership is not None
    assert (membership.status, membership.joined_at) == ("active", LATER)
    assert profile_of(table, user_id) == replace(
        before, organization_id=organization_id, updated_at=LATER, version=2
    )


def test_a_waiting_profile_becomes_active_with_its_membership(
    table: Table, store: TableOrganizationStore
) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    accepted, refused = (keep_member(table, organization_id, status="pending") for _ in range(2))
    for user_id in (accepted, refused):
        table.update(people.person_key(user_id), people.PROFILE, changes={"status": "pending"})

    store.accept(store.scene(admin, organization_id, accepted), LATER)
    store.remove(store.scene(admin, organization_id, refused), LATER, None)

    assert profile_of(table, accepted).status == profile_of(table, refused).status == "active"


@pytest.mark.parametrize("write", ["accept", "remove"])
@pytest.mark.parametrize(
    "meanwhile",
    [{"status": "suspended"}, {"status": "erased"}, {"membership": "member"}],
    ids=["suspended", "erased", "no admin any more"],
)
def test_who_may_no_longer_act_changes_nobody(
    table: Table, store: TableOrganizationStore, write: str, meanwhile: dict[str, str]
) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id, status="pending")
    scene = store.scene(admin, organization_id, user_id)
    if "membership" in meanwhile:
        table.update(*items.member_key(organization_id, admin), changes={"role": "member"})
    elif meanwhile["status"] == "erased":
        table.delete(people.person_key(admin), people.PROFILE)
    else:
        table.update(people.person_key(admin), people.PROFILE, changes=meanwhile)

    with pytest.raises(Raced):
        getattr(store, write)(scene, LATER, *([None] if write == "remove" else []))

    assert membership_of(table, organization_id, user_id) == scene.membership
    assert profile_of(table, user_id) == scene.profile


def test_a_removed_person_is_free_to_join_elsewhere(
    table: Table, store: TableOrganizationStore
) -> None:
    organization_id, other = keep_organization(table).id, keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id)

    store.remove(store.scene(admin, organization_id, user_id), LATER, None)
    table.transact(*memberships.joining(user_id, other, at=LATER))

    assert membership_of(table, organization_id, user_id) is None
    assert profile_of(table, user_id).organization_id is None
    assert store.standing(user_id, None).is_member


def test_an_admin_may_act_upon_themselves(table: Table, store: TableOrganizationStore) -> None:
    organization_id = keep_organization(table).id
    first, second = (keep_member(table, organization_id, role="admin") for _ in range(2))

    store.remove(store.scene(first, organization_id, first), LATER, second)

    assert membership_of(table, organization_id, first) is None
    assert membership_of(table, organization_id, second) is not None
    assert organization_of(table, organization_id).admins == 1


def test_two_admins_removing_each_other_leave_one(table: Table) -> None:
    organization_id = keep_organization(table).id
    first, second = (keep_member(table, organization_id, role="admin") for _ in range(2))
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(
        partial(service.remove, organization_id, second, by=first),
        partial(service.remove, organization_id, first, by=second),
    )

    assert results.count("done") == 1
    left = [membership_of(table, organization_id, one) for one in (first, second)]
    assert len([one for one in left if one is not None]) == 1
    assert organization_of(table, organization_id).admins == 1


def test_all_admins_stepping_down_at_once_leave_one(table: Table) -> None:
    organization_id = keep_organization(table).id
    admins = [keep_member(table, organization_id, role="admin") for _ in range(4)]
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(
        *(partial(service.assign, organization_id, one, "member", by=one) for one in admins)
    )

    assert results == [LastAdmin.__name__] + ["done"] * 3
    kept = [membership_of(table, organization_id, one) for one in admins]
    assert [one is not None and one.is_active_admin for one in kept].count(True) == 1
    assert organization_of(table, organization_id).admins == 1


def test_all_admins_leaving_at_once_leave_one(table: Table) -> None:
    organization_id = keep_organization(table).id
    admins = [keep_member(table, organization_id, role="admin") for _ in range(5)]
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(*(partial(service.remove, organization_id, one, by=one) for one in admins))

    assert results == [LastAdmin.__name__] + ["done"] * 4
    assert organization_of(table, organization_id).admins == 1


@pytest.mark.parametrize("act", ["remove", "demote"])
@pytest.mark.parametrize("by", ["themselves", "an admin of all", "the operator"])
def test_the_last_admin_who_can_work_stays_one(table: Table, act: str, by: str) -> None:
    organization_id = keep_organization(table).id
    last = keep_member(table, organization_id, role="admin")
    keep_member(table, organization_id, role="admin", status="pending")
    suspended, erased = (keep_member(table, organization_id, role="admin") for _ in range(2))
    table.update(people.person_key(suspended), people.PROFILE, changes={"status": "suspended"})
    table.delete(people.person_key(erased), people.PROFILE)
    service = OrganizationService(TableOrganizationStore(table), rules)
    caller = {"themselves": last, "the operator": OPERATOR}.get(by)
    caller = caller or keep_person(table, role="admin")

    def end() -> None:
        if act == "remove":
            service.remove(organization_id, last, by=caller)
        else:
            service.assign(organization_id, last, "member", by=caller)

    with pytest.raises(LastAdmin):
        end()

    kept = membership_of(table, organization_id, last)
    assert kept is not None
    assert kept.is_active_admin
    table.update(people.person_key(suspended), people.PROFILE, changes={"status": "active"})
    end()
    assert organization_of(table, organization_id).admins == 2


def test_a_suspended_admin_can_be_removed_by_one_who_works(table: Table) -> None:
    organization_id = keep_organization(table).id
    working, suspended = (keep_member(table, organization_id, role="admin") for _ in range(2))
    table.update(people.person_key(suspended), people.PROFILE, changes={"status": "suspended"})

    OrganizationService(TableOrganizationStore(table), rules).remove(
        organization_id, suspended, by=working
    )

    assert membership_of(table, organization_id, suspended) is None
    assert organization_of(table, organization_id).admins == 1


@pytest.mark.parametrize("meanwhile", ["suspended", "demoted"])
@pytest.mark.parametrize("write", ["remove", "assign"])
def test_nobody_leaves_to_an_admin_who_stops_working_meanwhile(
    table: Table, store: TableOrganizationStore, write: str, meanwhile: str
) -> None:
    organization_id = keep_organization(table).id
    leaver, other = (keep_member(table, organization_id, role="admin") for _ in range(2))
    scene = store.scene(OPERATOR, organization_id, leaver)
    assert store.other_admin(scene) == other
    if meanwhile == "suspended":
        table.update(people.person_key(other), people.PROFILE, changes={"status": "suspended"})
    else:
        table.update(*items.member_key(organization_id, other), changes={"role": "member"})

    with pytest.raises(Raced):
        getattr(store, write)(scene, LATER if write == "remove" else "member", other)

    assert membership_of(table, organization_id, leaver) == scene.membership


def test_changes_to_one_version_in_parallel_let_one_through(table: Table) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(
        *(
            partial(service.change, organization_id, Draft(f"Acme {n}"), by=admin, version=1)
            for n in range(8)
        )
    )

    assert results == ["VersionDiffers"] * 7 + ["done"]
    assert organization_of(table, organization_id).version == 2


def test_accepting_many_times_at_once_counts_once(table: Table) -> None:
    organization_id = keep_organization(table).id
    admin = keep_member(table, organization_id, role="admin")
    user_id = keep_member(table, organization_id, role="admin", status="pending")
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(
        *(partial(service.accept, organization_id, user_id, by=admin) for _ in range(5))
    )

    assert results == ["done"] * 5
    assert profile_of(table, user_id).version == 2
    assert organization_of(table, organization_id).admins == 2


def test_two_organizations_asked_for_with_one_domain_make_one(table: Table) -> None:
    domain, admin = a_domain(), keep_person(table, role="admin")
    service = OrganizationService(TableOrganizationStore(table), rules)

    results = at_once(
        *(partial(service.create, Wanted(f"Acme {n}", domain), by=admin) for n in range(4))
    )

    assert results == ["DomainTaken"] * 3 + ["done"]


@pytest.mark.parametrize("role", ["member", "admin"])
@pytest.mark.parametrize("status", ["active", "pending"])
def test_an_erased_person_leaves_whatever_they_were(
    table: Table, store: TableOrganizationStore, role: str, status: str
) -> None:
    organization_id = keep_organization(table).id
    user_id = keep_member(table, organization_id, role=role, status=status)
    table.delete(people.person_key(user_id), people.PROFILE)

    assert Departures(table).leave(user_id)
    assert not Departures(table).leave(user_id)

    assert membership_of(table, organization_id, user_id) is None
    assert organization_of(table, organization_id).admins == 0
    assert store.members(organization_id, 25, None).members == []


def test_whoever_never_belonged_anywhere_leaves_nothing(table: Table) -> None:
    assert not Departures(table).leave(new_sub())
