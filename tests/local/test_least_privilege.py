"""No function may do more than it needs: every statement of its policy is one that it needs.

Each function's own code runs here with the rights of a role that has its policy but for one
statement, against the running stack, which enforces rights. Something that it asks for must be
refused then, and nothing with the whole policy. What Lambda itself does in a function's name
(reading queues and the stream, writing logs) is called directly with the role's credentials.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes import gateway
from fakes.roles import Rights, Role, deployed_policy, is_denied
from vestibule.vpcs import ec2_answers
from vestibule_cli import stack as stacks
from vestibule_cli.demo.place import Place
from vestibule_cli.local.emulator import ROOT_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

pytestmark = pytest.mark.emulator
ROOT = Path(__file__).resolve().parents[2]
POLICIES = {path.stem: path for path in sorted((ROOT / "infra/policies").glob("*.json"))}
RUNNER = Path(__file__).with_name("as_function.py")

# What Lambda asks for in a function's name, before and after it runs.
FROM_QUEUES = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
FROM_STREAMS = {
    "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}  # fmt: skip
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}

UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def statements(function: str) -> dict[str, dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(POLICIES[function].read_text())["Statement"]
    return {each["Sid"]: each for each in found}


def actions_of(function: str, sid: str) -> set[str]:
    """As they are asked for: a transaction needs the right to each of its parts."""
    named = set(statements(function)[sid]["Action"])
    if "dynamodb:ConditionCheckItem" in named:
        named |= {"dynamodb:TransactWriteItems", "dynamodb:TransactGetItems"}
    return named


@dataclass
class Stage:
    """The running stack, and somebody who is known there."""

    outputs: Mapping[str, Any]
    place: Place
    somebody: dict[str, str] = field(default_factory=dict)

    def configuration(self, function: str) -> Mapping[str, Any]:
        name = self.outputs["functions"][function]
        found: Mapping[str, Any] = self.place.operator("lambda").get_function_configuration(
            FunctionName=name
        )
        return found

    def policy(self, function: str) -> dict[str, Any]:
        """As it was deployed, with ARNs."""
        return deployed_policy(self.place, self.outputs["functions"][function])

    @contextmanager
    def policy_says(self, **rules: str) -> Iterator[None]:
        """The live policy with other rules, for as long as one scene is played."""
        shipped = json.loads((ROOT / "src/vestibule/policy/shipped.json").read_text())
        ssm, name = self.place.operator("ssm"), self.outputs["policy_parameter"]
        try:
            before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            before = None

        def put(text: str) -> None:
            ssm.put_parameter(Name=name, Value=text, Type="String", Overwrite=True)

        put(json.dumps({**shipped, **rules}))
        try:
            yield
        finally:
            if before is None:
                ssm.delete_parameter(Name=name)
            else:
                put(before)

    @contextmanager
    def secret_says(self, key: str, content: Mapping[str, Any]) -> Iterator[None]:
        client, arn = self.place.operator("secretsmanager"), self.outputs["secrets"][key]
        client.put_secret_value(SecretId=arn, SecretString=json.dumps(content))
        try:
            yield
        finally:
            client.put_secret_value(SecretId=arn, SecretString=json.dumps({"sinks": []}))

    def person(self) -> str:
        """Somebody with a profile and every right, as their confirmation makes them."""
        if not self.somebody:
            event = fresh("triggers-PostConfirmation_ConfirmSignUp")
            attributes = event["request"]["userAttributes"]
            attributes["custom:account_type"] = "standard"
            with Runner.of(self, "triggers", OPERATOR, {}) as runner:
                runner.run(event)
            self.place.give_role(attributes["sub"], "admin")
            self.somebody = dict(attributes)
        return self.somebody["sub"]

    def address(self) -> str:
        self.person()
        return self.somebody["email"]


OPERATOR = Rights({name.upper(): value for name, value in ROOT_CREDENTIALS.items()})


class Runner:
    """A function's code with a role's rights."""

    @classmethod
    @contextmanager
    def of(
        cls, stage: Stage, function: str, rights: Rights, environment: Mapping[str, str]
    ) -> Iterator[Runner]:
        runner = cls(stage, function, rights, environment)
        try:
            yield runner
        finally:
            runner.end()

    def __init__(
        self, stage: Stage, function: str, rights: Rights, environment: Mapping[str, str]
    ) -> None:
        configuration = stage.configuration(function)
        variables = {
            **configuration["Environment"]["Variables"],
            **rights.variables,
            "AWS_REGION": stage.place.region,
            "AWS_ENDPOINT_URL": stage.place.aws_endpoint_url,
            "LOG_LEVEL": "ERROR",
            "PATH": os.environ["PATH"],
            **environment,
        }
        module = configuration["Handler"].rpartition(".")[0]
        self._process = subprocess.Popen(
            [sys.executable, RUNNER, module, str(configuration["Timeout"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=variables,
        )

    def run(self, event: Any) -> Ran:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"event": event}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the function's process ended"
        told = json.loads(line)
        calls = told["calls"]
        return Ran(
            {each["action"] for each in calls},
            {each["action"] for each in calls if each["denied"]},
            told["answer"],
        )

    def end(self) -> None:
        self._process.communicate(timeout=20)


@dataclass(frozen=True)
class Ran:
    asked: set[str]
    denied: set[str]
    answer: Any


@dataclass(frozen=True)
class Scene:
    """What makes a function need its statements: an event, and what differs in its environment."""

    event: Callable[[], Any]
    needs: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    # What is refused for another reason than our rights.
    refused: frozenset[str] = frozenset()


def example(name: str) -> Any:
    return json.loads((ROOT / f"examples/events/{name}.json").read_text())


def fresh(name: str) -> Any:
    """An example event of just now, about somebody whom nobody has met."""
    somebody = f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
    text = UUID4.sub(somebody, json.dumps(example(name))).replace("ann@", f"{somebody[:8]}@")
    event = json.loads(text)
    for record in event.get("Records", ()):
        if "attributes" in record:
            record["attributes"] = {"SentTimestamp": str(int(time.time() * 1000))}
    return event


def broken(name: str) -> Any:
    """One message that says nothing."""
    event = example(name)
    event["Records"] = event["Records"][:1]
    event["Records"][0]["body"] = "{}"
    return event


def failing(name: str) -> Scene:
    return Scene(lambda: broken(name), ["KeepWhatFailed"])


def scenes_of_api(stage: Stage) -> Iterator[Scene]:
    token = gateway.claims(stage.person())

    def call(method: str, path: str, **sent: Any) -> Callable[[], Any]:
        return lambda: gateway.event(method, path, token=token, **sent)

    def invited() -> Any:
        address = f"guest-{secrets.token_hex(4)}@example.com"
        body = {"email": address, "role": "user", "delivery": "email"}
        return call("POST", "/invitations", body=body)()

    # Well formed, and signed by nobody.
    wish = base64.urlsafe_b64encode(b"\1\0\0\1\xff\xff\1" + bytes(48)).decode().rstrip("=")
    yield Scene(call("GET", "/me"), ["KeepProfiles"])
    yield Scene(call("GET", "/profiles"), ["ListPeople"])
    yield Scene(call("POST", "/me/sign-out"), ["KnowAndStopAccounts"])
    yield Scene(invited, ["ReadThePolicy", "MailInvitations"])
    yield Scene(lambda: gateway.event("GET", "/unsubscribe", query={"token": wish}), ["CheckLinks"])


def scenes_of_triggers(stage: Stage) -> Iterator[Scene]:
    def by_provider() -> Any:
        event = example("triggers-PreSignUp_ExternalProvider")
        event["request"]["userAttributes"]["email"] = stage.address()
        return event

    def confirmed() -> Any:
        return fresh("triggers-PostConfirmation_ConfirmSignUp")

    yield Scene(confirmed, ["KeepPeople"])
    yield Scene(lambda: example("triggers-PreSignUp_SignUp"), ["ReadThePolicy"])
    with stage.policy_says(federation="link"):
        yield Scene(by_provider, ["LinkProvidersToPeople"])
    yield Scene(
        confirmed,
        ["KeepArrivalsForLater"],
        {"TABLE_NAME": "no-such-table"},
        frozenset({"dynamodb:BatchGetItem"}),
    )
    yield Scene(lambda: fresh("triggers-CreateAuthChallenge_Authentication"), ["MailSignInCodes"])


def scenes_of_relay(_stage: Stage) -> Iterator[Scene]:
    def untold() -> Any:
        event = example("relay-arrival")
        for record in event["Records"]:
            record["dynamodb"].pop("NewImage", None)
        return event

    yield Scene(lambda: fresh("relay-arrival"), ["TellTheBus"])
    yield Scene(untold, ["PutAsideWhatCannotBeTold"])


def scenes_of_user_service(_stage: Stage) -> Iterator[Scene]:
    yield Scene(lambda: fresh("user_service-confirmed"), ["MarkWhatIsDelivered", "KnowTheKey"])
    yield failing("user_service-confirmed")


def scenes_of_mailer(_stage: Stage) -> Iterator[Scene]:
    yield Scene(
        lambda: fresh("mailer-confirmed"),
        ["KnowPeopleAndMarkMails", "ReadThePolicy", "SignLinks", "MailPeople"],
    )
    yield failing("mailer-confirmed")


def scenes_of_analytics(stage: Stage) -> Iterator[Scene]:
    # A port where nobody listens: what could not be told is kept for that sink.
    sink = {
        "name": "probe",
        "kind": "plain",
        "url": "http://127.0.0.1:9/",
        "requiresConsent": True,
    }
    with stage.secret_says("analytics", {"sinks": [{**sink, "requiresConsent": False}]}):
        yield Scene(lambda: fresh("analytics-batch"), ["KnowTheSinks", "KeepForOneSink"])
    with stage.secret_says("analytics", {"sinks": [sink]}):
        yield Scene(lambda: fresh("analytics-batch"), ["KnowWhoAgreedAndWhatWasTold"])
    yield failing("analytics-batch")


def scenes_of_maintenance(_stage: Stage) -> Iterator[Scene]:
    yield Scene(
        lambda: fresh("maintenance-arrival"), ["ClearWhatIsLeftAndKeepWhoArrived", "ReadThePolicy"]
    )
    yield Scene(lambda: {"task": "reconcile"}, ["ReconcileAccountsAndDeleteErasedOnes"])
    yield Scene(lambda: fresh("maintenance-confirmed"), ["KnowTheKeys"])
    yield failing("maintenance-arrival")


def scenes_of_vpc_builder(_stage: Stage) -> Iterator[Scene]:
    yield Scene(lambda: {"task": "sweep"}, ["ReadThePolicy", "LookAtNetworks"])
    yield Scene(lambda: {"action": "delete", "id": secrets.token_hex(16)}, ["KeepRecords"])
    yield failing("mailer-confirmed")


SCENES: dict[str, Callable[[Stage], Iterator[Scene]]] = {
    name.removeprefix("scenes_of_"): scenes
    for name, scenes in list(globals().items())
    if name.startswith("scenes_of_")
}


# What Lambda does in a function's name, as stack.yaml wires it.


def by_lambda(function: str) -> dict[str, str]:
    """The statements that Lambda itself needs, and what it does with each."""
    found: dict[str, str] = {}
    events = stacks.load(ROOT / "stack.yaml").functions[function].events
    for sid, statement in statements(function).items():
        actions, resources = set(statement["Action"]), set(statement["Resource"])
        for event in events:
            queue = getattr(event, "queue", None)
            if queue and resources == {f"queue:{queue}"} and actions >= FROM_QUEUES:
                found[sid] = "sqs:GetQueueAttributes"
            failures = getattr(event, "on_failure", None)
            if failures and resources == {f"queue:{failures}"}:
                found[sid] = "sqs:SendMessage"
    return found


def queue_url(arn: str, stage: Stage) -> str:
    name = arn.rpartition(":")[2]
    return next(url for url in stage.outputs["queues"].values() if url.endswith(f"/{name}"))


def as_lambda(action: str, arn: str, role: Role, stage: Stage) -> None:
    """Do it, so that nothing comes of it."""
    if action == "sqs:GetQueueAttributes":
        role.client("sqs").get_queue_attributes(QueueUrl=queue_url(arn, stage))
    else:
        # Refused for its length, once it may be sent at all.
        role.client("sqs").send_message(QueueUrl=queue_url(arn, stage), MessageBody="x" * 1_100_000)


# Each is tried by itself in test_network_permissions.
ON_NETWORKS = {
    "MakeOnlyWhatCarriesOurTag", "MakeItOnlyInsideOfWhatIsOurs", "TagOnlyWhatIsBeingMade",
    "ChangeOnlyWhatIsOurs", "RemoveOnlyWhatIsOurs",
}  # fmt: skip


HELD_ELSEWHERE = {
    "vpc_builder": ON_NETWORKS,
    "relay": {"FollowTheTable"},
    # Without them, what happened is in the log alone.
    "analytics": {"NoteWhatWasToldAndTellOfFailures"},
    "mailer": {"TellOfFailures"},
    "user_service": {"TellOfFailures"},
}


def outside(stage: Stage) -> list[tuple[str, str, str, str, dict[str, Any]]]:
    """What some function may do somewhere, or none anywhere: action, symbol, and the call."""
    table, pool = stage.place.table_name, {"UserPoolId": stage.place.user_pool_id}
    nobody = {**pool, "Username": "nobody@example.test"}
    name = stage.outputs["functions"]["api"]
    queues, secret_ids = stage.outputs["queues"], stage.outputs["secrets"]
    key = {"pk": {"S": "USER#nobody"}, "sk": {"S": "PROFILE"}}
    entry = {"EventBusName": stage.outputs["bus_name"], "Source": "x", "DetailType": "x",
             "Detail": "{}"}  # fmt: skip
    rows: list[tuple[str, str, str, str, dict[str, Any]]] = [
        ("dynamodb:Scan", "table", "dynamodb", "scan", {"TableName": table}),
        ("dynamodb:DeleteTable", "table", "dynamodb", "delete_table", {"TableName": table}),
        ("dynamodb:DeleteItem", "table", "dynamodb", "delete_item",
         {"TableName": table, "Key": key}),
        ("cognito-idp:AdminSetUserPassword", "user_pool", "cognito-idp", "admin_set_user_password",
         {**nobody, "Password": "A-long-enough-one-1"}),
        ("cognito-idp:AdminDeleteUser", "user_pool", "cognito-idp", "admin_delete_user", nobody),
        ("cognito-idp:AdminDisableUser", "user_pool", "cognito-idp", "admin_disable_user", nobody),
        ("cognito-idp:ListUsers", "user_pool", "cognito-idp", "list_users", pool),
        ("cognito-idp:DeleteUserPool", "user_pool", "cognito-idp", "delete_user_pool", pool),
        ("events:PutEvents", "bus", "events", "put_events", {"Entries": [entry]}),
        ("iam:ListRoles", "-", "iam", "list_roles", {}),
        ("lambda:InvokeFunction", "-", "lambda", "invoke", {"FunctionName": name}),
        ("lambda:GetFunction", "-", "lambda", "get_function", {"FunctionName": name}),
        ("s3:ListAllMyBuckets", "-", "s3", "list_buckets", {}),
        ("secretsmanager:ListSecrets", "-", "secretsmanager", "list_secrets", {}),
        ("ssm:DescribeParameters", "-", "ssm", "describe_parameters", {}),
        ("ssm:PutParameter", "policy_parameter", "ssm", "put_parameter",
         {"Name": stage.outputs["policy_parameter"], "Value": "{}", "Type": "String"}),
        ("ec2:DescribeVpcs", "anything", "ec2", "describe_vpcs", {}),
        ("ec2:DescribeVolumes", "anything", "ec2", "describe_volumes", {}),
        ("ec2:RunInstances", "anything", "ec2", "run_instances",
         {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}),
    ]  # fmt: skip
    rows += [
        ("sqs:PurgeQueue", f"queue:{key}", "sqs", "purge_queue", {"QueueUrl": url})
        for key, url in queues.items()
    ]
    rows += [
        ("sqs:GetQueueAttributes", f"queue:{key}", "sqs", "get_queue_attributes", {"QueueUrl": url})
        for key, url in queues.items()
    ]
    rows += [
        ("secretsmanager:GetSecretValue", f"secret:{key}", "secretsmanager", "get_secret_value",
         {"SecretId": arn})
        for key, arn in secret_ids.items()
    ]  # fmt: skip
    return rows


def permits(function: str, action: str, symbol: str) -> bool:
    return any(
        action in each["Action"] and symbol in each["Resource"]
        for each in statements(function).values()
    )


@pytest.fixture(scope="module", name="stage")
def the_running_stack(running_stack: dict[str, Any]) -> Stage:
    place = Place.from_outputs(running_stack, ROOT_CREDENTIALS)
    return Stage(running_stack, place)


@pytest.fixture
def role(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Role]:
    made = Role(stage.place, stage.outputs["functions"][request.getfixturevalue("function")])
    yield made
    made.remove()


@pytest.mark.parametrize("function", POLICIES)
def test_each_statement_of_a_policy_is_needed_by_its_function(
    stage: Stage, role: Role, function: str
) -> None:
    needless = {}

    for scene in SCENES[function](stage):
        with Runner.of(stage, function, role.rights, scene.environment) as runner:
            whole = runner.run(scene.event())
            assert whole.denied <= scene.refused, whole
            for sid in scene.needs:
                with role.without(sid):
                    lacking = runner.run(scene.event())
                refused = lacking.denied - scene.refused
                if not refused & actions_of(function, sid):
                    needless[sid] = lacking

    assert needless == {}


@pytest.mark.parametrize("function", POLICIES)
def test_what_lambda_does_in_a_functions_name_needs_its_statement(
    stage: Stage, role: Role, function: str
) -> None:
    for sid, action in by_lambda(function).items():
        (arn,) = role.resources(sid)

        def work(action: str = action, arn: str = arn) -> None:
            as_lambda(action, arn, role, stage)

        assert not is_denied(work), sid
        with role.without(sid):
            assert is_denied(work), sid


@pytest.mark.parametrize("function", POLICIES)
def test_what_a_policy_does_not_name_is_denied(stage: Stage, role: Role, function: str) -> None:
    done = [
        f"{action} on {symbol}"
        for action, symbol, service, operation, settings in outside(stage)
        if not permits(function, action, symbol)
        and not is_denied(
            lambda service=service, operation=operation, settings=settings: getattr(  # type: ignore[misc] # bound here
                role.client(service), operation
            )(**settings)
        )
    ]

    assert done == []


def test_every_statement_is_looked_at(stage: Stage) -> None:
    for function in POLICIES:
        played = {sid for scene in SCENES[function](stage) for sid in scene.needs}
        held = HELD_ELSEWHERE.get(function, set()) | {"WriteLogs"}
        assert played | set(by_lambda(function)) | held == set(statements(function)), function


@pytest.mark.parametrize("function", POLICIES)
def test_logs_are_written_to_the_functions_own_group_alone(stage: Stage, function: str) -> None:
    # The emulator names a group in another way than AWS, whose rights end in `:*`.
    (statement,) = (
        each for each in stage.policy(function)["Statement"] if each["Sid"] == "WriteLogs"
    )
    group = f"log-group:/aws/lambda/{stage.outputs['functions'][function]}:*"

    assert set(statement["Action"]) == LOGS
    assert [each.split(":", 5)[5] for each in statement["Resource"]] == [group]


def test_the_stream_is_read_by_the_relay_alone_and_as_lambda_reads_it() -> None:
    # The emulator doesn't know which stream is asked for.
    streams = {
        function: statement
        for function in POLICIES
        for statement in statements(function).values()
        if any(each in FROM_STREAMS for each in statement["Action"])
    }

    assert set(streams) == {"relay"}
    assert set(streams["relay"]["Action"]) == FROM_STREAMS
    assert streams["relay"]["Resource"] == ["table_stream"]


def test_the_builder_may_do_at_ec2_what_its_code_asks_for_and_no_more() -> None:
    names = {
        name
        for kind in ec2_answers.KINDS.values()
        for name in (kind.create, kind.delete, kind.describe)
    }
    source = "".join(path.read_text() for path in (ROOT / "src/vestibule/vpcs").glob("*.py"))
    names |= set(re.findall(r'(?:alter\(|action=|Action = |return )"([A-Z][A-Za-z]+)"', source))
    allowed = {
        action.removeprefix("ec2:")
        for statement in statements("vpc_builder").values()
        for action in statement["Action"]
        if action.startswith("ec2:")
    }

    assert allowed == (names | {"CreateTags"}) - {""}


@pytest.mark.parametrize("sid", sorted(ON_NETWORKS))
def test_the_builder_changes_nothing_that_does_not_carry_our_tag(sid: str) -> None:
    statement = statements("vpc_builder")[sid]
    (condition,) = statement["Condition"].values()

    if sid == "TagOnlyWhatIsBeingMade":
        ((key, values),) = condition.items()
        assert key == "ec2:CreateAction"
        made = statements("vpc_builder")["MakeOnlyWhatCarriesOurTag"]["Action"]
        assert [f"ec2:{value}" for value in values] == made
    else:
        asked = {key.partition("/")[2]: values for key, values in condition.items()}
        # Two stacks of one environment in an account differ by their tables.
        assert asked == {"vestibule:environment": ["environment"], "vestibule:table": ["table"]}
