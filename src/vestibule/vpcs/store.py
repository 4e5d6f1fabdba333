"""VPCs kept in the table."""

from __future__ import annotations

from datetime import datetime

from vestibule.platform.conditions import absent, equals, less_than
from vestibule.platform.operations import (
    Check,
    ConditionFailed,
    Put,
    TransactionRefused,
    Update,
)
from vestibule.platform.values import replace
from vestibule.profiles import items as people
from vestibule.profiles.conditions import HAS_ADDRESS, NOT_SUSPENDED, still_admin
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs import items
from vestibule.vpcs.errors import Raced
from vestibule.vpcs.model import DELETED, DELETING, VpcPage, moved
from vestibule.vpcs.request import ONCE_SECONDS, Once, Scene

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from vestibule.platform.operations import Item, Operation
    from vestibule.platform.table import Table
    from vestibule.vpcs.items import Entry
    from vestibule.vpcs.model import VpcRecord

# Of a filtered page: what it costs is known beforehand, whatever it finds.
MOST_EXAMINED: Final = 100
# A page ends sooner where its VPCs have many: an answer of Lambda is 6 MB at most.
MOST_SUBNETS: Final = 2000
DELETED_DAYS: Final = 30
"""For so long a VPC's story can be read after its end."""


class TableVpcStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, vpc_id: str) -> VpcRecord | None:
        item = self._table.get(*items.vpc_key(vpc_id), consistent=True)
        return None if item is None else items.to_vpc(item)

    def scene(self, user_id: str, *, vpc_id: str | None = None, key: str | None = None) -> Scene:
        person = people.person_key(user_id)
        profile, tombstone = (person, people.PROFILE), (person, people.TOMBSTONE)
        wanted = [profile, tombstone, items.REGISTER if vpc_id is None else items.vpc_key(vpc_id)]
        if key is not None:
            wanted.append(items.once_key(user_id, key))
        found = self._table.get_many(wanted, consistent=True)
        register = found.get(items.REGISTER)
        return Scene(
            user_id=user_id,
            profile=people.to_profile(found[profile]) if profile in found else None,
            erased=tombstone in found,
            is_operator=user_id == OPERATOR,
            record=_record(found, vpc_id),
            once=None if key is None else _once(found.get(items.once_key(user_id, key)), key),
            entries=items.entries(register),
            register_version=None if register is None else register["version"],
        )

    def add(self, record: VpcRecord, scene: Scene, once: Once | None) -> None:
        seen = scene.register_version
        operations: list[Operation] = [
            *_may_ask(scene),
            Put(items.from_vpc(record), absent()),
            Update(
                *items.REGISTER,
                changes={items.entry_name(record.id): items.to_entry(record)},
                increment={"version": 1},
                condition=absent() if seen is None else equals("version", seen),
            ),
        ]
        if once is not None:
            operations.append(_remembering(once, scene.user_id))
        self._commit(operations)

    def delete(self, record: VpcRecord, scene: Scene, *, at: str, note: str) -> VpcRecord:
        changes = {"reason": None, "inside": (), "left_over": ()}
        new = moved(record, DELETING, changes, at=at, note=note)
        is_creator = scene.user_id == record.created_by
        checks: Sequence[Operation] = (
            _may_act(scene) if is_creator or scene.is_operator else [still_admin(scene.user_id)]
        )
        self._commit([*checks, _change(record, new)])
        return new

    def advance(
        self,
        record: VpcRecord,
        to: str,
        changes: Mapping[str, Any] | None = None,
        *,
        at: str,
        note: str = "",
    ) -> VpcRecord:
        new = moved(record, to, changes or {}, at=at, note=note)
        update = _change(record, new)
        if to == DELETED:
            gone = {**update.changes, "expiresAt": _forgotten_at(at)}
            self._commit([replace(update, changes=gone), _leaving(record)])
            return new
        self._update(update)
        return new

    def observe(self, record: VpcRecord, changes: Mapping[str, Any]) -> VpcRecord:
        seen = replace(record, **changes)
        self._update(_change(record, seen))
        return seen

    def taken(self) -> Sequence[Entry]:
        return items.entries(self._table.get(*items.REGISTER, consistent=True))

    def made_by(self, user_id: str) -> Sequence[VpcRecord]:
        own = [items.vpc_key(one.vpc_id) for one in self.taken() if one.created_by == user_id]
        found = self._table.get_many(own, consistent=True) if own else {}
        return [items.to_vpc(found[key]) for key in own if key in found]

    def page(
        self, accepts: Callable[[VpcRecord], bool] | None, limit: int, start: Item | None
    ) -> VpcPage:
        asked = limit if accepts is None else MOST_EXAMINED
        page = self._table.query(items.VPCS, index=items.INDEX, limit=asked, start=start)
        # The index shows what is public of people, and of a VPC no more than where it is.
        keys = [(item["pk"], item["sk"]) for item in page.items]
        found = self._table.get_many(keys) if keys else {}
        shown: list[VpcRecord] = []
        subnets = 0
        for entry, key in zip(page.items, keys, strict=True):
            record = items.to_vpc(found[key]) if key in found else None
            if record is None or (accepts is not None and not accepts(record)):
                continue
            shown.append(record)
            subnets += len(record.subnets)
            if len(shown) == limit or subnets >= MOST_SUBNETS:
                is_last = entry is page.items[-1]
                return VpcPage(shown, page.next_key if is_last else _index_key(entry))
        return VpcPage(shown, page.next_key)

    def _update(self, update: Update) -> None:
        try:
            self._table.update(
                update.pk,
                update.sk,
                changes=update.changes,
                remove=update.remove,
                condition=update.condition,
            )
        except ConditionFailed as refusal:
            raise Raced from refusal

    def _commit(self, operations: Sequence[Operation]) -> None:
        try:
            self._table.transact(*operations)
        except TransactionRefused as refusal:
            raise Raced from refusal


def _may_act(scene: Scene) -> list[Check]:
    """What must hold while somebody writes on their own behalf, to the last moment."""
    if scene.is_operator:
        return []
    person = people.person_key(scene.user_id)
    return [
        Check(person, people.PROFILE, NOT_SUSPENDED),
        Check(person, people.TOMBSTONE, absent()),
    ]


def _may_ask(scene: Scene) -> list[Check]:
    if scene.is_operator:
        return []
    proven, alive = _may_act(scene)
    return [replace(proven, condition=proven.condition & HAS_ADDRESS), alive]


def _change(record: VpcRecord, new: VpcRecord) -> Update:
    """Write what differs, while the record stands as it was read."""
    changes, remove = {}, []
    for name, wire in items.WIRE_NAMES.items():
        value = items.attribute(name, getattr(new, name))
        if value == items.attribute(name, getattr(record, name)):
            continue
        if value is None:
            remove.append(wire)
        else:
            changes[wire] = value
    still = equals("version", record.version) & equals("state", record.state)
    return Update(*items.vpc_key(record.id), changes=changes, remove=tuple(remove), condition=still)


def _forgotten_at(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp()) + DELETED_DAYS * 24 * 3600


def _leaving(record: VpcRecord) -> Update:
    return Update(*items.REGISTER, remove=(items.entry_name(record.id),), increment={"version": 1})


def _remembering(once: Once, user_id: str) -> Put:
    pk, sk = items.once_key(user_id, once.key)
    item = {
        "pk": pk,
        "sk": sk,
        "bodyHash": once.digest,
        "vpcId": once.vpc_id,
        "expiresAt": once.expires_at,
    }
    # TTL lags: what is over may still be there.
    lapsed = less_than("expiresAt", once.expires_at - ONCE_SECONDS + 1)
    return Put(item, absent() | lapsed)


def _record(found: Mapping[tuple[str, str], Item], vpc_id: str | None) -> VpcRecord | None:
    if vpc_id is None:
        return None
    item = found.get(items.vpc_key(vpc_id))
    return None if item is None else items.to_vpc(item)


def _once(item: Item | None, key: str) -> Once | None:
    return None if item is None else Once(key, item["bodyHash"], item["vpcId"], item["expiresAt"])


def _index_key(entry: Item) -> Item:
    return {name: entry[name] for name in ("pk", "sk", "gsi1pk", "gsi1sk")}
