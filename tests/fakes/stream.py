"""What a table's stream says of its changes, as Lambda hands it over."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from fakes.arrivals import NOW
from vestibule.platform.attributes import to_item

if TYPE_CHECKING:
    from fakes.table import FakeTable
    from vestibule.platform.operations import Item

_numbers = itertools.count(1)


def record(before: Item | None, after: Item | None, **members: Any) -> dict[str, Any]:
    """Write the record of one change: nothing is `before` a new item, nor `after` a removed one."""
    standing = after or before
    assert standing is not None
    kind = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    images = {"OldImage": before, "NewImage": after}
    number = next(_numbers)
    return {
        "eventID": f"{number:032x}",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": int(NOW.timestamp()),
            "Keys": to_item({"pk": standing["pk"], "sk": standing["sk"]}),
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            **{name: to_item(image) for name, image in images.items() if image is not None},
        },
        **members,
    }


class Stream:
    """Gives the records of all that changed in a table since it was looked at last."""

    def __init__(self, table: FakeTable) -> None:
        self._table = table
        self._seen = self._now()

    def records(self) -> list[dict[str, Any]]:
        before, self._seen = self._seen, self._now()
        keys = sorted(before.keys() | self._seen.keys())
        return [
            record(before.get(key), self._seen.get(key))
            for key in keys
            if before.get(key) != self._seen.get(key)
        ]

    def _now(self) -> dict[tuple[str, str], Item]:
        return {(item["pk"], item["sk"]): item for item in self._table.all_items()}
