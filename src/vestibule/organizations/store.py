"""Organizations kept in the table."""

from __future__ import annotations

from vestibule.organizations import items
from vestibule.organizations.errors import Raced
from vestibule.organizations.memberships import belonging, departing, founding, leaving, opening
from vestibule.organizations.model import (
    ACTIVE,
    ADMIN,
    PENDING,
    MemberPage,
    OrganizationPage,
)
from vestibule.organizations.standing import Scene, Standing, works_here
from vestibule.platform.conditions import equals, greater_than, present
from vestibule.platform.operations import Check, TransactionRefused, Update, target
from vestibule.platform.values import replace
from vestibule.profiles import items as people
from vestibule.profiles.conditions import NOT_SUSPENDED
from vestibule.profiles.model import OPERATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from vestibule.organizations.model import Membership, Organization
    from vestibule.platform.operations import Item, Operation
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile

    Found = dict[tuple[str, str], Item]

# So that a crowd of people who wait costs few reads.
_AT_ONCE: Final = 500
_MOST_KEYS: Final = 100  # of one reading


class TableOrganizationStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def standing(self, user_id: str, organization_id: str | None) -> Standing:
        if organization_id is None:
            keys = [people.profile_key(user_id), items.membership_key(user_id)]
            found = self._table.get_many(keys, consistent=True)
            own = found.get(items.membership_key(user_id))
            if own is None:
                return Standing(user_id, _profile(user_id, found), is_operator=user_id == OPERATOR)
            organization_id = own["organizationId"]
        found = self._table.get_many(_keys_of(user_id, organization_id), consistent=True)
        return _standing(user_id, organization_id, found)

    def scene(self, caller: str, organization_id: str, user_id: str) -> Scene:
        keys = [
            *_keys_of(caller, organization_id),
            people.profile_key(user_id),
            items.member_key(organization_id, user_id),
            items.membership_key(user_id),
        ]
        found = self._table.get_many(list(dict.fromkeys(keys)), consistent=True)
        pointer = found.get(items.membership_key(user_id), {})
        return Scene(
            standing=_standing(caller, organization_id, found),
            membership=_membership(organization_id, user_id, found),
            profile=_profile(user_id, found),
            belongs_to=pointer.get("organizationId"),
        )

    def holder_of(self, domain: str) -> str | None:
        claim = self._table.get(*items.domain_claim(domain), consistent=True)
        holder: str | None = claim["organizationId"] if claim else None
        return holder

    def page(self, limit: int, start: Item | None) -> OrganizationPage:
        page = self._table.query(items.ORGANIZATIONS, index=items.INDEX, limit=limit, start=start)
        keys = [(item["pk"], item["sk"]) for item in page.items]
        found = self._table.get_many(keys) if keys else {}
        organizations = [items.to_organization(found[key]) for key in keys if key in found]
        return OrganizationPage(organizations, page.next_key)

    def members(self, organization_id: str, limit: int, start: Item | None) -> MemberPage:
        partition, _ = items.organization_key(organization_id)
        page = self._table.query(
            partition, sk_prefix=items.MEMBER_PREFIX, limit=limit, start=start, consistent=True
        )
        members = [items.to_membership(item) for item in page.items]
        return MemberPage(members, self._names(members), page.next_key)

    def active_members(self, organization_id: str, limit: int, start: Item | None) -> MemberPage:
        partition, _ = items.organization_key(organization_id)
        active: list[Membership] = []
        asked = limit + 1  # one more says whether a page follows
        while len(active) <= limit:
            page = self._table.query(
                partition,
                sk_prefix=items.MEMBER_PREFIX,
                limit=asked,
                start=start,
                consistent=True,
            )
            members = map(items.to_membership, page.items)
            active += [member for member in members if member.is_active]
            start, asked = page.next_key, _AT_ONCE
            if start is None:
                break
        shown, next_key = active[:limit], None
        if len(active) > limit:
            # Not the table's own key: it may be that of somebody who waits.
            pk, sk = items.member_key(organization_id, shown[-1].user_id)
            next_key = {"pk": pk, "sk": sk}
        return MemberPage(shown, self._names(shown), next_key)

    def _names(self, members: Iterable[Membership]) -> dict[str, str]:
        keys = [people.profile_key(member.user_id) for member in members]
        found = self._table.get_many(keys) if keys else {}
        return {item["userId"]: item["name"] for item in found.values()}

    def add(self, organization: Organization, by: Standing, first: Scene | None) -> None:
        if first is None:
            self._commit(opening(organization), by.checks)
            return
        user_id, at = first.standing.user_id, organization.created_at
        operations = founding(organization, user_id, at)
        if first.profile is not None:
            operations.append(belonging(first.profile, organization.id, at))
        self._commit(operations, by.checks)

    def change(self, organization: Organization, by: Standing, replaces: Organization) -> None:
        update = Update(
            *items.organization_key(organization.id),
            changes={
                "name": organization.name,
                "plan": organization.plan,
                "features": organization.features,
            },
            increment={"version": 1},
            condition=equals("version", replaces.version),
        )
        self._commit([update], by.checks)

    def accept(self, scene: Scene, at: str) -> None:
        membership, profile = _both(scene)
        organization_id = membership.organization_id
        operations: list[Operation] = [
            Update(
                *items.member_key(organization_id, membership.user_id),
                changes={"status": ACTIVE, "joinedAt": at},
                condition=equals("status", PENDING) & equals("role", membership.role),
            ),
            belonging(profile, organization_id, at),
        ]
        if membership.role == ADMIN:
            key = items.organization_key(organization_id)
            operations.append(Update(*key, increment={"admins": 1}, condition=present()))
        self._commit(operations, scene.standing.checks)

    def other_admin(self, scene: Scene) -> str | None:
        membership, caller = scene.membership, scene.standing
        if membership is None:
            return None
        is_another = caller.user_id != membership.user_id
        if is_another and caller.is_organization_admin and not caller.is_suspended:
            return caller.user_id
        start: Item | None = None
        while True:
            partition, _ = items.organization_key(membership.organization_id)
            page = self._table.query(
                partition, sk_prefix=items.MEMBER_PREFIX, start=start, consistent=True
            )
            members = (items.to_membership(item) for item in page.items)
            others = [
                one.user_id
                for one in members
                if one.is_active_admin and one.user_id != membership.user_id
            ]
            if (found := self._first_working(others)) is not None:
                return found
            start = page.next_key
            if start is None:
                return None

    def _first_working(self, user_ids: list[str]) -> str | None:
        """Tell who of them has a profile, and one that is not suspended."""
        for at in range(0, len(user_ids), _MOST_KEYS):
            keys = [people.profile_key(user_id) for user_id in user_ids[at : at + _MOST_KEYS]]
            found = self._table.get_many(keys, consistent=True)
            for item in found.values():
                profile = people.to_profile(item)
                if not profile.is_suspended:
                    return profile.user_id
        return None

    def assign(self, scene: Scene, role: str, other_admin: str | None) -> None:
        membership, _ = _both(scene)
        to_admin = role == ADMIN
        still = present() if to_admin else greater_than("admins", 1)
        member = Update(
            *items.member_key(membership.organization_id, membership.user_id),
            changes={"role": role},
            condition=equals("status", ACTIVE) & equals("role", membership.role),
        )
        admins = Update(
            *items.organization_key(membership.organization_id),
            increment={"admins": 1 if to_admin else -1},
            condition=still,
        )
        operations: list[Operation] = [member, admins]
        if to_admin:
            operations.append(
                Check(*people.profile_key(membership.user_id), present() & NOT_SUSPENDED)
            )
        self._commit(operations, _checks(scene, other_admin))

    def remove(self, scene: Scene, at: str, other_admin: str | None) -> None:
        membership = scene.membership
        if membership is None:
            raise Raced
        operations = leaving(membership, keeps_an_admin=True)
        if scene.profile is not None:
            operations.append(departing(scene.profile, membership.organization_id, at))
        self._commit(operations, _checks(scene, other_admin, leaves=True))

    def _commit(self, operations: Iterable[Operation], checks: Iterable[Check]) -> None:
        try:
            self._table.transact(*_joined(operations, checks))
        except TransactionRefused as refusal:
            raise Raced from refusal


def _joined(operations: Iterable[Operation], checks: Iterable[Check]) -> list[Operation]:
    """Let a check of an item that is written become part of that write's condition.

    A transaction touches each item once, and a caller may well act upon themselves.
    """
    written = {target(operation): operation for operation in operations}
    for check in checks:
        operation = written.get(target(check))
        if operation is None:
            written[target(check)] = check
        else:
            both = check.condition
            if operation.condition is not None:
                both = operation.condition & check.condition
            written[target(check)] = replace(operation, condition=both)
    return list(written.values())


def _checks(scene: Scene, other_admin: str | None, *, leaves: bool = False) -> list[Check]:
    """Whoever acts may still do so, and the admin who stays can still work."""
    checks = [*scene.standing.checks]
    if leaves and scene.is_own:
        checks = [Check(*people.profile_key(scene.standing.user_id), present() & NOT_SUSPENDED)]
    if other_admin is not None and scene.membership is not None:
        checks += works_here(scene.membership.organization_id, other_admin)
    return checks


def _both(scene: Scene) -> tuple[Membership, Profile]:
    if scene.membership is None or scene.profile is None:
        raise Raced
    return scene.membership, scene.profile


def _keys_of(user_id: str, organization_id: str) -> list[tuple[str, str]]:
    return [
        people.profile_key(user_id),
        items.organization_key(organization_id),
        items.member_key(organization_id, user_id),
    ]


def _standing(user_id: str, organization_id: str, found: Found) -> Standing:
    organization = found.get(items.organization_key(organization_id))
    return Standing(
        user_id=user_id,
        profile=_profile(user_id, found),
        organization=None if organization is None else items.to_organization(organization),
        membership=_membership(organization_id, user_id, found),
        is_operator=user_id == OPERATOR,
    )


def _profile(user_id: str, found: Found) -> Profile | None:
    item = found.get(people.profile_key(user_id))
    return None if item is None else people.to_profile(item)


def _membership(organization_id: str, user_id: str, found: Found) -> Membership | None:
    item = found.get(items.member_key(organization_id, user_id))
    return None if item is None else items.to_membership(item)
