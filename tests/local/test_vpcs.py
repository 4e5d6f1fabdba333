"""VPCs by two people on the whole stack: one asks, the other reads and may not delete.

Through gateway, table, stream, relay, bus, queue and builder to EC2, and back.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.somebody import Somebody
from vestibule.platform.credentials import Credentials
from vestibule.vpcs.ec2 import Ec2Client
from vestibule.vpcs.site import Site
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule_cli.demo.calls import Answer
    from vestibule_cli.demo.place import Place

    Command = Callable[..., Any]

pytestmark = pytest.mark.emulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "events" / "create-vpc.json"
BODY = {
    "name": "web",
    "cidr": "10.20.0.0/20",
    "subnets": [{"public": True}, {"prefixLength": 22, "name": "data"}],
    "tags": {"team": "shop"},
}
AT_ONCE = 8  # 20 on the table alone: tests/contract


@pytest.fixture(scope="module")
def site(running_stack: dict[str, Any]) -> Iterator[Site]:
    client = Ec2Client(
        running_stack["region"],
        endpoint_url=running_stack["aws_endpoint_url"],
        credentials=lambda: Credentials(*ROOT_CREDENTIALS.values()),
    )
    yield Site(lambda _region: client, environment="local", table_name=running_stack["table_name"])
    client.close()


def living(site: Site, region: str, vpc_id: str) -> list[str]:
    return [one.id for one in site.owned(region, vpc_id) if one.state != "deleted"]


def ask(person: Somebody, key: str, **said: Any) -> Answer:
    return person.call("POST", "/vpcs", body=BODY | said, headers={"Idempotency-Key": key})


def test_one_asks_and_deletes_and_the_other_reads(place: Place) -> None:
    ann, ben = Somebody(place, "Ann"), Somebody(place, "Ben")

    planned = ann.call("POST", "/vpcs?dryRun=true", body=BODY)
    asked = ask(ann, "first")

    path = asked.headers["location"].removeprefix("/api")
    vpc_id = asked.body["vpc"]["id"]
    assert (planned.status, asked.status, path) == (200, 202, f"/vpcs/{vpc_id}")
    assert asked.body["vpc"]["subnets"] == planned.body["plan"]["subnets"]
    built = ben.sees(vpc_id, "AVAILABLE")
    assert built["vpcId"].startswith("vpc-")
    assert all(subnet["subnetId"].startswith("subnet-") for subnet in built["subnets"])
    assert built["resources"]["internetGatewayId"].startswith("igw-")
    assert ask(ann, "first").body == asked.body
    assert ask(ann, "first", name="other").status == 422
    listed = ben.call("GET", f"/vpcs?state=AVAILABLE&tag=team:shop&owner={ann.id}").body
    assert [vpc["id"] for vpc in listed["vpcs"]] == [vpc_id]
    assert ask(ben, "mine").body["details"][0]["rule"] == "overlap"
    assert ben.call("DELETE", path).status == 403
    assert ann.call("DELETE", path).status == 202
    ben.sees(vpc_id, "DELETED")
    again = ann.call("DELETE", path)
    assert (again.status, again.body["vpc"]["state"]) == (202, "DELETED")


def test_of_many_requests_at_once_one_key_makes_one_and_the_limit_holds(place: Place) -> None:
    eve = Somebody(place, "Eve")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        same = list(threads.map(lambda _: ask(eve, "same", cidr="10.40.0.0/16"), range(AT_ONCE)))
        others = list(
            threads.map(
                lambda number: ask(eve, f"k{number}", cidr=f"10.{number}.0.0/20"), range(AT_ONCE)
            )
        )

    assert {answer.status for answer in same} == {202}
    assert len({answer.body["vpc"]["id"] for answer in same}) == 1
    assert Counter(answer.status for answer in others) == {202: 4, 409: AT_ONCE - 4}
    assert {answer.body["details"][0]["rule"] for answer in others if answer.status == 409} == {
        "perUser"
    }


def test_one_asks_for_a_network_and_all_may_see_it_but_not_delete_it(
    place: Place, running_stack: dict[str, Any], site: Site
) -> None:
    maker, other = Somebody(place, "Mia"), Somebody(place, "Otto")
    request = json.loads(EXAMPLE.read_text())["request"]

    asked = maker.call("POST", "/vpcs", body=request)

    assert (asked.status, asked.body["vpc"]["state"]) == (202, "PENDING")
    vpc_id = asked.body["vpc"]["id"]
    built = other.sees(vpc_id, "AVAILABLE")
    made = {built["vpcId"], *built["resources"].values()}
    made |= {subnet["subnetId"] for subnet in built["subnets"]}
    assert sorted(made) == sorted(living(site, running_stack["region"], vpc_id))
    assert len(made) == 12
    assert [one["state"] for one in built["timeline"]] == ["PENDING", "CREATING", "AVAILABLE"]

    assert other.call("DELETE", f"/vpcs/{vpc_id}").status == 403
    assert other.sees(vpc_id, "AVAILABLE")["vpcId"] == built["vpcId"]

    # Something of somebody else's keeps it.
    ec2 = site.ec2(running_stack["region"])
    subnet = built["subnets"][0]["subnetId"]
    ec2.alter("CreateNetworkInterface", SubnetId=subnet)
    assert maker.call("DELETE", f"/vpcs/{vpc_id}").status == 202
    kept = maker.sees(vpc_id, "AVAILABLE")
    while not kept.get("inside"):
        kept = maker.sees(vpc_id, "AVAILABLE")
    (inside,) = kept["inside"]
    assert inside["type"] == "network-interface"
    ec2.alter("DeleteNetworkInterface", NetworkInterfaceId=inside["id"])

    assert maker.call("DELETE", f"/vpcs/{vpc_id}").status == 202
    gone = maker.sees(vpc_id, "DELETED")
    assert gone["timeline"][-1]["note"] == "deleted"
    assert living(site, running_stack["region"], vpc_id) == []


def test_an_operator_has_one_built_and_checked_and_removed_directly(
    running_stack: dict[str, Any], site: Site, command: Command, tmp_path: Path
) -> None:
    def invoke(event: Path | dict[str, Any]) -> dict[str, Any]:
        if isinstance(event, dict):
            written = tmp_path / "event.json"
            written.write_text(json.dumps(event))
            event = written
        answer: dict[str, Any] = command("invoke", "vpc_builder", "--event", str(event))
        return answer

    built = invoke(EXAMPLE)["vpc"]
    again = invoke(EXAMPLE)
    checked = invoke({"task": "drift"})
    table = built["resources"]["privateRouteTableId"]
    site.ec2(running_stack["region"]).alter(
        "DeleteRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0"
    )
    drifted = invoke({"task": "drift"})
    swept = invoke({"task": "sweep"})
    gone = invoke({"action": "delete", "id": built["id"]})["vpc"]

    assert (built["state"], built["createdBy"]) == ("AVAILABLE", "operator")
    assert again["details"][0]["rule"] == "overlap"
    assert (checked["checked"] >= 1, checked["drifted"]) == (True, [])
    assert drifted["drifted"] == [built["id"]]
    found = ("removed", "left", "failed", "givenUp", "toldAgain")
    assert swept == {**{kind: [] for kind in found}, "complete": True}
    assert gone["state"] == "DELETED"
    assert living(site, running_stack["region"], built["id"]) == []
