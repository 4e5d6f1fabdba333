"""Provisioning, each test in an environment of its own on one emulator."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from vestibule_cli.aws import Aws
from vestibule_cli.local.provision import ProvisionError, provision
from vestibule_cli.local.provision import table as table_steps
from vestibule_cli.stack import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from vestibule_cli.outputs import Outputs

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
SITE = "http://127.0.0.1:1"
NUMBERS = itertools.count(1)
# Says what it was given, and what its role lets it do.
API = """
import os
import boto3

def handler(event, context):
    print("called")
    dynamodb = boto3.client("dynamodb", region_name="us-east-1")
    if event.get("path") in ("/health", "/wealth"):
        return {"statusCode": 200, "body": CODE}
    try:
        key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        dynamodb.get_item(TableName=os.environ["TABLE_NAME"], Key=key)
    except Exception as error:
        return type(error).__name__ + ": " + str(error)
    return dict(os.environ)
"""
# Says of everything that it was erased.
RELAY = """
import json
import os
import boto3

def handler(event, context):
    print(event)
    for record in event["Records"]:
        detail = {"type": "user.erased", "subject": record["dynamodb"]["Keys"]["pk"]["S"]}
        entry = {"Source": "vestibule", "DetailType": "user.erased", "Detail": json.dumps(detail)}
        boto3.client("events", region_name="us-east-1").put_events(
            Entries=[{**entry, "EventBusName": os.environ["BUS_NAME"]}]
        )
"""
MAINTENANCE = """
import json
import os
import boto3

def handler(event, context):
    print(event)
    for record in event["Records"]:
        boto3.client("cognito-idp", region_name="us-east-1").admin_delete_user(
            UserPoolId=os.environ["USER_POOL_ID"], Username=json.loads(record["body"])["subject"]
        )
"""


class Place:
    """One environment: its project folder, and what is there now."""

    def __init__(self, emulator: Any, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.environment = f"t{next(NUMBERS)}"
        self.file = folder / "stack.yaml"

    def provision(self, code: str = "one") -> Outputs:
        package = self.folder / "package.zip"
        package.write_bytes(zipped(code))
        return provision(
            load(self.file),
            package,
            self.emulator.url,
            site_url=SITE,
            user_service_url="http://127.0.0.1:9/api/v1/users",
            environment=self.environment,
        )

    def edit(self, before: str, after: str, name: str = "stack.yaml") -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def client(self, name: str) -> Any:
        return self.emulator.client(name)

    def configuration(self, function: str) -> Any:
        return self.client("lambda").get_function_configuration(FunctionName=function)

    def policy(self, role: str, name: str) -> Any:
        found = self.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return found["PolicyDocument"]

    def invoke(self, function: str) -> Any:
        answer = self.client("lambda").invoke(FunctionName=function, Payload=b"{}")
        return json.loads(answer["Payload"].read())


# Says yes to everybody, as the event came.
TRIGGERS = """
def handler(event, context):
    return event
"""


def zipped(code: str) -> bytes:
    sources = {
        "api": f"CODE = {code!r}\n{API}",
        "maintenance": MAINTENANCE,
        "relay": RELAY,
        **dict.fromkeys(("analytics", "triggers"), TRIGGERS),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for module, source in sources.items():
            # A time of its own would make it another zip two seconds later.
            archive.writestr(zipfile.ZipInfo(f"vestibule/functions/{module}.py"), source)
    return buffer.getvalue()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def health(outputs: Outputs) -> str:
    return get(outputs.signed_url.replace("/signed", "/health"))[1]


@pytest.fixture
def place(emulator: Any, tmp_path: Path) -> Place:
    for name in ("stack.yaml", "openapi.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "infra" / "policies", tmp_path / "infra" / "policies")
    return Place(emulator, tmp_path)


def test_functions_are_made_as_stack_yaml_says(place: Place) -> None:
    outputs = place.provision()

    made = place.configuration(outputs.functions["maintenance"])
    assert made["Handler"] == "vestibule.functions.maintenance.handler"
    assert made["MemorySize"] == 256
    assert made["Timeout"] == 60
    assert made["Runtime"] == "python3.13"
    assert made["Architectures"] == ["arm64"]
    variables = made["Environment"]["Variables"]
    assert variables["TABLE_NAME"] == outputs.table_name
    assert variables["USER_POOL_ID"] == outputs.user_pool_id
    assert variables["ENVIRONMENT"] == place.environment
    assert variables["LOG_LEVEL"] == "INFO"
    assert len(variables["SERVICE_VERSION"]) == 12


def test_each_function_has_the_role_of_its_own_policy_file(place: Place) -> None:
    outputs = place.provision()

    role = place.configuration(outputs.functions["maintenance"])["Role"].rpartition("/")[2]
    statements = {each["Sid"]: each for each in place.policy(role, "maintenance")["Statement"]}
    assert role == outputs.functions["maintenance"]
    assert statements["ReconcileAccountsAndDeleteErasedOnes"]["Resource"] == [
        f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{outputs.user_pool_id}"
    ]
    assert statements["WriteLogs"]["Resource"] == [
        f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/{role}:*"
    ]
    relay = outputs.functions["relay"]
    statements = {each["Sid"]: each for each in place.policy(relay, "relay")["Statement"]}
    assert "/stream/" in statements["FollowTheTable"]["Resource"][0]
    assert statements["TellTheBus"]["Resource"] == [
        f"arn:aws:events:us-east-1:000000000000:event-bus/{outputs.bus_name}"
    ]


def test_a_function_may_do_what_its_policy_allows_and_nothing_else(place: Place) -> None:
    outputs = place.provision()
    assert place.invoke(outputs.functions["api"])["TABLE_NAME"] == outputs.table_name

    place.edit('"dynamodb:GetItem",', "", "infra/policies/api.json")
    place.provision()

    assert "AccessDenied" in place.invoke(outputs.functions["api"])


def test_the_table_is_made_as_stack_yaml_says(place: Place) -> None:
    outputs = place.provision()

    dynamodb = place.client("dynamodb")
    table = dynamodb.describe_table(TableName=outputs.table_name)["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    index = table["GlobalSecondaryIndexes"][0]
    assert index["Projection"]["NonKeyAttributes"] == ["userId", "name", "bio", "createdAt"]
    ttl = dynamodb.describe_time_to_live(TableName=outputs.table_name)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expiresAt")


def test_all_ten_triggers_call_the_function_and_only_our_pool_may(place: Place) -> None:
    outputs = place.provision()

    cognito, name = place.client("cognito-idp"), outputs.functions["triggers"]
    pool = cognito.describe_user_pool(UserPoolId=outputs.user_pool_id)["UserPool"]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    tokens = pool["LambdaConfig"].pop("PreTokenGenerationConfig")
    assert tokens == {"LambdaVersion": "V2_0", "LambdaArn": arn}
    assert len(pool["LambdaConfig"]) == 10
    assert set(pool["LambdaConfig"].values()) == {arn}
    policy = json.loads(place.client("lambda").get_policy(FunctionName=name)["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"AWS:SourceArn": pool["Arn"]},
        "StringEquals": {"AWS:SourceAccount": "000000000000"},
    }


def test_a_person_can_sign_in_by_a_code_for_five_minutes(place: Place) -> None:
    outputs = place.provision()

    client = place.client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs.user_pool_id, ClientId=outputs.user_pool_client_id
    )["UserPoolClient"]
    assert "ALLOW_CUSTOM_AUTH" in client["ExplicitAuthFlows"]
    assert client["AuthSessionValidity"] == 5


def test_mail_comes_from_a_proven_sender(place: Place) -> None:
    outputs = place.provision()

    pool = place.client("cognito-idp").describe_user_pool(UserPoolId=outputs.user_pool_id)
    configuration = pool["UserPool"]["EmailConfiguration"]
    assert configuration["EmailSendingAccount"] == "DEVELOPER"
    sender = configuration["From"]
    identity = place.client("sesv2").get_email_identity(EmailIdentity=sender)
    assert identity["VerifiedForSendingStatus"]
    variables = place.configuration(outputs.functions["triggers"])["Environment"]["Variables"]
    assert (variables["MAIL_SENDER"], variables["MAIL_FROM"]) == ("ses", sender)


def test_triggers_know_where_the_policy_is_and_nobody_has_put_one_there(place: Place) -> None:
    outputs = place.provision()

    variables = place.configuration(outputs.functions["triggers"])["Environment"]["Variables"]
    assert variables["POLICY_PARAMETER"] == f"/vestibule/{place.environment}/policy"
    assert outputs.policy_parameter == variables["POLICY_PARAMETER"]
    ssm = place.client("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=outputs.policy_parameter)


def test_the_retry_queue_feeds_maintenance_message_by_message(place: Place) -> None:
    outputs = place.provision()

    mappings = place.client("lambda").list_event_source_mappings(
        FunctionName=outputs.functions["maintenance"]
    )["EventSourceMappings"]
    (mapping,) = [each for each in mappings if each["EventSourceArn"].endswith("-retry")]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_queues_lead_to_their_dead_letters(place: Place) -> None:
    outputs = place.provision()

    sqs = place.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=outputs.queues["retry"], AttributeNames=["All"])
    redrive = json.loads(found["Attributes"]["RedrivePolicy"])
    assert found["Attributes"]["VisibilityTimeout"] == "60"
    assert redrive["deadLetterTargetArn"].endswith(f"{place.environment}-retry-dlq")
    assert int(redrive["maxReceiveCount"]) == 60


def test_the_pool_is_made_as_stack_yaml_says(place: Place) -> None:
    outputs = place.provision()

    cognito = place.client("cognito-idp")
    pool = cognito.describe_user_pool(UserPoolId=outputs.user_pool_id)["UserPool"]
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["MfaConfiguration"] == "OPTIONAL"
    assert pool["DeletionProtection"] == "ACTIVE"
    required = {each["Name"] for each in pool["SchemaAttributes"] if each.get("Required")}
    assert required - {"sub"} == {"email", "name"}
    client = cognito.describe_user_pool_client(
        UserPoolId=outputs.user_pool_id, ClientId=outputs.user_pool_client_id
    )["UserPoolClient"]
    assert client["AccessTokenValidity"] == 15
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    assert "custom:invite_code" in client["WriteAttributes"]
    assert "email_verified" not in client["WriteAttributes"]


def test_signed_in_people_may_call_the_signed_routes_and_strangers_nothing(place: Place) -> None:
    outputs = place.provision()

    iam = place.client("iam")
    prefix = f"vestibule-{place.environment}"
    allowed = place.policy(f"{prefix}-authenticated", "signed-routes")["Statement"]
    assert [statement["Action"] for statement in allowed] == [["execute-api:Invoke"]]
    assert allowed[0]["Resource"] == [
        f"arn:aws:execute-api:us-east-1:000000000000:{outputs.rest_api_id}/api/*/signed/*"
    ]
    assert iam.list_role_policies(RoleName=f"{prefix}-unauthenticated")["PolicyNames"] == []
    trust = iam.get_role(RoleName=f"{prefix}-authenticated")["Role"]["AssumeRolePolicyDocument"]
    trust = json.loads(unquote(trust)) if isinstance(trust, str) else trust
    condition = trust["Statement"][0]["Condition"]
    assert outputs.identity_pool_id in json.dumps(condition["StringEquals"])
    roles = place.client("cognito-identity").get_identity_pool_roles(
        IdentityPoolId=outputs.identity_pool_id
    )["Roles"]
    assert set(roles) == {"authenticated", "unauthenticated"}


def test_the_api_answers_through_the_gateway(place: Place) -> None:
    outputs = place.provision()

    gateway = outputs.signed_url.removesuffix("/signed")
    assert get(f"{gateway}/health") == (200, "one")
    assert get(f"{gateway}/me")[0] == 401
    assert get(f"{gateway}/nowhere")[0] == 404
    assert get(f"{gateway}/signed/me")[0] == 403


def test_what_becomes_an_event_goes_through_the_bus_into_its_queue(
    place: Place, eventually: Callable[..., Any]
) -> None:
    outputs = place.provision()
    dynamodb, cognito = place.client("dynamodb"), place.client("cognito-idp")
    pool = outputs.user_pool_id
    for address in ("kept@example.test", "erased@example.test"):
        cognito.admin_create_user(UserPoolId=pool, Username=address, MessageAction="SUPPRESS")
    for address, sort in (("kept@example.test", "LOGIN"), ("erased@example.test", "ERASED")):
        item = {"pk": {"S": address}, "sk": {"S": sort}}
        dynamodb.put_item(TableName=outputs.table_name, Item=item)

    def has(address: str) -> bool:
        try:
            cognito.admin_get_user(UserPoolId=pool, Username=address)
        except cognito.exceptions.UserNotFoundException:
            return False
        return True

    assert eventually(lambda: not has("erased@example.test"))
    assert has("kept@example.test")
    (mapping,) = place.client("lambda").list_event_source_mappings(
        FunctionName=outputs.functions["relay"]
    )["EventSourceMappings"]
    assert "ERASED" in mapping["FilterCriteria"]["Filters"][0]["Pattern"]
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith("-retry-dlq")


def test_a_rule_leads_to_its_queue_and_what_cannot_be_delivered_to_the_dead_letters(
    place: Place,
) -> None:
    outputs = place.provision()

    events, bus = place.client("events"), outputs.bus_name
    name = f"{bus}-welcome"
    rule = events.describe_rule(Name=name, EventBusName=bus)
    assert json.loads(rule["EventPattern"]) == {
        "source": ["vestibule"],
        "detail-type": ["user.confirmed"],
    }
    (target,) = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
    assert target["Arn"].endswith(f":{bus}-mail")
    assert target["InputPath"] == "$.detail"
    assert target["DeadLetterConfig"]["Arn"].endswith(f":{bus}-mail-dlq")
    for key in ("mail", "mail-dlq"):
        found = place.client("sqs").get_queue_attributes(
            QueueUrl=outputs.queues[key], AttributeNames=["Policy"]
        )
        (statement,) = json.loads(found["Attributes"]["Policy"])["Statement"]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": [rule["Arn"]]}}


def test_a_schedule_calls_its_function_with_its_task_and_nobody_else_may(place: Place) -> None:
    outputs = place.provision()

    events, name = place.client("events"), outputs.functions["maintenance"]
    rule = events.describe_rule(Name=f"{name}-reconcile")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(15 minutes)", "ENABLED")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(f":function:{name}")
    assert json.loads(target["Input"]) == {"task": "reconcile"}
    assert target["DeadLetterConfig"]["Arn"].endswith("-retry-dlq")
    letters = place.client("sqs").get_queue_attributes(
        QueueUrl=outputs.queues["retry-dlq"], AttributeNames=["Policy"]
    )
    assert rule["Arn"] in letters["Attributes"]["Policy"]
    policy = json.loads(place.client("lambda").get_policy(FunctionName=name)["Policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": rule["Arn"]}}


def test_a_queue_is_worked_on_by_no_more_than_its_event_says(place: Place) -> None:
    outputs = place.provision()

    (mapping,) = place.client("lambda").list_event_source_mappings(
        FunctionName=outputs.functions["user_service"]
    )["EventSourceMappings"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_secrets_are_there_for_people_to_fill_and_none_is_ever_overwritten(place: Place) -> None:
    outputs = place.provision()
    manager, ssm = place.client("secretsmanager"), place.client("ssm")

    def key(name: str) -> Any:
        return json.loads(manager.get_secret_value(SecretId=outputs.secrets[name])["SecretString"])

    made = key("user-service")
    assert len(made["apiKey"]) >= 32
    assert "SecretString" not in manager.get_secret_value(SecretId=outputs.secrets["crm"])
    parameter = f"/vestibule/{place.environment}/unsubscribe"
    link_key = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    assert link_key["Type"] == "SecureString"
    assert len(link_key["Value"]) == 64
    manager.put_secret_value(SecretId=outputs.secrets["crm"], SecretString='{"url": "u"}')
    place.edit("The CRM that may raise a role", "The CRM")

    place.provision()

    assert key("user-service") == made
    assert key("crm") == {"url": "u"}
    described = manager.describe_secret(SecretId=outputs.secrets["crm"])
    assert described["Description"].startswith("The CRM: ")
    again = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    assert again["Value"] == link_key["Value"]


def test_functions_are_told_where_to_deliver(place: Place) -> None:
    outputs = place.provision()

    told = place.configuration(outputs.functions["user_service"])["Environment"]["Variables"]
    assert told["QUEUE_URL"] == outputs.queues["user-service"]
    assert told["DEAD_LETTERS_URL"] == outputs.queues["user-service-dlq"]
    assert told["USER_SERVICE_SECRET"] == outputs.secrets["user-service"]
    assert told["USER_SERVICE_URL"] == "http://127.0.0.1:9/api/v1/users"
    mailer = place.configuration(outputs.functions["mailer"])["Environment"]["Variables"]
    assert mailer["SITE_URL"] == SITE
    assert mailer["UNSUBSCRIBE_PARAMETER"] == f"/vestibule/{place.environment}/unsubscribe"


def test_rules_and_schedules_that_stack_yaml_no_longer_names_are_removed(place: Place) -> None:
    outputs = place.provision()
    events, function = place.client("events"), outputs.functions["vpc_builder"]
    place.edit("    crm: {types: [user.confirmed], queue: retry}\n", "")
    place.edit("      - schedule: sweep\n        rate: rate(1 hour)\n", "")
    place.edit("types: [user.erased]", "types: [user.erased, user.left]")

    place.provision()

    rules = events.list_rules(EventBusName=outputs.bus_name)["Rules"]
    patterns = {each["Name"].removeprefix(f"{outputs.bus_name}-"): each for each in rules}
    assert "crm" not in patterns
    assert "user.left" in patterns["erasures"]["EventPattern"]
    schedules = [each["Name"] for each in events.list_rules()["Rules"]]
    assert f"{function}-drift" in schedules
    assert f"{function}-sweep" not in schedules
    policy = json.loads(place.client("lambda").get_policy(FunctionName=function)["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["schedule-drift"]


def test_a_second_time_changes_nothing(place: Place) -> None:
    first = place.provision()
    before = place.configuration(first.functions["api"])

    second = place.provision()

    assert second == first
    after = place.configuration(first.functions["api"])
    assert after["LastModified"] == before["LastModified"]
    mappings = place.client("lambda").list_event_source_mappings(
        FunctionName=first.functions["maintenance"]
    )
    assert len(mappings["EventSourceMappings"]) == 1
    apis = place.client("apigateway").get_rest_apis(limit=500)["items"]
    assert [api["name"] for api in apis].count(f"vestibule-{place.environment}") == 1


def test_its_pools_are_found_among_more_than_one_page_of_others(place: Place) -> None:
    cognito, identity = place.client("cognito-idp"), place.client("cognito-identity")
    others = [cognito.create_user_pool(PoolName=f"other{one}")["UserPool"] for one in range(60)]
    more = [
        identity.create_identity_pool(
            IdentityPoolName=f"other{one}", AllowUnauthenticatedIdentities=False
        )["IdentityPoolId"]
        for one in range(60)
    ]
    try:
        assert place.provision() == place.provision()
    finally:
        for other in others:
            cognito.delete_user_pool(UserPoolId=other["Id"])
        for pool_id in more:
            identity.delete_identity_pool(IdentityPoolId=pool_id)


def test_what_changes_is_applied_and_who_is_there_stays(place: Place) -> None:
    first = place.provision()
    cognito, dynamodb = place.client("cognito-idp"), place.client("dynamodb")
    cognito.admin_create_user(
        UserPoolId=first.user_pool_id, Username="ann@example.test", MessageAction="SUPPRESS"
    )
    item = {"pk": {"S": "USER#1"}, "sk": {"S": "PROFILE"}, "name": {"S": "Ann"}}
    dynamodb.put_item(TableName=first.table_name, Item=item)
    place.edit("memory: 512", "memory: 768")
    place.edit("LOG_LEVEL: INFO", "LOG_LEVEL: DEBUG")
    place.edit("batch_size: 100", "batch_size: 20")
    place.edit("visibility: 60\n    max_receives: 60", "visibility: 90\n    max_receives: 60")
    place.edit("[userId, name, bio, createdAt]", "[userId, name, createdAt]")
    place.edit("ttl: expiresAt", "ttl: endsAt")
    place.edit("access: 15", "access: 20")
    place.edit("password_minimum_length: 12", "password_minimum_length: 14")
    place.edit("signup_source]", "signup_source, team]")
    place.edit("rate: 100", "rate: 50")

    second = place.provision("two")

    assert second == first
    api = place.configuration(first.functions["api"])
    assert api["MemorySize"] == 768
    assert api["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG"
    assert health(first) == "two"
    mappings = place.client("lambda").list_event_source_mappings(
        FunctionName=first.functions["relay"]
    )["EventSourceMappings"]
    assert [each["BatchSize"] for each in mappings] == [20]
    queue = place.client("sqs").get_queue_attributes(
        QueueUrl=first.queues["retry"], AttributeNames=["All"]
    )["Attributes"]
    assert queue["VisibilityTimeout"] == "90"
    table = dynamodb.describe_table(TableName=first.table_name)["Table"]
    projected = table["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"]
    assert sorted(projected) == ["createdAt", "name", "userId"]
    ttl = dynamodb.describe_time_to_live(TableName=first.table_name)["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "endsAt"
    pool = cognito.describe_user_pool(UserPoolId=first.user_pool_id)["UserPool"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 14
    assert "custom:team" in [each["Name"] for each in pool["SchemaAttributes"]]
    assert pool["MfaConfiguration"] == "OPTIONAL"
    stage = place.client("apigateway").get_stage(restApiId=first.rest_api_id, stageName="api")
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 50
    found = dynamodb.get_item(
        TableName=first.table_name, Key={key: item[key] for key in ("pk", "sk")}
    )
    assert found["Item"] == item
    assert len(cognito.list_users(UserPoolId=first.user_pool_id)["Users"]) == 1


def test_a_changed_document_is_live(place: Place) -> None:
    outputs = place.provision()
    assert "/health" in (place.folder / "openapi.json").read_text(encoding="utf-8")

    place.edit('"/health"', '"/wealth"', "openapi.json")
    place.provision()

    gateway = outputs.signed_url.removesuffix("/signed")
    assert get(f"{gateway}/health")[0] == 404
    assert get(f"{gateway}/wealth")[0] == 200


def test_what_stack_yaml_no_longer_names_is_removed(place: Place) -> None:
    first = place.provision()
    text = place.file.read_text(encoding="utf-8")
    start, end = text.index("  relay:\n"), text.index("table:\n  key")
    text = text[:start] + text[end:]
    start, end = text.index("queues:"), text.index("user_pool:\n")
    kept = "queues: {}\nparameters: {unsubscribe: {}}\n"
    place.file.write_text(f"{text[:start]}{kept}{text[end:]}", encoding="utf-8")
    place.edit("RETRY_QUEUE_URL", "QUEUE", "stack.yaml")
    place.edit('{ref: "queue_url:retry"}', "none")
    place.edit('["queue:retry"]', '["table"]', "infra/policies/triggers.json")

    second = place.provision()

    assert set(second.functions) == {"api", "triggers"}
    names = [each["FunctionName"] for each in place.client("lambda").list_functions()["Functions"]]
    assert first.functions["maintenance"] not in names
    roles = [role["RoleName"] for role in place.client("iam").list_roles()["Roles"]]
    assert first.functions["maintenance"] not in roles
    assert f"vestibule-{place.environment}-authenticated" in roles
    urls = place.client("sqs").list_queues().get("QueueUrls", [])
    assert not set(first.queues.values()) & set(urls)
    assert (
        place.client("lambda").list_event_source_mappings(
            FunctionName=first.functions["maintenance"]
        )["EventSourceMappings"]
        == []
    )


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (
            "required_attributes: [email, name]",
            "required_attributes: [email]",
            "required_attributes",
        ),
        (", signup_source]\n  client", "]\n  client", "custom_attributes (without signup_source)"),
    ],
)
def test_what_is_fixed_once_the_pool_exists_is_refused_and_nothing_changes(
    place: Place, before: str, after: str, named: str
) -> None:
    first = place.provision()
    text = place.file.read_text(encoding="utf-8")
    if "signup_source" in before:
        place.edit(', "custom:signup_source"]', "]")
        place.edit("terms_accepted, signup_source]", "terms_accepted]")
    else:
        place.edit(before, after)

    with pytest.raises(ProvisionError) as refused:
        place.provision("two")

    assert f"user_pool.{named.partition(' ')[0]}" in str(refused.value)
    assert "vestibule reset" in str(refused.value)
    assert health(first) == "one"
    place.file.write_text(text, encoding="utf-8")
    assert place.provision() == first


def test_a_tables_key_cannot_change(place: Place) -> None:
    place.provision()
    place.edit("key: {partition: pk, sort: sk}", "key: {partition: pk, sort: other}")

    with pytest.raises(ProvisionError, match="the key of a table cannot change"):
        place.provision()


def test_a_document_that_names_no_function_of_ours_is_refused(place: Place) -> None:
    place.edit('"uri": "api"', '"uri": "web"', "openapi.json")

    with pytest.raises(ProvisionError, match="sends a route to function 'web'"):
        place.provision()


def test_an_emulator_that_is_not_there_is_told_in_words(place: Place, tmp_path: Path) -> None:
    package = tmp_path / "p.zip"
    package.write_bytes(zipped("one"))

    with pytest.raises(ProvisionError, match="does not answer"):
        provision(load(place.file), package, "http://127.0.0.1:9", site_url=SITE)


def test_what_is_as_it_should_be_is_only_looked_at_and_few_times(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start over a kept state makes these calls each time."""
    place.provision()
    asked: list[str] = []

    def noted(call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(self: Aws, service: str, what: str, *given: Any, **named: Any) -> Any:
            asked.append(f"{service} {what}")
            return call(self, service, what, *given, **named)

        return noting

    for name in ("json", "query", "exchange"):
        monkeypatch.setattr(Aws, name, noted(getattr(Aws, name)))

    place.provision()

    reads = ("Describe", "Get", "List", "GET", "HEAD")
    told = {each for each in asked if not each.partition(" ")[2].startswith(reads)}
    # An identity of SES can be made anew at any time, which costs no more than looking for it.
    assert told <= {"ses POST"}
    assert len(asked) < 100


def test_another_stage_answers_instead_of_the_one_before(place: Place) -> None:
    first = place.provision()
    before = first.signed_url.replace("/signed", "/health")
    place.edit("stage: api", "stage: v2")

    second = place.provision()

    assert second.rest_api_id == first.rest_api_id
    assert "/v2/" in second.signed_url
    assert health(second) == "one"
    assert get(before)[0] == 403
    policy = place.client("lambda").get_policy(FunctionName=first.functions["api"])["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    source = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
    assert source.endswith(f":{first.rest_api_id}/v2/*")


def test_a_table_that_lost_its_protection_is_protected_again(place: Place) -> None:
    table = place.provision().table_name
    dynamodb = place.client("dynamodb")
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)

    place.provision()

    assert dynamodb.describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"] is True


def test_an_index_that_is_never_done_is_a_failure_in_words(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.provision()
    monkeypatch.setattr(table_steps, "INDEX_SECONDS", 0.1)
    monkeypatch.setattr(table_steps, "_busy", lambda _aws, _name: True)
    place.edit("projection: [userId, name,", "projection: [userId, status, name,")

    with pytest.raises(ProvisionError, match="indexes are still being changed"):
        place.provision()


def test_queues_take_messages_of_the_size_that_terraform_sets(place: Place) -> None:
    url = place.provision().queues["retry"]

    found = place.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert found["Attributes"]["MaximumMessageSize"] == "262144"
