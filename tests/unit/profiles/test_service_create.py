from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.interruptions import before_each_write
from fakes.people import CREATED, address, claimant, draft, keep, new_sub, profile
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.values import replace
from vestibule.profiles import items
from vestibule.profiles.accounts import Account
from vestibule.profiles.errors import (
    AccountErased,
    AccountMissing,
    AddressDiffers,
    CallerSuspended,
    ProfileExists,
    Raced,
)
from vestibule.profiles.preferences import Preferences
from vestibule.profiles.service import ATTEMPTS, ProfileService
from vestibule.profiles.store import TableProfileStore

if TYPE_CHECKING:
    from fakes.accounts import InMemoryAccounts
    from fakes.table import FakeTable
    from vestibule.platform.operations import Operation


def test_a_first_profile_takes_the_accounts_verified_address(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")

    made = service.create(user_id, draft("Jo Doe", bio="Hi", last_name=None))

    assert (made.email, made.email_verified, made.email_conflict) == (
        "jo@example.test",
        True,
        False,
    )
    assert (made.name, made.bio, made.last_name) == ("Jo Doe", "Hi", None)
    assert (made.role, made.role_source, made.status) == ("user", "default", "active")
    assert (made.version, made.onboarding_completed) == (1, True)
    assert claimant(table, "jo@example.test") == user_id
    assert service.me(user_id).profile == made
    assert service.me(user_id).preferences == Preferences()
    assert accounts.lookups == [user_id]


def test_a_profile_bears_the_moment_it_was_made_and_that_of_its_last_change(
    table: FakeTable, accounts: InMemoryAccounts
) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    times = iter(moment + timedelta(seconds=number) for number in range(100))
    service = ProfileService(TableProfileStore(table), accounts, clock=lambda: next(times))
    user_id = accounts.add(new_sub(), address())

    made = service.create(user_id, draft())
    changed = service.change(user_id, draft("Jo New"), by=user_id)

    assert made.created_at.startswith("2026-05-06T07:08:")
    assert changed.created_at == made.created_at
    assert changed.updated_at > made.updated_at


def test_what_the_account_says_of_type_and_consent_is_taken_over(
    service: ProfileService, accounts: InMemoryAccounts
) -> None:
    account = Account(
        address(), email_verified=True, account_type="business", marketing_consent=True
    )
    user_id = accounts.add_account(new_sub(), account)

    made = service.create(user_id, draft())

    assert made.account_type == "business"
    preferences = service.me(user_id).preferences
    assert preferences is not None
    assert preferences.marketing_emails


def test_an_unverified_address_is_shown_and_not_claimed(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test", verified=False)

    made = service.create(user_id, draft())

    assert (made.email, made.email_verified) == ("jo@example.test", False)
    assert claimant(table, "jo@example.test") is None


def test_an_address_somebody_holds_is_left_out_without_a_failure(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    holder = keep(table, profile(email="jo@example.test", email_verified=True))
    accounts.add(holder.user_id, "jo@example.test")
    user_id = accounts.add(new_sub(), "jo@example.test")

    made = service.create(user_id, draft(email="jo@example.test"))

    assert (made.email, made.email_verified, made.email_conflict) == (None, False, True)
    assert service.me(user_id).profile == made
    assert claimant(table, "jo@example.test") == holder.user_id


@pytest.mark.parametrize("role", ["user", "admin"])
def test_an_address_is_freed_by_the_holder_who_deleted_the_account(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable, role: str
) -> None:
    gone = keep(table, profile(email="jo@example.test", email_verified=True, role=role))
    user_id = accounts.add(new_sub(), "jo@example.test")

    made = service.create(user_id, draft())

    assert (made.email, made.email_verified, made.email_conflict) == (
        "jo@example.test",
        True,
        False,
    )
    assert claimant(table, "jo@example.test") == user_id
    assert service.me(gone.user_id).erased


def test_whose_address_became_free_is_told_of_anew_with_it(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    keep(table, profile(email="jo@example.test", email_verified=True))
    user_id = accounts.add(new_sub(), "jo@example.test")
    keep(table, profile(user_id, email_conflict=True, onboarding_completed=False))
    key = (items.person_key(user_id), items.CONFIRMED)
    table.put({"pk": key[0], "sk": key[1], "emailVerified": False, "at": CREATED})

    made = service.create(user_id, draft())

    told = table.get(*key)
    assert told is not None
    assert (told["email"], told["emailVerified"], told["again"]) == (made.email, True, 1)


def test_a_profile_is_made_though_nobody_can_be_told_of_its_address(
    service: ProfileService,
    accounts: InMemoryAccounts,
    table: FakeTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    keep(table, profile(user_id, email_conflict=True, onboarding_completed=False))
    transact = table.transact

    def away(*operations: Any) -> None:
        if len(operations) == 1:
            raise AwsUnavailable("dynamodb", "TransactWriteItems")
        transact(*operations)

    monkeypatch.setattr(table, "transact", away)

    assert service.create(user_id, draft()).email == "jo@example.test"


def test_who_is_not_told_of_yet_is_not_told_of_by_a_profile(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    keep(table, profile(user_id, email_conflict=True, onboarding_completed=False))

    assert service.create(user_id, draft()).email == "jo@example.test"

    assert table.get(items.person_key(user_id), items.CONFIRMED) is None


def test_deleting_the_account_is_no_way_out_of_a_suspension(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    keep(table, profile(email="jo@example.test", email_verified=True, status="suspended"))
    user_id = accounts.add(new_sub(), "jo@example.test")
    before = table.all_items()

    with pytest.raises(CallerSuspended):
        service.create(user_id, draft())

    assert table.all_items() == before


def test_a_claim_without_a_holder_to_erase_stays(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    holder = new_sub()
    table.put(items.claiming("jo@example.test", holder, CREATED).item)
    user_id = accounts.add(new_sub(), "jo@example.test")

    made = service.create(user_id, draft())

    assert made.email_conflict
    assert claimant(table, "jo@example.test") == holder


def test_an_address_whose_holder_has_proven_another_one_is_its_next_owners(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    """A new address that the rules refuse leaves the old one on record: not for ever."""
    former = keep(
        table,
        profile(email="jo@example.test", email_verified=True, role="manager", version=3),
    )
    accounts.add(former.user_id, "moved@else.test")
    user_id = accounts.add(new_sub(), "jo@example.test")

    made = service.create(user_id, draft())

    assert (made.email, made.email_conflict) == ("jo@example.test", False)
    assert claimant(table, "jo@example.test") == user_id
    left = service.me(former.user_id).profile
    assert left is not None
    assert (left.email, left.email_verified, left.email_conflict) == (None, False, True)
    assert (left.role, left.version) == ("manager", 4)


@pytest.mark.parametrize(
    ("email", "verified"),
    [("jo@example.test", True), ("moved@else.test", False), (None, False)],
    ids=["it is still theirs", "the new one is not proven", "they have none"],
)
def test_an_address_stays_with_a_holder_who_has_proven_no_other(
    service: ProfileService,
    accounts: InMemoryAccounts,
    table: FakeTable,
    email: str | None,
    *,
    verified: bool,
) -> None:
    holder = keep(table, profile(email="jo@example.test", email_verified=True))
    accounts.add(holder.user_id, email, verified=verified)
    user_id = accounts.add(new_sub(), "jo@example.test")

    assert service.create(user_id, draft()).email_conflict

    assert claimant(table, "jo@example.test") == holder.user_id
    assert service.me(holder.user_id).profile == holder


def test_a_holder_who_signs_in_at_that_moment_is_not_written_over(
    service: ProfileService, table: FakeTable
) -> None:
    holder = keep(table, profile(email="jo@example.test", email_verified=True, version=3))
    quicker = keep(table, replace(holder, bio="Just back", version=4))

    took = TableProfileStore(table).release(holder, replace(holder, email=None, version=4))

    assert not took
    assert service.me(holder.user_id).profile == quicker
    assert claimant(table, "jo@example.test") == holder.user_id


def test_an_address_freed_at_that_moment_is_taken_after_all(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    table.put(items.claiming("jo@example.test", new_sub(), CREATED).item)
    user_id = accounts.add(new_sub(), "jo@example.test")
    transact = table.transact

    def freed_just_after(*operations: Operation) -> None:
        try:
            transact(*operations)
        finally:
            table.delete(items.claim_key("jo@example.test"), items.CLAIM)
            table.transact = transact  # type: ignore[method-assign]

    table.transact = freed_just_after  # type: ignore[method-assign]

    assert not service.create(user_id, draft()).email_conflict
    assert claimant(table, "jo@example.test") == user_id


def test_a_waiting_profile_is_completed_with_what_its_opener_decided(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    waiting = keep(
        table,
        profile(
            email="jo@example.test",
            email_verified=True,
            role="manager",
            role_source="invitation",
            organization_id="org-1",
            onboarding_completed=False,
            first_name="Jo",
        ),
    )
    table.put(items.from_preferences(waiting.user_id, Preferences(marketing_emails=True)))

    made = service.create(waiting.user_id, draft("Jo New", email="jo@example.test"))

    assert (made.role, made.role_source, made.organization_id) == ("manager", "invitation", "org-1")
    assert (made.name, made.first_name, made.version) == ("Jo New", "Jo", 2)
    assert made.created_at == waiting.created_at
    assert made.onboarding_completed
    assert service.me(waiting.user_id).profile == made
    assert service.me(waiting.user_id).preferences == Preferences(marketing_emails=True)
    assert accounts.lookups == []


def test_a_waiting_profile_without_an_address_asks_the_account_again(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    waiting = keep(table, profile(onboarding_completed=False, email_conflict=True))
    accounts.add_account(
        waiting.user_id, Account("jo@example.test", email_verified=True, account_type="enterprise")
    )

    made = service.create(waiting.user_id, draft())

    assert (made.email, made.email_conflict) == ("jo@example.test", False)
    assert made.account_type == waiting.account_type
    assert claimant(table, "jo@example.test") == waiting.user_id


def test_completing_with_another_phone_number_unverifies_it(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    phone: dict[str, Any] = {"phone_number": "+14155550100", "phone_verified": True}
    same, other = (keep(table, profile(onboarding_completed=False, **phone)) for _ in range(2))
    accounts.add(same.user_id, address())
    accounts.add(other.user_id, address())

    assert service.create(same.user_id, draft(phone_number="+14155550100")).phone_verified
    assert not service.create(other.user_id, draft(phone_number="+14155550101")).phone_verified


def test_a_second_creation_is_refused(service: ProfileService, accounts: InMemoryAccounts) -> None:
    user_id = accounts.add(new_sub(), address())
    made = service.create(user_id, draft())

    with pytest.raises(ProfileExists):
        service.create(user_id, draft("Somebody Else"))

    assert service.me(user_id).profile == made


def test_an_erased_account_is_not_opened_again(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), address())
    service.create(user_id, draft())
    service.erase(user_id, by=user_id)

    with pytest.raises(AccountErased):
        service.create(user_id, draft())

    assert [item["sk"] for item in table.all_items()] == [items.TOMBSTONE]


def test_a_suspended_person_completes_nothing(service: ProfileService, table: FakeTable) -> None:
    waiting = keep(table, profile(status="suspended", onboarding_completed=False))

    with pytest.raises(CallerSuspended):
        service.create(waiting.user_id, draft())

    assert service.me(waiting.user_id).profile == waiting


def test_a_token_without_an_account_makes_no_profile(
    service: ProfileService, table: FakeTable
) -> None:
    with pytest.raises(AccountMissing):
        service.create(new_sub(), draft())

    assert table.all_items() == []


@pytest.mark.parametrize("known", ["jo@example.test", None])
def test_a_body_cannot_set_another_address(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable, known: str | None
) -> None:
    user_id = accounts.add(new_sub(), known)

    with pytest.raises(AddressDiffers):
        service.create(user_id, draft(email="other@example.test"))

    assert table.all_items() == []


def test_a_profile_opened_while_creating_is_completed_instead(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    user_id = accounts.add(new_sub(), "jo@example.test")
    opened = profile(
        user_id, email="jo@example.test", email_verified=True, onboarding_completed=False, bio="Hi"
    )
    before_each_write(table, lambda: keep(table, opened), times=1)

    made = service.create(user_id, draft("Jo New"))

    assert (made.version, made.bio, made.onboarding_completed) == (2, "Hi", True)


def test_creating_gives_up_when_others_never_stop_writing(
    service: ProfileService, accounts: InMemoryAccounts, table: FakeTable
) -> None:
    waiting = keep(table, profile(onboarding_completed=False))
    accounts.add(waiting.user_id, address())
    key = (items.person_key(waiting.user_id), items.PROFILE)
    before_each_write(table, lambda: table.update(*key, increment={"version": 1}))

    with pytest.raises(Raced):
        service.create(waiting.user_id, draft())

    assert table.calls.count("TransactWriteItems") == ATTEMPTS
    assert accounts.lookups == [waiting.user_id]
