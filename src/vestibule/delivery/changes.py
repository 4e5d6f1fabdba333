"""What a change in the table means to the world outside.

From a record of the stream to events, by nothing but the record: told again, it is the same events
with the same ids. An event says no more of a person than its type needs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from vestibule.delivery import events
from vestibule.delivery.events import make
from vestibule.platform.attributes import from_item
from vestibule.platform.clock import timestamp
from vestibule.platform.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, Final

    from vestibule.delivery.events import Event
    from vestibule.platform.operations import Item

    Teller = Callable[["Change"], Iterator[Event]]

INSERT: Final = "INSERT"
MODIFY: Final = "MODIFY"
AGAIN: Final = "again"
"""Any new value in this attribute has an item told of anew, with the id it had."""

_CONFIRMED: Final[tuple[str, ...]] = (
    *("userId", "email", "emailVerified", "name", "firstName", "lastName", "accountType", "role"),
    *("roleSource", "organizationId", "language", "marketingConsent", "door", "origin"),
)
# Told of by name alone. Role and status have types of their own.
_UPDATES: Final = (
    *("accountType", "bio", "department", "email", "emailConflict", "emailVerified", "firstName"),
    *("lastName", "name", "onboardingCompleted", "organizationId", "phoneNumber", "phoneVerified"),
)
_SUSPENDED: Final = "suspended"
_ACTIVE: Final = "active"
_SENT: Final = "sent"
_DELETING: Final = "DELETING"
_VPC_STATES: Final = {
    _DELETING: events.VPC_DELETION_REQUESTED,
    "AVAILABLE": events.VPC_AVAILABLE,
    "FAILED": events.VPC_FAILED,
    "DELETED": events.VPC_DELETED,
}
_MAIL: Final = "DELIVERY#mail:"


class Unmappable(Exception):
    """A record that should make an event, and does not say what the event has to say."""


@frozen
class Change:
    """One record of the stream, in plain values. `before` is empty for a new item."""

    pk: str
    sk: str
    before: Item
    after: Item
    at: str

    @property
    def id(self) -> str:
        """What the partition key says after its prefix."""
        return self.pk.partition("#")[2]

    @property
    def is_new(self) -> bool:
        return not self.before

    @property
    def is_told_again(self) -> bool:
        return AGAIN in self.after and self.after[AGAIN] != self.before.get(AGAIN)

    def time(self, name: str) -> str:
        """When it happened, by the item's own word if it says one."""
        told = self.after.get(name)
        return told if isinstance(told, str) else self.at


def tell(record: Mapping[str, Any]) -> list[Event]:
    """Give the events of a stream record, mostly none. Raise Unmappable."""
    teller = _teller(record)
    if teller is None:
        return []
    try:
        return list(teller(_read(record)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f" {error}" if isinstance(error, KeyError) else ""
        raise Unmappable(f"{type(error).__name__}{missing}") from error


def _teller(record: Mapping[str, Any]) -> Teller | None:
    """Find who tells of it by the keys alone: most items are nobody's business outside."""
    if record.get("eventName") not in {INSERT, MODIFY}:
        return None
    keys = record.get("dynamodb", {}).get("Keys", {})
    partition = keys.get("pk", {}).get("S", "").partition("#")[0]
    sort = keys.get("sk", {}).get("S", "")
    exact = _BY_KEY.get((partition, sort))
    if exact is not None:
        return exact
    for (where, prefix), teller in _BY_PREFIX.items():
        if partition == where and sort.startswith(prefix):
            return teller
    return None


def _read(record: Mapping[str, Any]) -> Change:
    said = record["dynamodb"]
    moment = datetime.fromtimestamp(float(said["ApproximateCreationDateTime"]), UTC)
    return Change(
        pk=said["Keys"]["pk"]["S"],
        sk=said["Keys"]["sk"]["S"],
        before=from_item(said.get("OldImage") or {}),
        after=from_item(said["NewImage"]),
        at=timestamp(moment),
    )


def _confirmed(change: Change) -> Iterator[Event]:
    if change.is_new or change.is_told_again:
        item = change.after
        data: dict[str, Any] = {name: item[name] for name in _CONFIRMED if name in item}
        yield make(events.USER_CONFIRMED, change.id, item["at"], data | {"userId": change.id})


def _erased(change: Change) -> Iterator[Event]:
    if change.is_new or change.is_told_again:
        at = change.time("erasedAt")
        yield make(events.USER_ERASED, change.id, at, {"userId": change.id})


def _profile(change: Change) -> Iterator[Event]:
    before, after, at = change.before, change.after, change.time("updatedAt")
    user_id, version = change.id, after["version"]

    def said(type_: str, **data: Any) -> Event:
        told = {"userId": user_id, **data, "version": version}
        return make(type_, user_id, at, told, str(version))

    if not change.is_new:
        changed = [name for name in _UPDATES if before.get(name) != after.get(name)]
        if changed:
            yield said(events.USER_UPDATED, changed=changed)
    if any(before.get(name) != after[name] for name in ("role", "roleSource")):
        previous = {"previousRole": before["role"]} if "role" in before else {}
        roles = {"role": after["role"], "roleSource": after["roleSource"]}
        yield said(events.USER_ROLE_ASSIGNED, **roles, **previous)
    was, is_ = (item.get("status") == _SUSPENDED for item in (before, after))
    if was != is_:
        yield said(events.USER_SUSPENDED if is_ else events.USER_REACTIVATED)
    if after.get("emailConflict") is True and before.get("emailConflict") is not True:
        yield said(events.USER_EMAIL_CONFLICT)
    left = before.get("organizationId")
    if left is not None and left != after.get("organizationId"):
        data = {"organizationId": left, "userId": user_id}
        yield make(events.ORGANIZATION_LEFT, left, at, data, f"{user_id}#{version}")


def _activity(change: Change) -> Iterator[Event]:
    if change.is_new and change.after["type"] == "login":
        data = {"userId": change.id}
        yield make(events.USER_SIGNED_IN, change.id, change.after["time"], data, change.sk)


def _signup(change: Change) -> Iterator[Event]:
    item = change.after
    signup_id = item.get("signupId")
    if signup_id is not None and signup_id != change.before.get("signupId"):
        data = {"signupId": signup_id, "origin": item["origin"]}
        yield make(events.USER_SIGNUP_STARTED, signup_id, item["at"], data)


def _mail(change: Change) -> Iterator[Event]:
    item = change.after
    if item.get("state") == _SENT and change.before.get("state") != _SENT:
        kind = change.sk.removeprefix(_MAIL)
        more: dict[str, Any] = {
            name: item[name] for name in ("accountType", "language", "source") if name in item
        }
        data: dict[str, Any] = {"userId": change.id, "kind": kind, **more}
        yield make(events.MAIL_SENT, change.id, change.time("at"), data, kind)


def _organization(change: Change) -> Iterator[Event]:
    if change.is_new:
        item = change.after
        data = {"organizationId": change.id, "name": item["name"], "plan": item["plan"]}
        data["createdBy"] = item["createdBy"]
        yield make(events.ORGANIZATION_CREATED, change.id, change.time("createdAt"), data)


def _member(change: Change) -> Iterator[Event]:
    item = change.after
    if item["status"] == _ACTIVE and change.before.get("status") != _ACTIVE:
        at = change.time("joinedAt")
        data = {"organizationId": change.id, "userId": item["userId"], "role": item["role"]}
        yield make(events.ORGANIZATION_JOINED, change.id, at, data, f"{item['userId']}#{at}")


def _invitation(change: Change) -> Iterator[Event]:
    item = change.after
    uses = item["uses"]
    if not change.is_new and uses > change.before["uses"]:
        told = {
            "inviteId": item["inviteId"],
            "userId": item.get("lastUsedBy"),
            "role": item["role"],
            "organizationId": item.get("organizationId"),
            "accountType": item.get("accountType"),
            "uses": uses,
        }
        data = {name: value for name, value in told.items() if value is not None}
        at = change.time("lastUsedAt")
        yield make(events.INVITATION_ACCEPTED, item["inviteId"], at, data, str(uses))


def _vpc(change: Change) -> Iterator[Event]:
    before, after = change.before, change.after
    state, version, at = after["state"], after["version"], change.time("updatedAt")
    told = {"vpcId": change.id, "state": state, "version": version}
    if change.is_new:
        yield make(events.VPC_REQUESTED, change.id, at, told | _of_vpc(after))
        return
    if state != before.get("state") and state in _VPC_STATES:
        yield make(_VPC_STATES[state], change.id, at, told | _of_vpc(after), str(version))
    elif change.is_told_again:
        yield make(events.VPC_CONTINUED, change.id, change.at, told, str(after[AGAIN]))


def _of_vpc(item: Item) -> dict[str, Any]:
    """Add who asked for it, where it lies, AWS's own id for it, and why it failed."""
    told = {
        "createdBy": item.get("createdBy"),
        "region": item.get("region"),
        "awsVpcId": item.get("vpcId"),
        "reason": item.get("reason") if item["state"] == "FAILED" else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _security(change: Change) -> Iterator[Event]:
    if change.is_new:
        item = change.after
        data = {name: item[name] for name in ("kind", "severity", "source", "facts")}
        if "userId" in item:
            data["userId"] = item["userId"]
        yield make(f"{events.SECURITY}{item['kind']}", change.id, item["at"], data)


_BY_KEY: Final[Mapping[tuple[str, str], Teller]] = {
    ("USER", "CONFIRMED"): _confirmed,
    ("USER", "PROFILE"): _profile,
    ("USER", "ERASED"): _erased,
    ("EMAIL", "SIGNUP"): _signup,
    ("ORG", "ORGANIZATION"): _organization,
    ("INVITE", "INVITE"): _invitation,
    ("VPC", "VPC"): _vpc,
    ("SECURITY", "EVENT"): _security,
}
_BY_PREFIX: Final[Mapping[tuple[str, str], Teller]] = {
    ("USER", "ACTIVITY#"): _activity,
    ("USER", _MAIL): _mail,
    ("ORG", "MEMBER#"): _member,
}
SORT_KEYS: Final = tuple(sort for _, sort in _BY_KEY)
SORT_KEY_PREFIXES: Final = tuple(prefix for _, prefix in _BY_PREFIX)
"""What the stream's filter lets through: stack.yaml says the same."""
