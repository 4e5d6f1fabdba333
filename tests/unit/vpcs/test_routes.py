"""VPCs through the API: plans, keys, limits, lists, and who may delete which in which state."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.people import LATER, new_sub
from fakes.table import FakeTable
from fakes.tenants import NOW, keep_claimant, keep_person
from fakes.vpcs import keep_vpc
from fakes.whole_api import WholeApi
from vestibule.functions import wiring
from vestibule.platform.conditions import absent
from vestibule.platform.http.identity import SignedCallers
from vestibule.platform.http.router import Api
from vestibule.platform.values import replace
from vestibule.policy.model import Policy, VpcRules
from vestibule.profiles import items as people
from vestibule.profiles.model import OPERATOR
from vestibule.vpcs import items, store
from vestibule.vpcs.model import (
    AVAILABLE,
    CREATING,
    DELETED,
    DELETING,
    FAILED,
    PENDING,
    STATES,
    SubnetRecord,
)
from vestibule.vpcs.service import VpcService
from vestibule.vpcs.store import TableVpcStore

if TYPE_CHECKING:
    from fakes.whole_api import Answer
    from vestibule.vpcs.model import VpcRecord

JSON = "application/json"
BODY = {"name": "web", "cidr": "10.0.0.0/16", "subnetCount": 2}


class VpcApi(WholeApi):
    """The whole API with rules for VPCs and a clock of its own."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.table = table
        self.now = NOW
        self.obey()

    def obey(self, region: str = "us-east-1", **rules: Any) -> None:
        vpcs = VpcService(
            TableVpcStore(self.table),
            lambda: Policy(vpcs=VpcRules(**rules)).vpcs,
            region,
            clock=lambda: self.now,
            sleep=lambda _: None,
        )
        self.services = replace(self.services, vpcs=vpcs)
        self._api = Api(
            wiring.routes(self.services, "0"),
            records=self._api._records,
            signed_callers=SignedCallers(user_pool_id="us-east-1_a", identity_pool_id=None),
        )

    def ask(self, caller: str, key: str | None = None, **said: Any) -> Answer:
        headers = {"Content-Type": JSON} | ({} if key is None else {"Idempotency-Key": key})
        return self.call("POST /vpcs", caller, body=BODY | said, headers=headers)

    def show(self, vpc_id: str, caller: str | None = None) -> dict[str, Any]:
        answer = self.call("GET /vpcs/{id}", caller or new_sub(), path={"id": vpc_id})
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.body["vpc"]
        return shown

    def list(self, **query: str) -> Answer:
        return self.call("GET /vpcs", new_sub(), query=query)


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def api(table: FakeTable) -> VpcApi:
    return VpcApi(table)


@pytest.fixture
def jo(table: FakeTable) -> str:
    return keep_claimant(table)


def bring(table: FakeTable, record: VpcRecord, *states: str, **changes: Any) -> VpcRecord:
    kept = TableVpcStore(table)
    for state in states:
        record = kept.advance(record, state, changes if state == states[-1] else {}, at=LATER)
    return record


PATHS = {
    PENDING: (),
    CREATING: (CREATING,),
    AVAILABLE: (CREATING, AVAILABLE),
    FAILED: (CREATING, FAILED),
    DELETING: (DELETING,),
    DELETED: (DELETING, DELETED),
}


def test_what_is_asked_for_is_kept_as_pending_and_found_by_everybody(api: VpcApi, jo: str) -> None:
    answer = api.ask(jo, subnetCount=3, tags={"team": "a"})

    vpc = answer.body["vpc"]
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/vpcs/{vpc['id']}"
    assert api.show(vpc["id"]) == vpc
    assert vpc["state"] == PENDING
    assert vpc["createdBy"] == jo
    assert vpc["region"] == "us-east-1"
    assert vpc["tags"] == {"team": "a"}
    assert [one["state"] for one in vpc["timeline"]] == [PENDING]
    assert [one["cidr"] for one in vpc["subnets"]] == ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]
    assert vpc["room"]["free"] == 65536 - 3 * 256
    assert "vpcId" not in vpc
    assert "reason" not in vpc


def test_a_dry_run_answers_with_the_plan_and_keeps_nothing(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    before = table.all_items()

    answer = api.call(
        "POST /vpcs",
        jo,
        body=BODY | {"tags": {"b": "1", "a": "2"}},
        query={"dryRun": "true"},
        headers={"Content-Type": JSON, "Idempotency-Key": "k"},
    )

    assert answer.status == 200
    assert table.all_items() == before
    made = api.ask(jo).body["vpc"]
    plan = answer.body["plan"]
    same = ("name", "cidr", "region", "subnets", "internetGateway", "natGateway", "room")
    assert {name: plan[name] for name in same} == {name: made[name] for name in same}
    assert plan["tags"] == {"a": "2", "b": "1"}


@pytest.mark.parametrize(
    ("said", "internet", "nat"),
    [
        ({}, False, "none"),
        ({"internetGateway": True}, True, "none"),
        ({"subnetCount": None, "subnets": [{"public": True}]}, True, "none"),
        (
            {"subnetCount": None, "subnets": [{"public": True}], "natGateway": "single"},
            True,
            "single",
        ),
        (
            {"subnetCount": None, "subnets": [{"public": False}], "natGateway": "none"},
            False,
            "none",
        ),
    ],
)
def test_a_public_subnet_brings_its_gateway(
    api: VpcApi, jo: str, said: dict[str, Any], *, internet: bool, nat: str
) -> None:
    body = {name: value for name, value in (BODY | said).items() if value is not None}

    vpc = api.call("POST /vpcs", jo, body=body).body["vpc"]

    assert (vpc["internetGateway"], vpc["natGateway"]) == (internet, nat)


def test_the_same_key_with_the_same_body_gives_the_same_answer_and_makes_nothing_more(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    first = api.ask(jo, "key", tags={"a": "1", "b": "2"})
    record = TableVpcStore(table).find(first.body["vpc"]["id"])
    assert record is not None
    subnets = tuple(replace(one, subnet_id="subnet-1") for one in record.subnets)
    bring(table, record, CREATING, AVAILABLE, vpc_id="vpc-1", subnets=subnets, made={"a": "b"})

    # Whatever has become of it, and whatever limit is reached meanwhile.
    api.obey(per_user=1)
    again = api.ask(jo, "key", tags={"b": "2", "a": "1"})

    assert again == first
    assert api.list().body["count"] == 1


def test_the_same_key_with_another_body_is_refused(api: VpcApi, jo: str) -> None:
    api.ask(jo, "key")

    answer = api.ask(jo, "key", name="other")

    assert answer.status == 422
    assert answer.body["details"][0]["field"] == "Idempotency-Key"
    assert api.list().body["count"] == 1


def test_a_key_is_its_callers_own_and_lasts_a_day(api: VpcApi, table: FakeTable, jo: str) -> None:
    api.obey(overlap="warn")
    first = api.ask(jo, "key").body["vpc"]["id"]
    api.now += timedelta(hours=24, seconds=-1)
    assert api.ask(jo, "key").body["vpc"]["id"] == first

    others = api.ask(keep_claimant(table), "key").body["vpc"]["id"]
    api.now += timedelta(seconds=1)
    anew = api.ask(jo, "key", name="other").body["vpc"]["id"]

    assert len({first, others, anew}) == 3


def test_a_request_that_was_refused_uses_no_key(api: VpcApi, jo: str) -> None:
    api.obey(per_user=0)
    assert api.ask(jo, "key").status == 409

    api.obey()

    assert api.ask(jo, "key", name="other").status == 202


def test_nobody_gets_more_than_the_policy_allows(api: VpcApi, table: FakeTable, jo: str) -> None:
    api.obey(per_user=2)
    made = [api.ask(jo, cidr=f"10.{number}.0.0/16") for number in range(3)]

    assert [answer.status for answer in made] == [202, 202, 409]
    assert made[2].body["details"][0]["rule"] == "perUser"
    assert "2" in made[2].body["error"]
    assert api.ask(keep_claimant(table), cidr="10.9.0.0/16").status == 202


def test_all_together_get_no_more_than_the_policy_allows(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    api.obey(in_all=1)
    keep_vpc(table, "10.200.0.0/16")

    answer = api.ask(jo)

    assert answer.status == 409
    assert answer.body["details"][0]["rule"] == "inAll"


def test_what_is_deleted_gives_its_place_and_its_range_back(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    api.obey(per_user=1)
    record = TableVpcStore(table).find(api.ask(jo).body["vpc"]["id"])
    assert record is not None
    deleting = bring(table, record, DELETING)
    assert api.ask(jo).status == 409

    bring(table, deleting, DELETED)

    assert api.ask(jo).status == 202


def test_the_operator_has_no_limit_of_their_own(api: VpcApi) -> None:
    from fakes.vpcs import wanted  # noqa: PLC0415 - for this one

    api.obey(per_user=0)

    made = api.services.vpcs.create(wanted(), by=OPERATOR)

    assert made.created_by == OPERATOR
    assert api.services.vpcs.delete(made.id, by=OPERATOR).state == DELETING


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.128.0/20"])
def test_ranges_of_others_are_refused_wherever_they_are(
    api: VpcApi, table: FakeTable, jo: str, cidr: str, region: str
) -> None:
    other = keep_vpc(table, "10.0.0.0/16", region=region)

    answer = api.ask(jo, cidr=cidr)

    assert answer.status == 409
    assert answer.body["details"][0] == {
        "field": "cidr",
        "rule": "overlap",
        "message": f"{cidr} overlaps with VPC {other.id} (10.0.0.0/16, {region}): "
        "choose another range.",
    }


def test_ranges_beside_those_of_others_are_welcome(api: VpcApi, table: FakeTable, jo: str) -> None:
    keep_vpc(table, "10.0.0.0/17")

    assert api.ask(jo, cidr="10.0.128.0/17").status == 202


def test_where_the_policy_warns_an_overlap_is_told_and_kept(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    api.obey(overlap="warn")
    other = keep_vpc(table)

    planned = api.call("POST /vpcs", jo, body=BODY, query={"dryRun": "true"}).body["plan"]
    vpc = api.ask(jo).body["vpc"]

    assert len(vpc["warnings"]) == 1
    assert other.id in vpc["warnings"][0]
    assert planned["warnings"] == vpc["warnings"] == api.show(vpc["id"])["warnings"]


def test_regions_and_ranges_are_the_policys(api: VpcApi, jo: str) -> None:
    api.obey(
        "eu-west-1", allowed_regions=("eu-west-1", "us-gov-east-1"), allowed_cidrs=("9.0.0.0/8",)
    )

    assert api.ask(jo).body["details"][0]["rule"] == "range"
    assert api.ask(jo, cidr="9.1.0.0/16", region="us-east-1").body["details"][0]["rule"] == "region"
    assert api.ask(jo, cidr="9.1.0.0/16").body["vpc"]["region"] == "eu-west-1"
    elsewhere = api.ask(jo, cidr="9.2.0.0/16", region="us-gov-east-1").body["vpc"]
    assert elsewhere["subnets"][0]["availabilityZone"] == "us-gov-east-1a"


def test_without_regions_in_the_policy_it_is_the_stacks_and_us_east_1(api: VpcApi, jo: str) -> None:
    api.obey("eu-west-1")

    assert api.ask(jo).body["vpc"]["region"] == "eu-west-1"
    assert api.ask(jo, region="us-east-1", cidr="10.1.0.0/16").status == 202
    assert api.ask(jo, region="eu-west-2", cidr="10.2.0.0/16").status == 400


@pytest.mark.parametrize("state", STATES)
def test_a_vpc_is_deleted_from_where_it_can_be(
    api: VpcApi, table: FakeTable, jo: str, state: str
) -> None:
    record = bring(table, keep_vpc(table, created_by=jo), *PATHS[state])

    answer = api.call("DELETE /vpcs/{id}", jo, path={"id": record.id})

    assert answer.status == 202
    assert answer.body["vpc"] == api.show(record.id)
    if state in {DELETING, DELETED}:
        # As it stood: whoever lost the first answer asks again.
        assert (answer.body["vpc"]["state"], answer.body["vpc"]["version"]) == (
            state,
            record.version,
        )
        return
    assert answer.body["vpc"]["state"] == DELETING
    assert jo in answer.body["vpc"]["timeline"][-1]["note"]


def test_a_deletion_may_be_asked_for_again_by_those_who_may_delete(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    record = keep_vpc(table, created_by=jo)
    first, second = (api.call("DELETE /vpcs/{id}", jo, path={"id": record.id}) for _ in range(2))
    stranger = api.call("DELETE /vpcs/{id}", keep_person(table), path={"id": record.id})

    assert (first.status, second.status, stranger.status) == (202, 202, 403)
    assert first.body == second.body


def test_a_deletion_forgets_why_the_one_before_was_refused(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    inside = ({"type": "instance", "id": "i-1"},)
    record = bring(table, keep_vpc(table, created_by=jo), CREATING, AVAILABLE, DELETING)
    record = bring(table, record, AVAILABLE, reason="not empty", inside=inside)
    assert api.show(record.id)["inside"] == [*inside]
    assert api.show(record.id)["reason"] == "not empty"

    vpc = api.call("DELETE /vpcs/{id}", jo, path={"id": record.id}).body["vpc"]

    assert {"inside", "reason"}.isdisjoint(vpc)


def test_a_vpc_that_is_not_there_is_404(api: VpcApi, jo: str) -> None:
    for route in ("GET /vpcs/{id}", "DELETE /vpcs/{id}"):
        assert api.call(route, jo, path={"id": "nothing"}).status == 404


def test_a_whole_vpc_is_shown_with_everything_that_was_made(api: VpcApi, table: FakeTable) -> None:
    subnets = (SubnetRecord("a", "10.0.0.0/24", "us-east-1a", True, "subnet-1", 250),)  # noqa: FBT003
    record = bring(
        table,
        keep_vpc(table),
        CREATING,
        AVAILABLE,
        vpc_id="vpc-1",
        subnets=subnets,
        made={"internetGatewayId": "igw-1", "notes": {"begun": "now"}},
        drift=({"resource": "subnet", "id": "subnet-1"},),
        drift_checked_at=LATER,
    )

    vpc = api.show(record.id)

    assert vpc["vpcId"] == "vpc-1"
    assert vpc["subnets"] == [
        {
            "name": "a",
            "cidr": "10.0.0.0/24",
            "availabilityZone": "us-east-1a",
            "public": True,
            "usableAddresses": 251,
            "subnetId": "subnet-1",
            "availableAddresses": 250,
        }
    ]
    assert vpc["resources"] == {"internetGatewayId": "igw-1"}
    assert vpc["drift"] == [{"resource": "subnet", "id": "subnet-1"}]
    assert [one["state"] for one in vpc["timeline"]] == [PENDING, CREATING, AVAILABLE]
    assert (vpc["version"], vpc["updatedAt"], vpc["driftCheckedAt"]) == (3, LATER, LATER)


def made_at(table: FakeTable, number: int, **fields: Any) -> VpcRecord:
    at = f"2026-01-{number // 24 + 1:02}T{number % 24:02}:00:00.000000Z"
    return keep_vpc(table, f"10.{number}.0.0/16", created_at=at, **fields)


def test_a_list_goes_page_by_page_oldest_first(api: VpcApi, table: FakeTable) -> None:
    made = [made_at(table, number).id for number in (3, 1, 2, 4, 0)]

    first = api.list(limit="2").body
    second = api.list(limit="2", nextToken=first["nextToken"]).body
    third = api.list(limit="2", nextToken=second["nextToken"]).body

    found = [vpc["id"] for page in (first, second, third) for vpc in page["vpcs"]]
    assert found == [made[at] for at in (4, 1, 2, 0, 3)]
    assert (first["count"], third["count"]) == (2, 1)
    assert "nextToken" not in third
    assert {"timeline", "tags", "room"}.isdisjoint(first["vpcs"][0])


def test_a_list_shows_those_that_all_filters_accept(api: VpcApi, table: FakeTable, jo: str) -> None:
    mine = made_at(table, 0, created_by=jo, tags={"team": "a:b"})
    failed = bring(table, made_at(table, 1, created_by=jo), *PATHS[FAILED])
    abroad = made_at(table, 2, region="eu-west-1", tags={"team": "a:b", "x": ""})

    def ids(**query: str) -> list[str]:
        body = api.call("GET /vpcs", jo, query=query).body
        assert "nextToken" not in body
        return [vpc["id"] for vpc in body["vpcs"]]

    assert ids(owner="me") == ids(owner=jo) == [mine.id, failed.id]
    assert ids(owner="operator") == []
    assert ids(state="FAILED") == [failed.id]
    assert ids(region="eu-west-1") == [abroad.id]
    assert ids(tag="team:a:b") == [mine.id, abroad.id]
    assert ids(tag="x:") == [abroad.id]
    assert ids(tag="team:a:b", region="us-east-1", state="PENDING", owner="me") == [mine.id]


def test_a_filtered_page_looks_at_a_hundred_and_goes_on_from_there(
    api: VpcApi, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_EXAMINED", 3)
    for number in range(8):
        made_at(table, number, tags={"n": "x"} if number in {4, 5, 7} else {})
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    for _ in range(5):
        body = api.list(limit="2", tag="n:x", **token).body
        pages.append([vpc["cidr"] for vpc in body["vpcs"]])
        if "nextToken" not in body:
            break
        token = {"nextToken": body["nextToken"]}

    assert pages == [[], ["10.4.0.0/16", "10.5.0.0/16"], ["10.7.0.0/16"]]


def test_a_filtered_page_that_is_full_goes_on_after_its_last(api: VpcApi, table: FakeTable) -> None:
    for number in range(4):
        made_at(table, number)

    first = api.list(limit="1", state="PENDING").body
    rest = api.list(limit="3", state="PENDING", nextToken=first["nextToken"]).body

    assert [vpc["cidr"][:5] for vpc in first["vpcs"] + rest["vpcs"]] == [
        "10.0.",
        "10.1.",
        "10.2.",
        "10.3.",
    ]
    assert "nextToken" not in rest


def test_a_token_belongs_to_its_filters(api: VpcApi, table: FakeTable) -> None:
    for number in range(3):
        made_at(table, number)
    token = api.list(limit="1", state="PENDING").body["nextToken"]

    assert api.list(limit="1", state="FAILED", nextToken=token).status == 400
    assert api.list(limit="1", nextToken=token).status == 400


def test_a_page_ends_sooner_where_vpcs_have_many_subnets(
    api: VpcApi, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_SUBNETS", 2)
    for number in range(3):
        made_at(table, number)

    first = api.list().body

    assert first["count"] == 2
    assert api.list(nextToken=first["nextToken"]).body["count"] == 1


def test_a_record_that_is_not_there_any_more_is_left_out_of_a_list(
    api: VpcApi, table: FakeTable
) -> None:
    gone, kept = made_at(table, 0), made_at(table, 1)
    reading = table.get_many

    def missing(keys: Any, **said: Any) -> Any:
        return {key: item for key, item in reading(keys, **said).items() if gone.id not in key[0]}

    table.get_many = missing  # type: ignore[method-assign]

    assert [vpc["id"] for vpc in api.list().body["vpcs"]] == [kept.id]


def test_whoever_is_suspended_meanwhile_makes_nothing(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    person = people.person_key(jo)
    transact = table.transact

    def suspended_first(*operations: Any) -> None:
        table.update(person, people.PROFILE, changes={"status": "suspended"})
        transact(*operations)

    table.transact = suspended_first  # type: ignore[method-assign]

    assert api.ask(jo).status == 403
    assert table.get(*items.REGISTER) is None


def test_whoever_is_erased_meanwhile_makes_nothing(api: VpcApi, table: FakeTable, jo: str) -> None:
    person = people.person_key(jo)
    transact = table.transact

    def erased_first(*operations: Any) -> None:
        table.delete(person, people.PROFILE)
        table.put({"pk": person, "sk": people.TOMBSTONE})
        transact(*operations)

    table.transact = erased_first  # type: ignore[method-assign]

    assert api.ask(jo).status == 403
    assert table.get(*items.REGISTER) is None


def test_an_admin_demoted_meanwhile_deletes_nothing(api: VpcApi, table: FakeTable) -> None:
    record = keep_vpc(table)
    admin = keep_claimant(table, role="admin")
    transact = table.transact

    def demoted_first(*operations: Any) -> None:
        table.update(people.person_key(admin), people.PROFILE, changes={"role": "user"})
        transact(*operations)

    table.transact = demoted_first  # type: ignore[method-assign]

    assert api.call("DELETE /vpcs/{id}", admin, path={"id": record.id}).status == 403
    assert api.show(record.id)["state"] == PENDING


def test_who_never_gets_through_is_asked_to_try_again(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    record = keep_vpc(table, "10.9.0.0/16", created_by=jo)
    transact, count = table.transact, iter(range(10_000))

    def always_late(*operations: Any) -> None:
        table.update(*items.REGISTER, increment={"version": 1})
        key = items.vpc_key(record.id)
        table.update(*key, changes={"version": 1000 + next(count)})
        transact(*operations)

    table.transact = always_late  # type: ignore[method-assign]

    assert api.ask(jo).status == 503
    assert api.call("DELETE /vpcs/{id}", jo, path={"id": record.id}).status == 503


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"email": "jo@example.test"},
        {"email_conflict": True},
    ],
)
def test_whoever_holds_no_confirmed_address_asks_for_nothing(
    api: VpcApi, table: FakeTable, fields: dict[str, Any]
) -> None:
    caller = keep_person(table, **fields)
    before = table.all_items()

    for query in ({}, {"dryRun": "true"}):
        refused = api.call("POST /vpcs", caller, body=BODY, query=query)
        assert refused.status == 403
        assert "confirmed e-mail address" in refused.body["error"]

    assert table.all_items() == before


def test_an_address_that_is_lost_meanwhile_opens_nothing(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    transact = table.transact

    def late(*operations: Any) -> None:
        table.update(people.person_key(jo), people.PROFILE, changes={"emailVerified": False})
        transact(*operations)

    table.transact = late  # type: ignore[method-assign]

    assert api.ask(jo).status == 403


def test_a_record_is_forgotten_a_month_after_its_end(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    kept = TableVpcStore(table)
    made = kept.find(api.ask(jo).body["vpc"]["id"])
    assert made is not None

    deleting = kept.advance(made, DELETING, at=LATER)
    assert "expiresAt" not in (table.get(*items.vpc_key(made.id)) or {})
    kept.advance(deleting, DELETED, at=LATER)

    item = table.get(*items.vpc_key(made.id))
    assert item is not None
    assert item["expiresAt"] == int(NOW.timestamp()) + 30 * 24 * 3600
    assert kept.taken() == []


def test_an_export_lists_what_somebody_asked_for(api: VpcApi, table: FakeTable, jo: str) -> None:
    made = api.ask(jo).body["vpc"]
    keep_vpc(table, "10.9.0.0/16")

    exported = api.call("GET /me/export", jo).body

    assert [(one["id"], one["cidr"]) for one in exported["vpcs"]] == [(made["id"], made["cidr"])]


def test_the_record_lies_where_the_stream_looks_for_it(
    api: VpcApi, table: FakeTable, jo: str
) -> None:
    vpc = api.ask(jo, "key").body["vpc"]

    item = table.get(*items.vpc_key(vpc["id"]))
    once = table.get(*items.once_key(jo, "key"))
    assert item is not None
    assert once is not None
    assert (item["pk"], item["sk"], item["gsi1pk"]) == (f"VPC#{vpc['id']}", "VPC", "VPCS")
    assert item["gsi1sk"] == f"{vpc['createdAt']}#{vpc['id']}"
    assert "expiresAt" not in item
    assert once["expiresAt"] == int(NOW.timestamp()) + 24 * 3600
    with pytest.raises(Exception, match="condition"):
        table.put(item, condition=absent())
