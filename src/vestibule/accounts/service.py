"""The rules of roles, suspension, sign-out, preferences and a person's own copy of their data."""

from __future__ import annotations

from vestibule.accounts.errors import OwnAccount, PersonNotFound, Raced, UnknownRole
from vestibule.activity import model as activity
from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.values import replace
from vestibule.policy.addresses import normalized
from vestibule.profiles.items import CONFIRMED, DELIVERY_PREFIX
from vestibule.profiles.model import ACTIVE, ADMIN, OPERATOR, PENDING, SUSPENDED, full_view
from vestibule.profiles.preferences import Preferences, to_view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.accounts.ports import AccountStore, History, Sessions
    from vestibule.platform.clock import Clock
    from vestibule.platform.origin import Origin
    from vestibule.profiles.model import Profile

    Organization = Callable[[str, str | None], Mapping[str, Any] | None]
    Memberships = Callable[[str], Sequence[Mapping[str, Any]]]
    Vpcs = Callable[[str], Sequence[Mapping[str, Any]]]

ATTEMPTS: Final = 5
# What one answer can hold: Lambda's limit is 6 MB.
MOST_ACTIVITY: Final = 5000
ROLE_SOURCE: Final = "admin"

log = logs.logger(__name__)


class AccountService:
    def __init__(  # noqa: PLR0913 - ports, by name
        self,
        store: AccountStore,
        sessions: Sessions,
        history: History,
        *,
        roles: Callable[[], Iterable[str]],
        organization: Organization,
        memberships: Memberships,
        vpcs: Vpcs,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._history = history
        self._roles = roles
        self._organization = organization
        self._memberships = memberships
        self._vpcs = vpcs
        self._clock = clock

    def give_role(self, user_id: str, role: str, *, by: str) -> Profile:
        """Raise UnknownRole, OwnAccount, PersonNotFound, CallerNotAdmin or Raced."""
        known = tuple(self._roles())
        if role not in known:
            raise UnknownRole(role, known)
        source = OPERATOR if by == OPERATOR else ROLE_SOURCE
        profile = self._write(user_id, lambda standing: _given(standing, role, source), by=by)
        self._tell(activity.ROLE_CHANGE, user_id, by=by, role=role)
        return profile

    def suspend(self, user_id: str, *, by: str) -> Profile:
        """Stop somebody at once: writes first, then sessions. May be repeated until all is done.

        In between nobody comes in: as soon as the record says so, triggers refuse them.

        Raise OwnAccount, PersonNotFound, CallerNotAdmin or Raced.
        """
        profile = self._write(user_id, _suspended, by=by)
        # In this order: Cognito may refuse to sign out somebody who is disabled.
        self._sessions.sign_out(user_id)
        self._sessions.disable(user_id)
        self._tell(activity.SUSPENSION, user_id, by=by)
        return profile

    def reactivate(self, user_id: str, *, by: str) -> Profile:
        """Undo a suspension, as it was before. May be repeated until all is done.

        Raise OwnAccount, PersonNotFound, CallerNotAdmin or Raced.
        """
        profile = self._write(user_id, _reactivated, by=by)
        self._sessions.enable(user_id)
        self._tell(activity.REACTIVATION, user_id, by=by)
        return profile

    def sign_out(self, user_id: str, *, origin: Origin) -> None:
        """End every session of the caller's own."""
        self._sessions.sign_out(user_id)
        self._history.note(user_id, activity.LOGOUT, self._at(), origin=origin)

    def preferences(self, user_id: str) -> Preferences:
        return self._store.person(user_id).preferences or Preferences()

    def change_preferences(self, user_id: str, changes: Mapping[str, Any]) -> Preferences:
        """Change what is given, by wire names. Raise PersonNotFound or CallerSuspended."""
        if changes:
            self._store.write_preferences(user_id, changes)
        return self.preferences(user_id)

    def export(self, user_id: str, *, origin: Origin | None = None) -> dict[str, Any]:
        """Give everything we hold of a person, the newest 5,000 entries of their activity.

        Without an origin it is an operator who exports: that is not the person's own activity.
        """
        person = self._store.person(user_id)
        entries = list(self._history.all(user_id, MOST_ACTIVITY + 1))
        organization_id = person.profile.organization_id if person.profile else None
        account = dict(self._sessions.attributes(user_id))
        address = _proven_address(person.profile, account)
        told = dict(self._store.told_of(user_id))
        exported = {
            "exportedAt": self._at(),
            "profile": full_view(person.profile, person.last_seen) if person.profile else None,
            "preferences": to_view(person.preferences or Preferences()),
            "organization": self._organization(user_id, organization_id),
            "memberships": list(self._memberships(user_id)),
            "vpcs": list(self._vpcs(user_id)),
            "account": account,
            "address": {}
            if address is None
            else dict(self._store.kept_of_address(address, user_id)),
            "confirmation": told.pop(CONFIRMED, None),
            "deliveries": {name.removeprefix(DELIVERY_PREFIX): mark for name, mark in told.items()},
            "activity": [activity.view(entry) for entry in entries[:MOST_ACTIVITY]],
            "activityComplete": len(entries) <= MOST_ACTIVITY,
        }
        if origin is not None and not person.erased:
            self._history.note(user_id, activity.DATA_EXPORT, self._at(), origin=origin)
        return exported

    def _write(self, user_id: str, change: Callable[[Profile], Profile], *, by: str) -> Profile:
        """Change a profile as it stands; a change that changes nothing is written all the same.

        So the caller's own standing is checked by the same transaction, whatever there is to do.
        """
        if user_id == by:
            # Nobody locks themselves out, and the last admin stays one.
            raise OwnAccount(user_id)
        for _ in range(ATTEMPTS):
            standing = self._store.person(user_id).profile
            if standing is None:
                raise PersonNotFound(user_id)
            changed = replace(change(standing), version=standing.version + 1, updated_at=self._at())
            try:
                self._store.write(changed, replaces=standing, by=by)
            except Raced:
                continue
            return changed
        raise Raced(user_id)

    def _tell(self, kind: str, user_id: str, *, by: str, **details: str) -> None:
        metrics.count("".join(word.capitalize() for word in kind.split("_")))
        log.info(kind.replace("_", " "), user_id=user_id, by=by, **details)
        # Without an origin: where an admin calls from is none of the other person's business.
        self._history.note(user_id, kind, self._at(), details={"by": by, **details})

    def _at(self) -> str:
        return timestamp(self._clock())


def _proven_address(profile: Profile | None, account: Mapping[str, str]) -> str | None:
    """Give the address that is known to be theirs: what lies under another is somebody else's."""
    if profile is not None and profile.email is not None and profile.email_verified:
        return profile.email
    return normalized(account.get("email", "")) if account.get("email_verified") == "true" else None


def _given(standing: Profile, role: str, source: str) -> Profile:
    changed = replace(standing, role=role, role_source=source)
    if role != ADMIN:
        return changed
    # They may go on waiting for an organization: as an admin of the whole place they act.
    if changed.status_before == PENDING:
        changed = replace(changed, status_before=ACTIVE)
    return replace(changed, status=ACTIVE) if changed.status == PENDING else changed


def _suspended(standing: Profile) -> Profile:
    if standing.is_suspended:
        return standing
    return replace(standing, status=SUSPENDED, status_before=standing.status)


def _reactivated(standing: Profile) -> Profile:
    if not standing.is_suspended:
        return standing
    return replace(standing, status=standing.status_before or ACTIVE, status_before=None)
