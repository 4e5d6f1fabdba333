"""What is looked up before anything is told: who agreed to it, and which sink has heard it already.

Consent counts as people say it today, not as they said it when something happened. What a sink has
heard is kept longer than any message or dead letter may take to come back.
"""

from __future__ import annotations

from vestibule.platform import clock
from vestibule.platform.operations import Put
from vestibule.platform.values import frozen
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Final

    from vestibule.platform.clock import Clock
    from vestibule.platform.operations import Item
    from vestibule.platform.table import Table

    Telling = tuple[str, str]
    """An event's id, and the name of a sink."""

KEPT_SECONDS: Final = 30 * 24 * 60 * 60
_MOST_AT_ONCE: Final = 100


@frozen
class Knowledge:
    agreed: frozenset[str]
    erased: frozenset[str]
    heard: frozenset[Telling]

    def permits(self, person: str | None, *, requires_consent: bool) -> bool:
        """What is about nobody may be told; of the erased nothing is."""
        if person is None:
            return True
        return person not in self.erased and (person in self.agreed or not requires_consent)


class TableKnowledge:
    """All methods raise AwsError."""

    def __init__(self, table: Table, now: Clock = clock.now) -> None:
        self._table = table
        self._now = now

    def read(self, people: Iterable[str], tellings: Collection[Telling]) -> Knowledge:
        """Look all of it up at once."""
        everybody = tuple(dict.fromkeys(people))
        keys = [
            (items.person_key(one), kind)
            for one in everybody
            for kind in (items.PREFERENCES, items.TOMBSTONE)
        ]
        keys += map(_key, tellings)
        found = self._table.get_many(keys, consistent=True) if keys else {}
        return Knowledge(
            agreed=frozenset(one for one in everybody if _agrees(found, one)),
            erased=frozenset(
                one for one in everybody if (items.person_key(one), items.TOMBSTONE) in found
            ),
            heard=frozenset(one for one in tellings if _key(one) in found),
        )

    def remember(self, tellings: Collection[Telling]) -> None:
        """Note what has been told."""
        moment = self._now()
        until = int(moment.timestamp()) + KEPT_SECONDS
        puts = [
            Put({"pk": pk, "sk": sk, "at": clock.timestamp(moment), "expiresAt": until})
            for pk, sk in map(_key, tellings)
        ]
        for start in range(0, len(puts), _MOST_AT_ONCE):
            self._table.transact(*puts[start : start + _MOST_AT_ONCE])


def _key(telling: Telling) -> tuple[str, str]:
    event_id, sink = telling
    return f"ONCE#analytics#{event_id}", sink


def _agrees(found: dict[tuple[str, str], Item], person: str) -> bool:
    wishes = found.get((items.person_key(person), items.PREFERENCES))
    return wishes is not None and items.to_preferences(wishes).marketing_emails
