"""What cannot be built is refused by name: the field, the rule, and the value that broke it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.table import FakeTable
from fakes.tenants import keep_claimant
from fakes.vpcs import vpc, wanted
from fakes.whole_api import WholeApi
from vestibule.policy.model import PRIVATE_RANGES
from vestibule.vpcs.checks import MOST_TAGS, to_plan
from vestibule.vpcs.errors import PlanRefused
from vestibule.vpcs.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD = {"name": "web", "cidr": "10.0.0.0/16"}


def subnets(*given: Mapping[str, Any]) -> dict[str, Any]:
    return {"subnets": list(given)}


def last(subnet: Mapping[str, Any]) -> dict[str, Any]:
    """The third of three."""
    return subnets({"cidr": "10.0.0.0/24"}, {"name": "taken"}, subnet)


CASES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # what the body says        -> field, rule, a part of the message
    "host bits": ({"cidr": "10.0.3.0/16"}, "cidr", "hostBits", "'10.0.3.0/16'"),
    "too big": ({"cidr": "10.0.0.0/15"}, "cidr", "size", "10.0.0.0/15 is too big"),
    "too small": ({"cidr": "10.0.0.0/29"}, "cidr", "size", "10.0.0.0/29 is too small"),
    "public": ({"cidr": "8.8.0.0/16"}, "cidr", "range", "8.8.0.0/16"),
    "partly public": ({"cidr": "172.32.0.0/16"}, "cidr", "range", "172.32.0.0/16"),
    "loopback": ({"cidr": "127.0.0.0/16"}, "cidr", "range", "127.0.0.0/16"),
    "link-local": ({"cidr": "169.254.0.0/16"}, "cidr", "range", "169.254.0.0/16"),
    "multicast": ({"cidr": "224.0.0.0/16"}, "cidr", "range", "224.0.0.0/16"),
    "IPv6": ({"cidr": "fd00::/64"}, "cidr", "ipv4", "'fd00::/64'"),
    "a number": ({"cidr": 167772160}, "cidr", "type", "167772160"),
    "no range": ({"cidr": "10.0.0.0"}, "cidr", "cidr", "'10.0.0.0'"),
    "other digits": ({"cidr": "１0.0.0.0/16"}, "cidr", "cidr", "uff11"),  # noqa: RUF001
    "a list": ({"cidr": ["10.0.0.0/16"]}, "cidr", "type", "a list of 1"),
    "an object": ({"cidr": {}}, "cidr", "type", "an object of 0"),
    "null": ({"cidr": None}, "cidr", "type", "None"),
    "no such region": ({"region": "mars-north-1"}, "region", "region", "'mars-north-1'"),
    "another region": ({"region": "eu-west-1"}, "region", "region", "us-east-1"),
    "no subnets": ({"subnets": []}, "subnets", "count", "got 0"),
    "too many subnets": (subnets(*[{}] * 201), "subnets", "count", "got 201"),
    "nothing said of subnets": ({}, "subnets", "count", "got 0"),
    "none counted": ({"subnetCount": 0}, "subnetCount", "count", "got 0"),
    "too many counted": ({"subnetCount": 201}, "subnetCount", "count", "got 201"),
    "a half": ({"subnetCount": 1.5}, "subnetCount", "type", "1.5"),
    "listed and counted": (subnets({}) | {"subnetCount": 2}, "subnetCount", "either", "2"),
    "a size for all too big": (
        {"subnetCount": 2, "subnetPrefixLength": 15},
        "subnetPrefixLength",
        "size",
        "got 15",
    ),
    "no room for the count": (
        {"cidr": "10.0.0.0/27", "subnetCount": 3},
        "subnetCount",
        "full",
        "10.0.0.0/27",
    ),
    "no room for a size": (
        subnets({"cidr": "10.0.0.0/17"}, {}, {"prefixLength": 17}, {"prefixLength": 17}),
        "subnets[3].prefixLength",
        "full",
        "/17",
    ),
    "a subnet's host bits": (last({"cidr": "10.0.1.1/24"}), "subnets[2].cidr", "hostBits", ".1.1/"),
    "outside the VPC": (last({"cidr": "10.1.0.0/24"}), "subnets[2].cidr", "outside", "10.1.0.0/24"),
    "around the VPC": (
        subnets({"cidr": "10.0.0.0/16"}) | {"cidr": "10.0.0.0/17"},
        "subnets[0].cidr",
        "outside",
        "10.0.0.0/16",
    ),
    "in a sibling": (last({"cidr": "10.0.0.64/26"}), "subnets[2].cidr", "overlap", "subnets[0]"),
    "around a sibling": (last({"cidr": "10.0.0.0/20"}), "subnets[2].cidr", "overlap", ".0.0/20"),
    "a subnet too small": (last({"cidr": "10.0.1.0/30"}), "subnets[2].cidr", "size", "too small"),
    "a subnet in IPv6": (last({"cidr": "fd00::/64"}), "subnets[2].cidr", "ipv4", "'fd00::/64'"),
    "a subnet as a number": (last({"cidr": 10}), "subnets[2].cidr", "type", "10"),
    "a size too small": (last({"prefixLength": 29}), "subnets[2].prefixLength", "size", "got 29"),
    "a size as text": (last({"prefixLength": "24"}), "subnets[2].prefixLength", "type", "'24'"),
    "a size beyond the VPC": (
        subnets({"prefixLength": 19}) | {"cidr": "10.0.0.0/20"},
        "subnets[0].prefixLength",
        "size",
        "20 to 28",
    ),
    "range and size": (
        last({"cidr": "10.0.1.0/24", "prefixLength": 24}),
        "subnets[2].prefixLength",
        "either",
        "24",
    ),
    "another region's zone": (
        last({"availabilityZone": "us-west-2a"}),
        "subnets[2].availabilityZone",
        "zone",
        "'us-west-2a'",
    ),
    "no such zone": (
        last({"availabilityZone": "us-east-1z"}),
        "subnets[2].availabilityZone",
        "zone",
        "us-east-1f",
    ),
    "no zone at all": (
        last({"availabilityZone": ""}),
        "subnets[2].availabilityZone",
        "zone",
        "got ''",
    ),
    "a region for a zone": (
        last({"availabilityZone": "us-east-1"}),
        "subnets[2].availabilityZone",
        "zone",
        "'us-east-1'",
    ),
    "a name twice": (last({"name": "taken"}), "subnets[2].name", "duplicate", "subnets[1]"),
    "an empty name": ({"name": ""}, "name", "name", "''"),
    "a blank name": ({"name": " "}, "name", "name", "' '"),
    "a name of two lines": ({"name": "a\nb"}, "name", "name", "a\\nb"),
    "a name too long": ({"name": "x" * 129}, "name", "name", "128"),
    "AWS's tag": ({"tags": {"aws:x": "1"}}, "tags.aws:x", "reserved", "'aws:x'"),
    "AWS's tag in capitals": ({"tags": {"AWS:x": "1"}}, "tags.AWS:x", "reserved", "'AWS:x'"),
    "our tag": ({"tags": {"vestibule:vpc": "1"}}, "tags.vestibule:vpc", "reserved", "by us"),
    "AWS's tag behind a space": ({"tags": {" aws:x": "1"}}, "tags. aws:x", "reserved", "' aws:x'"),
    "AWS's tag in wide letters": (
        {"tags": {"ａｗｓ：x": "1"}},  # noqa: RUF001
        "tags.ａｗｓ：x",  # noqa: RUF001
        "reserved",
        "begin with aws:",
    ),
    "our tag in wide letters": (
        {"tags": {"Ｖestibule:vpc": "1"}},  # noqa: RUF001
        "tags.Ｖestibule:vpc",  # noqa: RUF001
        "reserved",
        "by us",
    ),
    "the name's tag before a space": ({"tags": {"Name ": "1"}}, "tags.Name ", "reserved", "by us"),
    "a tag between spaces": ({"tags": {" team ": "1"}}, "tags. team ", "tagKey", "no space"),
    "the name's tag": ({"tags": {"Name": "1"}}, "tags.Name", "reserved", "'Name'"),
    "a tag without a key": ({"tags": {"": "1"}}, "tags.", "tagKey", "''"),
    "a tag's key too long": ({"tags": {"k" * 129: "1"}}, f"tags.{'k' * 64}", "tagKey", "129"),
    "a tag's value too long": ({"tags": {"k": "v" * 257}}, "tags.k", "tagValue", "257"),
    "a tag's number": ({"tags": {"a": "b", "k.l": 17}}, "tags.k.l", "type", "17"),
    "too many tags": (
        {"tags": {f"k{number}": "" for number in range(MOST_TAGS + 1)}},
        "tags",
        "maxTags",
        f"got {MOST_TAGS + 1}",
    ),
    "NAT without a public subnet": ({"natGateway": "single"}, "natGateway", "publicSubnet", "pub"),
    "NAT without a gateway": (
        subnets({"public": True}) | {"natGateway": "single", "internetGateway": False},
        "internetGateway",
        "gateway",
        "false",
    ),
    "public without a gateway": (
        subnets({"public": True}) | {"internetGateway": False},
        "internetGateway",
        "gateway",
        "false",
    ),
    "another NAT": ({"natGateway": "double"}, "natGateway", "enum", "'double'"),
    "a field too many": (last({"size": 3}), "subnets[2].size", "unknown", "leave it out"),
}
WITHOUT_SUBNETS = {"no subnets", "too many subnets", "nothing said of subnets"}


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("query", [None, {"dryRun": "true"}], ids=["real", "dry"])
def test_what_breaks_a_rule_is_refused_by_field_rule_and_value(
    table: FakeTable, case: str, query: dict[str, str] | None
) -> None:
    said, field, rule, part = CASES[case]
    usual = {} if {"subnets", "subnetCount"} & said.keys() else {"subnetCount": 1}
    if case in WITHOUT_SUBNETS:
        usual = {}
    caller = keep_claimant(table)
    before = table.all_items()

    answer = WholeApi(table).call("POST /vpcs", caller, body=GOOD | usual | said, query=query)

    assert answer.status == 400
    found = [one for one in answer.body["details"] if (one["field"], one["rule"]) == (field, rule)]
    assert len(found) == 1, answer.body["details"]
    assert part in found[0]["message"]
    assert table.all_items() == before


def test_every_broken_rule_is_named_at_once(table: FakeTable) -> None:
    body = {
        "name": "",
        "cidr": "8.8.0.0/16",
        "region": "mars-1",
        "subnets": [{"cidr": "8.8.0.1/24"}, {"prefixLength": 8}, {"name": "b"}, {"name": "b"}],
        "natGateway": "single",
        "internetGateway": False,
        "tags": {"aws:a": "b"},
    }

    answer = WholeApi(table).call("POST /vpcs", keep_claimant(table), body=body)

    assert {one["field"] for one in answer.body["details"]} == {
        "name",
        "cidr",
        "region",
        "subnets[0].cidr",
        "subnets[1].prefixLength",
        "subnets[3].name",
        "natGateway",
        "internetGateway",
        "tags.aws:a",
    }


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("{", "body", "json"),
        ("[]", "body", "type"),
        ("", "body", "required"),
        ('{"name": 1, "name": 2}', "name", "duplicate"),
        ('{"tags": {"a\\u0001": ""}}', "tags.a?", "control"),
    ],
)
def test_what_is_no_such_json_is_refused_in_the_usual_words(
    table: FakeTable, text: str, field: str, rule: str
) -> None:
    answer = WholeApi(table).call(
        "POST /vpcs",
        keep_claimant(table),
        body=text,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status == 400
    assert (field, rule) in {(one["field"], one["rule"]) for one in answer.body["details"]}


def test_a_request_that_came_without_json_meets_the_same_rules() -> None:
    with pytest.raises(PlanRefused, match="natGateway: Must be none or single, got 'double'"):
        to_plan(
            wanted(nat_gateway="double"),
            allowed_cidrs=PRIVATE_RANGES,
            allowed_regions=("us-east-1",),
            home="us-east-1",
        )


def test_a_persons_tags_and_ours_are_as_many_as_aws_takes() -> None:
    nobody: Any = None
    site = Site(nobody, environment="e", table_name="t")
    record = vpc(tags={f"k{number}": "" for number in range(MOST_TAGS)})

    assert len(site.tags(record, "vpc")) == 50


def test_a_refusal_names_fifty_problems_at_most(table: FakeTable) -> None:
    body = GOOD | subnets(*[{"prefixLength": 8}] * 100)

    answer = WholeApi(table).call("POST /vpcs", keep_claimant(table), body=body)

    assert len(answer.body["details"]) == 50


@pytest.mark.parametrize("text", ["yes", "", "True", "1"])
def test_a_dry_run_is_asked_for_in_one_way(table: FakeTable, text: str) -> None:
    answer = WholeApi(table).call(
        "POST /vpcs", keep_claimant(table), body=GOOD | {"subnetCount": 1}, query={"dryRun": text}
    )

    assert answer.status == 400
    assert answer.body["details"][0]["field"] == "dryRun"


@pytest.mark.parametrize("key", ["", "k" * 256, "two words", "ключ", "tab\t"])
def test_a_key_is_visible_ascii(table: FakeTable, key: str) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}

    answer = WholeApi(table).call(
        "POST /vpcs", keep_claimant(table), body=GOOD | {"subnetCount": 1}, headers=headers
    )

    assert answer.status == 400
    assert answer.body["details"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "available"),
        ("region", "Europe"),
        ("owner", "somebody"),
        ("tag", "key"),
        ("tag", ":value"),
        ("tag", "k:" + "v" * 400),
        ("limit", "0"),
        ("nextToken", "x"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(table: FakeTable, name: str, value: str) -> None:
    answer = WholeApi(table).call("GET /vpcs", keep_claimant(table), query={name: value})

    assert answer.status == 400
    assert [one["field"] for one in answer.body["details"]] == [name]
