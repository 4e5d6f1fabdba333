"""Arrivals before the table: what it knows of somebody, and what becomes of them."""

from __future__ import annotations

from vestibule.organizations.items import domain_claim, membership_key, organization_key
from vestibule.platform.conditions import absent, equals, present
from vestibule.platform.ids import new_id
from vestibule.platform.operations import Check, Delete, Put
from vestibule.profiles import items
from vestibule.profiles.telling import lacks_address
from vestibule.triggers.standing import Known, Standing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

    from vestibule.platform.conditions import Condition
    from vestibule.platform.operations import Item, Operation, Update
    from vestibule.platform.table import Table
    from vestibule.profiles.model import Profile
    from vestibule.triggers.arrival import Arrival

ARRIVED_AT: Final = "arrivedAt"
RESERVATION: Final = "INVITATION"
ORIGIN: Final = "SIGNUP"
_ORIGIN_MEMBER: Final = "origin"


class TableArrivals:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, user_id: str) -> Known | None:
        return _known(self._table.get(*items.profile_key(user_id), consistent=True))

    def read(
        self, user_id: str, email: str | None, *, domain: str | None, organizations: Iterable[str]
    ) -> Standing:
        """Read all that may bear on an arrival, in one round trip.

        `organizations` names those it may have to open.
        """
        person = items.person_key(user_id)
        keys = {
            "profile": items.profile_key(user_id),
            "tombstone": (person, items.TOMBSTONE),
            "confirmed": (person, items.CONFIRMED),
            "preferences": (person, items.PREFERENCES),
            "membership": membership_key(user_id),
        }
        if email is not None:
            address = items.claim_key(email)
            keys |= {
                "claim": (address, items.CLAIM),
                "reservation": (address, RESERVATION),
                "origin": (address, ORIGIN),
            }
        if domain is not None:
            keys["domain"] = domain_claim(domain)
        for named in organizations:
            keys[f"organization {named}"] = organization_key(named)
        read = self._table.get_many(list(keys.values()), consistent=True)
        found = {name: read[key] for name, key in keys.items() if key in read}
        return Standing(
            known=_known(found.get("profile")),
            erased="tombstone" in found,
            has_preferences="preferences" in found,
            belongs="membership" in found,
            claimed_by=found.get("claim", {}).get("userId"),
            reservation=found.get("reservation"),
            origin=found.get("origin", {}).get(_ORIGIN_MEMBER, {}),
            domain_claim=found.get("domain"),
            organizations=frozenset(one for one in organizations if f"organization {one}" in found),
            is_confirmed="confirmed" in found,
            is_held=lacks_address(found.get("confirmed")),
        )

    def commit(self, operations: Mapping[str, Operation]) -> set[str]:
        """Write all or nothing. Give the names of what refused: none when all is written."""
        return self._table.transact_named(operations)


def not_erased(user_id: str) -> Check:
    return Check(items.person_key(user_id), items.TOMBSTONE, absent())


def opened(profile: Profile, at: str) -> Put:
    return Put({**items.from_profile(profile), ARRIVED_AT: at}, condition=absent())


def changed(before: Profile, after: Profile, at: str) -> Update:
    return items.rewriting(before, after, **{ARRIVED_AT: at})


def forgotten_origin(email: str) -> Delete:
    return Delete(items.claim_key(email), ORIGIN)


def origin_item(email: str, origin: Mapping[str, str], at: str, expires_at: int) -> Item:
    """Give the item, with an id to speak of the sign-up by: the address is nobody's business."""
    return {
        "pk": items.claim_key(email),
        "sk": ORIGIN,
        "signupId": new_id(),
        "at": at,
        _ORIGIN_MEMBER: dict(origin),
        "expiresAt": expires_at,
    }


def settled(arrival: Arrival) -> Condition:
    """What `Known.is_settled` says, as a condition on the profile."""
    condition = present(ARRIVED_AT)
    if arrival.proven_email is not None:
        condition &= equals("email", arrival.proven_email) & equals("emailVerified", value=True)
    return condition


def _known(item: Item | None) -> Known | None:
    return None if item is None else Known(items.to_profile(item), ARRIVED_AT in item)
