"""Profiles and drafts with defaults, so that a test shows only what matters to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from vestibule.platform.values import replace
from vestibule.profiles import items
from vestibule.profiles.model import Draft, Profile

if TYPE_CHECKING:
    from vestibule.platform.table import Table

CREATED = "2026-01-02T03:04:05.000006Z"
LATER = "2026-02-03T04:05:06.000007Z"


def new_sub() -> str:
    return str(uuid.uuid4())


def address() -> str:
    """An address nobody else in the test run has."""
    return f"{uuid.uuid4().hex[:12]}@example.test"


def profile(user_id: str | None = None, **fields: Any) -> Profile:
    plain = Profile(
        user_id=user_id or new_sub(),
        name="Jo Doe",
        created_at=CREATED,
        updated_at=CREATED,
        onboarding_completed=True,
    )
    return replace(plain, **fields)


def draft(name: str = "Jo Doe", *, email: str | None = None, **fields: str | None) -> Draft:
    return Draft({"name": name, **fields}, email)


def keep(table: Table, person: Profile) -> Profile:
    """Put a profile into the table, with its claim, as if it had always been there."""
    table.put(items.from_profile(person))
    if person.claimed_email is not None:
        table.put(items.claiming(person.claimed_email, person.user_id, CREATED).item)
    return person


def claimant(table: Table, email: str) -> str | None:
    claim = table.get(items.claim_key(email), items.CLAIM)
    return None if claim is None else claim["userId"]
