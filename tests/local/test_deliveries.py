"""What operators do in a terminal about dead letters and networks, on the whole stack."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from vestibule_cli.demo.calls import call
from vestibule_cli.demo.person import Person
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Command = Callable[..., Any]

pytestmark = pytest.mark.emulator


@pytest.fixture
def refused(running_stack: dict[str, Any]) -> Iterator[Person]:
    """Somebody whom the user service does not want until `control` is told otherwise."""
    person = Person(Place.from_outputs(running_stack, ROOT_CREDENTIALS), "Poppy")
    control = control_of(running_stack)
    call("PUT", control, body={"poison": person.email})
    yield person
    call("DELETE", control)


def control_of(stack: dict[str, Any]) -> str:
    return f"{stack['user_service_url'].partition('/api/')[0]}/control"


def test_a_dead_letter_is_found_read_and_sent_back(
    running_stack: dict[str, Any],
    command: Command,
    refused: Person,
    eventually: Callable[..., Any],
) -> None:
    user_id = refused.sign_up()
    refused.confirm(refused.code_from_inbox())

    queues = Place.from_outputs(running_stack, ROOT_CREDENTIALS).operator("sqs")
    count = "ApproximateNumberOfMessages"

    def buried() -> bool:
        url = running_stack["queues"]["user-service-dlq"]
        answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=[count])
        return int(answer["Attributes"][count]) > 0

    assert eventually(buried)

    found = command("deliveries", "list", "--queue", "user-service")["letters"]

    (letter,) = (one for one in found if one["subject"] == user_id)
    assert (letter["reason"], letter["type"]) == ("refused", "user.confirmed")
    assert "422" in letter["detail"]
    shown = command("deliveries", "show", letter["id"])["letter"]
    assert shown["event"]["data"]["email"] == refused.email
    assert buried()

    call("DELETE", control_of(running_stack))
    sent = command("deliveries", "redrive", "--queue", "user-service", "--only", "user.confirmed")

    assert sent["redriven"] >= 1
    arrived = f"{running_stack['user_service_url']}/{user_id}"
    assert eventually(lambda: call("GET", arrived).status == 200)
    left = command("deliveries", "list", "--queue", "user-service")["letters"]
    assert user_id not in {one["subject"] for one in left}


def test_a_network_is_made_drawn_and_removed(
    command: Command, running_state: str, tmp_path: Path
) -> None:
    options = ["--name", "shop", "--cidr", "10.90.0.0/20", "--nat", "single", "--tag", "team=shop"]
    subnets = ["--subnet", "front=/24:public", "--subnet", "back=10.90.8.0/24"]

    made = command("vpcs", "create", *options, *subnets, "--wait")["vpc"]

    assert (made["state"], made["createdBy"]) == ("AVAILABLE", "operator")
    assert [subnet["cidr"] for subnet in made["subnets"]] == ["10.90.0.0/24", "10.90.8.0/24"]
    picture = tmp_path / "vpc.svg"
    show = ["vpcs", "show", made["id"], "--svg", str(picture), "--state", running_state]
    subprocess.run([sys.executable, "-m", "vestibule_cli.main", *show], check=True, timeout=60)
    told = list(ET.parse(picture).getroot().itertext())  # noqa: S314 - our own
    assert made["resources"]["internetGatewayId"] in told
    assert command("vpcs", "delete", made["id"], "--wait")["vpc"]["state"] == "DELETED"
