"""EC2's XML is read without entities, and what is missing counts as empty."""

from __future__ import annotations

import pytest

from vestibule.vpcs import resources
from vestibule.vpcs.ec2_answers import NotAnAnswer, created, listed, parse

NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'


def test_a_list_of_subnets_is_read() -> None:
    root = parse(
        f"""<?xml version="1.0" encoding="UTF-8"?>
        <DescribeSubnetsResponse {NAMESPACE}><subnetSet><item>
          <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><state>available</state>
          <cidrBlock>10.0.0.0/24</cidrBlock><availabilityZone>us-east-1a</availabilityZone>
          <availableIpAddressCount>17</availableIpAddressCount>
          <mapPublicIpOnLaunch>true</mapPublicIpOnLaunch>
          <tagSet><item><key>vestibule:vpc</key><value>r1</value></item>
          <item><key>team</key><value>a &amp; b</value></item></tagSet>
        </item></subnetSet></DescribeSubnetsResponse>""".encode()
    )

    (one,) = listed(resources.SUBNET, root)

    assert (one.id, one.vpc_id, one.state, one.owner) == ("subnet-1", "vpc-1", "available", "r1")
    assert one.tags["team"] == "a & b"
    expected = {"cidr": "10.0.0.0/24", "zone": "us-east-1a", "available": 17, "public": True}
    assert dict(one.facts) == expected


def test_route_tables_and_gateways_tell_what_they_are_tied_to() -> None:
    root = parse(
        b"""<r><routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
        <associationSet><item><main>false</main><subnetId>subnet-1</subnetId></item>
        <item><main>true</main></item></associationSet>
        <routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>
        <natGatewayId>nat-1</natGatewayId><state>blackhole</state></item></routeSet>
        </item></routeTableSet><internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId>
        <attachmentSet><item><vpcId>vpc-9</vpcId><state>detaching</state></item>
        <item><vpcId>vpc-1</vpcId><state>available</state></item></attachmentSet>
        </item></internetGatewaySet></r>"""
    )

    (table,) = listed(resources.ROUTE_TABLE, root)
    (gateway,) = listed(resources.INTERNET_GATEWAY, root)

    assert table.facts == {
        "main": True,
        "subnets": ["subnet-1"],
        "routes": {"0.0.0.0/0": {"target": "nat-1", "state": "blackhole"}},
    }
    assert (gateway.facts, gateway.vpc_id) == ({"attached": ["vpc-1"]}, "vpc-1")


def test_instances_lie_within_reservations() -> None:
    root = parse(
        b"""<r><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>
        <vpcId>vpc-1</vpcId><instanceState><name>running</name></instanceState></item>
        <item><instanceId>i-2</instanceId></item></instancesSet></item></reservationSet></r>"""
    )

    found = list(listed(resources.INSTANCE, root))

    assert [(one.id, one.state) for one in found] == [("i-1", "running"), ("i-2", "")]


def test_what_was_made_is_read_where_it_stands() -> None:
    vpc = created(resources.VPC, parse(b"<r><vpc><vpcId>vpc-1</vpcId></vpc></r>"))
    address = created(resources.ADDRESS, parse(b"<r><allocationId>eipalloc-1</allocationId></r>"))

    assert (vpc.id, address.id) == ("vpc-1", "eipalloc-1")
    for nothing in (b"<r/>", b"<r><vpc/></r>"):
        with pytest.raises(NotAnAnswer):
            created(resources.VPC, parse(nothing))


BILLION = b"".join(
    [
        b"<!DOCTYPE r [<!ENTITY a0 'lol'>",
        *[b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)],
        b"]><r>&a9;</r>",
    ]
)


@pytest.mark.parametrize(
    "body",
    [
        BILLION,
        b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>",
        b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>",
        b"<r>&undefined;</r>",
        b"<r>" * 100 + b"</r>" * 100,
        b"<r><a></r>",
        b"<r>\xff</r>",
        b"<r/><r/>",
        b"{}",
        b"",
    ],
    ids=["bomb", "outside", "file", "entity", "deep", "broken", "bytes", "two", "JSON", "nothing"],
)
def test_what_no_service_would_send_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        parse(body)
