"""How invitations lie in the table: keys and attributes.

An invitation is kept under its code's hash, so that sign-up finds it by key. Lists and removal find
it by its public id: an entry that the index shows without the hash.
"""

from __future__ import annotations

from vestibule.invitations.model import Invitation, Reservation
from vestibule.platform.values import from_wire, to_wire, wire_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from vestibule.platform.operations import Item

INVITE: Final = "INVITE"
RESERVATION: Final = "INVITATION"
ENTRY: Final = "ENTRY"
INDEX: Final = "gsi1"
# An attribute for each held place: no list to rewrite, and a condition can name one of them.
HOLD_PREFIX: Final = "hold:"
# Left by who has used a place and not yet said whether they join.
OFFER_PREFIX: Final = "offer:"

# Said by attributes with names of their own.
_APART: Final = frozenset({"holds", "is_offered"})
_WIRE_NAMES: Final = {
    name: wire for name, wire in wire_names(Invitation).items() if name not in _APART
} | {"id": "inviteId"}
_RESERVED_NAMES: Final = wire_names(Reservation)


def invite_key(code_hash: str) -> tuple[str, str]:
    return f"INVITE#{code_hash}", INVITE


def reservation_key(address: str) -> tuple[str, str]:
    return f"EMAIL#{address}", RESERVATION


def entry_key(invite_id: str) -> tuple[str, str]:
    return f"INVITATION#{invite_id}", ENTRY


def mailed_key(address: str, organization_id: str | None) -> tuple[str, str]:
    """Where the one open invitation stands that was mailed to an address from there."""
    return f"EMAIL#{address}", f"MAILED#{organization_id or 'all'}"


def scope(organization_id: str | None) -> str:
    """The index partition that lists an organization's invitations; without one: all there are."""
    return f"INVITES#{organization_id or 'all'}"


def from_invitation(invitation: Invitation, *, forgotten_at: int) -> Item:
    pk, sk = invite_key(invitation.code_hash)
    held = {f"{HOLD_PREFIX}{mark}": until for mark, until in invitation.holds.items()}
    return {
        "pk": pk,
        "sk": sk,
        **to_wire(invitation, _WIRE_NAMES),
        **held,
        "expiresAt": forgotten_at,
    }


def to_invitation(item: Item) -> Invitation:
    """Read an item. Attributes that this version does not know are passed over."""
    known = from_wire(item, _WIRE_NAMES)
    held = {
        name.removeprefix(HOLD_PREFIX): until
        for name, until in item.items()
        if name.startswith(HOLD_PREFIX)
    }
    is_offered = any(name.startswith(OFFER_PREFIX) for name in item)
    return Invitation(**known, holds=held, is_offered=is_offered)


def entries(invitation: Invitation, *, forgotten_at: int) -> list[Item]:
    """What lists it: among all, and among its organization's."""
    pk, sk = entry_key(invitation.id)
    entry = {
        "pk": pk,
        "sk": sk,
        "gsi1pk": scope(None),
        "gsi1sk": f"{invitation.created_at}#{invitation.id}",
        "codeHash": invitation.code_hash,
        "expiresAt": forgotten_at,
    }
    if invitation.organization_id is None:
        return [entry]
    own = {"sk": f"{ENTRY}#ORGANIZATION", "gsi1pk": scope(invitation.organization_id)}
    return [entry, entry | own]


def from_reservation(reservation: Reservation) -> Item:
    pk, sk = reservation_key(reservation.address)
    return {"pk": pk, "sk": sk, **to_wire(reservation, _RESERVED_NAMES)}


def to_reservation(item: Item) -> Reservation:
    return Reservation(**from_wire(item, _RESERVED_NAMES))
