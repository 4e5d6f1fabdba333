"""The rules of opening, reading, changing and erasing a profile."""

from __future__ import annotations

from vestibule.platform import logs, metrics
from vestibule.platform.clock import now, timestamp
from vestibule.platform.origin import NOWHERE
from vestibule.platform.values import frozen, replace
from vestibule.profiles.errors import (
    AccountErased,
    AccountMissing,
    AddressDiffers,
    AddressTaken,
    AdminErasesOwn,
    CallerSuspended,
    ProfileExists,
    ProfileNotFound,
    Raced,
)
from vestibule.profiles.model import ADMIN, LastSeen, Profile
from vestibule.profiles.preferences import Preferences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.origin import Origin
    from vestibule.profiles.accounts import Account
    from vestibule.profiles.model import Draft, Person, PublicPage
    from vestibule.profiles.ports import Accounts, History, ProfileStore

# Each lost race means that somebody else's write went through: a few are luck, many are not.
ATTEMPTS: Final = 5


log = logs.logger(__name__)


@frozen
class Shown:
    """A profile as one reader may see it."""

    profile: Profile
    last_seen: LastSeen
    private: bool


class ProfileService:
    def __init__(
        self,
        store: ProfileStore,
        accounts: Accounts,
        clock: Clock = now,
        history: History | None = None,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._history = history

    def create(self, user_id: str, draft: Draft) -> Profile:
        """Open the person's profile, or complete the one that waits for them.

        Raise ProfileExists, AccountErased, AccountMissing, CallerSuspended or AddressDiffers.
        """
        account: Account | None = None
        address_taken = False
        for _ in range(ATTEMPTS):
            person = self._store.person(user_id)
            _refuse_second(user_id, person)
            if account is None and _lacks_address(person.profile):
                account = self._account(user_id)
            standing = person.profile or self._blank(user_id)
            standing = _with_address(standing, account, address_taken=address_taken)
            _refuse_other_address(user_id, draft, person.profile, account)
            profile = self._completed(standing, draft)
            try:
                self._store.create(
                    profile,
                    replaces=person.profile,
                    preferences=None if person.preferences else _first_preferences(account),
                )
            except AddressTaken:
                address_taken = not self.free(profile.claimed_email or "", user_id)
            except Raced:
                continue
            else:
                _count("ProfileCreated", user_id, email_conflict=profile.email_conflict)
                return profile
        raise Raced(user_id)

    def me(self, user_id: str) -> Person:
        return self._store.person(user_id)

    def show(self, user_id: str, *, reader: str) -> Shown:
        """Raise ProfileNotFound. Whether the reader is an admin is read with the profile."""
        sighting = self._store.sight(user_id, reader=reader)
        if sighting.profile is None:
            raise ProfileNotFound(user_id)
        is_admin = sighting.reader is not None and sighting.reader.is_active_admin
        return Shown(sighting.profile, sighting.last_seen, private=reader == user_id or is_admin)

    def page(self, limit: int, start: Item | None) -> PublicPage:
        return self._store.page(limit, start)

    def change(
        self,
        user_id: str,
        draft: Draft,
        *,
        by: str,
        version: int | None = None,
        origin: Origin = NOWHERE,
    ) -> Profile:
        """Write a draft over a profile; raise what `ProfileStore.change` does, or Raced."""
        try:
            profile = self._write(user_id, draft, by, version)
        except AddressDiffers as difference:
            if difference.known is not None or self._account(user_id).email != draft.email:
                raise
            # The record holds no address, and the body repeats the account's own.
            profile = self._write(user_id, replace(draft, email=None), by, version)
        _count("ProfileUpdated", user_id, by=by, version=profile.version)
        if self._history is not None:
            is_own = by == user_id
            self._history.note(
                user_id,
                "profile_update",
                profile.updated_at,
                # Who else it was is the person's business, and where they sit is not.
                origin=origin if is_own else NOWHERE,
                details=None if is_own else {"by": by},
            )
        return profile

    def erase(self, user_id: str, *, by: str) -> None:
        """Forget a person for good.

        Raise ProfileNotFound, CallerSuspended, CallerNotAdmin or AdminErasesOwn.
        """
        self._erase(user_id, by=by, spares_admins=by == user_id)

    def _erase(self, user_id: str, *, by: str, spares_admins: bool) -> None:
        release_claim = True
        for _ in range(ATTEMPTS):
            profile = self._store.person(user_id).profile
            if profile is None:
                try:
                    self._erase_visitor(user_id, by)
                except Raced:
                    continue
                return
            if profile.is_suspended and by == user_id:
                raise CallerSuspended(by)
            if spares_admins and profile.role == ADMIN:
                raise AdminErasesOwn(by)
            at = timestamp(self._clock())
            try:
                self._store.erase(profile, by=by, at=at, release_claim=release_claim)
            except AddressTaken:
                release_claim = False
            except Raced:
                continue
            else:
                _count("ProfileErased", user_id, by=by)
                return
        raise Raced(user_id)

    def _erase_visitor(self, user_id: str, by: str) -> None:
        """Forget somebody who came where no profiles are opened."""
        if not self._store.erase_visitor(user_id, by=by, at=timestamp(self._clock())):
            raise ProfileNotFound(user_id)
        _count("ProfileErased", user_id, by=by)

    def _write(self, user_id: str, draft: Draft, by: str, version: int | None) -> Profile:
        at = timestamp(self._clock())
        return self._store.change(user_id, draft, by=by, version=version, at=at)

    def free(self, email: str, user_id: str) -> bool:
        """Say whether somebody may have an address.

        Erases whoever holds it without an account: people may delete theirs at Cognito. Takes it
        from whoever has proven another one since: it may be somebody else's by now. Raise
        CallerSuspended if they were suspended: deleting the account is no way out of that.
        """
        holder = self._store.claimant(email)
        if holder in {None, user_id}:
            return True
        account = self._accounts.find(holder)
        if account is None and self._accounts.exists(holder):
            return False
        profile = self._store.person(holder).profile
        if profile is None:
            return False
        if account is not None:
            return self._has_left(profile, email, account)
        if profile.is_suspended:
            raise CallerSuspended(holder)
        self._erase(holder, by=holder, spares_admins=False)
        return True

    def _has_left(self, holder: Profile, email: str, account: Account) -> bool:
        if not account.email_verified or account.email == email or holder.claimed_email != email:
            return False
        moved = replace(
            holder,
            email=None,
            email_verified=False,
            email_conflict=True,
            updated_at=timestamp(self._clock()),
            version=holder.version + 1,
        )
        return self._store.release(holder, moved)

    def _account(self, user_id: str) -> Account:
        account = self._accounts.find(user_id)
        if account is None:
            raise AccountMissing(user_id)
        return account

    def _blank(self, user_id: str) -> Profile:
        at = timestamp(self._clock())
        return Profile(user_id=user_id, name="", created_at=at, updated_at=at, version=0)

    def _completed(self, standing: Profile, draft: Draft) -> Profile:
        new_phone = draft.fields.get("phone_number", standing.phone_number)
        return replace(
            standing,
            **draft.fields,
            phone_verified=standing.phone_verified and new_phone == standing.phone_number,
            onboarding_completed=True,
            updated_at=timestamp(self._clock()),
            version=standing.version + 1,
        )


def _refuse_second(user_id: str, person: Person) -> None:
    if person.erased:
        raise AccountErased(user_id)
    if person.profile is not None and person.profile.is_suspended:
        raise CallerSuspended(user_id)
    if person.profile is not None and person.profile.onboarding_completed:
        raise ProfileExists(user_id)


def _lacks_address(profile: Profile | None) -> bool:
    return profile is None or profile.claimed_email is None


def _with_address(standing: Profile, account: Account | None, *, address_taken: bool) -> Profile:
    """Take the account's address where the record has no verified one."""
    if address_taken:
        standing = replace(standing, email=None, email_verified=False, email_conflict=True)
    elif account is not None and _lacks_address(standing):
        standing = replace(
            standing,
            email=account.email,
            email_verified=account.email_verified,
            email_conflict=False,
        )
    if account is not None and standing.version == 0:
        standing = replace(
            standing, account_type=account.account_type, sign_in_name=account.sign_in_name
        )
    return standing


def _refuse_other_address(
    user_id: str, draft: Draft, kept: Profile | None, account: Account | None
) -> None:
    on_record = kept.email if kept else None
    known = {on_record, account.email if account else None}
    if draft.email is not None and draft.email not in known:
        raise AddressDiffers(user_id, on_record)


def _first_preferences(account: Account | None) -> Preferences:
    return Preferences(marketing_emails=account is not None and account.marketing_consent)


def _count(outcome: str, user_id: str, **facts: object) -> None:
    metrics.count(outcome)
    log.info(outcome, user_id=user_id, **facts)
