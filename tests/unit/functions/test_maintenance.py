"""What lies in the retry queue is finished, and what nobody told of is found."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.arrivals import FixedPolicies, activities, arrival
from fakes.fault_server import FaultServer, answer
from fakes.people import LATER, address, keep, new_sub, profile
from fakes.queues import batch, posted
from fakes.table import FakeTable
from fakes.tenants import keep_member, keep_organization, membership_of
from fakes.vpcs import keep_vpc
from vestibule.delivery import events, letters
from vestibule.platform.aws import AwsRefused, AwsUnavailable
from vestibule.platform.settings import SettingsError
from vestibule.profiles import items
from vestibule.triggers import retry
from vestibule.vpcs import items as vpc_items

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

EXAMPLES = Path(__file__).parents[3] / "examples" / "events"
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "DEAD_LETTERS_URL": "https://sqs.example/000000000000/retry-dlq",
    "ENVIRONMENT": "test",
    "QUEUE_URL": "https://sqs.example/000000000000/retry",
    "TABLE_NAME": "vestibule-test",
    "USER_POOL_ID": "us-east-1_test",
}


class Cloud:
    """The services that the function calls: a pool of accounts, and queues."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, str]] = {}
        self.letters: list[dict[str, Any]] = []
        self.hidden: dict[str, int] = {}
        self.is_away = False
        self.secret = ""

    def call(
        self, operation: str, payload: Mapping[str, Any], *, deadline: float | None = None
    ) -> dict[str, Any]:
        del deadline
        if self.is_away and operation not in {"ChangeMessageVisibilityBatch", "SendMessage"}:
            raise AwsUnavailable("cloud", operation)
        found: dict[str, Any] = getattr(self, f"_{operation}")(payload) or {}
        return found

    def add(self, **attributes: str) -> str:
        sub = new_sub()
        told = {"sub": sub, "email": address(), "email_verified": "true", "name": "Jo Doe"}
        self.accounts[sub] = told | attributes
        return sub

    def _AdminDeleteUser(self, payload: Mapping[str, Any]) -> None:  # noqa: N802 - AWS's name
        if self.accounts.pop(payload["Username"], None) is None:
            raise AwsRefused("cognito-idp", "AdminDeleteUser", code="UserNotFoundException")

    def _AdminGetUser(self, payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        if payload["Username"] not in self.accounts:
            raise AwsRefused("cognito-idp", "AdminGetUser", code="UserNotFoundException")
        return {"Username": payload["Username"], "UserAttributes": []}

    def _ListUsers(self, _payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        return {
            "Users": [
                {
                    "Username": sub,
                    "UserStatus": "CONFIRMED",
                    "Enabled": True,
                    "Attributes": [{"Name": n, "Value": v} for n, v in attributes.items()],
                }
                for sub, attributes in self.accounts.items()
            ]
        }

    def _GetSecretValue(self, _payload: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        return {"SecretString": self.secret}

    def _SendMessage(self, payload: Mapping[str, Any]) -> None:  # noqa: N802 - same
        assert payload["QueueUrl"] == ENVIRONMENT["DEAD_LETTERS_URL"]
        self.letters.append(json.loads(payload["MessageBody"]))

    def _ChangeMessageVisibilityBatch(self, payload: Mapping[str, Any]) -> None:  # noqa: N802 - same
        for entry in payload["Entries"]:
            self.hidden[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def maintenance(monkeypatch: pytest.MonkeyPatch, table: FakeTable, cloud: Cloud) -> ModuleType:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    module = importlib.import_module("vestibule.functions.maintenance")
    wiring = module.Wiring.from_environment(ENVIRONMENT)
    wiring.parts.table = table
    wiring.parts.policies = FixedPolicies()
    wiring.parts.client = lambda _service: cloud
    monkeypatch.setattr(module, "wiring", wiring)
    return module


def take(maintenance: ModuleType, event: dict[str, Any]) -> list[str]:
    """Give the ids of the messages that stay in the queue."""
    failed = maintenance.handler(event, None)["batchItemFailures"]
    return [one["itemIdentifier"] for one in failed]


def example(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EXAMPLES / f"maintenance-{name}.json").read_text("utf-8"))
    return content


def erased(user_id: str) -> str:
    return events.write(events.make("user.erased", user_id, LATER, {"userId": user_id}))


def confirmed(user_id: str) -> str:
    return events.write(events.make("user.confirmed", user_id, LATER, {"userId": user_id}))


def kept_of(table: FakeTable, user_id: str) -> dict[str, Any]:
    return {item["sk"]: item for item in table.query(items.person_key(user_id)).items}


def a_tombstone(table: FakeTable, user_id: str) -> str:
    table.put(items.tombstone(user_id, by=user_id, at=LATER))
    return user_id


def test_an_erased_person_loses_account_and_history(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    gone, other = a_tombstone(table, cloud.add()), keep(table, profile(cloud.add()))
    for number in range(3):
        table.put({"pk": items.person_key(gone), "sk": f"ACTIVITY#{number}"})

    assert take(maintenance, batch(erased(gone))) == []

    assert list(cloud.accounts) == [other.user_id]
    left = {(item["pk"], item["sk"]) for item in table.all_items()}
    assert left == {
        (items.person_key(gone), items.TOMBSTONE),
        (items.person_key(other.user_id), items.PROFILE),
    }


@pytest.mark.parametrize("status", ["active", "pending"])
def test_an_erased_person_leaves_their_organization(
    maintenance: ModuleType, table: FakeTable, status: str
) -> None:
    organization_id = keep_organization(table).id
    gone = a_tombstone(table, keep_member(table, organization_id, status=status))
    other = keep_member(table, organization_id)

    assert take(maintenance, batch(erased(gone))) == []

    assert membership_of(table, organization_id, gone) is None
    assert membership_of(table, organization_id, other) is not None
    left = [item["sk"] for item in table.all_items() if item["pk"] == items.person_key(gone)]
    assert left == [items.TOMBSTONE]


def test_a_message_that_comes_again_finds_everything_done(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    gone = a_tombstone(table, cloud.add())
    event = batch(erased(gone), erased(gone))
    assert take(maintenance, event) == []
    before = table.all_items()

    assert take(maintenance, event) == []
    assert table.all_items() == before


def test_one_persons_failure_keeps_nobody_else_waiting(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    first, second = (a_tombstone(table, cloud.add()) for _ in range(2))
    event = batch(erased(first), erased(second))
    table.fail_next(AwsUnavailable)

    assert take(maintenance, event) == [event["Records"][0]["messageId"]]
    assert list(cloud.accounts) == [first]
    assert take(maintenance, event) == []
    assert cloud.accounts == {}


def test_a_message_alone_erases_nobody(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    alive = keep(table, profile(cloud.add())).user_id
    before = table.all_items()

    assert take(maintenance, batch(erased(alive))) == []

    assert alive in cloud.accounts
    assert table.all_items() == before
    assert [letter["reason"] for letter in cloud.letters] == ["not_erased"]


def test_the_log_proves_the_erasing_and_names_the_person_by_id_alone(
    maintenance: ModuleType,
    table: FakeTable,
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = a_tombstone(table, cloud.add(email="jo@example.test"))
    table.put({"pk": items.person_key(gone), "sk": "ACTIVITY#1"})

    take(maintenance, batch(erased(gone)))

    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines()]
    (proof,) = (line for line in lines if line.get("message") == "erased")
    assert {"userId": gone, "account": True, "items": 1}.items() <= proof.items()
    assert "jo@example.test" not in printed
    assert sum(line.get("EraseFinished", 0) for line in lines) == 1


def test_who_had_to_wait_is_let_in_once(maintenance: ModuleType, table: FakeTable) -> None:
    who = arrival()
    event = batch(retry.write(who), retry.write(who))

    assert [take(maintenance, event) for _ in range(2)] == [[], []]
    assert len(activities(table, who.user_id)) == 1


def test_who_cannot_be_let_in_yet_keeps_nobody_waiting(
    maintenance: ModuleType, table: FakeTable
) -> None:
    first, second = arrival(), arrival()
    event = batch(retry.write(first), retry.write(second))
    table.fail_next(AwsUnavailable)

    assert take(maintenance, event) == [event["Records"][0]["messageId"]]
    assert activities(table, first.user_id) == []
    assert len(activities(table, second.user_id)) == 1


def test_an_arrival_is_tried_soon_and_then_each_minute_for_an_hour(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    table.fail_next(AwsUnavailable, times=60)
    waits = []
    for receives in range(1, 60):
        message = posted(retry.write(arrival()), receives=receives)
        assert take(maintenance, {"Records": [message]}) == [message["messageId"]]
        waits.append(cloud.hidden[message["receiptHandle"]])

    assert max(waits[:3]) <= 8
    assert max(waits) <= 70
    assert sum(waits) >= 2900  # with the luck of the dice left out of account, an hour
    assert take(maintenance, {"Records": [posted(retry.write(arrival()), receives=60)]}) == []
    (letter,) = cloud.letters
    assert (letter["reason"], letter["detail"]) == ("gave_up", "still_waiting: AwsUnavailable")


def test_somebody_erased_meanwhile_is_done_with(maintenance: ModuleType, table: FakeTable) -> None:
    who = arrival()
    a_tombstone(table, who.user_id)

    assert take(maintenance, batch(retry.write(who))) == []
    assert [item["sk"] for item in table.all_items()] == [items.TOMBSTONE]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not JSON", "unknown_event"),
        ('{"DDBStreamBatchInfo": {}}', "unknown_event"),
        ('{"kind": "departure"}', "unknown_event"),
        ('{"kind": "arrival"}', "not_an_arrival"),
        ('{"kind": "arrival", "arrival": {"door": "x"}}', "not_an_arrival"),
        ('{"kind": "arrival", "arrival": []}', "not_an_arrival"),
        ('{"Type": "Notification", "Message": "hello"}', "not_feedback"),
        (
            events.write(events.make("user.signed_in", "u1", LATER, {"userId": "u1"})),
            "unknown_event",
        ),
    ],
)
def test_what_nobody_can_take_is_a_dead_letter_with_its_reason(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud, body: str, reason: str
) -> None:
    who = arrival()

    assert take(maintenance, batch(body, retry.write(who))) == []

    assert [letter["reason"] for letter in cloud.letters] == [reason]
    assert cloud.letters[0]["queue"] == "retry"
    assert len(activities(table, who.user_id)) == 1


GREETING = "Successfully validated SNS topic for Amazon SES event publishing."


@pytest.mark.parametrize(
    "body",
    [
        GREETING,
        json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": GREETING}),
        letters.write(letters.Letter(GREETING, "unknown_event")),
    ],
    ids=["as it is", "in an envelope", "a letter that is sent back"],
)
def test_what_ses_says_when_its_topic_is_ready_is_of_no_consequence(
    maintenance: ModuleType,
    table: FakeTable,
    cloud: Cloud,
    body: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert take(maintenance, batch(body)) == []

    assert (cloud.letters, table.all_items()) == ([], [])
    levels = [json.loads(line).get("level") for line in capsys.readouterr().out.splitlines()]
    assert [level for level in levels if level is not None] == ["INFO"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{GREETING} And more.", "unknown_event"),
        (GREETING.lower(), "unknown_event"),
        (json.dumps({"Type": "Notification", "Message": f"{GREETING}!"}), "not_feedback"),
        (json.dumps({"Type": "Other", "Message": GREETING}), "unknown_event"),
    ],
)
def test_what_only_looks_like_it_is_a_dead_letter(
    maintenance: ModuleType, cloud: Cloud, body: str, reason: str
) -> None:
    assert take(maintenance, batch(body)) == []

    assert [letter["reason"] for letter in cloud.letters] == [reason]


def test_a_mail_that_never_arrived_sets_its_address_aside(
    maintenance: ModuleType, table: FakeTable
) -> None:
    bounce = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": "gone@example.test"}],
        },
    }
    told = {"Type": "Notification", "Message": json.dumps(bounce)}

    assert take(maintenance, batch(bounce, told)) == []

    assert [item["pk"] for item in table.all_items()] == ["EMAIL#gone@example.test"]


def placed(maintenance: ModuleType, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Let the function know more of the place it runs in."""
    old = maintenance.wiring
    wiring = maintenance.Wiring.from_environment({**ENVIRONMENT, **more})
    wiring.worker.parts = wiring.parts = old.parts
    monkeypatch.setattr(maintenance, "wiring", wiring)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_an_erasing_ends_when_the_user_service_has_forgotten_too(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = a_tombstone(table, cloud.add())
    event = batch(erased(gone))
    cloud.secret = '{"apiKey": "k1"}'
    closing = {"Connection": "close"}
    steps = (answer({}, 503, closing, keep=False), answer(b"", 204, closing, keep=False))
    with FaultServer(*steps) as users:
        place = f"http://127.0.0.1:{users.port}/api/v1/users"
        placed(maintenance, monkeypatch, USER_SERVICE_URL=place, USER_SERVICE_SECRET="users")

        assert take(maintenance, event) == [event["Records"][0]["messageId"]]
        assert take(maintenance, event) == []

        asked = [request.raw.split(b" HTTP")[0].decode() for request in users.requests]
        assert asked == [f"DELETE /api/v1/users/{gone}"] * 2
        assert {request.headers["x-api-key"] for request in users.requests} == {"k1"}
    assert cloud.accounts == {}


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_crm_is_asked_when_somebody_has_confirmed(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = keep(table, profile(email=address(), email_verified=True))
    told = answer({"accountType": "business"}, headers={"Connection": "close"}, keep=False)
    with FaultServer(told) as crm:
        cloud.secret = json.dumps({"url": f"http://127.0.0.1:{crm.port}/lookup"})
        placed(maintenance, monkeypatch, CRM_SECRET="crm")

        assert take(maintenance, batch(confirmed(who.user_id))) == []

    item = table.get(items.person_key(who.user_id), items.PROFILE)
    assert item is not None
    assert item["accountType"] == "business"


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_breaker_that_opens_is_told_to_whoever_watches(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = answer({}, 500, {"Connection": "close"}, keep=False)
    with FaultServer(failing) as crm:
        cloud.secret = json.dumps({"url": f"http://127.0.0.1:{crm.port}/lookup"})
        placed(maintenance, monkeypatch, CRM_SECRET="crm")
        people = [keep(table, profile(email=address(), email_verified=True)) for _ in range(6)]

        left = take(maintenance, batch(*[confirmed(who.user_id) for who in people]))

        assert len(left) == 6
        assert len(crm.requests) == 5
    (event,) = (item for item in table.all_items() if item["pk"].startswith("SECURITY#"))
    assert (event["kind"], event["facts"]) == ("breaker_opened", {"peer": "crm"})


def test_without_a_crm_a_confirmation_is_done_with(
    maintenance: ModuleType, table: FakeTable
) -> None:
    who = keep(table, profile(email=address(), email_verified=True))

    assert take(maintenance, batch(confirmed(who.user_id))) == []
    assert table.calls == ["PutItem", "PutItem"]


def test_whom_no_trigger_told_of_is_found_and_let_in_once(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    lost = cloud.add(**{"given_name": "Ann", "custom:marketing_consent": "true", "locale": "de-AT"})
    outlived = a_tombstone(table, cloud.add())
    table.put({"pk": items.person_key(outlived), "sk": "ACTIVITY#1"})

    first, second = (maintenance.handler(example("reconcile"), None) for _ in range(2))

    assert first["state"] == second["state"] == "complete"
    assert first["run"] | {"checked": 2, "missing": 1, "repaired": 1, "erased": 1} == first["run"]
    assert second["run"] | {"checked": 1, "missing": 0} == second["run"]
    kept = {item["sk"]: item for item in table.query(items.person_key(lost)).items}
    assert kept[items.CONFIRMED]["door"] == "Reconciliation"
    assert kept[items.PROFILE]["email"] == cloud.accounts[lost]["email"]
    assert kept[items.PREFERENCES]["marketingEmails"] is True
    assert kept[items.PREFERENCES]["language"] == "de"
    assert list(cloud.accounts) == [lost]


def test_whoever_deleted_their_account_and_came_back_gets_their_address(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    email = address()
    before = keep(table, profile(email=email, email_verified=True))
    back = cloud.add(email=email)
    vpc = keep_vpc(table, created_by=before.user_id)
    maintenance.handler(example("reconcile"), None)  # lets them in, without the address
    assert "email" not in kept_of(table, back)[items.CONFIRMED]

    settled, after = (maintenance.handler(example("reconcile"), None)["run"] for _ in range(2))

    assert settled | {"checked": 1, "repaired": 1} == settled
    assert after | {"repaired": 0, "republished": 0, "skipped": 0} == after
    kept = kept_of(table, back)
    assert (kept[items.PROFILE]["email"], kept[items.CONFIRMED]["email"]) == (email, email)
    assert kept[items.CONFIRMED]["again"] == 1
    assert items.TOMBSTONE in kept_of(table, before.user_id)
    # What follows from the tombstone ends what they had asked for.
    assert take(maintenance, batch(erased(before.user_id))) == []
    assert (table.get(*vpc_items.vpc_key(vpc.id)) or {})["state"] == "DELETING"


@pytest.mark.parametrize("why", ["has an account", "was suspended"])
def test_an_address_stays_with_whoever_may_keep_it(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud, why: str
) -> None:
    email = address()
    status = "suspended" if "suspended" in why else "active"
    holder = keep(table, profile(email=email, email_verified=True, status=status))
    if status == "active":
        # By another name for the pool: of one provider, say.
        cloud.accounts[holder.user_id] = {"sub": holder.user_id}
    back = cloud.add(email=email)
    maintenance.handler(example("reconcile"), None)
    before = kept_of(table, back)

    run = maintenance.handler(example("reconcile"), None)["run"]

    assert run | {"repaired": 0, "republished": 0, "failed": 0} == run
    assert kept_of(table, back) == before
    assert items.PROFILE in kept_of(table, holder.user_id)


def test_a_pool_that_is_away_is_said_to_be(maintenance: ModuleType, cloud: Cloud) -> None:
    cloud.is_away = True

    assert maintenance.handler({"task": "reconcile"}, None)["state"] == "interrupted"


def test_an_unknown_task_is_named(maintenance: ModuleType, table: FakeTable) -> None:
    answer = maintenance.handler({"task": "tidy"}, None)

    assert answer == {"error": "task: must be reconcile, got 'tidy'"}
    assert table.calls == []


def test_a_task_keeps_within_the_time_that_is_left(maintenance: ModuleType, cloud: Cloud) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 14_000

    cloud.add()

    assert maintenance.handler({"task": "reconcile"}, Context())["run"]["checked"] == 1


def test_a_start_imports_nothing_that_the_first_message_may_not_need() -> None:
    sources = Path(__file__).parents[3] / "src"
    shown = subprocess.run(
        [
            *(sys.executable, "-S", "-c"),
            "import sys, vestibule.functions.maintenance; print(*sys.modules)",
        ],
        env={**ENVIRONMENT, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(shown.stdout.split())
    assert (
        not {
            *(
                "vestibule.delivery.crm",
                "vestibule.delivery.erasing",
                "vestibule.delivery.reconcile",
            ),
            *(
                "vestibule.mail",
                "vestibule.organizations",
                "vestibule.triggers",
                "msgspec",
                "boto3",
            ),
        }
        & imported
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"QUEUE_URL": "", "DEAD_LETTERS_URL": "x"}, ["QUEUE_URL", "DEAD_LETTERS_URL"]),
        ({"USER_SERVICE_URL": "http://users.example/api"}, ["USER_SERVICE_URL"]),
    ],
)
def test_a_bad_setting_is_named_before_anything_starts(
    maintenance: ModuleType, changes: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        maintenance.Wiring.from_environment({**ENVIRONMENT, **changes})

    assert all(name in str(refused.value) for name in named)


@pytest.mark.parametrize(
    ("name", "left"),
    [("arrival", {items.PROFILE, items.PREFERENCES, items.CONFIRMED, "ACTIVITY", "CLAIM"})],
)
def test_the_example_arrival_is_understood(
    maintenance: ModuleType, table: FakeTable, name: str, left: set[str]
) -> None:
    assert take(maintenance, example(name)) == []
    assert left <= {item["sk"].partition("#")[0] for item in table.all_items()}


def test_the_example_erasing_is_understood(
    maintenance: ModuleType, table: FakeTable, cloud: Cloud
) -> None:
    event = example("erased")
    gone = json.loads(event["Records"][0]["body"])["subject"]
    cloud.accounts[a_tombstone(table, gone)] = {}

    assert take(maintenance, event) == []

    assert cloud.accounts == {}
    assert cloud.letters == []


def test_the_example_confirmation_is_understood(maintenance: ModuleType, cloud: Cloud) -> None:
    assert take(maintenance, example("confirmed")) == []
    assert cloud.letters == []
