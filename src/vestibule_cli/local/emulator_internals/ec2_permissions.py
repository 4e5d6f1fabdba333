"""What is asked before an EC2 call: a permission for each resource that the call is about.

The emulator asks once, for `*` and without tags. Here it is asked as AWS's service authorization
reference has it: for what is being made, with the tags of the request; for what is there, with its
own; and for tags that come with what is being made, for `ec2:CreateTags`, with `ec2:CreateAction`.
What does not exist has no tags, so who needs some is refused.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Tags = Iterable[tuple[str, str]]
    Given = Mapping[str, str]


@dataclass(frozen=True)
class Subject:
    """A resource that a call is about: what is being made, or what a parameter names."""

    # Empty where ids of several kinds may stand.
    kind: str
    parameter: str = ""
    # Else it is asked about only where it is named.
    always: bool = True


def _made(kind: str) -> Subject:
    return Subject(kind)


def _named(kind: str, parameter: str) -> Subject:
    return Subject(kind, parameter)


def _if_named(kind: str, parameter: str) -> Subject:
    return Subject(kind, parameter, always=False)


_VPC = _named("vpc", "VpcId")
_SUBNET = _named("subnet", "SubnetId")
_ROUTE_TABLE = _named("route-table", "RouteTableId")
_INTERNET_GATEWAY = _named("internet-gateway", "InternetGatewayId")

SUBJECTS: Mapping[str, tuple[Subject, ...]] = {
    "AllocateAddress": (
        _made("elastic-ip"),
        _if_named("ipv4pool-ec2", "PublicIpv4Pool"),
        _if_named("ipam-pool", "IpamPoolId"),
    ),
    "AssociateRouteTable": (
        _ROUTE_TABLE,
        _if_named("subnet", "SubnetId"),
        _if_named("", "GatewayId"),
        _if_named("ipv4pool-ec2", "PublicIpv4Pool"),
    ),
    "AttachInternetGateway": (_INTERNET_GATEWAY, _VPC),
    "CreateInternetGateway": (_made("internet-gateway"),),
    "CreateNatGateway": (
        _made("natgateway"),
        _if_named("subnet", "SubnetId"),
        _if_named("vpc", "VpcId"),
        _if_named("elastic-ip", "AllocationId"),
        _if_named("elastic-ip", "SecondaryAllocationId"),
    ),
    # Not its target.
    "CreateRoute": (_ROUTE_TABLE,),
    "CreateRouteTable": (_made("route-table"), _VPC),
    "CreateSubnet": (
        _made("subnet"),
        _VPC,
        _if_named("ipam-pool", "Ipv4IpamPoolId"),
        _if_named("ipam-pool", "Ipv6IpamPoolId"),
    ),
    "CreateVpc": (
        _made("vpc"),
        _if_named("ipam-pool", "Ipv4IpamPoolId"),
        _if_named("ipam-pool", "Ipv6IpamPoolId"),
        _if_named("ipv6pool-ec2", "Ipv6Pool"),
    ),
    "DeleteInternetGateway": (_INTERNET_GATEWAY,),
    "DeleteNatGateway": (_named("natgateway", "NatGatewayId"),),
    "DeleteRouteTable": (_ROUTE_TABLE,),
    "DeleteSubnet": (_SUBNET,),
    "DeleteVpc": (_VPC,),
    "DetachInternetGateway": (_INTERNET_GATEWAY, _VPC),
    "ModifySubnetAttribute": (_SUBNET,),
    "ModifyVpcAttribute": (_VPC,),
    "ReleaseAddress": (_named("elastic-ip", "AllocationId"),),
}

# By what ids begin with; the names under which the emulator keeps them.
KINDS: Mapping[str, tuple[str, str]] = {
    "eipalloc": ("elastic-ip", "_addresses"),
    "eni": ("network-interface", "_network_interfaces"),
    "i": ("instance", "_instances"),
    "igw": ("internet-gateway", "_internet_gateways"),
    "nat": ("natgateway", "_nat_gateways"),
    "rtb": ("route-table", "_route_tables"),
    "sg": ("security-group", "_security_groups"),
    "subnet": ("subnet", "_subnets"),
    "vgw": ("vpn-gateway", "_vpn_gateways"),
    "vpc": ("vpc", "_vpcs"),
}


@dataclass(frozen=True)
class Check:
    """One permission: on what, and what the request says of it."""

    permission: str
    # Empty for a call that knows no resources.
    kind: str = ""
    id: str = "*"
    said: Mapping[str, Any] = field(default_factory=dict)

    def arn(self, region: str, account_id: str) -> str:
        if not self.kind:
            return "*"
        return f"arn:aws:ec2:{region}:{account_id}:{self.kind}/{self.id}"


def is_known(action: str) -> bool:
    return action in SUBJECTS or action == "CreateTags" or action.startswith("Describe")


def checks(action: str, given: Given) -> list[Check]:
    """Each permission that AWS asks for before a call that is known."""
    permission = f"ec2:{action}"
    if action == "CreateTags":
        said = _request_tags(_tags(given, "Tag"))
        return [Check(permission, _kind(each), each, said) for each in _ids(given, "ResourceId")]
    if action not in SUBJECTS:
        return [Check(permission)]
    specified = _specified(given)
    found = []
    for subject in SUBJECTS[action]:
        if not subject.parameter:
            said = _request_tags(specified.get(subject.kind, ()))
            found.append(Check(permission, subject.kind, said=said))
            continue
        ids = list(_ids(given, subject.parameter))
        if not ids and subject.always:
            ids = ["*"]
        found += [Check(permission, subject.kind or _kind(each), each) for each in ids]
    for kind, tags in specified.items():
        said = {**_request_tags(tags), "ec2:createaction": action}
        found.append(Check("ec2:CreateTags", kind, said=said))
    return found


def _ids(given: Given, parameter: str) -> Iterator[str]:
    if given.get(parameter):
        yield given[parameter]
    yield from _numbered(given, parameter + ".{}")


def _numbered(given: Given, name: str) -> Iterator[str]:
    """The values of `Name.1`, `Name.2` ... up to the first that is missing."""
    for number in itertools.count(1):
        value = given.get(name.format(number))
        if not value:
            return
        yield value


def _tags(given: Given, prefix: str) -> list[tuple[str, str]]:
    names = enumerate(_numbered(given, prefix + ".{}.Key"), 1)
    return [(name, given.get(f"{prefix}.{number}.Value", "")) for number, name in names]


def _specified(given: Given) -> dict[str, list[tuple[str, str]]]:
    """The tags that come with what is being made, by its kind."""
    found = {}
    for number, kind in enumerate(_numbered(given, "TagSpecification.{}.ResourceType"), 1):
        if tags := _tags(given, f"TagSpecification.{number}.Tag"):
            found[kind] = tags
    return found


def _kind(resource_id: str) -> str:
    return KINDS.get(resource_id.partition("-")[0], ("unknown", ""))[0]


def _request_tags(tags: Tags) -> dict[str, Any]:
    names = [name for name, _ in tags]
    return {**_by_key("aws:requesttag", tags), **({"aws:tagkeys": names} if names else {})}


def _by_key(prefix: str, tags: Tags) -> dict[str, Any]:
    """Tags as conditions name them, which heeds no case: two that differ by it are a list."""
    found: dict[str, list[str]] = {}
    for name, value in tags:
        found.setdefault(f"{prefix}/{name}".lower(), []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _own_tags(resource_id: str) -> dict[str, Any]:
    ec2 = part("services.ec2")
    _kind_name, store = KINDS.get(resource_id.partition("-")[0], ("", ""))
    # Tags outlive what bore them.
    if store and resource_id not in getattr(ec2, store):
        return {}
    tags = [(tag["Key"], tag.get("Value", "")) for tag in ec2._tags.get(resource_id, ())]
    return {**_by_key("aws:resourcetag", tags), **_by_key("ec2:resourcetag", tags)}


def ask(
    given: Given,
    region: str,
    asked_for: tuple[str, str, Mapping[str, Any]],
    asked: Callable[[str, str, Mapping[str, Any]], Any],
) -> Any:
    """Ask for every permission that AWS would ask for; give what is in the way."""
    action = asked_for[0].removeprefix("ec2:")
    wanted = checks(action, given) if action == given.get("Action") and is_known(action) else []
    if not wanted:
        return asked(*asked_for)
    account = part("core.responses").get_account_id()
    for check in wanted:
        arn = check.arn(region, account)
        said = {**_own_tags(check.id), **check.said, "ec2:region": region}
        if denied := asked(check.permission, arn, said):
            return _refusal(denied, check.permission, arn)
    return None


def _refusal(denied: Any, permission: str, arn: str) -> Any:
    """As EC2 words it: what may not be done, and to which of all that the call is about."""
    failure = part("core.iam_evaluator").AuthError
    if isinstance(denied, failure):
        return denied
    said = part("core.iam_actions").identity_denial_message(
        permission, denied.principal_arn, arn, denied.decision == "Deny"
    )
    return failure("AccessDenied", f"You are not authorized to perform this operation. {said}")
