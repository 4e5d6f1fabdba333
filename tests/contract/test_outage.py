"""The table goes away while people confirm: nobody's call fails, and nobody is lost or doubled."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import activities, ensuring, everything_of, raw
from fakes.fault_server import FaultServer, forward, hang_up, refusal, silence
from fakes.people import claimant, new_sub
from vestibule.delivery import inbox
from vestibule.functions.trigger_wiring import Wiring
from vestibule.mail.settings import MailSettings
from vestibule.platform.ids import new_id
from vestibule.platform.settings import Settings
from vestibule.triggers.dispatch import Triggers
from vestibule.triggers.settings import TriggerSettings
from vestibule.triggers.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakes.fault_server import Step, Visit
    from vestibule.platform.aws import AwsClient
    from vestibule.platform.table import Table

TIMEOUT = 4.0  # the function's own
# Twice that: a busy machine takes longer, but not as long as steps that know of no common end.
BOUND = 2 * TIMEOUT
FAULTS = {
    "hangs up": hang_up,
    "is unavailable": refusal("ServiceUnavailable", 503),
    "throttles": refusal("ThrottlingException"),
    "has a fault": refusal("InternalServerError", 500),
}


class Place:
    """The triggers, wired to the emulator through a server that may keep the table from them."""

    def __init__(self, emulator_port: int, table: Table, sqs: AwsClient, queue: str) -> None:
        self.fault: Step | None = None
        self.table = table
        self.queue = queue
        self._sqs = sqs
        self._forward = forward(emulator_port)
        self._tables: list[Table] = []

    def step(self, visit: Visit) -> bool:
        asked = visit.request.headers["x-amz-target"]
        if self.fault is not None and asked.startswith("dynamodb"):
            return self.fault(visit)
        return self._forward(visit)

    def triggers(self, port: int) -> Triggers:
        environment = {
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "ENVIRONMENT": "contract",
            "TABLE_NAME": "contract",
            "USER_POOL_ID": "us-east-1_aBcDeFgHi",
        }
        wiring = Wiring(
            Settings.from_environment(environment),
            TriggerSettings(MailSettings.from_environment({}), self.queue),
        )
        self._tables.append(wiring.table)
        return Triggers(wiring.loaders(), wiring.budget)

    def close(self) -> None:
        for table in self._tables:
            table._client.close()

    def messages(self) -> list[dict[str, Any]]:
        """Take all that waits, as the event source hands it to the function."""
        taken: list[dict[str, Any]] = []
        while True:
            answer = self._sqs.call(
                "ReceiveMessage", {"QueueUrl": self.queue, "MaxNumberOfMessages": 10}
            )
            if not answer.get("Messages"):
                return taken
            taken += [
                {"messageId": one["MessageId"], "body": one["Body"], "eventSource": "aws:sqs"}
                for one in answer["Messages"]
            ]


@pytest.fixture
def place(
    emulator_port: int,
    real_table: Table,
    connect: Callable[..., AwsClient],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    sqs = connect("sqs")
    name = {"QueueName": f"retry-{new_id()}", "Attributes": {"VisibilityTimeout": "600"}}
    return Place(emulator_port, real_table, sqs, sqs.call("CreateQueue", name)["QueueUrl"])


@pytest.fixture
def server(place: Place) -> Iterator[FaultServer]:
    with FaultServer(place.step) as made:
        yield made
        place.close()


def confirmation(user_id: str, email: str) -> dict[str, Any]:
    return raw("PostConfirmation_ConfirmSignUp", user_id=user_id, attributes={"email": email})


@pytest.mark.parametrize("fault", FAULTS)
def test_everybody_who_confirmed_meanwhile_exists_once_afterwards(
    place: Place, server: FaultServer, fault: str
) -> None:
    people = {new_sub(): f"{new_id()[:12]}@example.test" for _ in range(24)}

    def confirm(crowd: list[tuple[str, str]]) -> None:
        triggers = place.triggers(server.port)  # a process handles one event at a time
        for number, (user_id, email) in enumerate(crowd):
            place.fault = None if number % 4 == 3 else FAULTS[fault]
            event = confirmation(user_id, email)
            assert triggers(event, None) == event

    crowds = [list(people.items())[start::4] for start in range(4)]
    with ThreadPoolExecutor(len(crowds)) as pool:
        list(pool.map(confirm, crowds))
    place.fault = None
    waiting = place.messages()
    maintenance = Waiting(ensuring(place.table))

    assert waiting
    for one in waiting * 2:  # a queue may bring each message again
        assert maintenance.message(inbox.read(json.loads(one["body"])).content).is_done
    for user_id, email in people.items():
        assert set(everything_of(place.table, user_id)) == {
            "PROFILE",
            "PREFERENCES",
            "CONFIRMED",
            "ACTIVITY signup",
        }
        assert len(activities(place.table, user_id)) == 1
        assert claimant(place.table, email) == user_id


@pytest.mark.parametrize("occasion", ["PostConfirmation_ConfirmSignUp", "PostAuthentication_X"])
def test_a_table_that_says_nothing_leaves_time_to_keep_the_arrival(
    place: Place, server: FaultServer, occasion: str
) -> None:
    place.fault = silence
    event = raw(occasion)
    triggers = place.triggers(server.port)
    began = time.monotonic()

    assert triggers(event, None) == event

    assert time.monotonic() - began < BOUND
    (waiting,) = place.messages()
    assert json.loads(waiting["body"])["arrival"]["user_id"] == event["userName"]


def test_a_table_that_says_nothing_still_leaves_a_token(place: Place, server: FaultServer) -> None:
    place.fault = silence
    began = time.monotonic()

    answered = place.triggers(server.port)(raw("TokenGeneration_Authentication"), None)

    assert time.monotonic() - began < BOUND
    assert isinstance(answered, dict)
    details = answered["response"]["claimsOverrideDetails"]["groupOverrideDetails"]
    assert details == {"groupsToOverride": ["user"]}
