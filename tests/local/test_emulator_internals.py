"""Each private name of the emulator that is touched, and what each touch is for."""

from __future__ import annotations

import ast
import base64
import concurrent.futures
import gc
import http.client
import json
import urllib.parse
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from fakes.zipped import zipped
from vestibule_cli.local import door as doors
from vestibule_cli.local import emulator_internals as internals
from vestibule_cli.local.emulator_internals import people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = [f"{place}.{name}" for place, names in internals.TOUCHED.items() for name in names]
PASSWORD = "A-long-enough-one-1"
TRIGGERS = """
def handler(event, context):
    source = event["triggerSource"]
    if event["request"]["userAttributes"].get("email", "").startswith("suspended"):
        raise Exception("You are suspended")
    event["response"]["claimsAndScopeOverrideDetails"] = {
        "groupOverrideDetails": {"groupsToOverride": ["manager"]},
        "accessTokenGeneration": {"claimsToAddOrOverride": {"role": "manager"}},
    }
    return event
"""
LOOK_AROUND = """
import os, sys

def handler(event, context):
    found = {}
    for name in ("boto3", "ministack", "pydantic"):
        try:
            __import__(name)
            found[name] = True
        except ImportError:
            found[name] = False
    return {"packages": found, "environment": dict(os.environ), "path": sys.path}
"""


@pytest.fixture(scope="session")
def missing(emulator: Any) -> list[str]:
    found: list[str] = emulator.ask("missing")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_emulator_still_has(name: str, missing: list[str]) -> None:
    assert name not in missing


def test_another_version_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9.9")

    with pytest.raises(internals.EmulatorChanged, match=r"ministack 1\.5\.33, 9\.9\.9"):
        internals.check_version()


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return found


def test_send_verification_email_gives_each_person_a_code_of_their_own(emulator: Any) -> None:
    pool = emulator.pool("codes")
    people = [f"coded-{number}@example.test" for number in range(4)]
    for address in people:
        pool.sign_up(address)

    codes = [emulator.code_for(address) for address in people]

    assert len(set(codes)) > 1
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    wrong = f"{(int(codes[0]) + 1) % 10**6:06d}"
    with pytest.raises(ClientError, match="CodeMismatch"):
        pool.person.confirm_sign_up(
            ClientId=pool.client_id, Username=people[0], ConfirmationCode=wrong
        )
    pool.confirm(people[0])


def test_send_verification_email_resets_a_password_with_a_fresh_code_each_time(
    emulator: Any,
) -> None:
    pool = emulator.pool("resets")
    pool.join("reset@example.test")
    pool.person.forgot_password(ClientId=pool.client_id, Username="reset@example.test")
    first = emulator.code_for("reset@example.test")
    pool.person.forgot_password(ClientId=pool.client_id, Username="reset@example.test")
    # One code in a million is drawn twice in a row.
    while (second := emulator.code_for("reset@example.test")) == first:
        pool.person.forgot_password(ClientId=pool.client_id, Username="reset@example.test")
    asked = {"ClientId": pool.client_id, "Username": "reset@example.test", "Password": PASSWORD}

    with pytest.raises(ClientError, match="CodeMismatch"):
        pool.person.confirm_forgot_password(**asked, ConfirmationCode=first)
    pool.person.confirm_forgot_password(**asked, ConfirmationCode=second)

    assert emulator.mails_to("reset@example.test")[-1]["kind"] == "password reset"


def test_resolve_user_finds_people_while_others_sign_up(emulator: Any) -> None:
    pool = emulator.pool("crowd")

    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        list(crowd.map(pool.sign_up, [f"p{n}@example.test" for n in range(120)]))

    assert pool.attributes("p7@example.test")["email"] == "p7@example.test"
    sub = pool.attributes("p7@example.test")["sub"]
    assert pool.attributes(sub)["email"] == "p7@example.test"


def test_resolve_user_finds_whom_another_thread_notes_at_the_same_moment() -> None:
    """Else the second sign-up with an address would make a second account of it."""
    addresses = people._Addresses()

    class Users(dict[str, Any]):
        def copy(self) -> Any:
            """The other thread looks now, finds the newcomer, and notes who they are."""
            copied = dict(self)
            if not others:
                others.append(None)
                others[0] = addresses.find(self, ["email"], "ann@example.test")
            return copied

    others: list[Any] = []
    attributes = [{"Name": "email", "Value": "ann@example.test"}]
    users = Users(ann={"Username": "ann", "Attributes": attributes})

    assert addresses.find(users, ["email"], "ann@example.test") is users["ann"]
    assert others == [users["ann"]]


def test_resolve_user_lets_others_sign_up_while_garbage_is_looked_for() -> None:
    """That happens in the middle of making a list, and lets other threads run."""
    users: dict[str, Any] = {
        f"p{n}": {"Username": f"p{n}", "Attributes": [{"Name": "email", "Value": f"p{n}@x.test"}]}
        for n in range(2_000)
    }

    def somebody_signs_up(phase: str, _about: object) -> None:
        if phase == "start":
            name = f"new{len(users)}"
            users[name] = {"Username": name, "Attributes": []}

    before = gc.get_threshold()
    gc.callbacks.append(somebody_signs_up)
    gc.set_threshold(1)
    try:
        found = people._Addresses().find(users, ["email"], "p1999@x.test")
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(somebody_signs_up)

    assert found is users["p1999"]


def test_resolve_user_follows_an_address_that_changes_and_one_that_goes(emulator: Any) -> None:
    pool = emulator.pool("changes")
    pool.join("before@example.test")
    pool.admin.admin_update_user_attributes(
        UserPoolId=pool.id,
        Username="before@example.test",
        UserAttributes=[
            {"Name": "email", "Value": "after@example.test"},
            {"Name": "email_verified", "Value": "true"},
        ],
    )

    assert pool.attributes("after@example.test")["email"] == "after@example.test"
    with pytest.raises(ClientError, match="UserNotFound"):
        pool.attributes("before@example.test")
    pool.admin.admin_delete_user(UserPoolId=pool.id, Username="after@example.test")
    with pytest.raises(ClientError, match="UserNotFound"):
        pool.attributes("after@example.test")
    pool.sign_up("after@example.test")


def test_secrets_draws_short_srp_exponents(emulator: Any) -> None:
    bits = emulator.ask("exponent bits")

    assert 200 < bits <= 256


def trigger(emulator: Any, name: str, source: str, **settings: Any) -> str:
    """A function that user pools may call."""
    arn: str = emulator.function(name, source, **settings)
    emulator.client("lambda").add_permission(
        FunctionName=name,
        StatementId="pools",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
    )
    return arn


def with_token_trigger(emulator: Any, name: str) -> Any:
    arn = trigger(emulator, name, TRIGGERS)
    configuration = {"LambdaArn": arn, "LambdaVersion": "V2_0"}
    return emulator.pool(name, LambdaConfig={"PreTokenGenerationConfig": configuration})


def test_apply_pretoken_trigger_puts_group_overrides_into_both_tokens(emulator: Any) -> None:
    pool = with_token_trigger(emulator, "groups")

    tokens = pool.join("m@example.test")

    assert claims(tokens["AccessToken"])["cognito:groups"] == ["manager"]
    assert claims(tokens["IdToken"])["cognito:groups"] == ["manager"]
    assert claims(tokens["AccessToken"])["role"] == "manager"


def test_apply_pretoken_trigger_refuses_a_sign_in_in_the_words_of_the_function(
    emulator: Any,
) -> None:
    pool = with_token_trigger(emulator, "suspends")
    pool.sign_up("suspended@example.test")
    pool.confirm("suspended@example.test")

    with pytest.raises(ClientError) as refused:
        pool.sign_in("suspended@example.test")

    assert refused.value.response["Error"]["Code"] == "UserLambdaValidationException"
    message = refused.value.response["Error"]["Message"]
    assert message == "PreTokenGeneration failed with error You are suspended."


def test_detect_runtime_binary_shows_functions_only_their_zip_and_the_runtime(
    emulator: Any,
) -> None:
    emulator.function("looks", LOOK_AROUND, Environment={"Variables": {"MINE": "kept"}})

    seen = emulator.invoke("looks", {})

    assert seen["packages"] == {"boto3": True, "ministack": False, "pydantic": False}
    environment = seen["environment"]
    assert environment["MINE"] == "kept"
    assert environment["AWS_ENDPOINT_URL"] == emulator.url
    hidden = {"AWS_PROFILE", "SECRET_OF_THE_DEVELOPER", "AUTH", "STATE_DIR", "PYTHONPATH"}
    assert not hidden & environment.keys()
    assert environment["HOME"].startswith(str(emulator.state))


def test_detect_runtime_binary_lets_a_handler_that_cannot_be_imported_say_why(
    emulator: Any,
) -> None:
    emulator.function("broken-import", "import os\nnosuch\n")

    answer = emulator.client("lambda").invoke(FunctionName="broken-import", LogType="Tail")

    assert answer["FunctionError"]
    assert json.loads(answer["Payload"].read())["errorMessage"] == "name 'nosuch' is not defined"
    assert 'code.py", line 2' in base64.b64decode(answer["LogResult"]).decode()
    logged = emulator.client("logs").filter_log_events(logGroupName="/aws/lambda/broken-import")
    assert any('code.py", line 2' in event["message"] for event in logged["events"])


PROBES = """
import os, time
import boto3

dynamodb = boto3.client("dynamodb")

def handler(event, context):
    took = []
    for _ in range(10):
        began = time.monotonic()
        try:
            dynamodb.list_tables()
        except Exception:
            pass  # refused or not, it went through the door
        took.append(time.monotonic() - began)
    return {"nice": os.nice(0), "fastest": min(took)}
"""
HOLDS = """
import os, pathlib, time

def handler(event, context):
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / "entered").touch()
    for _ in range(400):
        if (folder / "leave").exists():
            break
        time.sleep(0.01)
    return event
"""


def test_esms_tell_which_functions_give_way_to_those_that_somebody_waits_for(
    emulator: Any, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="feeds")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    for name in ("fed", "fed-by-nobody"):
        emulator.function(name, PROBES)
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=arn["QueueArn"], FunctionName="fed"
    )
    fed, other = (emulator.invoke(name, {}) for name in ("fed", "fed-by-nobody"))
    assert fed["nice"] == other["nice"] + 5
    assert fed["fastest"] < doors.LOOKS * doors.LOOK_SECONDS

    folder = {"Variables": {"FOLDER": str(tmp_path)}}
    holds = trigger(emulator, "holds", HOLDS, Environment=folder)
    pool = emulator.pool("held", LambdaConfig={"PreSignUp": holds})
    with concurrent.futures.ThreadPoolExecutor(1) as one:
        signing_up = one.submit(pool.sign_up, "held@example.test")
        assert eventually((tmp_path / "entered").exists)
        fed, other = (emulator.invoke(name, {}) for name in ("fed", "fed-by-nobody"))
        (tmp_path / "leave").touch()
        signing_up.result()

    assert fed["fastest"] >= doors.LOOKS * doors.LOOK_SECONDS
    assert other["fastest"] < doors.LOOKS * doors.LOOK_SECONDS


def test_zipfile_unpacks_code_once_for_all_who_run_it_and_forgets_it_after_them(
    emulator: Any,
) -> None:
    def code(number: int) -> str:
        return f"NUMBER = {number}\ndef handler(event, context):\n    return __file__\n"

    def home(name: str) -> Path:
        return Path(emulator.invoke(name, {})).resolve()

    emulator.function("one", code(1))
    emulator.function("other", code(1))
    first = home("one")
    assert home("other") == first

    replace_code(emulator, "one", code(2))
    second = home("one")
    assert second != first
    assert first.is_file()

    replace_code(emulator, "other", code(3))
    third = home("other")
    assert third not in (first, second)
    assert not first.parent.exists()
    assert second.is_file()


def test_ensure_poller_and_the_rest_of_the_lambda_service_survive_use(
    emulator: Any, eventually: Callable[..., Any]
) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName="answers")["QueueUrl"]
    source = "def handler(event, context):\n    print(event)\n    return {}\n"
    emulator.function("reads", source)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    emulator.client("lambda").create_event_source_mapping(
        EventSourceArn=arn["QueueArn"], FunctionName="reads"
    )

    sqs.send_message(QueueUrl=url, MessageBody="once")

    def empty() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return set(found.values()) == {"0"}

    assert eventually(empty)


def test_sent_emails_shows_what_functions_and_cognito_sent(emulator: Any) -> None:
    ses = emulator.client("ses")
    ses.verify_email_identity(EmailAddress="house@example.test")

    ses.send_email(
        Source="house@example.test",
        Destination={"ToAddresses": ["guest@example.test"]},
        Message={
            "Subject": {"Data": "Welcome"},
            "Body": {"Html": {"Data": "<p style='color:#111111'>Use <b>424242</b></p>"}},
        },
    )

    [mail] = emulator.mails_to("guest@example.test")
    assert (mail["subject"], mail["code"], mail["kind"]) == ("Welcome", "424242", "mail")


LIST_POOLS = {
    "x-amz-target": "AWSCognitoIdentityProviderService.ListUserPools",
    "content-type": "application/x-amz-json-1.1",
}


def ask(emulator: Any, method: str, path: str, body: str = "", **headers: str) -> int:
    address = urllib.parse.urlsplit(emulator.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body.encode(), given)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def signed_by(key: str, service: str = "cognito-idp") -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={key}/20261120/us-east-1/{service}/aws4_request, "
        "SignedHeaders=host, Signature=00"
    )


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(signed_by("test"), id="test"),
        pytest.param(signed_by("111111111111"), id="another account"),
        pytest.param(signed_by(""), id="no key"),
        pytest.param("Bearer x", id="token"),
        pytest.param("x", id="nonsense"),
        pytest.param("", id="nothing"),
    ],
)
def test_is_root_access_key_takes_no_key_by_its_shape(emulator: Any, authorization: str) -> None:
    root = signed_by("000000000000")
    question = '{"MaxResults": 1}'

    refused = ask(emulator, "POST", "/", question, **LIST_POOLS, authorization=authorization)

    assert refused in (400, 403)
    assert ask(emulator, "POST", "/", question, **LIST_POOLS, authorization=root) == 200


def test_the_signature_of_every_other_key_is_verified(emulator: Any) -> None:
    iam = emulator.client("iam")
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    named = {"aws_access_key_id": key["AccessKeyId"]}
    genuine = emulator.client("sts", **named, aws_secret_access_key=key["SecretAccessKey"])
    forged = emulator.client("sts", **named, aws_secret_access_key="guessed")

    assert genuine.get_caller_identity()["Arn"].endswith(":user/operator")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        forged.get_caller_identity()


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("PUT", "/a-bucket-of-nobody")])
def test_enforce_lets_nobody_list_or_create_buckets_unsigned(
    emulator: Any, method: str, path: str
) -> None:
    assert ask(emulator, method, path) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/?Action=CreateStack&StackName=x",
        "/?Action=ListUsers&Version=2010-05-08",
        "/2015-03-31/functions",
        "/restapis",
    ],
)
def test_enforce_refuses_every_service_without_a_signature(emulator: Any, path: str) -> None:
    assert ask(emulator, "GET", path) == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v2/_catalog"), ("POST", "/v2/image/blobs/uploads/")]
)
def test_is_ecr_registry_path_opens_no_registry(emulator: Any, method: str, path: str) -> None:
    assert ask(emulator, method, path) in (403, 404, 405)


def challenge(pool: Any, address: str) -> dict[str, str]:
    answer = pool.person.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": address, "SRP_A": "a" * 512},
    )
    found: dict[str, str] = answer["ChallengeParameters"]
    return found


def test_srp_challenge_gives_a_stranger_an_id_like_everybodys(emulator: Any) -> None:
    pool = emulator.pool("strangers", client={"PreventUserExistenceErrors": "ENABLED"})
    pool.sign_up("known@example.test")
    pool.confirm("known@example.test")

    stranger = challenge(pool, "stranger@example.test")
    known = challenge(pool, "known@example.test")
    again = challenge(pool, "STRANGER@example.test")

    assert stranger.keys() == known.keys()
    assert uuid.UUID(stranger["USER_ID_FOR_SRP"]).version == 4
    assert len(stranger["SALT"]) == len(known["SALT"])
    same = {"USER_ID_FOR_SRP", "USERNAME", "SALT"}
    assert {name: stranger[name] for name in same} == {name: again[name] for name in same}
    other = challenge(pool, "other@example.test")
    assert all(stranger[name] != other[name] for name in same)


SLOW = """
import time

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"version": VERSION}
"""


def replace_code(emulator: Any, name: str, source: str) -> None:
    functions = emulator.client("lambda")
    functions.update_function_code(FunctionName=name, ZipFile=zipped(source))
    functions.get_waiter("function_updated_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def test_invalidate_worker_lets_whoever_is_being_answered_have_their_answer(
    emulator: Any, eventually: Callable[..., Any]
) -> None:
    """New code while old code is at work: release_worker ends the old one, and not before."""
    emulator.function("at-work", f"VERSION = 1\n{SLOW}", Timeout=20)
    assert emulator.invoke("at-work", {}) == {"version": 1}
    before = emulator.ask("workers")

    with concurrent.futures.ThreadPoolExecutor(1) as caller:
        slow = caller.submit(emulator.invoke, "at-work", {"seconds": 3})
        assert eventually(lambda: emulator.ask("workers")["in use"] == 1)
        replace_code(emulator, "at-work", f"VERSION = 2\n{SLOW}")
        assert emulator.invoke("at-work", {}) == {"version": 2}
        assert not slow.done()
        assert slow.result() == {"version": 1}

    assert eventually(lambda: emulator.ask("workers") == {**before, "in use": 0, "retired": 0})


def test_kill_workers_still_ends_one_that_fails_its_own_call(emulator: Any) -> None:
    """Such as one that takes too long: acquire_worker says whose it is."""
    source = "import os\n\ndef handler(event, context):\n    os._exit(event['code'])\n"
    emulator.function("dies", source)

    answer = emulator.client("lambda").invoke(FunctionName="dies", Payload=b'{"code": 3}')

    assert answer["FunctionError"]
    workers = emulator.ask("workers")
    assert (workers["in use"], workers["retired"]) == (0, 0)


PACKAGE = Path(internals.__file__).parent


def test_only_this_package_touches_private_names() -> None:
    """Whoever imports the emulator elsewhere goes round the tests above."""
    importers = [
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.parent.rglob("*.py")
        if "ministack." in path.read_text(encoding="utf-8")
    ]

    assert importers == ["emulator_internals/names.py"]


def touches(tree: ast.AST) -> Iterator[str]:
    """Private names of what is not this object, its class or a name of this package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = node.value
            own = isinstance(owner, ast.Name) and owner.id in {"self", "cls", "_retired"}
            if not own and not node.attr.startswith("__"):
                yield node.attr


def test_every_private_name_that_is_touched_is_named() -> None:
    named = {name for names in internals.TOUCHED.values() for name in names}
    # Of objects that those names give.
    named |= {"_data"}

    found = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in touches(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert found <= named
    assert len(found) > 50
