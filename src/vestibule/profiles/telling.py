"""Tells services beside us of an address that its owner could not have when they arrived."""

from __future__ import annotations

from vestibule.platform.conditions import absent, present
from vestibule.platform.operations import Update
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vestibule.platform.operations import Item
    from vestibule.profiles.model import Profile

_EMAIL = "email"


def lacks_address(confirmed: Item | None) -> bool:
    """Whether they were told of without an address: whoever needs one has not heard of them."""
    return confirmed is not None and _EMAIL not in confirmed


def addressed(profile: Profile, at: str) -> Update:
    """Tell of somebody anew, with the address that is theirs by now: once."""
    told = {
        _EMAIL: profile.email,
        "emailVerified": profile.email_verified,
        "role": profile.role,
        "roleSource": profile.role_source,
        "organizationId": profile.organization_id,
        "againAt": at,
    }
    return Update(
        items.person_key(profile.user_id),
        items.CONFIRMED,
        changes={name: value for name, value in told.items() if value is not None},
        increment={"again": 1},
        condition=present() & absent(_EMAIL),
    )
