"""How a person lies in the table: keys, attributes, and the writes that several domains make."""

from __future__ import annotations

from vestibule.platform.conditions import absent, equals
from vestibule.platform.operations import Delete, Put, Update
from vestibule.platform.values import from_wire, to_wire
from vestibule.profiles import preferences as wishes
from vestibule.profiles.model import WIRE_NAMES, LastSeen, Profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from vestibule.platform.conditions import Condition
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


def profile_key(user_id: str) -> tuple[str, str]:
    return person_key(user_id), PROFILE


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
    known = to_wire(profile, WIRE_NAMES)
    if not profile.email_conflict:
        del known[WIRE_NAMES["email_conflict"]]
    return known


def rewriting(before: Profile, after: Profile, **more: Any) -> Update:
    """Write what differs, and only while nobody else has written: every write raises `version`.

    `more` are attributes of the item that no profile has.
    """
    old, new = attributes_of(before), attributes_of(after)
    return Update(
        *profile_key(after.user_id),
        changes={name: value for name, value in new.items() if old.get(name) != value} | more,
        remove=tuple(sorted(old.keys() - new.keys())),
        condition=equals("version", before.version),
    )


def to_profile(item: Item) -> Profile:
    """Read an item. Attributes that this version does not know are passed over."""
    return Profile(**from_wire(item, WIRE_NAMES))


def to_last_seen(item: Item | None) -> LastSeen:
    if item is None:
        return LastSeen()
    return LastSeen(item.get("lastLoginAt"), item.get("lastActivityAt"))


def from_preferences(user_id: str, preferences: Preferences) -> Item:
    return {"pk": person_key(user_id), "sk": PREFERENCES, **wishes.to_view(preferences)}


def to_preferences(item: Item) -> Preferences:
    return wishes.from_view(item)


def claiming(email: str, user_id: str, at: str) -> Put:
    """Claim an address, refused while somebody else holds it."""
    claim = {"pk": claim_key(email), "sk": CLAIM, "userId": user_id, "claimedAt": at}
    return Put(claim, condition=_free_for(user_id))


def releasing(email: str, user_id: str) -> Delete:
    """Let go of an address, refused while somebody else holds it."""
    return Delete(claim_key(email), CLAIM, condition=_free_for(user_id))


def _free_for(user_id: str) -> Condition:
    """Nobody holds the claim, or this person does."""
    return absent() | equals("userId", user_id)


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
