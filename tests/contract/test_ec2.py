"""The EC2 client against the emulator, and against a server that misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from fakes.fault_server import FaultServer, Step, answer, hang_up, reset, silence
from vestibule.platform.credentials import Credentials
from vestibule.platform.ids import new_id
from vestibule.vpcs import resources
from vestibule.vpcs.ec2 import Ec2Client
from vestibule.vpcs.resources import (
    AlreadyDone,
    Ec2Error,
    InUse,
    LimitReached,
    NotFound,
    Postponed,
    Refused,
    Throttled,
    Unauthorized,
    Uncertain,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
MADE = answer(b"<r><vpc><vpcId>vpc-1</vpcId></vpc></r>")
DONE = answer(b"<r><return>true</return></r>")
NONE = answer(b"<r><vpcSet/></r>")


def refusal(code: str, status: int = 400, **headers: str) -> Step:
    text = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>because</Message></Error></Errors>"
    )
    return answer(f"{text}<RequestID>r</RequestID></Response>".encode(), status, headers)


@pytest.fixture
def client() -> Iterator[Callable[..., Ec2Client]]:
    clients = []

    def make(port: int, **settings: Any) -> Ec2Client:
        given: dict[str, Any] = {"sleep": lambda _seconds: None, "attempt_timeout": 5.0}
        clients.append(
            Ec2Client(
                REGION,
                endpoint_url=f"http://127.0.0.1:{port}",
                credentials=lambda: Credentials("000000000000", "x"),
                **given | settings,
            )
        )
        return clients[-1]

    yield make
    for one in clients:
        one.close()


@pytest.fixture
def ec2(client: Callable[..., Ec2Client], emulator_port: int) -> Ec2Client:
    return client(emulator_port)


def test_what_is_made_with_tags_is_found_by_them_and_deleted(ec2: Ec2Client) -> None:
    tags = {resources.ID_TAG: new_id(), "note": "a & b <c> ü"}

    vpc = ec2.create(resources.VPC, tags, CidrBlock="10.9.0.0/16")
    subnet = ec2.create(
        resources.SUBNET, tags, VpcId=vpc.id, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1b"
    )
    address = ec2.create(resources.ADDRESS, tags, Domain="vpc")

    assert ec2.find(resources.VPC, tags=tags) == [vpc]
    (found,) = ec2.find(resources.SUBNET, tags={resources.ID_TAG: tags[resources.ID_TAG]})
    assert (found, found.facts["zone"]) == (subnet, "us-east-1b")
    assert [one.id for one in ec2.find(resources.ADDRESS, tags=tags)] == [address.id]
    assert ec2.find(resources.VPC, tags={resources.ID_TAG: "another"}) == []
    assert vpc in ec2.find(resources.VPC, tags={resources.ID_TAG: "*"})
    with pytest.raises(InUse):
        ec2.delete(resources.VPC, vpc.id)
    for kind, one in ((resources.SUBNET, subnet), (resources.ADDRESS, address)):
        ec2.delete(kind, one.id)
    ec2.delete(resources.VPC, vpc.id)
    with pytest.raises(NotFound):
        ec2.delete(resources.VPC, vpc.id)


def test_what_lies_in_a_vpc_is_found_by_it(ec2: Ec2Client) -> None:
    vpc = ec2.create(resources.VPC, {}, CidrBlock="10.9.0.0/16")

    (table,) = ec2.find(resources.ROUTE_TABLE, vpc_id=vpc.id)
    (group,) = ec2.find(resources.SECURITY_GROUP, vpc_id=vpc.id)

    assert (table.facts["main"], group.facts["name"]) == (True, "default")
    for kind in (*resources.INSIDE_KINDS, *resources.MADE_KINDS):
        assert all(one.id for one in ec2.find(kind, vpc_id=vpc.id))
    ec2.delete(resources.VPC, vpc.id)


def test_a_gateway_is_attached_to_one_vpc_alone(ec2: Ec2Client) -> None:
    vpc = ec2.create(resources.VPC, {}, CidrBlock="10.9.0.0/16")
    gateway = ec2.create(resources.INTERNET_GATEWAY, {})
    pair = {"InternetGatewayId": gateway.id, "VpcId": vpc.id}

    ec2.alter("AttachInternetGateway", **pair)

    with pytest.raises(AlreadyDone):
        ec2.alter("AttachInternetGateway", **pair)
    assert [one.id for one in ec2.find(resources.INTERNET_GATEWAY, vpc_id=vpc.id)] == [gateway.id]
    ec2.alter("DetachInternetGateway", **pair)
    ec2.delete(resources.INTERNET_GATEWAY, gateway.id)
    ec2.delete(resources.VPC, vpc.id)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("DependencyViolation", 400, InUse),
        ("InvalidIPAddress.InUse", 400, InUse),
        ("InvalidVpcID.NotFound", 400, NotFound),
        ("NatGatewayNotFound", 400, NotFound),
        ("Resource.AlreadyAssociated", 400, AlreadyDone),
        ("RouteAlreadyExists", 400, AlreadyDone),
        ("VpcLimitExceeded", 400, LimitReached),
        ("AddressLimitExceeded", 400, LimitReached),
        ("UnauthorizedOperation", 403, Unauthorized),
        ("OptInRequired", 401, Unauthorized),
        ("InvalidParameterValue", 400, Refused),
    ],
)
def test_a_refusal_is_told_at_once_for_what_it_is(
    client: Callable[..., Ec2Client], code: str, status: int, expected: type[Ec2Error]
) -> None:
    with FaultServer(refusal(code, status)) as server, pytest.raises(Ec2Error) as caught:
        client(server.port).delete(resources.VPC, "vpc-1")

    assert type(caught.value) is expected
    assert (caught.value.code, caught.value.message) == (code, "because")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure",
        "ConcurrentMutationLimitExceeded",
        "ConcurrentTagAccess",
        "ExpiredToken",
        "IncorrectState",
        "InvalidAttachment.InvalidState",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "PendingVerification",
        "RequestExpired",
        "RequestInTheFuture",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ],
)
def test_what_speaks_against_us_or_the_moment_is_no_verdict(
    client: Callable[..., Ec2Client], code: str
) -> None:
    with FaultServer(refusal(code, 403), DONE) as server:
        client(server.port).delete(resources.VPC, "vpc-1")
        assert len(server.requests) == 2

    with FaultServer(refusal(code)) as server, pytest.raises(Postponed) as caught:
        client(server.port, attempts=2).create(resources.VPC, {})

    assert not isinstance(caught.value, Refused)
    assert len(server.requests) == 2


def test_a_wrong_clock_is_set_by_what_ec2_answers(client: Callable[..., Ec2Client]) -> None:
    there = datetime(2026, 5, 17, 13, 0, 0, tzinfo=UTC)
    skewed = refusal("RequestExpired", Date=format_datetime(there, usegmt=True))
    with FaultServer(skewed, DONE) as server:
        client(server.port, now=lambda: there - timedelta(hours=1)).delete(resources.VPC, "vpc-1")

    assert [one.headers["x-amz-date"].upper() for one in server.requests] == [
        "20260517T120000Z",
        "20260517T130000Z",
    ]


def test_an_address_that_a_gateway_just_had_is_in_use(client: Callable[..., Ec2Client]) -> None:
    with FaultServer(refusal("AuthFailure")) as server, pytest.raises(InUse):
        client(server.port).delete(resources.ADDRESS, "eipalloc-1")


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "Throttling", "EC2ThrottledException"])
def test_a_throttled_call_is_sent_again_even_if_it_makes_something(
    client: Callable[..., Ec2Client], code: str
) -> None:
    throttled = refusal(code, 503)
    with FaultServer(throttled, throttled, MADE) as server:
        assert client(server.port).create(resources.VPC, {}, CidrBlock="10.0.0.0/16").id == "vpc-1"
    assert len(server.requests) == 3

    with FaultServer(throttled) as server, pytest.raises(Throttled):
        client(server.port, attempts=3).create(resources.VPC, {})
    assert len(server.requests) == 3


FAULTS = {
    "reset": reset,
    "hung up": hang_up,
    "internal": refusal("InternalError", 500),
    "away": refusal("ServiceUnavailable", 503),
    "HTML": answer(b"<html><body>busy<br></body></html>", 502),
    "an entity": answer(b"<!DOCTYPE r [<!ENTITY x 'y'>]><r>&x;</r>"),
    "another answer": answer(b"<r><subnet/></r>"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_may_have_been_made_is_not_made_again(
    client: Callable[..., Ec2Client], fault: Step
) -> None:
    with FaultServer(fault, MADE) as server, pytest.raises(Uncertain):
        client(server.port).create(resources.VPC, {}, CidrBlock="10.0.0.0/16")

    assert len(server.requests) == 1


def test_silence_ends_with_the_attempt(client: Callable[..., Ec2Client]) -> None:
    with FaultServer(silence) as server, pytest.raises(Uncertain):
        client(server.port, attempt_timeout=0.2).create(resources.VPC, {})

    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [FAULTS["reset"], FAULTS["internal"], FAULTS["HTML"]])
def test_what_does_no_harm_twice_is_sent_again(
    client: Callable[..., Ec2Client], fault: Step
) -> None:
    table = answer(b"<r><routeTable><routeTableId>rtb-1</routeTableId></routeTable></r>")
    with FaultServer(fault, NONE, fault, DONE, fault, DONE, fault, table) as server:
        one = client(server.port)
        assert one.find(resources.VPC) == []
        one.alter("ModifyVpcAttribute", VpcId="vpc-1")
        one.delete(resources.VPC, "vpc-1")
        assert one.create(resources.ROUTE_TABLE, {}, token="t").id == "rtb-1"

    tokens = [parse_qs(each.body.decode()).get("ClientToken") for each in server.requests[-2:]]
    assert tokens == [["t"], ["t"]]


def test_a_read_that_never_succeeds_did_nothing(client: Callable[..., Ec2Client]) -> None:
    with FaultServer(refusal("InternalError", 500)) as server, pytest.raises(Unreachable):
        client(server.port, attempts=2).find(resources.VPC)

    assert len(server.requests) == 2


def test_nobody_there_means_that_nothing_was_done(client: Callable[..., Ec2Client]) -> None:
    with FaultServer(DONE) as server:
        port = server.port

    with pytest.raises(Unreachable):
        client(port, attempts=2).create(resources.VPC, {})


def test_pages_are_read_to_the_last(client: Callable[..., Ec2Client]) -> None:
    first = answer(
        b"<r><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet><nextToken>n 1</nextToken></r>"
    )
    last = answer(b"<r><vpcSet><item><vpcId>vpc-2</vpcId></item></vpcSet></r>")
    with FaultServer(first, last) as server:
        found = client(server.port).find(resources.VPC)

    assert [one.id for one in found] == ["vpc-1", "vpc-2"]
    assert parse_qs(server.requests[1].body.decode())["NextToken"] == ["n 1"]


def test_the_place_of_a_region_follows_its_partition() -> None:
    assert Ec2Client("eu-west-1")._endpoint.host == "ec2.eu-west-1.amazonaws.com"
    assert Ec2Client("cn-north-1")._endpoint.host == "ec2.cn-north-1.amazonaws.com.cn"
