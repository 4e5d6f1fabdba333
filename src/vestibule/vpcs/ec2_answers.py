"""EC2's answers: XML, read without entities, into what they say of each resource."""

from __future__ import annotations

from xml.parsers import expat

from vestibule.platform.values import frozen
from vestibule.vpcs import resources
from vestibule.vpcs.resources import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

_DEEPEST = 40


class NotAnAnswer(Exception):
    """It is not XML, or XML that no service of AWS would send."""


class Node:
    """An element: its name without a namespace, its text, its children in order."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = ""
        self.children: list[Node] = []

    def find(self, path: str) -> Node | None:
        node: Node | None = self
        for step in path.split("/"):
            node = next((one for one in node.children if one.name == step), None) if node else None
        return node

    def value(self, path: str) -> str:
        """Give the text at the path; empty where nothing is."""
        node = self.find(path)
        return node.text.strip() if node is not None else ""

    def items(self, path: str) -> list[Node]:
        node = self.find(path)
        return [one for one in node.children if one.name == "item"] if node is not None else []


def parse(body: bytes) -> Node:
    """Raise NotAnAnswer. A document type is refused: entities are declared in it alone."""
    root = Node("")
    open_nodes = [root]

    def begin(name: str, _attributes: object) -> None:
        if len(open_nodes) > _DEEPEST:
            raise NotAnAnswer("it is nested too deep")
        node = Node(name.rpartition(":")[2])
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def end(_name: str) -> None:
        open_nodes.pop()

    def text(data: str) -> None:
        open_nodes[-1].text += data

    def refuse(*_declared: object) -> None:
        raise NotAnAnswer("it declares a document type")

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes it by position alone
    except expat.ExpatError as error:
        raise NotAnAnswer(f"it is not XML: {error}") from error
    return root.children[0]


@frozen
class Kind:
    """How EC2 names a kind of resource in its operations, answers and tags."""

    create: str
    answer: str
    """Where the created one stands; empty: in the answer itself."""
    delete: str
    describe: str
    listing: str
    id: str
    """The member that holds the id; the parameter is the same with a capital."""
    resource_type: str
    read: Callable[[Node], Mapping[str, Any]] = lambda _node: {}
    vpc_filter: str = "vpc-id"
    state: str = "state"

    @property
    def id_parameter(self) -> str:
        return self.id[0].upper() + self.id[1:]


def _subnet(node: Node) -> Mapping[str, Any]:
    return {
        "cidr": node.value("cidrBlock"),
        "zone": node.value("availabilityZone"),
        "available": int(node.value("availableIpAddressCount") or 0),
        "public": node.value("mapPublicIpOnLaunch") == "true",
    }


def _gateway(node: Node) -> Mapping[str, Any]:
    attached = [
        one.value("vpcId")
        for one in node.items("attachmentSet")
        if one.value("state") not in {"detached", "detaching"}
    ]
    return {"attached": attached}


def _route_table(node: Node) -> Mapping[str, Any]:
    associations = node.items("associationSet")
    return {
        "main": any(one.value("main") == "true" for one in associations),
        "subnets": [one.value("subnetId") for one in associations if one.value("subnetId")],
        "routes": {
            one.value("destinationCidrBlock"): {
                "target": one.value("natGatewayId") or one.value("gatewayId"),
                "state": one.value("state"),
            }
            for one in node.items("routeSet")
        },
    }


def _nat_gateway(node: Node) -> Mapping[str, Any]:
    return {
        "subnet": node.value("subnetId"),
        "code": node.value("failureCode"),
        "failure": node.value("failureMessage"),
        "addresses": [one.value("allocationId") for one in node.items("natGatewayAddressSet")],
    }


def _interface(node: Node) -> Mapping[str, Any]:
    return {"type": node.value("interfaceType"), "description": node.value("description")}


KINDS: Mapping[str, Kind] = {
    resources.VPC: Kind(
        "CreateVpc",
        "vpc",
        "DeleteVpc",
        "DescribeVpcs",
        "vpcSet",
        "vpcId",
        "vpc",
        lambda node: {"cidr": node.value("cidrBlock")},
    ),
    resources.SUBNET: Kind(
        "CreateSubnet",
        "subnet",
        "DeleteSubnet",
        "DescribeSubnets",
        "subnetSet",
        "subnetId",
        "subnet",
        _subnet,
    ),
    resources.INTERNET_GATEWAY: Kind(
        "CreateInternetGateway",
        "internetGateway",
        "DeleteInternetGateway",
        "DescribeInternetGateways",
        "internetGatewaySet",
        "internetGatewayId",
        "internet-gateway",
        _gateway,
        "attachment.vpc-id",
    ),
    resources.ROUTE_TABLE: Kind(
        "CreateRouteTable",
        "routeTable",
        "DeleteRouteTable",
        "DescribeRouteTables",
        "routeTableSet",
        "routeTableId",
        "route-table",
        _route_table,
    ),
    resources.NAT_GATEWAY: Kind(
        "CreateNatGateway",
        "natGateway",
        "DeleteNatGateway",
        "DescribeNatGateways",
        "natGatewaySet",
        "natGatewayId",
        "natgateway",
        _nat_gateway,
    ),
    resources.ADDRESS: Kind(
        "AllocateAddress",
        "",
        "ReleaseAddress",
        "DescribeAddresses",
        "addressesSet",
        "allocationId",
        "elastic-ip",
        lambda node: {"association": node.value("associationId")},
    ),
    resources.NETWORK_INTERFACE: Kind(
        "",
        "",
        "",
        "DescribeNetworkInterfaces",
        "networkInterfaceSet",
        "networkInterfaceId",
        "network-interface",
        _interface,
        state="status",
    ),
    resources.INSTANCE: Kind(
        "",
        "",
        "",
        "DescribeInstances",
        "reservationSet",
        "instanceId",
        "instance",
        state="instanceState/name",
    ),
    resources.SECURITY_GROUP: Kind(
        "",
        "",
        "",
        "DescribeSecurityGroups",
        "securityGroupInfo",
        "groupId",
        "security-group",
        lambda node: {"name": node.value("groupName")},
    ),
    resources.ENDPOINT: Kind(
        "",
        "",
        "",
        "DescribeVpcEndpoints",
        "vpcEndpointSet",
        "vpcEndpointId",
        "vpc-endpoint",
        lambda node: {"service": node.value("serviceName")},
    ),
}


def listed(kind: str, root: Node) -> Iterator[Resource]:
    """Read every resource of a Describe answer."""
    nodes = root.items(KINDS[kind].listing)
    if kind == resources.INSTANCE:
        nodes = [one for reservation in nodes for one in reservation.items("instancesSet")]
    for node in nodes:
        yield resource(kind, node)


def created(kind: str, root: Node) -> Resource:
    """Read what a Create answer says of what was made. Raise NotAnAnswer."""
    node = root.find(KINDS[kind].answer) if KINDS[kind].answer else root
    if node is None or not node.value(KINDS[kind].id):
        raise NotAnAnswer("it does not say what was made")
    return resource(kind, node)


def resource(kind: str, node: Node) -> Resource:
    names = KINDS[kind]
    facts = dict(names.read(node))
    tags = {one.value("key"): one.value("value") for one in node.items("tagSet")}
    attached = facts.get("attached") or [""]
    return Resource(
        kind,
        node.value(names.id),
        tags,
        node.value(names.state),
        node.value("vpcId") or attached[0],
        facts,
    )
