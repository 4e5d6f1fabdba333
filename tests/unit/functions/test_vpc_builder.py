from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fakes.ec2 import TIMED_OUT, FakeClock, FakeEc2
from fakes.queues import FakeQueue, failures
from fakes.queues import record as message
from fakes.stream import record as stream_record
from fakes.table import FakeTable
from vestibule.delivery import changes, events
from vestibule.platform.aws import AwsUnavailable
from vestibule.platform.settings import Settings, SettingsError
from vestibule.policy.model import VpcRules
from vestibule.vpcs import model, resources
from vestibule.vpcs.items import to_vpc, vpc_key
from vestibule.vpcs.resources import Unreachable
from vestibule.vpcs.store import TableVpcStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "ENVIRONMENT": "test",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
    "QUEUE_URL": "https://sqs.test/1/vpc-jobs",
    "DEAD_LETTERS_URL": "https://sqs.test/1/vpc-jobs-dlq",
}
CREATE = json.loads((ROOT / "examples" / "events" / "create-vpc.json").read_text(encoding="utf-8"))


@pytest.fixture
def start(starting: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
    return lambda **more: starting("vpc_builder", {**VARIABLES, **more})


class Place:
    """The function with its parts in memory."""

    def __init__(self, function: ModuleType, **ec2: float) -> None:
        self.function = function
        self.clock = FakeClock()
        self.ec2 = FakeEc2(self.clock, **ec2)
        self.table = FakeTable()
        self.queue, self.dead_letters = FakeQueue("vpc-jobs"), FakeQueue("vpc-jobs-dlq")
        self.slept: list[float] = []
        self.builder = function.VpcBuilder(
            store=TableVpcStore(self.table),
            connect=lambda _region: self.ec2,
            rules=VpcRules,
            queue=self.queue,
            dead_letters=self.dead_letters,
            settings=Settings.from_environment(VARIABLES),
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.forward(seconds)

    def ask(self, event: dict[str, Any], *, seconds: float = 60.0) -> dict[str, Any]:
        context = SimpleNamespace(
            aws_request_id="r", get_remaining_time_in_millis=lambda: seconds * 1000
        )
        answer: dict[str, Any] = self.builder.handle(event, context)
        return answer

    def tell(self, vpc_id: object, **attributes: Any) -> list[str]:
        data = {"vpcId": vpc_id}
        event = events.make(events.VPC_REQUESTED, str(vpc_id), "2026-11-20T09:41:00.000000Z", data)
        # Without its age: this clock is not the fake's.
        given = {"SentTimestamp": "0", **attributes}
        return failures(self.ask({"Records": [message(event, **given)]}))


@pytest.fixture
def place(start: Callable[..., ModuleType]) -> Place:
    return Place(start())


def test_an_operator_has_a_network_built_and_removed_in_one_call_each(place: Place) -> None:
    built = place.ask(CREATE)["vpc"]

    assert (built["state"], built["createdBy"]) == ("AVAILABLE", "operator")
    assert len(place.ec2.living(resources.SUBNET)) == 6
    gone = place.ask({"action": "delete", "id": built["id"]})
    assert gone["vpc"]["state"] == "DELETED"
    assert place.ec2.living() == []


def test_the_call_is_over_before_its_time_and_the_work_goes_on(
    start: Callable[..., ModuleType],
) -> None:
    place = Place(start(), nat_seconds=60.0)
    budget = place.builder._budget
    budget._monotonic = lambda: place.clock().timestamp()

    answer = place.ask(CREATE)

    assert answer["vpc"]["state"] == "CREATING"
    assert answer["note"] == "It is CREATING; the work goes on in the background."
    assert max(place.slept) <= 1.0


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"action": "create"}, "request"),
        ({"action": "create", "request": {"cidr": "10.0.0.0/16"}}, "name"),
        ({"action": "create", "request": {**CREATE["request"], "cidr": "8.8.0.0/16"}}, "cidr"),
        ({**CREATE, "createdBy": 7}, "createdBy"),
        ({"action": "delete"}, "id"),
        ({"action": "delete", "id": ["x"]}, "id"),
        ({"action": "explode"}, "action"),
        ({"task": ["sweep"]}, "action"),
        ({}, "action"),
    ],
)
def test_what_a_request_does_wrong_is_answered_with_its_field(
    place: Place, event: dict[str, Any], field: str
) -> None:
    answer = place.ask(event)

    assert answer["error"]
    assert field in {one["field"] for one in answer["details"]}
    assert place.ec2.calls == []


def test_what_the_rules_refuse_is_answered_too(place: Place) -> None:
    place.ask(CREATE)

    assert place.ask({"action": "delete", "id": "unknown"})["error"] == "There is no such VPC."
    assert place.ask(CREATE)["details"][0]["rule"] == "overlap"


def test_the_queue_builds_what_was_asked_for(place: Place) -> None:
    vpc_id = stored(place)

    assert place.tell(vpc_id) == []
    assert TableVpcStore(place.table).find(vpc_id).state == "AVAILABLE"  # type: ignore[union-attr]
    assert place.tell(vpc_id) == []
    assert len(place.ec2.living(resources.VPC)) == 1


def test_what_takes_long_stays_in_the_queue_hidden(start: Callable[..., ModuleType]) -> None:
    place = Place(start(), nat_seconds=60.0)
    vpc_id = stored(place)

    assert place.tell(vpc_id) == ["m1"]
    assert 5 < place.queue.hidden["m1-receipt"] < 20
    place.ec2.fail(1, TIMED_OUT)
    assert place.tell(vpc_id, name="m2", receives=3) == ["m2"]
    assert place.queue.hidden["m2-receipt"] <= 8
    assert place.slept == []


@pytest.mark.parametrize("vpc_id", ["", 7, None])
def test_an_event_without_a_vpc_becomes_a_dead_letter(place: Place, vpc_id: object) -> None:
    assert place.tell(vpc_id) == []
    assert place.dead_letters.bodies[0]["reason"] == "no_vpc"


def item_of(place: Place, vpc_id: str) -> dict[str, Any]:
    found: dict[str, Any] = place.table.get(*vpc_key(vpc_id))
    return found


def test_what_became_a_dead_letter_says_so_and_goes_on_when_it_is_sent_back(place: Place) -> None:
    vpc_id = stored(place)
    place.ec2.create = unreachable  # type: ignore[method-assign]

    assert place.tell(vpc_id, receives=place.function.RECEIVES) == []

    (letter,) = place.dead_letters.bodies
    shown = model.view(to_vpc(item_of(place, vpc_id)))
    assert (letter["reason"], shown["state"]) == ("gave_up", "CREATING")
    assert "stopped (gave_up)" in shown["reason"]
    assert "123456789012" not in json.dumps(letter)
    del place.ec2.create
    assert failures(place.ask({"Records": [message(letter["event"], SentTimestamp="0")]})) == []
    built = model.view(to_vpc(item_of(place, vpc_id)))
    assert built["state"] == "AVAILABLE"
    assert "reason" not in built


def test_a_dead_letter_that_cannot_be_noted_is_one_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc_id = stored(place)
    monkeypatch.setattr(place.table, "get", table_away)

    assert place.tell(vpc_id, receives=place.function.RECEIVES) == []

    assert [one["reason"] for one in place.dead_letters.bodies] == ["gave_up"]
    assert "dead letter not noted" in capsys.readouterr().out


def table_away(*_given: object, **_named: object) -> None:
    raise AwsUnavailable("dynamodb", "GetItem")


def unreachable(*_given: object, **_named: object) -> None:
    raise Unreachable("CreateVpc", "", "role 123456789012")


def test_a_network_whose_message_was_lost_is_built_after_the_next_sweep(place: Place) -> None:
    vpc_id = stored(place)
    before = item_of(place, vpc_id) | {"updatedAt": "2026-01-01T00:00:00.000000Z"}
    place.table.put(before)

    assert place.ask({"task": "sweep"})["toldAgain"] == [vpc_id]

    (event,) = changes.tell(stream_record(before, item_of(place, vpc_id)))
    assert event.type == events.VPC_CONTINUED
    assert failures(place.ask({"Records": [message(event, SentTimestamp="0")]})) == []
    assert item_of(place, vpc_id)["state"] == "AVAILABLE"


def test_schedules_check_and_sweep(place: Place) -> None:
    built = place.ask(CREATE)["vpc"]
    place.ec2.living(resources.ADDRESS)[0].tags["team"] = "another"

    assert place.ask({"task": "drift"})["drifted"] == [built["id"]]
    assert place.ask({"task": "sweep"})["complete"]


@pytest.mark.parametrize("name", ["QUEUE_URL", "DEAD_LETTERS_URL", "TABLE_NAME", "ENVIRONMENT"])
def test_a_missing_setting_keeps_it_from_starting_and_is_named(
    start: Callable[..., ModuleType], name: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        start(**{name: ""})


def test_it_knows_its_queue_and_its_schedules(start: Callable[..., ModuleType]) -> None:
    stack = yaml.safe_load((ROOT / "stack.yaml").read_text(encoding="utf-8"))
    queue, function = stack["queues"]["vpc-jobs"], stack["functions"]["vpc_builder"]

    assert queue["max_receives"] == start().RECEIVES
    assert function["timeout"] < queue["visibility"]
    tasks = {one["schedule"] for one in function["events"] if "schedule" in one}
    assert tasks == {"drift", "sweep"}


def stored(place: Place) -> str:
    """Ask for a network as the API does, and build nothing."""
    builder = place.builder
    genuine, builder._builder.work = builder._builder.work, lambda _vpc_id: None
    vpc_id: str = place.ask(CREATE)["vpc"]["id"]
    builder._builder.work = genuine
    return vpc_id
