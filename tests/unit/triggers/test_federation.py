"""Somebody comes through a provider for the first time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import FixedPolicies, event
from fakes.interruptions import before_each_write
from fakes.people import address, keep, profile
from fakes.tenants import DAY, SECONDS, invitation_now, keep_invitation
from fakes.tenants import NOW as INVITED_AT
from vestibule.invitations import items as invites
from vestibule.invitations.model import HOLD_SECONDS
from vestibule.invitations.reservations import Reservations
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.operations import Reason, TransactionRefused
from vestibule.policy.model import LINK, REFUSE, Policy
from vestibule.policy.source import PolicyUnread
from vestibule.profiles import items as people
from vestibule.triggers.dispatch import Refusal
from vestibule.triggers.federation import (
    NOT_RECOGNIZED,
    SIGN_IN_INSTEAD,
    CognitoIdentities,
    ExternalProvider,
    TableAddresses,
)
from vestibule.triggers.sign_up import INVITATION_NEEDED, NO_ADDRESS, UNWELCOME_ADDRESS

if TYPE_CHECKING:
    from datetime import datetime

    from fakes.table import FakeTable


class Identities:
    """Keeps the promise of `Identities`, in a list."""

    def __init__(self, failure: Exception | None = None, *more: str) -> None:
        self._providers = ["Google", "SignInWithApple", "Okta", "AcmeSaml", *more]
        self.links: list[tuple[str, str, str]] = []
        self._failure = failure
        self.proven: str | None = ""

    def providers(self) -> list[str]:
        return self._providers

    def proven_email(self, user_id: str) -> str | None:
        assert user_id
        return self.proven

    def link(self, user_id: str, provider: str, subject: str) -> None:
        if self._failure is not None:
            raise self._failure
        self.links.append((user_id, provider, subject))


def arrive(  # noqa: PLR0913 - an event's parts
    table: FakeTable,
    identities: Identities,
    policy: Policy,
    *,
    user_name: str = "Google_1234",
    at: datetime = INVITED_AT,
    told_identities: str | None = None,
    **attributes: Any,
) -> None:
    told = {"sub": None, "identities": told_identities, **attributes}
    came = event("PreSignUp_ExternalProvider", attributes=told, userName=user_name)
    addresses = TableAddresses(table, lambda: at)
    if identities.proven == "":
        identities.proven = came.email
    ExternalProvider(FixedPolicies(policy), addresses, identities).handle(came)


def holder(table: FakeTable) -> tuple[str, str]:
    email = address()
    return keep(table, profile(email=email, email_verified=True)).user_id, email


def test_somebody_new_becomes_a_user_of_their_own(table: FakeTable) -> None:
    identities = Identities()

    arrive(table, identities, Policy(federation=LINK))

    assert identities.links == []
    assert table.calls == ["BatchGetItem"]


@pytest.mark.parametrize(
    ("user_name", "provider"),
    [
        ("Google_1234", "Google"),
        ("google_1234", "Google"),
        ("signinwithapple_1234", "SignInWithApple"),
        ("AcmeSaml_1234", "AcmeSaml"),
        ("okta_1234", "Okta"),
        ("acme_north_1234", "Acme_North"),
        ("Acme_1234", "Acme"),
    ],
)
def test_an_address_proven_on_both_sides_links_the_two(
    table: FakeTable, user_name: str, provider: str
) -> None:
    identities, (user_id, email) = Identities(None, "Acme", "Acme_North"), holder(table)

    arrive(table, identities, Policy(federation=LINK), user_name=user_name, email=email.upper())

    assert identities.links == [(user_id, provider, "1234")]


def test_a_subject_may_hold_what_separates_it(table: FakeTable) -> None:
    identities, (user_id, email) = Identities(), holder(table)

    arrive(table, identities, Policy(federation=LINK), user_name="google_a_b", email=email)

    assert identities.links == [(user_id, "Google", "a_b")]


def test_identities_that_come_along_are_believed_before_the_user_name(table: FakeTable) -> None:
    identities, (user_id, email) = Identities(), holder(table)
    told = json.dumps([{"userId": "AbC", "providerName": "Not_Listed", "providerType": "SAML"}])

    arrive(
        table,
        identities,
        Policy(federation=LINK),
        user_name="not_listed_abc",
        email=email,
        told_identities=told,
    )

    assert identities.links == [(user_id, "Not_Listed", "AbC")]


@pytest.mark.parametrize("told", ["", "[", "[]", "{}", "[1]", '[{"providerName": "Google"}]'])
def test_identities_of_another_look_are_passed_over(table: FakeTable, told: str) -> None:
    identities, (user_id, email) = Identities(), holder(table)

    arrive(table, identities, Policy(federation=LINK), email=email, told_identities=told)

    assert identities.links == [(user_id, "Google", "1234")]


def test_where_the_policy_says_so_they_are_asked_to_sign_in_as_before(table: FakeTable) -> None:
    identities, (_, email) = Identities(), holder(table)

    with pytest.raises(Refusal, match=SIGN_IN_INSTEAD):
        arrive(table, identities, Policy(federation=REFUSE), email=email)

    assert identities.links == []


@pytest.mark.parametrize("federation", [LINK, REFUSE])
@pytest.mark.parametrize("verified", ["false", None])
def test_an_address_the_provider_has_not_verified_says_nothing_of_who_holds_it(
    table: FakeTable, federation: str, verified: str | None
) -> None:
    identities, (_, email) = Identities(), holder(table)

    for told in (email, address()):
        arrive(
            table, identities, Policy(federation=federation), email=told, email_verified=verified
        )

    assert identities.links == []
    assert table.calls == ["PutItem", "PutItem"]  # nothing but the holder's own beginnings


def test_an_account_that_cannot_be_linked_to_is_signed_in_to_as_before(table: FakeTable) -> None:
    failure = AwsRefused("cognito-idp", "AdminLinkProviderForUser", code="UserNotFoundException")
    _, email = holder(table)

    with pytest.raises(Refusal, match=SIGN_IN_INSTEAD):
        arrive(table, Identities(failure), Policy(federation=LINK), email=email)


@pytest.mark.parametrize("proven", [None, "moved@example.test"])
def test_an_account_that_has_left_the_address_is_not_linked_to(
    table: FakeTable, proven: str | None
) -> None:
    identities, (_, email) = Identities(), holder(table)
    identities.proven = proven

    with pytest.raises(Refusal, match=SIGN_IN_INSTEAD):
        arrive(table, identities, Policy(federation=LINK), email=email)

    assert identities.links == []


@pytest.mark.parametrize(
    ("enabled", "verified", "proven"),
    [
        (True, "true", "jo@example.test"),
        (False, "true", None),
        (True, "false", None),
        (True, None, None),
    ],
)
def test_only_an_enabled_account_with_a_verified_address_holds_one(
    enabled: bool,  # noqa: FBT001 - a parameter
    verified: str | None,
    proven: str | None,
) -> None:
    told = {"email": "Jo@example.test", "email_verified": verified}

    class Client:
        def call(self, operation: str, payload: Any) -> Any:
            assert (operation, payload["Username"]) == ("AdminGetUser", "sub-1")
            attributes = [{"Name": name, "Value": text} for name, text in told.items() if text]
            return {"Enabled": enabled, "UserAttributes": attributes}

    identities = CognitoIdentities(Client(), "us-east-1_pool")  # type: ignore[arg-type]

    assert identities.proven_email("sub-1") == proven


def test_cognito_being_away_is_no_reason_to_let_somebody_pass(table: FakeTable) -> None:
    _, email = holder(table)
    away = Identities(AwsUnavailable("cognito-idp", "AdminLinkProviderForUser"))

    with pytest.raises(AwsUnavailable):
        arrive(table, away, Policy(federation=LINK), email=email)


@pytest.mark.parametrize("user_name", ["", "Google", "Google_", "_1", "Nobody_1"])
def test_a_name_without_provider_and_subject_is_not_linked(
    table: FakeTable, user_name: str
) -> None:
    _, email = holder(table)

    with pytest.raises(Refusal, match=NOT_RECOGNIZED):
        arrive(table, Identities(), Policy(federation=LINK), user_name=user_name, email=email)


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("jo@trash.test", UNWELCOME_ADDRESS),
        ("jo@exämple.test", NO_ADDRESS),
        ("\u212ate@example.test", NO_ADDRESS),
    ],
)
def test_the_policy_s_domains_hold_for_them_too(table: FakeTable, email: str, words: str) -> None:
    policy = Policy(blocked_domains=frozenset({"trash.test"}))

    with pytest.raises(Refusal, match=words.rstrip(".")):
        arrive(table, Identities(), policy, email=email)


def test_where_an_invitation_is_needed_one_held_for_the_address_counts(table: FakeTable) -> None:
    email, policy = address(), Policy(invitation_required=True)
    with pytest.raises(Refusal, match=INVITATION_NEEDED):
        arrive(table, Identities(), policy, email=email)
    code, _ = keep_invitation(table, valid_until=SECONDS + DAY)
    assert Reservations(table).reserve(code, email, INVITED_AT) is not None

    arrive(table, Identities(), policy, email=email)


@pytest.mark.parametrize(
    "meanwhile", ["lapsed", "revoked", "given away", "forgotten", "inviter gone"]
)
def test_a_held_invitation_that_opens_nothing_any_more_does_not_count(
    table: FakeTable, meanwhile: str
) -> None:
    email, policy = address(), Policy(invitation_required=True)
    inviter = keep(table, profile(role="admin")).user_id
    code, made = keep_invitation(table, valid_until=SECONDS + DAY, created_by=inviter)
    assert Reservations(table).reserve(code, email, INVITED_AT) is not None
    key = invites.invite_key(made.code_hash)
    (mark,) = invitation_now(table, made).holds
    if meanwhile == "revoked":
        table.update(*key, changes={"status": "revoked"})
    elif meanwhile == "given away":
        table.update(*key, changes={}, remove=(f"hold:{mark}",))
    elif meanwhile == "forgotten":
        table.delete(*key)
    elif meanwhile == "inviter gone":
        table.update(people.person_key(inviter), people.PROFILE, changes={"role": "user"})
    moment = INVITED_AT + timedelta(seconds=HOLD_SECONDS if meanwhile == "lapsed" else 1)

    with pytest.raises(Refusal, match=INVITATION_NEEDED):
        arrive(table, Identities(), policy, email=email, at=moment)


def test_whoever_is_invited_is_not_told_otherwise_while_somebody_else_writes(
    table: FakeTable,
) -> None:
    """A conflict says nothing of the inviter: better an apology than a wrong no."""
    email, policy = address(), Policy(invitation_required=True)
    inviter = keep(table, profile(role="admin")).user_id
    code, _ = keep_invitation(table, valid_until=SECONDS + DAY, created_by=inviter)
    assert Reservations(table).reserve(code, email, INVITED_AT) is not None
    conflict = TransactionRefused((Reason("TransactionConflict"),))
    before_each_write(table, lambda: table.fail_next(conflict), times=1)

    with pytest.raises(TransactionRefused):
        arrive(table, Identities(), policy, email=email)

    arrive(table, Identities(), policy, email=email)


def test_while_the_rules_were_never_read_nobody_new_comes_in(table: FakeTable) -> None:
    policies = FixedPolicies(Policy(), is_certain=False)
    handler = ExternalProvider(policies, TableAddresses(table), Identities())

    with pytest.raises(PolicyUnread):
        handler.handle(event("PreSignUp_ExternalProvider", userName="Google_1"))


def test_the_pool_is_asked_for_all_its_providers() -> None:
    pages = [
        {"Providers": [{"ProviderName": "Okta"}], "NextToken": "more"},
        {"Providers": [{"ProviderName": "Acme_North"}]},
    ]
    asked: list[Any] = []

    class Client:
        def call(self, operation: str, payload: Any) -> Any:
            asked.append((operation, payload.get("NextToken")))
            return pages.pop(0)

    names = CognitoIdentities(Client(), "us-east-1_pool").providers()  # type: ignore[arg-type]

    assert names == ["Okta", "Acme_North"]
    assert asked == [("ListIdentityProviders", None), ("ListIdentityProviders", "more")]


def test_the_link_is_asked_of_cognito_in_its_words() -> None:
    asked: list[tuple[str, Any]] = []

    class Client:
        def call(self, operation: str, payload: Any) -> None:
            asked.append((operation, payload))

    CognitoIdentities(Client(), "us-east-1_pool").link("sub-1", "Google", "1234")  # type: ignore[arg-type]

    assert asked == [
        (
            "AdminLinkProviderForUser",
            {
                "UserPoolId": "us-east-1_pool",
                "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "sub-1"},
                "SourceUser": {
                    "ProviderName": "Google",
                    "ProviderAttributeName": "Cognito_Subject",
                    "ProviderAttributeValue": "1234",
                },
            },
        )
    ]
