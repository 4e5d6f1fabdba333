"""A VPC from a request to its end: gateway, table, stream, relay, bus, queue, builder, EC2."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vestibule.platform.credentials import Credentials
from vestibule.vpcs.ec2 import Ec2Client
from vestibule.vpcs.site import Site
from vestibule_cli.demo.person import Person
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vestibule_cli.demo.calls import Answer

    Command = Callable[..., Any]

pytestmark = pytest.mark.emulator

EXAMPLE = Path(__file__).parents[2] / "examples" / "events" / "create-vpc.json"


@pytest.fixture(scope="module")
def place(running_stack: dict[str, Any]) -> Place:
    return Place.from_outputs(running_stack, ROOT_CREDENTIALS)


@pytest.fixture(scope="module")
def site(running_stack: dict[str, Any]) -> Iterator[Site]:
    client = Ec2Client(
        running_stack["region"],
        endpoint_url=running_stack["aws_endpoint_url"],
        credentials=lambda: Credentials(*ROOT_CREDENTIALS.values()),
    )
    yield Site(lambda _region: client, environment="local", table_name=running_stack["table_name"])
    client.close()


class Somebody:
    """A signed-in person with a profile."""

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        person = Person(place, name)
        self.id = person.sign_up()
        person.confirm(person.code_from_inbox())
        person.sign_in()
        self._token = person.access_token
        self.call("POST", "/profiles", body={"name": name})

    def call(self, method: str, path: str, **sent: Any) -> Answer:
        return self._place.api(method, path, self._token, **sent)

    def sees(self, vpc_id: str, state: str, *, within: float = 30.0) -> dict[str, Any]:
        """Look until it has come to this state."""
        until = time.monotonic() + within
        while True:
            shown: dict[str, Any] = self.call("GET", f"/vpcs/{vpc_id}").body["vpc"]
            if shown["state"] == state:
                return shown
            assert time.monotonic() < until, shown
            time.sleep(0.2)


def living(site: Site, region: str, vpc_id: str) -> list[str]:
    return [one.id for one in site.owned(region, vpc_id) if one.state != "deleted"]


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
