"""The rules of making, reading and changing organizations, and of who belongs to them."""

from __future__ import annotations

from vestibule.organizations.errors import (
    CallerNotAdmin,
    CallerSuspended,
    DomainTaken,
    LastAdmin,
    MemberElsewhere,
    MemberNotFound,
    MemberSuspended,
    NotOrganizationAdmin,
    OnlyAdmins,
    OrganizationNotFound,
    Raced,
    VersionDiffers,
)
from vestibule.organizations.model import (
    ACTIVE,
    ADMIN,
    MemberPage,
    Membership,
    Organization,
    held_view,
    own_view,
)
from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.ids import new_id
from vestibule.platform.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from vestibule.organizations.model import Draft, OrganizationPage, Wanted
    from vestibule.organizations.ports import OrganizationStore, Rules
    from vestibule.organizations.standing import Scene, Standing
    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.profiles.model import Profile

ATTEMPTS: Final = 5

log = logs.logger(__name__)


class OrganizationService:
    def __init__(
        self, store: OrganizationStore, rules: Callable[[], Rules], clock: Clock = now
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    def create(self, wanted: Wanted, *, by: str) -> Organization:
        """Raise CallerNotAdmin, DomainTaken, DraftRefused, or what the first admin's case is:

        MemberElsewhere, MemberNotFound or MemberSuspended.
        """
        from vestibule.organizations import terms  # noqa: PLC0415 - for what few write

        at, organization_id = timestamp(self._clock()), new_id()
        rules = self._rules()
        plan = terms.checked_plan(rules, wanted.plan)
        organization = Organization(
            id=organization_id,
            name=wanted.name,
            plan=plan,
            created_by=by,
            created_at=at,
            features=terms.checked_features(rules, plan, wanted.features),
            domain=terms.checked_domain(rules, wanted.domain),
        )
        for _ in range(ATTEMPTS):
            standing = self._store.standing(by, organization_id)
            _require_admin(standing)
            first = self._first(wanted, organization_id)
            if organization.domain and self._store.holder_of(organization.domain):
                raise DomainTaken(organization.domain)
            try:
                self._store.add(organization, standing, first)
            except Raced:
                continue
            _count("OrganizationCreated", organization_id, by=by)
            return organization
        raise Raced(organization_id)

    def show(self, organization_id: str, *, reader: str) -> Organization:
        """Raise OrganizationNotFound for whoever does not belong there."""
        return _readable(self._store.standing(reader, organization_id), organization_id)

    def own(self, user_id: str, organization_id: str | None) -> dict[str, Any] | None:
        """What somebody is shown of the organization that their profile names."""
        if organization_id is None:
            return None
        return _own(self._store.standing(user_id, organization_id))

    def belonging(self, user_id: str, organization_id: str | None) -> dict[str, Any]:
        """What somebody is told of where they belong; who waits, that they do and nothing more."""
        if organization_id is None:
            return {"organization": None}
        standing = self._store.standing(user_id, organization_id)
        told: dict[str, Any] = {"organization": _own(standing)}
        if standing.membership is not None:
            told["membership"] = held_view(standing.membership)
        return told

    def memberships(self, user_id: str) -> list[dict[str, Any]]:
        """Give what is on record of somebody's belonging, waiting included."""
        held = self._store.standing(user_id, None).membership
        return [] if held is None else [held_view(held)]

    def page(self, limit: int, start: Item | None) -> OrganizationPage:
        return self._store.page(limit, start)

    def members(
        self, organization_id: str, limit: int, start: Item | None, *, reader: str
    ) -> MemberPage:
        """Who waits is shown to admins alone. Raise OrganizationNotFound as `show` does."""
        standing = self._store.standing(reader, organization_id)
        _readable(standing, organization_id)
        sees_all = standing.is_admin or standing.is_organization_admin
        read = self._store.members if sees_all else self._store.active_members
        return read(organization_id, limit, start)

    def change(
        self, organization_id: str, draft: Draft, *, by: str, version: int | None = None
    ) -> Organization:
        """Write a draft over an organization: an organization's own admins write its name.

        Raise OrganizationNotFound, NotOrganizationAdmin, OnlyAdmins, CallerSuspended,
        VersionDiffers or DraftRefused.
        """
        for _ in range(ATTEMPTS):
            standing = self._store.standing(by, organization_id)
            before = _writable(standing, organization_id)
            if version is not None and before.version != version:
                raise VersionDiffers(organization_id, before.version)
            after = self._changed(before, draft, standing)
            try:
                self._store.change(after, standing, before)
            except Raced:
                continue
            _count("OrganizationUpdated", organization_id, by=by, version=after.version)
            return after
        raise Raced(organization_id)

    def accept(self, organization_id: str, user_id: str, *, by: str) -> Membership:
        """Let a waiting person in; whoever is in already stays so.

        Raise OrganizationNotFound, NotOrganizationAdmin, CallerSuspended, MemberNotFound,
        MemberElsewhere or MemberSuspended.
        """
        for _ in range(ATTEMPTS):
            scene = self._scene(by, organization_id, user_id)
            membership = _present(scene, organization_id, user_id)
            if membership.is_active:
                return membership
            if scene.profile is None:
                raise MemberNotFound(organization_id, user_id)
            if scene.profile.organization_id not in {None, organization_id}:
                raise MemberElsewhere(user_id)
            _refuse_suspended(scene.profile)
            at = timestamp(self._clock())
            try:
                self._store.accept(scene, at)
            except Raced:
                continue
            _count("MemberAccepted", organization_id, by=by, user_id=user_id)
            return replace(membership, status=ACTIVE, joined_at=at)
        raise Raced(organization_id)

    def assign(self, organization_id: str, user_id: str, role: str, *, by: str) -> Membership:
        """Make an active member an admin of the organization, or a plain member again.

        Raise OrganizationNotFound, NotOrganizationAdmin, CallerSuspended, MemberNotFound,
        MemberSuspended or LastAdmin.
        """
        for _ in range(ATTEMPTS):
            scene = self._scene(by, organization_id, user_id)
            membership = _present(scene, organization_id, user_id)
            if not membership.is_active or scene.profile is None:
                raise MemberNotFound(organization_id, user_id)
            if membership.role == role:
                return membership
            if role == ADMIN:
                _refuse_suspended(scene.profile)
            other_admin = self._other_admin(scene, membership)
            try:
                self._store.assign(scene, role, other_admin)
            except Raced:
                continue
            _count("MemberRoleAssigned", organization_id, by=by, user_id=user_id, role=role)
            return replace(membership, role=role)
        raise Raced(organization_id)

    def remove(self, organization_id: str, user_id: str, *, by: str) -> None:
        """End a membership, or refuse a waiting person. Anybody may leave, or wait no longer.

        Raise OrganizationNotFound, NotOrganizationAdmin, CallerSuspended, MemberNotFound or
        LastAdmin.
        """
        for _ in range(ATTEMPTS):
            scene = self._leaving(by, organization_id, user_id)
            membership = _present(scene, organization_id, user_id)
            other_admin = self._other_admin(scene, membership)
            try:
                self._store.remove(scene, timestamp(self._clock()), other_admin)
            except Raced:
                continue
            _count("MemberRemoved", organization_id, by=by, user_id=user_id)
            return
        raise Raced(organization_id)

    def _scene(self, by: str, organization_id: str, user_id: str) -> Scene:
        scene = self._store.scene(by, organization_id, user_id)
        _writable(scene.standing, organization_id)
        return scene

    def _leaving(self, by: str, organization_id: str, user_id: str) -> Scene:
        if by != user_id:
            return self._scene(by, organization_id, user_id)
        scene = self._store.scene(by, organization_id, user_id)
        if scene.membership is None or scene.profile is None:
            _writable(scene.standing, organization_id)
        if scene.standing.is_suspended:
            raise CallerSuspended(by)
        return scene

    def _other_admin(self, scene: Scene, membership: Membership) -> str | None:
        """Name who can act for the organization once this member is no admin any more."""
        if not membership.is_active_admin:
            return None
        other = self._store.other_admin(scene)
        if other is None:
            raise LastAdmin(membership.organization_id, membership.user_id)
        return other

    def _first(self, wanted: Wanted, organization_id: str) -> Scene | None:
        """Read who is to be the first admin."""
        if wanted.admin is None:
            return None
        scene = self._store.scene(wanted.admin, organization_id, wanted.admin)
        if scene.profile is None:
            raise MemberNotFound(organization_id, wanted.admin)
        if scene.profile.organization_id is not None or scene.belongs_to is not None:
            raise MemberElsewhere(wanted.admin)
        _refuse_suspended(scene.profile)
        return scene

    def _changed(self, before: Organization, draft: Draft, by: Standing) -> Organization:
        from vestibule.organizations import terms  # noqa: PLC0415 - same

        rules = self._rules()
        plan = before.plan if draft.plan is None else draft.plan
        features = before.features if draft.features is None else draft.features
        if not by.is_admin and plan != before.plan:
            raise OnlyAdmins(by.user_id, "plan")
        if not by.is_admin and set(features) != set(before.features):
            raise OnlyAdmins(by.user_id, "features")
        if plan != before.plan:
            plan = terms.checked_plan(rules, plan)
        if by.is_admin and (draft.features is not None or plan != before.plan):
            features = terms.checked_features(rules, plan, draft.features)
        name = before.name if draft.name is None else draft.name
        return replace(before, name=name, plan=plan, features=features, version=before.version + 1)


def _own(standing: Standing) -> dict[str, Any] | None:
    if standing.organization is None or standing.membership is None or not standing.is_member:
        return None
    return own_view(standing.organization, standing.membership)


def _readable(standing: Standing, organization_id: str) -> Organization:
    """To strangers, and to those who wait, there is no such organization."""
    if standing.organization is None or not (standing.is_member or standing.is_admin):
        raise OrganizationNotFound(organization_id)
    return standing.organization


def _writable(standing: Standing, organization_id: str) -> Organization:
    organization = _readable(standing, organization_id)
    if standing.is_suspended:
        raise CallerSuspended(standing.user_id)
    if not (standing.is_admin or standing.is_organization_admin):
        raise NotOrganizationAdmin(standing.user_id, organization_id)
    return organization


def _require_admin(standing: Standing) -> None:
    if not standing.is_admin:
        raise CallerNotAdmin(standing.user_id)


def _present(scene: Scene, organization_id: str, user_id: str) -> Membership:
    if scene.membership is None:
        raise MemberNotFound(organization_id, user_id)
    return scene.membership


def _refuse_suspended(person: Profile) -> None:
    """The write that follows is refused as well, should they be suspended meanwhile."""
    if person.is_suspended:
        raise MemberSuspended(person.user_id)


def _count(outcome: str, organization_id: str, **facts: object) -> None:
    metrics.count(outcome)
    log.info(outcome, organization_id=organization_id, **facts)
