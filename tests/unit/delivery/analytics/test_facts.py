"""What of an event is told to analytics, and what never is."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.people import new_sub
from vestibule.delivery import events
from vestibule.delivery.analytics.facts import Fact, facts_of

AT = "2026-11-20T09:41:00.123456Z"
SUB = "0f3c9a5e-6d0b-4a57-9c39-3f1f5f0a7b21"


def told(type_: str, data: dict[str, Any] | None = None, subject: str = SUB) -> tuple[Fact, ...]:
    return facts_of(events.make(type_, subject, AT, {"userId": SUB} if data is None else data))


@pytest.mark.parametrize(
    ("type_", "data", "name"),
    [
        ("user.signup_started", {"signupId": "s1", "origin": {}}, "user_signup_started"),
        ("user.confirmed", {"userId": SUB}, "user_profile_created"),
        ("user.role_assigned", {"userId": SUB, "role": "manager"}, "user_role_assigned"),
        ("user.signed_in", {"userId": SUB}, "user_signed_in"),
        ("organization.created", {"organizationId": "o1"}, "organization_created"),
        ("organization.joined", {"organizationId": "o1"}, "organization_joined"),
        ("invitation.accepted", {"userId": SUB}, "invitation_accepted"),
        ("mail.sent", {"userId": SUB, "kind": "welcome"}, "welcome_email_sent"),
    ],
)
def test_each_business_event_has_its_name(type_: str, data: dict[str, Any], name: str) -> None:
    (fact,) = told(type_, data)

    assert fact.name == name
    assert fact.milliseconds == 1795167660123


@pytest.mark.parametrize(
    "type_",
    [
        "user.updated",
        "user.suspended",
        "user.reactivated",
        "user.erased",
        "user.email_conflict",
        "organization.left",
        "vpc.requested",
        "security.breaker_opened",
    ],
)
def test_what_is_nobodys_business_is_not_told(type_: str) -> None:
    assert told(type_) == ()


def test_of_mails_only_the_welcome_is_told() -> None:
    assert told("mail.sent", {"userId": SUB, "kind": "invitation"}) == ()


def test_no_address_and_no_name_leaves_and_no_text_of_anybodys() -> None:
    data = {
        "userId": SUB,
        "email": "ann@acme.example",
        "emailVerified": True,
        "name": "Ann Example",
        "firstName": "Ann",
        "lastName": "Example",
        "accountType": "business",
        "role": "user",
        "roleSource": "default",
        "organizationId": "o1",
        "language": "de",
        "marketingConsent": True,
        "door": "PostConfirmation_ConfirmSignUp",
        "origin": {
            "utm_source": "letter",
            "utm_content": "for-ann@acme.example",
            "utm_term": "ann%40acme.example",
            "utm_id": "x" * 101,
            "signup_source": "pricing",
            "referrer_id": "somebody-else",
        },
    }

    (fact,) = told("user.confirmed", data)

    assert fact.properties == {
        "account_type": "business",
        "language": "de",
        "role": "user",
        "role_source": "default",
        "signup_source": "pricing",
        "utm_source": "letter",
    }
    assert (fact.person, fact.subject, fact.organization) == (SUB, SUB, "o1")
    assert "ann" not in repr(fact).lower()


def test_the_same_event_is_the_same_fact_and_another_is_another() -> None:
    twice = [told("user.signed_in")[0].id for _ in range(2)]
    others = {told("user.confirmed")[0].id, told("user.role_assigned")[0].id}

    assert twice[0] == twice[1]
    assert len(others | set(twice)) == 3
    assert all(len(one) == 32 for one in others)


def test_a_sign_up_that_was_only_begun_is_about_nobody() -> None:
    (fact,) = told(
        "user.signup_started", {"signupId": "s1", "origin": {"utm_source": "x"}}, subject="s1"
    )

    assert (fact.person, fact.subject) == (None, "s1")
    assert fact.properties == {"utm_source": "x"}


@pytest.mark.parametrize(("maker", "person"), [("operator", None), ("policy", None), (SUB, SUB)])
def test_an_organization_is_about_who_made_it(maker: str, person: str | None) -> None:
    data = {"organizationId": "acme", "name": "Acme", "plan": "team", "createdBy": maker}

    (fact,) = told("organization.created", data, subject="acme")

    assert (fact.person, fact.subject) == (person, person or "acme")
    assert fact.organization == "acme"
    assert fact.properties == {}


def test_only_a_sub_is_a_person() -> None:
    (fact,) = told("user.signed_in", {"userId": "ann@acme.example"}, subject=new_sub())

    assert fact.person is None
