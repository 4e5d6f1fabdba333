"""What AWS asks for before each EC2 call that the stack's functions may make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vestibule_cli.local.emulator_internals import ec2_permissions

POLICIES = Path(__file__).parents[3] / "infra" / "policies"
TAG = "aws:requesttag/a"

# Each with its parameters, and what it needs besides itself: what is made is starred. As in
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
CALLS: dict[str, tuple[dict[str, str], list[str]]] = {
    "AllocateAddress": ({"Domain": "vpc"}, ["elastic-ip/*"]),
    "AssociateRouteTable": (
        {"RouteTableId": "rtb-1", "SubnetId": "subnet-1"},
        ["route-table/rtb-1", "subnet/subnet-1"],
    ),
    "AttachInternetGateway": (
        {"InternetGatewayId": "igw-1", "VpcId": "vpc-1"},
        ["internet-gateway/igw-1", "vpc/vpc-1"],
    ),
    "CreateInternetGateway": ({}, ["internet-gateway/*"]),
    "CreateNatGateway": (
        {"SubnetId": "subnet-1", "AllocationId": "eipalloc-1"},
        ["natgateway/*", "subnet/subnet-1", "elastic-ip/eipalloc-1"],
    ),
    "CreateRoute": ({"RouteTableId": "rtb-1", "GatewayId": "igw-1"}, ["route-table/rtb-1"]),
    "CreateRouteTable": ({"VpcId": "vpc-1"}, ["route-table/*", "vpc/vpc-1"]),
    "CreateSubnet": ({"VpcId": "vpc-1"}, ["subnet/*", "vpc/vpc-1"]),
    "CreateTags": (
        {"ResourceId.1": "vpc-1", "ResourceId.2": "eipalloc-1"},
        ["vpc/vpc-1", "elastic-ip/eipalloc-1"],
    ),
    "CreateVpc": ({"CidrBlock": "10.0.0.0/16"}, ["vpc/*"]),
    "DeleteInternetGateway": ({"InternetGatewayId": "igw-1"}, ["internet-gateway/igw-1"]),
    "DeleteNatGateway": ({"NatGatewayId": "nat-1"}, ["natgateway/nat-1"]),
    "DeleteRouteTable": ({"RouteTableId": "rtb-1"}, ["route-table/rtb-1"]),
    "DeleteSubnet": ({"SubnetId": "subnet-1"}, ["subnet/subnet-1"]),
    "DeleteVpc": ({"VpcId": "vpc-1"}, ["vpc/vpc-1"]),
    "DetachInternetGateway": (
        {"InternetGatewayId": "igw-1", "VpcId": "vpc-1"},
        ["internet-gateway/igw-1", "vpc/vpc-1"],
    ),
    "ModifySubnetAttribute": ({"SubnetId": "subnet-1"}, ["subnet/subnet-1"]),
    "ModifyVpcAttribute": ({"VpcId": "vpc-1"}, ["vpc/vpc-1"]),
    "ReleaseAddress": ({"AllocationId": "eipalloc-1"}, ["elastic-ip/eipalloc-1"]),
}


def asked(action: str, given: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (check.permission, check.arn("eu-west-1", "123456789012").rpartition(":")[2])
        for check in ec2_permissions.checks(action, given)
    ]


def specified(number: int, kind: str, **tags: str) -> dict[str, str]:
    prefix = f"TagSpecification.{number}"
    found = {f"{prefix}.ResourceType": kind}
    for at, (key, value) in enumerate(tags.items(), 1):
        found |= {f"{prefix}.Tag.{at}.Key": key, f"{prefix}.Tag.{at}.Value": value}
    return found


def test_every_action_of_a_policy_is_known_by_what_it_is_about() -> None:
    named = {
        action.removeprefix("ec2:")
        for path in POLICIES.glob("*.json")
        for statement in json.loads(path.read_text(encoding="utf-8"))["Statement"]
        for action in statement["Action"]
        if action.startswith("ec2:")
    }
    lists = {name for name in named if name.startswith("Describe")}

    assert named - lists == set(CALLS)
    assert all(ec2_permissions.is_known(name) for name in named)
    assert all(asked(name, {"VpcId": "vpc-1"}) == [(f"ec2:{name}", "*")] for name in lists)


@pytest.mark.parametrize("action", CALLS)
def test_a_permission_is_asked_for_each_resource(action: str) -> None:
    given, resources = CALLS[action]

    assert asked(action, given) == [(f"ec2:{action}", one) for one in resources]


@pytest.mark.parametrize("action", [name for name in CALLS if CALLS[name][1][0].endswith("*")])
def test_tags_of_what_is_made_are_told_and_need_a_permission(action: str) -> None:
    given, resources = CALLS[action]
    kind = resources[0].removesuffix("/*")

    checks = ec2_permissions.checks(action, {**given, **specified(1, kind, a="1")})

    assert checks[0].said == {TAG: "1", "aws:tagkeys": ["a"]}
    assert [check.said for check in checks[1:-1]] == [{}] * (len(resources) - 1)
    assert (checks[-1].permission, checks[-1].kind, checks[-1].id) == ("ec2:CreateTags", kind, "*")
    assert checks[-1].said == {TAG: "1", "aws:tagkeys": ["a"], "ec2:createaction": action}


def test_tags_of_another_kind_are_not_those_of_what_is_made() -> None:
    checks = ec2_permissions.checks("CreateVpc", specified(1, "subnet", a="1"))

    assert [(one.permission, one.kind, TAG in one.said) for one in checks] == [
        ("ec2:CreateVpc", "vpc", False),
        ("ec2:CreateTags", "subnet", True),
    ]


def test_who_tags_what_exists_says_with_what_and_is_making_nothing() -> None:
    given = {"ResourceId.1": "vpc-1", "Tag.1.Key": "a", "Tag.1.Value": "1"}

    (check,) = ec2_permissions.checks("CreateTags", given)

    assert check.said == {TAG: "1", "aws:tagkeys": ["a"]}


def test_what_a_call_leaves_out_is_nothing_of_ours() -> None:
    assert asked("DeleteVpc", {}) == [("ec2:DeleteVpc", "vpc/*")]
    assert ("ec2:CreateSubnet", "vpc/*") in asked("CreateSubnet", {"VpcId": ""})
    assert len(asked("CreateNatGateway", {"SubnetId": "subnet-1"})) == 2


def test_every_address_of_a_gateway_is_asked_about() -> None:
    given = {f"SecondaryAllocationId.{number}": f"eipalloc-{number}" for number in (1, 2)}

    found = asked(
        "CreateNatGateway", {"SubnetId": "subnet-1", "AllocationId": "eipalloc-0"} | given
    )

    addresses = [arn for _, arn in found if arn.startswith("elastic-ip/")]
    assert addresses == [f"elastic-ip/eipalloc-{number}" for number in range(3)]


@pytest.mark.parametrize(
    ("gateway", "kind"), [("igw-1", "internet-gateway"), ("vgw-1", "vpn-gateway")]
)
def test_a_gateway_is_what_its_id_says(gateway: str, kind: str) -> None:
    given = {"RouteTableId": "rtb-1", "GatewayId": gateway}

    assert ("ec2:AssociateRouteTable", f"{kind}/{gateway}") in asked("AssociateRouteTable", given)


def test_tags_that_differ_by_case_alone_are_all_told() -> None:
    (check, _) = ec2_permissions.checks("CreateVpc", specified(1, "vpc", a="1", A="2"))

    assert check.said == {TAG: ["1", "2"], "aws:tagkeys": ["a", "A"]}
