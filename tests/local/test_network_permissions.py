"""As the builder's role, on the running stack: what does not carry our tags stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fakes.roles import Role, is_denied, send_raw
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.emulator
CIDR = "10.77.0.0/20"
PART = "10.77.1.0/24"


class Networks:
    """EC2 as the builder sees it, and as root does."""

    def __init__(self, place: Place, role: Role) -> None:
        self.url = place.aws_endpoint_url
        self.role = role
        self.ec2 = role.client("ec2")
        self.root = place.operator("ec2")
        self.ours = {"vestibule:environment": "local", "vestibule:table": place.table_name}
        self._made: list[str] = []

    def strange(self, **tags: str) -> str:
        """Give the id of a VPC that is not ours."""
        return self.made(self.root, {name.replace("_", ":"): tags[name] for name in tags})

    def made(self, ec2: Any, tags: Mapping[str, str]) -> str:
        vpc_id: str = ec2.create_vpc(CidrBlock=CIDR, **tagged("vpc", tags))["Vpc"]["VpcId"]
        self._made.append(vpc_id)
        return vpc_id

    def exists(self, vpc_id: str) -> bool:
        found = self.root.describe_vpcs()["Vpcs"]
        return vpc_id in {one["VpcId"] for one in found}

    def clear(self) -> None:
        for vpc_id in filter(self.exists, self._made):
            inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
            for one in self.root.describe_subnets(Filters=inside)["Subnets"]:
                self.root.delete_subnet(SubnetId=one["SubnetId"])
            self.root.delete_vpc(VpcId=vpc_id)


def tagged(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": listed}]} if tags else {}


@pytest.fixture
def networks(running_stack: dict[str, Any]) -> Iterator[Networks]:
    place = Place.from_outputs(running_stack, ROOT_CREDENTIALS)
    role = Role(place, running_stack["functions"]["vpc_builder"])
    made = Networks(place, role)
    yield made
    made.clear()
    role.remove()


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as failure:
        work()
    error = failure.value.response["Error"]
    assert error["Code"] == "UnauthorizedOperation", error
    message: str = error["Message"]
    return message


def whose(networks: Networks) -> list[Mapping[str, str]]:
    return [
        {},
        {**networks.ours, "vestibule:environment": "another"},
        {**networks.ours, "vestibule:table": "another"},
        {"vestibule:environment": "local"},
        {name: value.upper() for name, value in networks.ours.items()},
    ]


def test_what_is_not_ours_is_not_deleted(networks: Networks) -> None:
    for tags in whose(networks):
        vpc_id = networks.made(networks.root, tags)

        said = refused(lambda vpc_id=vpc_id: networks.ec2.delete_vpc(VpcId=vpc_id))  # type: ignore[misc] # bound here

        assert networks.exists(vpc_id), tags
        assert f"ec2:DeleteVpc on resource: arn:aws:ec2:us-east-1:000000000000:vpc/{vpc_id}" in said
    ours = networks.made(networks.root, networks.ours)
    networks.ec2.delete_vpc(VpcId=ours)
    assert not networks.exists(ours)
    # What is gone has no tags, though its id had.
    refused(lambda: networks.ec2.delete_vpc(VpcId=ours))


def test_what_is_asked_for_in_the_url_is_no_permission_for_what_the_body_says(
    networks: Networks,
) -> None:
    strange, ours = networks.strange(), networks.made(networks.root, networks.ours)

    def ask_for_another(request: Any, **_named: Any) -> None:
        request.url += f"?Action=DescribeVpcs&VpcId={ours}"

    networks.ec2.meta.events.register("before-sign.ec2.DeleteVpc", ask_for_another)

    refused(lambda: networks.ec2.delete_vpc(VpcId=strange))
    assert networks.exists(strange)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "", "Action=CreateTags"),
        ("POST", "Action=DescribeVpcs", "Action=DeleteTags&{vpc}"),
        ("POST", "Action=DescribeVpcs&{vpc}", "Action=DeleteTags"),
        ("GET", "Action=DeleteTags&{vpc}", "Action=DescribeVpcs"),
        ("GET", "Action=DeleteTags&{vpc}", ""),
    ],
)
def test_what_runs_is_what_was_asked_for(
    networks: Networks, method: str, url: str, body: str
) -> None:
    vpc_id = networks.made(networks.root, networks.ours)
    vpc = f"ResourceId.1={vpc_id}&Tag.1.Key=vestibule%3Aenvironment"

    status, said = send_raw(
        f"{networks.url}/?{url.format(vpc=vpc)}",
        body.format(vpc=vpc).encode(),
        method=method,
        headers={"content-type": "application/x-www-form-urlencoded"},
        service="ec2",
        keys=networks.role.keys,
    )

    assert (status, "UnauthorizedOperation" in said) == (403, True), said
    found = networks.root.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found} == networks.ours


def test_nothing_is_made_that_does_not_carry_our_tags(networks: Networks) -> None:
    before = len(networks.root.describe_vpcs()["Vpcs"])

    for tags in whose(networks):
        refused(lambda tags=tags: networks.made(networks.ec2, tags))  # type: ignore[misc] # bound here
    said = refused(
        lambda: networks.ec2.create_vpc(CidrBlock=CIDR, **tagged("subnet", networks.ours))
    )

    assert "ec2:CreateVpc on resource: arn:aws:ec2:us-east-1:000000000000:vpc/*" in said
    assert len(networks.root.describe_vpcs()["Vpcs"]) == before
    assert networks.exists(networks.made(networks.ec2, networks.ours))


def test_what_exists_is_not_tagged(networks: Networks) -> None:
    for vpc_id in (networks.strange(), networks.made(networks.root, networks.ours)):
        before = networks.root.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0].get("Tags")

        refused(
            lambda vpc_id=vpc_id: networks.ec2.create_tags(  # type: ignore[misc] # bound here
                Resources=[vpc_id],
                Tags=[{"Key": key, "Value": value} for key, value in networks.ours.items()],
            )
        )

        assert networks.root.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0].get("Tags") == before


def test_nothing_is_made_inside_of_what_is_not_ours(networks: Networks) -> None:
    strange = networks.strange(vestibule_environment="another")
    subnets = networks.ec2, tagged("subnet", networks.ours)

    for vpc_id in (strange, "vpc-0123456789abcdef0"):
        said = refused(
            lambda vpc_id=vpc_id: subnets[0].create_subnet(  # type: ignore[misc] # bound here
                VpcId=vpc_id, CidrBlock=PART, **subnets[1]
            )
        )
        assert f"ec2:CreateSubnet on resource: arn:aws:ec2:us-east-1:000000000000:vpc/{vpc_id}" in (
            said
        )
    refused(
        lambda: networks.ec2.create_route_table(
            VpcId=strange, **tagged("route-table", networks.ours)
        )
    )

    inside = [{"Name": "vpc-id", "Values": [strange]}]
    assert networks.root.describe_subnets(Filters=inside)["Subnets"] == []
    ours = networks.made(networks.ec2, networks.ours)
    networks.ec2.create_subnet(VpcId=ours, CidrBlock=PART, **subnets[1])


def test_a_gateway_of_ours_is_not_attached_to_a_network_that_is_not(networks: Networks) -> None:
    made = networks.ec2.create_internet_gateway(**tagged("internet-gateway", networks.ours))
    gateway = made["InternetGateway"]["InternetGatewayId"]

    refused(
        lambda: networks.ec2.attach_internet_gateway(
            InternetGatewayId=gateway, VpcId=networks.strange()
        )
    )

    networks.ec2.delete_internet_gateway(InternetGatewayId=gateway)


def test_each_of_its_statements_is_needed(networks: Networks) -> None:
    ec2, ours = networks.ec2, networks.ours
    vpc_id = networks.made(ec2, ours)

    def make() -> None:
        networks.made(ec2, ours)

    def make_inside() -> None:
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=PART, **tagged("subnet", ours))

    def change() -> None:
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": True})

    def remove() -> None:
        ec2.delete_vpc(VpcId=networks.made(networks.root, ours))

    needs = {
        "MakeOnlyWhatCarriesOurTag": make,
        "MakeItOnlyInsideOfWhatIsOurs": make_inside,
        "TagOnlyWhatIsBeingMade": make,
        "ChangeOnlyWhatIsOurs": change,
        "RemoveOnlyWhatIsOurs": remove,
        "LookAtNetworks": ec2.describe_vpcs,
    }
    for sid, work in needs.items():
        with networks.role.without(sid):
            assert is_denied(work), sid
        assert not is_denied(work), sid


def test_other_calls_are_asked_for_as_before(networks: Networks) -> None:
    assert "ec2:CreateKeyPair" in refused(lambda: networks.ec2.create_key_pair(KeyName="x"))
    refused(networks.ec2.describe_volumes)
