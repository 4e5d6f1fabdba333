"""Profiles kept in the table."""

from __future__ import annotations

from vestibule.platform import logs
from vestibule.platform.authorization import CallerRecord
from vestibule.platform.aws import AwsError
from vestibule.platform.conditions import absent, equals, present
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Delete,
    Put,
    TransactionRefused,
    Update,
)
from vestibule.profiles import items
from vestibule.profiles.conditions import NOT_SUSPENDED, still_admin
from vestibule.profiles.errors import (
    AddressDiffers,
    AddressTaken,
    CallerNotAdmin,
    CallerSuspended,
    ProfileNotFound,
    ProfilesError,
    Raced,
    VersionDiffers,
)
from vestibule.profiles.model import (
    OPERATOR,
    PUBLIC_NAMES,
    WIRE_NAMES,
    Person,
    PublicPage,
    Sighting,
)
from vestibule.profiles.telling import addressed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vestibule.platform.conditions import Condition
    from vestibule.platform.operations import Item, Operation
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Draft, Profile
    from vestibule.profiles.preferences import Preferences


log = logs.logger(__name__)


class TableProfileStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def person(self, user_id: str) -> Person:
        page = self._table.query(
            items.person_key(user_id), sk_between=items.PERSON_RANGE, consistent=True
        )
        found = {item["sk"]: item for item in page.items}
        profile = found.get(items.PROFILE)
        preferences = found.get(items.PREFERENCES)
        return Person(
            profile=items.to_profile(profile) if profile else None,
            preferences=items.to_preferences(preferences) if preferences else None,
            last_seen=items.to_last_seen(found.get(items.LAST_SEEN)),
            erased=items.TOMBSTONE in found,
            belongs_to=found.get(items.MEMBERSHIP, {}).get("organizationId"),
        )

    def sight(self, user_id: str, *, reader: str) -> Sighting:
        key = items.person_key(user_id)
        profile, last_seen = (key, items.PROFILE), (key, items.LAST_SEEN)
        own = profile if reader == user_id else items.profile_key(reader)
        keys = [profile, last_seen] if own is profile else [profile, last_seen, own]
        found = self._table.get_many(keys, consistent=True)
        shown = items.to_profile(found[profile]) if profile in found else None
        if own is profile:
            reading = shown
        else:
            reading = items.to_profile(found[own]) if own in found else None
        return Sighting(shown, items.to_last_seen(found.get(last_seen)), reading)

    def claimant(self, email: str) -> str | None:
        claim = self._table.get(items.claim_key(email), items.CLAIM, consistent=True)
        return None if claim is None else claim["userId"]

    def page(self, limit: int, start: Item | None) -> PublicPage:
        page = self._table.query(items.PEOPLE, index=items.PEOPLE_INDEX, limit=limit, start=start)
        return PublicPage([_public(item) for item in page.items], page.next_key)

    def create(
        self, profile: Profile, *, replaces: Profile | None, preferences: Preferences | None
    ) -> None:
        user_id = profile.user_id
        operations: dict[str, Operation] = {
            "tombstone": Check(items.person_key(user_id), items.TOMBSTONE, absent()),
            "profile": _first(profile) if replaces is None else items.rewriting(replaces, profile),
        }
        if preferences is not None:
            kept = items.from_preferences(user_id, preferences)
            operations["preferences"] = Put(kept, condition=absent())
        if profile.claimed_email is not None:
            operations["claim"] = items.claiming(profile.claimed_email, user_id, profile.updated_at)
        refused = self._table.transact_named(operations)
        if refused == {"claim"}:
            raise AddressTaken
        if refused:
            raise Raced
        if replaces is not None and replaces.email is None and profile.email is not None:
            self._tell_of_address(profile)

    def _tell_of_address(self, profile: Profile) -> None:
        """Do what else the next sign-in or reconciliation does: the profile is made in any case."""
        try:
            self._table.transact(addressed(profile, profile.updated_at))
        except TransactionRefused:
            log.info("nobody waits to hear of the address", user_id=profile.user_id)
        except AwsError as error:
            log.failure("not told of anew", error, user_id=profile.user_id)

    def change(
        self, user_id: str, draft: Draft, *, by: str, version: int | None, at: str
    ) -> Profile:
        item: Item | None
        try:
            if user_id == by:
                item = self._change_own(user_id, draft, version, at)
            else:
                item = self._change_as_admin(user_id, draft, version, at, by)
        except ConditionFailed as failure:
            raise _refusal(user_id, failure.item, draft, version, by) from failure
        if item is None:  # erased between the admin's write and the reading of it
            raise ProfileNotFound(user_id)
        return items.to_profile(item)

    def _change_own(self, user_id: str, draft: Draft, version: int | None, at: str) -> Item:
        changes, cleared = _changes(draft, at)
        return self._table.update(
            *items.profile_key(user_id),
            changes=changes,
            remove=cleared,
            increment={"version": 1},
            condition=_as_expected(draft, version) & NOT_SUSPENDED,
        )

    def _change_as_admin(
        self, user_id: str, draft: Draft, version: int | None, at: str, admin: str
    ) -> Item | None:
        changes, cleared = _changes(draft, at)
        key = items.profile_key(user_id)
        update = Update(
            *key,
            changes=changes,
            remove=cleared,
            increment={"version": 1},
            condition=_as_expected(draft, version),
        )
        try:
            self._table.transact(still_admin(admin), update)
        except TransactionRefused as refusal:
            caller, target = refusal.reasons
            if caller.is_verdict:
                raise CallerNotAdmin(admin) from refusal
            if caller.code != "None":  # whether an admin writes is not known: this try says nothing
                raise Raced(user_id) from refusal
            raise ConditionFailed(target.item) from refusal
        return self._table.get(*key, consistent=True)

    def release(self, holder: Profile, moved: Profile) -> bool:
        claim = items.releasing(holder.claimed_email or "", holder.user_id)
        try:
            self._table.transact(items.rewriting(holder, moved), claim)
        except TransactionRefused:
            return False
        return True

    def erase(self, profile: Profile, *, by: str, at: str, release_claim: bool) -> None:
        key = items.person_key(profile.user_id)
        condition = equals("version", profile.version)
        if profile.user_id == by:
            condition &= NOT_SUSPENDED
        operations: dict[str, Operation] = {
            "profile": Delete(key, items.PROFILE, condition=condition),
            "last seen": Delete(key, items.LAST_SEEN),
            "confirmed": Delete(key, items.CONFIRMED),
            "preferences": Delete(key, items.PREFERENCES),
            "tombstone": Put(
                items.tombstone(profile.user_id, by=by, at=at, sign_in_name=profile.sign_in_name)
            ),
        }
        if release_claim and profile.claimed_email is not None:
            operations["claim"] = items.releasing(profile.claimed_email, profile.user_id)
        refused = self._erase(profile.user_id, operations, by)
        if refused == {"claim"}:
            raise AddressTaken
        if refused:
            raise Raced

    def erase_visitor(self, user_id: str, *, by: str, at: str) -> bool:
        key = items.person_key(user_id)
        told = self._table.get(key, items.CONFIRMED, consistent=True)
        if told is None:
            return False
        name = told.get(items.SIGN_IN_NAME)
        operations: dict[str, Operation] = {
            "profile": Check(key, items.PROFILE, absent()),
            "confirmed": Delete(key, items.CONFIRMED, condition=present()),
            "last seen": Delete(key, items.LAST_SEEN),
            "tombstone": Put(items.tombstone(user_id, by=by, at=at, sign_in_name=name)),
        }
        if self._erase(user_id, operations, by):
            raise Raced(user_id)
        return True

    def _erase(self, user_id: str, operations: dict[str, Operation], by: str) -> set[str]:
        """Give the names of what refused. Raise CallerNotAdmin for anybody else who is none."""
        if by not in {user_id, OPERATOR}:
            operations["caller"] = still_admin(by)
        refused = self._table.transact_named(operations)
        if "caller" in refused:
            raise CallerNotAdmin(by)
        return refused


class TableRecords:
    """What the table says of a caller's role and status."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, user_id: str) -> CallerRecord | None:
        item = self._table.get(*items.profile_key(user_id), consistent=True)
        if item is None:
            return None
        profile = items.to_profile(item)
        return CallerRecord(profile.role, profile.status)


class TableSignInNames:
    """By what Cognito knows people who come through a provider: `Google_123`, not their sub."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, user_id: str) -> str | None:
        key = items.person_key(user_id)
        keys = [(key, kind) for kind in (items.PROFILE, items.CONFIRMED, items.TOMBSTONE)]
        found = self._table.get_many(keys, consistent=True)
        names = [item[items.SIGN_IN_NAME] for item in found.values() if items.SIGN_IN_NAME in item]
        return names[0] if names else None


def _public(item: Item) -> dict[str, Any]:
    return {name: item[name] for name in PUBLIC_NAMES if item.get(name) is not None}


def _first(profile: Profile) -> Put:
    return Put(items.from_profile(profile), condition=absent())


def _changes(draft: Draft, at: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    fields = {WIRE_NAMES[name]: value for name, value in draft.fields.items()}
    changes: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    changes["updatedAt"] = at
    if "phone_number" in draft.fields:
        changes["phoneVerified"] = False  # nobody has shown that the new number is theirs
    return changes, tuple(name for name, value in fields.items() if value is None)


def _as_expected(draft: Draft, version: int | None) -> Condition:
    condition = present()
    if version is not None:
        condition &= equals("version", version)
    if draft.email is not None:
        condition &= equals("email", draft.email)
    return condition


def _refusal(
    user_id: str, item: Item | None, draft: Draft, version: int | None, by: str
) -> ProfilesError:
    """Tell from what stood there which part of the condition failed."""
    if item is None:
        return ProfileNotFound(user_id)
    stands = items.to_profile(item)
    if user_id == by and stands.is_suspended:
        return CallerSuspended(by)
    if version is not None and stands.version != version:
        return VersionDiffers(user_id, stands.version)
    if draft.email is not None and stands.email != draft.email:
        return AddressDiffers(user_id, stands.email)
    return Raced(user_id)
