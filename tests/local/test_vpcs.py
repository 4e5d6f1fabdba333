"""VPCs by two people on the whole stack: one asks, the other reads and may not delete."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.demo.person import Person
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from vestibule_cli.demo.calls import Answer

pytestmark = pytest.mark.emulator

BODY = {
    "name": "web",
    "cidr": "10.20.0.0/20",
    "subnets": [{"public": True}, {"prefixLength": 22, "name": "data"}],
    "tags": {"team": "shop"},
}
PATIENCE = 60
AT_ONCE = 8  # 20 on the table alone: tests/contract


@pytest.fixture(scope="module")
def place(running_stack: dict[str, Any]) -> Place:
    return Place.from_outputs(running_stack, ROOT_CREDENTIALS)


class Somebody:
    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        person = Person(place, name)
        self.id = person.sign_up()
        person.confirm(person.code_from_inbox())
        person.sign_in()
        self._token = person.access_token

    def call(self, method: str, path: str, **sent: Any) -> Answer:
        return self._place.api(method, path, self._token, **sent)

    def ask(self, key: str, **said: Any) -> Answer:
        return self.call("POST", "/vpcs", body=BODY | said, headers={"Idempotency-Key": key})

    def see(self, vpc_id: str, *states: str) -> dict[str, Any]:
        """Show a VPC, once it is in another state than these."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            vpc: dict[str, Any] = self.call("GET", f"/vpcs/{vpc_id}").body["vpc"]
            if vpc["state"] not in states:
                return vpc
            time.sleep(0.3)
        raise AssertionError(f"still {vpc['state']} after {PATIENCE} s: {vpc['timeline']}")


def test_one_asks_and_deletes_and_the_other_reads(place: Place) -> None:
    ann, ben = Somebody(place, "Ann"), Somebody(place, "Ben")

    planned = ann.call("POST", "/vpcs?dryRun=true", body=BODY)
    asked = ann.ask("first")

    path = asked.headers["location"].removeprefix("/api")
    vpc_id = asked.body["vpc"]["id"]
    assert (planned.status, asked.status, path) == (200, 202, f"/vpcs/{vpc_id}")
    assert asked.body["vpc"]["subnets"] == planned.body["plan"]["subnets"]
    built = ben.see(vpc_id, "PENDING", "CREATING")
    assert built["state"] == "AVAILABLE", built
    assert built["vpcId"].startswith("vpc-")
    assert all(subnet["subnetId"].startswith("subnet-") for subnet in built["subnets"])
    assert built["resources"]["internetGatewayId"].startswith("igw-")
    assert ann.ask("first").body == asked.body
    assert ann.ask("first", name="other").status == 422
    listed = ben.call("GET", f"/vpcs?state=AVAILABLE&tag=team:shop&owner={ann.id}").body
    assert [vpc["id"] for vpc in listed["vpcs"]] == [vpc_id]
    assert ben.ask("mine").body["details"][0]["rule"] == "overlap"
    assert ben.call("DELETE", path).status == 403
    assert ann.call("DELETE", path).status == 202
    assert ben.see(vpc_id, "DELETING")["state"] == "DELETED"
    again = ann.call("DELETE", path)
    assert (again.status, again.body["vpc"]["state"]) == (202, "DELETED")


def test_of_many_requests_at_once_one_key_makes_one_and_the_limit_holds(place: Place) -> None:
    eve = Somebody(place, "Eve")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        same = list(threads.map(lambda _: eve.ask("same", cidr="10.40.0.0/16"), range(AT_ONCE)))
        others = list(
            threads.map(
                lambda number: eve.ask(f"k{number}", cidr=f"10.{number}.0.0/20"), range(AT_ONCE)
            )
        )

    assert {answer.status for answer in same} == {202}
    assert len({answer.body["vpc"]["id"] for answer in same}) == 1
    assert Counter(answer.status for answer in others) == {202: 4, 409: AT_ONCE - 4}
    assert {answer.body["details"][0]["rule"] for answer in others if answer.status == 409} == {
        "perUser"
    }
