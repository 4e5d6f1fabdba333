"""What got lost behind everybody's back is found and mended, once, on the whole stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.profiles import items
from vestibule_cli.demo.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.platform.table import Table
    from vestibule_cli.demo.place import Place

    Eventually = Callable[..., Any]

pytestmark = pytest.mark.emulator

DELIVERY = "DELIVERY#user-service"
LONG_AGO = "2026-01-01T00:00:00.000000Z"


def arrive(place: Place, name: str) -> str:
    person = Person(place, name)
    user_id = person.sign_up()
    person.confirm(person.code_from_inbox())
    return user_id


def is_delivered(table: Table, user_id: str) -> bool:
    mark = table.get(items.person_key(user_id), DELIVERY, consistent=True)
    return mark is not None and mark["status"] == "delivered"


def test_reconciliation_mends_what_was_lost_once(
    running_stack: dict[str, Any], place: Place, table: Table, eventually: Eventually
) -> None:
    undelivered, missing = (arrive(place, name) for name in ("Una", "Mia"))
    for user_id in (undelivered, missing):
        assert eventually(lambda user_id=user_id: is_delivered(table, user_id))
    functions = place.operator("lambda")

    def reconcile() -> dict[str, int]:
        answer = functions.invoke(
            FunctionName=running_stack["functions"]["maintenance"],
            Payload=json.dumps({"task": "reconcile"}),
        )
        report = json.loads(answer["Payload"].read())
        assert report["state"] == "complete", report
        counts: dict[str, int] = report["run"]
        return {name: counts[name] for name in ("missing", "repaired", "republished")}

    reconcile()  # what other tests left lying about
    key = items.person_key(undelivered)
    table.delete(key, DELIVERY)
    table.update(key, items.CONFIRMED, changes={"at": LONG_AGO})
    for item in table.query(items.person_key(missing), consistent=True).items:
        table.delete(item["pk"], item["sk"])

    first, second = reconcile(), reconcile()

    assert first == {"missing": 1, "repaired": 1, "republished": 1}
    assert second == {"missing": 0, "repaired": 0, "republished": 0}
    for user_id in (undelivered, missing):
        assert eventually(lambda user_id=user_id: is_delivered(table, user_id))
    kept = {item["sk"]: item for item in table.query(items.person_key(missing)).items}
    assert kept[items.CONFIRMED]["door"] == "Reconciliation"
    assert kept[items.PROFILE]["email"].startswith("mia-")


def test_an_erased_person_is_gone_everywhere_by_the_queue(
    place: Place, table: Table, eventually: Eventually
) -> None:
    person = Person(place, "Ella")
    user_id = person.sign_up()
    person.confirm(person.code_from_inbox())
    person.sign_in()
    assert eventually(lambda: is_delivered(table, user_id))

    assert place.api("DELETE", f"/profiles/{user_id}", person.access_token).status == 200

    def left() -> set[str]:
        page = table.query(items.person_key(user_id), consistent=True)
        return {item["sk"] for item in page.items}

    assert eventually(lambda: left() == {items.TOMBSTONE})
    pool = place.operator("cognito-idp")
    with pytest.raises(pool.exceptions.UserNotFoundException):
        pool.admin_get_user(UserPoolId=place.user_pool_id, Username=user_id)
