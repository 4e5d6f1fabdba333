"""VPCs as an operator asks for them in a terminal, by the API's own rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.table import FakeTable
from fakes.vpcs import vpc
from vestibule.policy.model import VpcRules
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs.model import AVAILABLE, CREATING, DELETED, DELETING, FAILED, PENDING
from vestibule.vpcs.service import VpcService
from vestibule.vpcs.store import TableVpcStore
from vestibule_cli.commands import vpcs as commands
from vestibule_cli.commands.shared import quiet_logs
from vestibule_cli.networks import LONGEST_WAIT, NetworkError, NetworkMisuse, Networks, stand

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule.vpcs.model import VpcRecord

AT = "2026-11-20T09:41:00.000000Z"
REQUEST = {"name": "web", "cidr": "10.20.0.0/16", "subnetCount": 2}


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def store(table: FakeTable) -> TableVpcStore:
    return TableVpcStore(table)


@pytest.fixture
def networks(store: TableVpcStore) -> Networks:
    return Networks(VpcService(store, VpcRules, "us-east-1", sleep=lambda _seconds: None))


def test_a_plan_keeps_nothing(networks: Networks, table: FakeTable) -> None:
    plan = networks.plan(REQUEST)

    assert [subnet["cidr"] for subnet in plan["subnets"]] == ["10.20.0.0/24", "10.20.1.0/24"]
    assert table.all_items() == []


def test_a_record_is_kept_for_the_builder_before_anybody_waits(networks: Networks) -> None:
    record = networks.create(REQUEST)

    shown = networks.show(record.id)
    assert (shown.state, shown.created_by, shown.region) == (PENDING, OPERATOR, "us-east-1")


def test_operators_are_held_by_ranges_but_not_by_a_persons_limit(networks: Networks) -> None:
    for number in range(VpcRules().per_user + 1):
        networks.create(REQUEST | {"cidr": f"10.{number}.0.0/16"})

    with pytest.raises(NetworkError, match=r"10\.0\.0\.0/16 overlaps with VPC"):
        networks.create(REQUEST | {"cidr": "10.0.0.0/16"})


def test_every_broken_rule_is_a_line_of_its_own(networks: Networks) -> None:
    with pytest.raises(NetworkMisuse) as refused:
        networks.create({"name": 1, "cidr": "10.0.0.1/16", "subnets": [{"size": 3}]})

    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "name",
        "subnets[0].size",
    ]
    assert "got 1" in str(refused.value)


def test_lists_go_through_all_pages_and_may_be_narrowed(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule_cli.networks.PAGE", 2)
    made = [
        networks.create(REQUEST | {"cidr": f"10.{n}.0.0/16", "tags": {"team": f"t{n}"}}).id
        for n in range(5)
    ]

    assert sorted(one["id"] for one in networks.all(state=None)) == sorted(made)
    assert [one["id"] for one in networks.all(tag="team:t3", owner="operator")] == [made[3]]
    assert networks.all(state=AVAILABLE) == []
    with pytest.raises(NetworkMisuse, match=r"region: Must be a region such as"):
        networks.all(region="x")


def test_what_is_not_there_is_said_and_what_is_gone_is_gone(
    networks: Networks, store: TableVpcStore
) -> None:
    record = networks.create(REQUEST)
    deleting = networks.delete(record.id)
    store.advance(deleting, DELETED, at=AT)

    with pytest.raises(NetworkError, match=r"no VPC x\. `vestibule vpcs list`"):
        networks.show("x")
    assert networks.delete(record.id).state == DELETED


def advancing(
    store: TableVpcStore, record: VpcRecord, steps: list[tuple[str, dict[str, Any]]]
) -> Callable[[float], None]:
    """A builder that does a step whenever somebody waits."""
    now, left = record, list(steps)

    def sleep(_seconds: float) -> None:
        nonlocal now
        to, changes = left.pop(0)
        now = store.advance(now, to, changes, at=AT, note="" if to == CREATING else "done")

    return sleep


def test_following_tells_what_is_there_until_it_is_done(
    networks: Networks, store: TableVpcStore
) -> None:
    record = networks.create(REQUEST)
    told: list[str] = []
    sleep = advancing(
        store,
        record,
        [
            (CREATING, {"vpc_id": "vpc-1"}),
            (CREATING, {"vpc_id": "vpc-1"}),
            (CREATING, {"made": {"internetGatewayId": "igw-1"}}),
            (AVAILABLE, {}),
        ],
    )

    done = networks.follow(record, told.append, sleep=sleep)

    assert done.state == AVAILABLE
    assert told == [
        "PENDING: asked for by operator",
        "CREATING: vpc-1",
        "CREATING: vpc-1, internet gateway",
        "AVAILABLE: done",
    ]


def test_following_ends_when_it_takes_too_long(networks: Networks) -> None:
    record = networks.create(REQUEST)
    seconds = [0.0]

    def sleep(_seconds: float) -> None:
        seconds[0] += LONGEST_WAIT / 3

    with pytest.raises(NetworkError, match=r"still PENDING after 30 minutes.*It goes on"):
        networks.follow(record, lambda _: None, sleep=sleep, monotonic=lambda: seconds[0])


def test_subnets_that_exist_are_counted() -> None:
    (subnet,) = vpc().subnets
    made = type(subnet)(subnet.name, subnet.cidr, subnet.availability_zone, subnet_id="subnet-1")

    assert stand(vpc(state=CREATING, subnets=(made, subnet), vpc_id="vpc-1")) == (
        "CREATING: vpc-1, 1 of 2 subnets"
    )


@pytest.fixture
def run(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def quietly(_chosen: object) -> Networks:
        quiet_logs()
        return networks

    monkeypatch.setattr(commands, "_networks", quietly)

    def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
        from vestibule_cli.main import main  # noqa: PLC0415 - after it was set up

        done = CliRunner().invoke(main, ["vpcs", *arguments], input=given)
        return done.exit_code, done.stdout, done.stderr

    return run


def test_options_say_what_a_request_does(run: Callable[..., tuple[int, str, str]]) -> None:
    subnets = ["--subnet", "a=/24:us-east-1b:public", "--subnet", "b=10.20.9.0/25"]
    more = ["--tag", "team=a=b", "--nat", "single", "--prefix", "26", "--region", "us-east-1"]
    said = {
        "name": "web",
        "cidr": "10.20.0.0/16",
        "region": "us-east-1",
        "subnets": [
            {"name": "a", "prefixLength": 24, "availabilityZone": "us-east-1b", "public": True},
            {"name": "b", "cidr": "10.20.9.0/25"},
        ],
        "subnetPrefixLength": 26,
        "natGateway": "single",
        "tags": {"team": "a=b"},
    }
    named = ["create", "--name", "web", "--cidr", "10.20.0.0/16", "--dry-run", "--json"]

    by_options = run(*named, *subnets, *more)
    by_file = run("create", "--file", "-", "--dry-run", "--json", given=json.dumps(said))

    assert by_options[0] == 0, by_options
    assert json.loads(by_options[1]) == json.loads(by_file[1])
    assert json.loads(by_file[1])["plan"]["tags"] == {"team": "a=b"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--name and --cidr"),
        (["--name", "x", "--cidr", "10.0.0.0/16", "--subnet", "a"], "NAME=CIDR"),
        (["--name", "x", "--cidr", "10.0.0.0/16", "--subnet", "a=/٢"], "a number behind the slash"),
        (["--name", "x", "--cidr", "10.0.0.0/16", "--subnet", "a=/24:b:c"], "at most a zone"),
        (["--name", "x", "--cidr", "10.0.0.0/16", "--tag", "=v"], "KEY=VALUE"),
        (["--name", "x", "--file", "-"], "--file holds the whole request"),
        (["--file", "-"], "is not JSON"),
        (["--name", "x", "--cidr", "10.0.0.0/16"], "give --subnet NAME=/24 or --subnets N"),
        (["--name", "x", "--cidr", "10.0.0.0/16", "--subnets", "0"], "subnetCount: Must be 1"),
    ],
)
def test_a_slip_is_told_in_words_and_makes_nothing(
    run: Callable[..., tuple[int, str, str]], table: FakeTable, arguments: list[str], words: str
) -> None:
    exit_code, shown, told = run("create", *arguments, given="{")

    assert (exit_code, shown, words in told) == (2, "", True)
    assert told.startswith("vestibule: ")
    assert table.all_items() == []


def test_waiting_ends_badly_with_the_reason_and_what_is_left(
    run: Callable[..., tuple[int, str, str]],
    networks: Networks,
    store: TableVpcStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = ({"type": "subnet", "id": "subnet-1", "reason": "in use"},)

    def follow(record: VpcRecord, _told: object) -> VpcRecord:
        creating = store.advance(record, CREATING, at=AT)
        return store.advance(creating, FAILED, {"reason": "no", "left_over": left}, at=AT)

    monkeypatch.setattr(networks, "follow", follow)

    made = run("create", "--name", "x", "--cidr", "10.0.0.0/16", "--subnets", "1", "--wait")

    assert made[:2] == (1, "")
    assert "is FAILED: no\n" in made[2]
    assert "vestibule: left over: subnet subnet-1 (in use)" in made[2]


def test_what_is_inside_is_named_where_it_was_not_deleted(
    run: Callable[..., tuple[int, str, str]],
    networks: Networks,
    store: TableVpcStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = store.advance(networks.create(REQUEST), CREATING, at=AT)
    store.advance(record, AVAILABLE, at=AT)
    inside = ({"type": "network-interface", "id": "eni-1", "subnetId": "subnet-1"},)

    def follow(record: VpcRecord, _told: object) -> VpcRecord:
        assert record.state == DELETING
        return store.advance(record, AVAILABLE, {"reason": "full", "inside": inside}, at=AT)

    monkeypatch.setattr(networks, "follow", follow)

    exit_code, _, told = run("delete", record.id, "--wait")

    assert exit_code == 1
    assert "inside: network-interface eni-1 in subnet-1" in told


def test_who_stops_waiting_is_told_that_it_goes_on(
    run: Callable[..., tuple[int, str, str]], networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_record: VpcRecord, _told: object) -> VpcRecord:
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "follow", interrupted)

    made = run("create", "--name", "x", "--cidr", "10.0.0.0/16", "--subnets", "1", "--wait")

    (record,) = networks.all()
    assert made[0] == 1
    assert f"It goes on: `vestibule vpcs show {record['id']}`" in made[2].replace(
        made[2].split("`")[1].partition(" ")[0], "vestibule"
    )


def test_one_is_shown_listed_and_drawn(
    run: Callable[..., tuple[int, str, str]], networks: Networks, tmp_path: Any
) -> None:
    record = networks.create(REQUEST | {"tags": {"team": "shop"}})
    file = tmp_path / "a b.svg"

    shown, listed = run("show", record.id), run("list", "--tag", "team=shop")
    drawn, written = run("show", record.id, "--svg"), run("show", record.id, "--svg", str(file))

    for text in ("10.20.1.0/24", "tag team", "asked for by operator", "10.20.128.0/17"):
        assert text in shown[1]
    assert record.id in listed[1]
    assert drawn[1].startswith("<svg")
    assert (written[0], file.read_text(encoding="utf-8")) == (0, drawn[1])
    assert run("show", record.id, "--svg", str(tmp_path / "no" / "x"))[0] == 1
    assert run("show", record.id, "--json", "--svg")[0] == 2
