"""How a person lies in the table: keys and attributes."""

from __future__ import annotations

from vestibule.profiles import preferences as wishes
from vestibule.profiles.model import WIRE_NAMES, LastSeen, Profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from vestibule.platform.operations import Item
    from vestibule.profiles.preferences import Preferences

PROFILE: Final = "PROFILE"
LAST_SEEN: Final = "LOGIN"
PREFERENCES: Final = "PREFERENCES"
TOMBSTONE: Final = "ERASED"
# Where they belong or wait: the organizations' to write.
MEMBERSHIP: Final = "MEMBERSHIP"
# The first arrival, as everybody outside hears of it: the stream tells it on from here.
CONFIRMED: Final = "CONFIRMED"
DELIVERY_PREFIX: Final = "DELIVERY#"
# As text these five enclose no activity, however long its history: one Query reads just them.
PERSON_RANGE: Final = (TOMBSTONE, PROFILE)
CLAIM: Final = "CLAIM"
SIGN_IN_NAME: Final = WIRE_NAMES["sign_in_name"]
PEOPLE: Final = "PROFILES"
PEOPLE_INDEX: Final = "gsi1"

_USER: Final = "USER#"


def person_key(user_id: str) -> str:
    return f"{_USER}{user_id}"


def user_id_of(key: str) -> str | None:
    """Read a person's id from a partition key: None when it is somebody else's partition."""
    return key.removeprefix(_USER) if key.startswith(_USER) and key != _USER else None


def claim_key(email: str) -> str:
    return f"EMAIL#{email}"


def from_profile(profile: Profile) -> Item:
    return {
        "pk": person_key(profile.user_id),
        "sk": PROFILE,
        "gsi1pk": PEOPLE,
        "gsi1sk": f"{profile.created_at}#{profile.user_id}",
        **attributes_of(profile),
    }


def attributes_of(profile: Profile) -> dict[str, Any]:
    """Give what the item says of the profile. What has no value is not kept."""
    values = ((wire, getattr(profile, name)) for name, wire in WIRE_NAMES.items())
    known = {wire: value for wire, value in values if value is not None}
    if not profile.email_conflict:
        del known[WIRE_NAMES["email_conflict"]]
    return known


def to_profile(item: Item) -> Profile:
    """Read an item. Attributes that this version does not know are passed over."""
    known = {name: item[wire] for name, wire in WIRE_NAMES.items() if wire in item}
    return Profile(**known)


def to_last_seen(item: Item | None) -> LastSeen:
    if item is None:
        return LastSeen()
    return LastSeen(item.get("lastLoginAt"), item.get("lastActivityAt"))


def from_preferences(user_id: str, preferences: Preferences) -> Item:
    return {"pk": person_key(user_id), "sk": PREFERENCES, **wishes.to_view(preferences)}


def to_preferences(item: Item) -> Preferences:
    return wishes.from_view(item)


def claim(email: str, user_id: str, at: str) -> Item:
    return {"pk": claim_key(email), "sk": CLAIM, "userId": user_id, "claimedAt": at}


def tombstone(user_id: str, *, by: str, at: str, sign_in_name: str | None = None) -> Item:
    """Nothing of the person but the id, which Cognito never gives again.

    The sign-in name stands there only until the account by that name is deleted.
    """
    kept = {
        "pk": person_key(user_id),
        "sk": TOMBSTONE,
        "userId": user_id,
        "erasedAt": at,
        "erasedBy": by,
    }
    return kept if sign_in_name is None else {**kept, SIGN_IN_NAME: sign_in_name}
