from __future__ import annotations

import pytest

from fakes.people import CREATED, LATER, profile
from vestibule.profiles.model import LastSeen, full_view, public_view

WHOLE = {
    "userId": "some-id",
    "email": "jo@example.test",
    "name": "Jo Doe",
    "firstName": "Jo",
    "lastName": "Doe",
    "phoneNumber": "+14155550123",
    "bio": "Hi",
    "department": "R&D",
    "role": "manager",
    "roleSource": "admin",
    "accountType": "business",
    "organizationId": "org-1",
    "status": "pending",
    "emailVerified": True,
    "phoneVerified": True,
    "onboardingCompleted": True,
    "createdAt": CREATED,
    "updatedAt": LATER,
    "lastLoginAt": CREATED,
    "lastActivityAt": LATER,
    "version": 3,
    "emailConflict": True,
}


def test_the_full_view_shows_every_field_in_its_order() -> None:
    person = profile(
        "some-id",
        email="jo@example.test",
        first_name="Jo",
        last_name="Doe",
        phone_number="+14155550123",
        bio="Hi",
        department="R&D",
        role="manager",
        role_source="admin",
        account_type="business",
        organization_id="org-1",
        status="pending",
        email_verified=True,
        phone_verified=True,
        updated_at=LATER,
        version=3,
        email_conflict=True,
    )

    view = full_view(person, LastSeen(CREATED, LATER))

    assert list(view.items()) == list(WHOLE.items())


def test_the_full_view_leaves_out_what_has_no_value() -> None:
    view = full_view(profile("some-id"), LastSeen())

    assert WHOLE.keys() - view.keys() == {
        "email",
        "firstName",
        "lastName",
        "phoneNumber",
        "bio",
        "department",
        "organizationId",
        "lastLoginAt",
        "lastActivityAt",
        "emailConflict",
    }


def test_the_public_view_shows_four_fields_at_most() -> None:
    whole = profile("some-id", bio="Hi", email="jo@example.test", phone_number="+14155550123")

    assert public_view(whole) == {
        "userId": "some-id",
        "name": "Jo Doe",
        "bio": "Hi",
        "createdAt": CREATED,
    }
    assert "bio" not in public_view(profile())


@pytest.mark.parametrize(
    ("role", "status", "expected"),
    [
        ("admin", "active", True),
        ("admin", "suspended", False),
        ("admin", "pending", False),
        ("manager", "active", False),
        ("user", "active", False),
    ],
)
def test_only_an_active_admin_is_one(role: str, status: str, *, expected: bool) -> None:
    assert profile(role=role, status=status).is_active_admin is expected


def test_only_a_verified_address_may_be_claimed() -> None:
    assert profile(email="jo@example.test", email_verified=False).claimed_email is None
    assert profile(email="jo@example.test", email_verified=True).claimed_email == "jo@example.test"
