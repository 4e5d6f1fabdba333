"""The only module that touches the emulator's private names.

Each touch is named in TOUCHED and has a test that fails by that name when the emulator changes;
on another version the stack refuses to start. All else goes through the emulator's HTTP interface.
It is long because it is the only one.
"""
# ruff: noqa: SLF001 - private names are what this module is for

from __future__ import annotations

import ast
import base64
import contextvars
import hmac
import importlib
import importlib.metadata
import json
import re
import secrets
import string
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions import mapping
from vestibule_cli.local.mails import KEPT, Mail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from vestibule_cli.local.completions.cognito import Rules

    Answer = tuple[int, dict[str, Any], bytes]
    Handler = Callable[[dict[str, Any]], Answer]
    Record = MutableMapping[str, Any]

VERSION = "1.5.33"
ACCOUNT_ID = "000000000000"
TOUCHED = {
    "app": (
        "AUTH",
        "_build_persistence_save_dict",
        "_get_module",
        "_is_ecr_registry_path",
        "_state_map",
    ),
    "core.concurrency": ("run_reentrant",),
    "core.iam_evaluator": (
        "AuthError",
        "_served_unsigned",
        "_signed_request",
        "enforce",
        "is_root_access_key",
    ),
    "core.lambda_runtime": ("_detect_runtime_binary", "reset"),
    "core.persistence": ("_json_default", "_json_object_hook"),
    "core.responses": ("error_response_json", "json_response", "request_scope"),
    "services.apigateway_v1": (
        "_deployed_gateway_responses",
        "_execute_in_scope",
        "_gateway_response_for_type",
        "_invoke_mock_v1",
        "_lambda_proxy_response",
        "find_api_scope",
        "handle_request",
        "stages_for_api",
    ),
    "services.cloudwatch": ("_alarm_history", "_alarms", "_metrics", "handle_request"),
    "services.cloudwatch_logs": ("_log_groups", "_log_records", "_queries"),
    "services.cognito": (
        "_UNSIGNED_IDP_ACTIONS",
        "_apply_pretoken_trigger",
        "_dispatch_idp",
        "_extract_trigger_response",
        "_find_pool_by_client_id",
        "_get_pool_unscoped",
        "_masked_destination",
        "_oauth2_error",
        "_oauth2_token",
        "_resolve_user",
        "_run_idp_handler",
        "_send_verification_email",
        "_srp_challenge",
        "_srp_salt",
        "_user_from_token",
        "secrets",
    ),
    "services.dynamodb": ("_stream_records", "_stream_seq_counter", "_stream_trimmed"),
    "services.lambda_svc": (
        "_dynamodb_stream_positions",
        "_ensure_poller",
        "_esms",
        "_prune_orphan_code_blobs",
    ),
    "services.ses": ("_sent_emails",),
    "services.sqs": ("_queues",),
    "services.sts": ("is_root_access_key",),
}

# What the emulator itself forgets is kept under this name, beside its services.
EXTRAS = "vestibule"
LOWER_CASE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# Set on an answer that the gateway, not the function, has to give. No function can guess it.
GATEWAY_MARK = f"x-vestibule-{secrets.token_hex(8)}"
# Served without a signature, for S3 and the gateway decide by themselves who may.
DECIDED_LATER = frozenset({"execute-api:Invoke", "lambda:InvokeFunctionUrl"})
# Except what concerns no bucket yet, which S3 here lets anybody do.
NEVER_UNSIGNED = frozenset({"s3:CreateBucket", "s3:ListAllMyBuckets"})
STAND_IN_SECRET = "_vestibule_stand_in_secret"  # noqa: S105 - the name of a field


class EmulatorChanged(Exception):
    """The installed emulator is not the one whose private parts are known here."""


class TriggerRefused(Exception):
    """A PreTokenGeneration function said no. The text is what AWS would answer."""


def check_version() -> None:
    try:
        found = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        raise EmulatorChanged("the emulator is not installed: run `make setup`") from None
    if found != VERSION:
        raise EmulatorChanged(
            f"this stack needs ministack {VERSION}, {found} is installed: run `make setup`"
        )


def part(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


def missing() -> list[str]:
    """The names of TOUCHED that this emulator does not have."""
    return [
        f"{place}.{name}"
        for place, names in TOUCHED.items()
        for name in names
        if not hasattr(part(place), name)
    ]


def application(rules: Rules, launcher: Path, prelude: str) -> Any:
    """The emulator as an ASGI app, patched. It reads the environment at this first import."""
    app = part("app")
    for place in TOUCHED:
        if place.startswith("services.") and not place.startswith("services.cloudwatch"):
            app._get_module(place.removeprefix("services."))
    _one_root_key()
    _no_image_registry()
    _short_exponents()
    _stand_ins_for_strangers()
    _found_quickly()
    _random_codes()
    _groups_in_both_tokens()
    _refusals_in_words(rules)
    _gateway_answers()
    _isolated_workers(launcher, prelude)
    # Blobs of the generation before are still needed: checkpoints prune them.
    part("services.lambda_svc")._prune_orphan_code_blobs = lambda _referenced: None
    return app.app


# State


def save(*, alone: bool) -> dict[str, str]:
    """Everything worth keeping, as JSON texts by service. `alone`: in a process of its own."""
    encode = part("core.persistence")._json_default
    texts = {}
    for name, state_of in part("app")._build_persistence_save_dict().items():
        state = _lean_state(name, state_of, alone=alone)
        if state is not None:
            texts[name] = json.dumps(state, default=encode)
    texts[EXTRAS] = json.dumps(_extras(), default=encode)
    return texts


def restore(texts: Mapping[str, str]) -> None:
    """Put a saved state back. Nothing is touched when a part of it cannot be read."""
    app = part("app")
    decode = part("core.persistence")._json_object_hook
    states = {name: json.loads(text, object_hook=decode) for name, text in texts.items()}
    with _pollers_held():
        for name, service in app._state_map.items():
            if states.get(name):
                app._get_module(service).load_persisted_state(states[name])
        _restore_extras(states[EXTRAS])


def moved_to_port(texts: Mapping[str, str], old: int, new: int) -> dict[str, str]:
    """The texts with the emulator's own address changed where the emulator keeps it.

    Queues are kept by URL, and functions are told addresses in their environment.
    """
    address = re.compile(rf"127\.0\.0\.1:{old}(?!\d)")
    return {
        name: address.sub(f"127.0.0.1:{new}", text) if name in ("sqs", "lambda") else text
        for name, text in texts.items()
    }


def fingerprint() -> object:
    """Changes with what happens without a request: deliveries, receives, expiries, mails."""
    lambda_svc, dynamodb = part("services.lambda_svc"), part("services.dynamodb")
    waiting = [list(queue["messages"]) for queue in list(part("services.sqs")._queues.all_values())]
    return (
        dynamodb._stream_seq_counter,
        tuple(lambda_svc._dynamodb_stream_positions._data.items()),
        tuple((len(held), sum(m["receive_count"] for m in held)) for held in waiting),
        tuple(entries[-1]["MessageId"] for entries in _mail_lists() if entries),
    )


def start_pollers() -> None:
    """Deliver from queues and streams: not before the functions can be answered."""
    lambda_svc = part("services.lambda_svc")
    if lambda_svc._esms.has_any():
        lambda_svc._ensure_poller()


def end_workers() -> None:
    part("core.lambda_runtime").reset()


def code_references(texts: Mapping[str, str]) -> set[str]:
    """Names of the function code files that a saved state needs."""
    return set(re.findall(r'"code_blob_ref": "([0-9a-f]{64})"', texts.get("lambda", "")))


def mails() -> list[Mail]:
    """Every captured mail, oldest first. Forgets those beyond the last KEPT."""
    for entries in _mail_lists():
        if len(entries) > KEPT:
            del entries[:-KEPT]
    records = [record for entries in _mail_lists() for record in list(entries)]
    return [Mail.from_record(record) for record in sorted(records, key=lambda r: r["Timestamp"])]


def _mail_lists() -> list[list[dict[str, Any]]]:
    return list(part("services.ses")._sent_emails.all_values())


def _lean_state(name: str, state_of: Callable[[], Any], *, alone: bool) -> Any:
    """Log lines and metrics are most of the bytes and none of the value."""
    if name == "cloudwatch_logs" and alone:
        _drop_lines(part("services.cloudwatch_logs"))
    state = state_of()
    if name == "cloudwatch":
        state["metrics"], state["alarm_history"] = {}, {}
    if name == "cloudwatch_logs":
        state["log_records"], state["queries"] = {}, {}
        for group in state["log_groups"].all_values():
            group["streams"] = {}
    return state


def _drop_lines(logs: Any) -> None:
    """Before they are copied, which costs more than everything else together."""
    for group in logs._log_groups.all_values():
        group["streams"] = {}
    logs._log_records, logs._queries = {}, {}


def _extras() -> dict[str, Any]:
    """The stream behind the positions that the emulator keeps, and the mails."""
    dynamodb, sent = part("services.dynamodb"), part("services.ses")._sent_emails
    kept, trimmed, recent = type(sent)(), type(sent)(), type(sent)()
    for (account, region, table), stream in dynamodb._stream_records.all_items():
        before = dynamodb._stream_trimmed.get_scoped(account, region, table, 0)
        read = min(max(_read_by_all(account, region, table) - before, 0), len(stream))
        kept.set_scoped(account, region, table, stream[read:])
        trimmed.set_scoped(account, region, table, before + read)
    for (account, region, key), entries in sent.all_items():
        recent.set_scoped(account, region, key, entries[-KEPT:])
    return {
        "stream_records": kept,
        "stream_trimmed": trimmed,
        "stream_seq_counter": dynamodb._stream_seq_counter,
        "mails": recent,
    }


def _read_by_all(account: str, region: str, table: str) -> int:
    """How far every mapping of this table has read; without one, nobody waits for anything."""
    lambda_svc = part("services.lambda_svc")
    positions = [
        lambda_svc._dynamodb_stream_positions.get_scoped(owner, place, mapping_id, 0)
        for (owner, place, mapping_id), mapped in lambda_svc._esms.all_items()
        if f":{region}:{account}:table/{table}/stream/" in mapped.get("EventSourceArn", "")
    ]
    return min(positions, default=2**62)


def _restore_extras(extras: Mapping[str, Any]) -> None:
    dynamodb = part("services.dynamodb")
    dynamodb._stream_records.update(extras["stream_records"])
    dynamodb._stream_trimmed.update(extras["stream_trimmed"])
    dynamodb._stream_seq_counter = extras["stream_seq_counter"]
    part("services.ses")._sent_emails.update(extras["mails"])


@contextmanager
def _pollers_held() -> Iterator[None]:
    lambda_svc = part("services.lambda_svc")
    genuine = lambda_svc._ensure_poller
    lambda_svc._ensure_poller = lambda: None
    try:
        yield
    finally:
        lambda_svc._ensure_poller = genuine


# Signatures


def _one_root_key() -> None:
    """The emulator takes no key, the key "test" and every account number for its root's."""
    evaluator = part("core.iam_evaluator")
    genuine = evaluator.enforce

    def is_root_access_key(access_key_id: str) -> bool:
        return access_key_id == ACCOUNT_ID

    def enforce(access_key_id: str, iam_action: str, service: str, *args: Any, **named: Any) -> Any:
        if not access_key_id and evaluator._signed_request.get() is None:
            if iam_action in NEVER_UNSIGNED:
                return evaluator.AuthError("AccessDenied", "Access Denied")
            if (
                service == "s3"
                or iam_action in DECIDED_LATER
                or evaluator._served_unsigned(service, iam_action)
            ):
                return None
        return genuine(access_key_id, iam_action, service, *args, **named)

    evaluator.is_root_access_key = is_root_access_key
    evaluator.enforce = enforce
    part("services.sts").is_root_access_key = is_root_access_key


def _no_image_registry() -> None:
    """It takes container images from anybody, without a signature. Nothing here has any."""
    part("app")._is_ecr_registry_path = lambda _path: False


# Cognito


class _ShortExponents:
    """`secrets` with SRP exponents of 256 bits: as hard to guess, a tenth of the time."""

    def __getattr__(self, name: str) -> Any:
        return getattr(secrets, name)

    def randbelow(self, limit: int) -> int:
        return secrets.randbelow(min(limit, 2**256))


def _short_exponents() -> None:
    part("services.cognito").secrets = _ShortExponents()


def _stand_ins_for_strangers() -> None:
    """Somebody unknown gets an id and a salt of the same shape as everybody, always the same.

    The emulator gives back the name that was asked for, which tells who is unknown.
    """
    cognito = part("services.cognito")
    genuine = cognito._srp_challenge

    def srp_challenge(
        pool_id: str, user: Record | None, user_id: str, srp_a: str, secret_block: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        pool = cognito._get_pool_unscoped(pool_id)
        if user is not None or pool is None:
            known: tuple[dict[str, str], dict[str, str]] = genuine(
                pool_id, user, user_id, srp_a, secret_block
            )
            return known
        stand_in = _stand_in(pool, user_id)
        asked, kept = genuine(pool_id, None, stand_in, srp_a, secret_block)
        salt = {"SALT": cognito._srp_salt(stand_in)}
        return {**asked, **salt}, {**kept, "salt": salt["SALT"]}

    cognito._srp_challenge = srp_challenge


def _stand_in(pool: Record, name: str) -> str:
    secret = pool.setdefault(STAND_IN_SECRET, secrets.token_hex(32))
    digest = hmac.digest(secret.encode(), name.encode(), "sha256")
    return str(uuid.UUID(bytes=digest[:16], version=4))


class _Addresses:
    """Who has which address in one pool. Each hit is checked, each miss looks for changes."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Any]] = {}
        self._names: dict[tuple[str, str], str] = {}

    def find(self, users: Mapping[str, Record], kinds: list[str], value: str) -> Record | None:
        found = self._hit(users, kinds, value)
        if found is None and self._refresh(users):
            found = self._hit(users, kinds, value)
        return found

    def _hit(self, users: Mapping[str, Record], kinds: list[str], value: str) -> Record | None:
        for kind in kinds:
            user = users.get(self._names.get((kind, value), ""))
            if user is not None and attributes_of(user).get(kind) == value:
                return user
        return None

    def _refresh(self, users: Mapping[str, Record]) -> bool:
        changed = False
        for name, user in list(users.items()):
            attributes = user["Attributes"]
            # A change always puts a new list in place of the old one.
            if self._seen.get(name) is not attributes:
                self._seen[name] = attributes
                changed = True
                for kind, value in attributes_of(user).items():
                    if kind in ("email", "phone_number", "sub"):
                        self._names[kind, value] = name
        return changed


def _found_quickly() -> None:
    """The emulator walks all users, in a way that fails while somebody signs up."""
    cognito = part("services.cognito")
    genuine = cognito._resolve_user
    known: dict[str, _Addresses] = {}

    def resolve_user(pool: Record, username: str | None) -> tuple[Record | None, Answer | None]:
        if not isinstance(username, str) or pool.get("AliasAttributes"):
            found: tuple[Record | None, Answer | None] = _patiently(genuine, pool, username)
            return found
        name = username if is_case_sensitive(pool) else in_lower_case(username)
        user = pool["_users"].get(name)
        if user is None:
            kinds = ["sub", *(pool.get("UsernameAttributes") or [])]
            addresses = known.setdefault(pool["Id"], _Addresses())
            user = addresses.find(pool["_users"], kinds, name)
        if user is None:
            return None, error("UserNotFoundException", "User does not exist.")
        return user, None

    def user_from_token(token: str, pool: Record) -> Record | None:
        subject = claims_of(token).get("sub")
        return resolve_user(pool, subject)[0] if subject else None

    cognito._resolve_user = resolve_user
    cognito._user_from_token = user_from_token


def _patiently(resolve: Callable[..., Any], pool: Record, username: str | None) -> Any:
    for _ in range(20):
        try:
            return resolve(pool, username)
        except RuntimeError:  # somebody signed up meanwhile
            continue
    return resolve({**pool, "_users": dict(pool["_users"])}, username)


def _random_codes() -> None:
    """The emulator's codes are constants, so a test that mixes up two people would pass."""
    cognito = part("services.cognito")
    genuine = cognito._send_verification_email

    def send_verification_email(
        pool: Record, username: str, attributes: Any, code: str, attribute_name: str = "email"
    ) -> Any:
        user, _ = cognito._resolve_user(pool, username)
        field = {"password": "_reset_code", "email": "_confirmation_code"}.get(attribute_name)
        if user is not None and field and user.get(field) == code:
            code = new_code()
            user[field] = code
        return genuine(pool, username, attributes, code, attribute_name=attribute_name)

    cognito._send_verification_email = send_verification_email


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def _groups_in_both_tokens() -> None:
    """AWS has groupOverrideDetails beside the two sections, the emulator inside each."""
    cognito = part("services.cognito")
    genuine = cognito._extract_trigger_response

    def extract_trigger_response(payload: Any) -> Any:
        response = genuine(payload)
        details = (response or {}).get("claimsAndScopeOverrideDetails")
        if isinstance(details, dict) and isinstance(details.get("groupOverrideDetails"), dict):
            for section in ("idTokenGeneration", "accessTokenGeneration"):
                details[section] = {
                    "groupOverrideDetails": details["groupOverrideDetails"],
                    **(details.get(section) or {}),
                }
        return response

    cognito._extract_trigger_response = extract_trigger_response


def _refusals_in_words(rules: Rules) -> None:
    """Refusals of PreTokenGeneration as AWS words them, and the write rules around each action."""
    cognito = part("services.cognito")
    apply, run, token = (
        cognito._apply_pretoken_trigger,
        cognito._run_idp_handler,
        cognito._oauth2_token,
    )
    dispatch, reentrant = cognito._dispatch_idp, part("core.concurrency").run_reentrant

    def apply_pretoken_trigger(*args: Any, **named: Any) -> Any:
        try:
            return apply(*args, **named)
        except Exception as failure:
            raise TriggerRefused(_pretoken_refusal(failure)) from failure

    def run_idp_handler(handler: Handler, action: str, data: dict[str, Any]) -> Answer:
        try:
            answer: Answer = rules.limited(
                action,
                data,
                lambda: run(lambda given: rules.run(action, given, handler), action, data),
            )
        except TriggerRefused as refusal:
            return error("UserLambdaValidationException", str(refusal))
        return answer

    async def dispatch_idp(action: str, data: dict[str, Any]) -> Answer:
        handler = rules.own_actions.get(action)
        answer: Awaitable[Answer] = (
            reentrant(run_idp_handler, handler, action, data) if handler else dispatch(action, data)
        )
        return await answer

    def oauth2_token(*args: Any, **named: Any) -> Answer:
        try:
            answer: Answer = token(*args, **named)
        except TriggerRefused as refusal:
            answer = cognito._oauth2_error("invalid_grant", str(refusal))
        return answer

    cognito._apply_pretoken_trigger = apply_pretoken_trigger
    cognito._run_idp_handler = run_idp_handler
    cognito._dispatch_idp = dispatch_idp
    cognito._oauth2_token = oauth2_token
    cognito._UNSIGNED_IDP_ACTIONS.update(rules.own_actions)


def _pretoken_refusal(failure: Exception) -> str:
    """The emulator raises the repr of the function's error."""
    text = str(failure).removeprefix("PreTokenGeneration error: ")
    with suppress(ValueError, SyntaxError, TypeError, KeyError):
        text = ast.literal_eval(text)["errorMessage"]
    return f"PreTokenGeneration failed with error {text}."


class Directory:
    """The emulator's pools and people, for the rules it does not keep itself."""

    def pool(self, pool_id: str) -> Record | None:
        found: Record | None = part("services.cognito")._get_pool_unscoped(pool_id)
        return found

    def pool_of_client(self, client_id: str) -> Record | None:
        pool: Record | None = part("services.cognito")._find_pool_by_client_id(client_id)[1]
        return pool

    def find(self, pool: Record, username: str) -> Record | None:
        user: Record | None = part("services.cognito")._resolve_user(pool, username)[0]
        return user

    def send_code(self, pool: Record, user: Record, address: str, code: str) -> dict[str, str]:
        """Mail a code to an address; the details of where it went, masked."""
        cognito = part("services.cognito")
        attributes = {**attributes_of(user), "email": address}
        cognito._send_verification_email(
            pool, user["Username"], attributes, code, attribute_name="new email"
        )
        return {
            "AttributeName": "email",
            "DeliveryMedium": "EMAIL",
            "Destination": cognito._masked_destination(address),
        }


def attributes_of(user: Mapping[str, Any]) -> dict[str, str]:
    return {
        entry["Name"]: entry["Value"] for entry in user.get("Attributes", ()) if "Name" in entry
    }


def in_lower_case(name: str) -> str:
    """ASCII letters only: `str.lower` makes one of two names, such as the Kelvin sign and k."""
    return name.translate(LOWER_CASE)


def is_case_sensitive(pool: Mapping[str, Any]) -> bool:
    return (pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True) is not False


def claims_of(token: object) -> dict[str, Any]:
    """What a token says, unchecked: the emulator has checked it before."""
    try:
        payload = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def error(code: str, message: str) -> Answer:
    answer: Answer = part("core.responses").error_response_json(code, message, 400)
    return answer


def success(content: Mapping[str, Any]) -> Answer:
    answer: Answer = part("core.responses").json_response(dict(content))
    return answer


# The gateway


_request: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("gateway_request")


def _gateway_answers() -> None:
    """Mapping templates of mocks, and failures of functions as the gateway words them."""
    gateway = part("services.apigateway_v1")
    execute, mock, shape = (
        gateway._execute_in_scope,
        gateway._invoke_mock_v1,
        gateway._lambda_proxy_response,
    )

    async def execute_in_scope(request: Record, *args: Any) -> Any:
        _, stage, method, path = args[:4]
        context = {
            "requestId": request["request_id"],
            "httpMethod": method,
            "path": f"/{stage}{path}",
            "stage": stage,
        }
        token = _request.set(context)
        try:
            return await execute(request, *args)
        finally:
            _request.reset(token)

    def invoke_mock(integration: Mapping[str, Any]) -> Answer:
        status, headers, body = mock(integration)
        context = _request.get({})
        rendered = {name: mapping.parameter(value, context) for name, value in headers.items()}
        rendered["x-amzn-requestid"] = context.get("requestId", "")
        if not mapping.has_body(integration, status):
            return status, rendered, b""
        return status, rendered, mapping.render(body.decode(), context).encode()

    def lambda_proxy_response(result: Mapping[str, Any]) -> tuple[dict[str, Any], None]:
        response, _ = shape(result)
        if result.get("throttle"):
            return _marked(429), None
        if result.get("error") or not mapping.is_proxy_answer(result.get("body")):
            return _marked(502), None
        return response, None

    gateway._execute_in_scope = execute_in_scope
    gateway._invoke_mock_v1 = invoke_mock
    gateway._lambda_proxy_response = lambda_proxy_response


def _marked(status: int) -> dict[str, Any]:
    request_id = _request.get({}).get("requestId", "")
    headers = {GATEWAY_MARK: str(status), "x-amzn-requestid": request_id}
    return {"statusCode": status, "headers": headers, "body": ""}


def gateway_response(api_id: str, stage: str, kind: str) -> Mapping[str, Any] | None:
    """The gateway response in effect for a stage: responseParameters and responseTemplates."""
    gateway = part("services.apigateway_v1")
    scope = gateway.find_api_scope(api_id)
    if scope is None:
        return None
    with part("core.responses").request_scope(*scope):
        deployment = (gateway.stages_for_api(api_id).get(stage) or {}).get("deploymentId")
        deployed = gateway._deployed_gateway_responses.get(api_id, {}).get(deployment) or {}
        found: Mapping[str, Any] = gateway._gateway_response_for_type(deployed, kind)
    return found


async def gateway_control(region: str, method: str, path: str, content: Any = None) -> Any:
    """One control call to the REST API service: no signature, no waiting, one after the other.

    It never yields to the event loop, so no request sees an API that is half changed.
    """
    body = b"" if content is None else json.dumps(content).encode()
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        status, _, answer = await part("services.apigateway_v1").handle_request(
            method, path, {}, body, {"limit": "500"}
        )
    found = json.loads(answer) if answer else {}
    if status >= 400:
        raise GatewayRefused(status, found)
    return found


async def alarms(region: str, question: bytes) -> dict[str, Any]:
    """DescribeAlarms in the JSON protocol, whose answer is whole."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "GraniteServiceVersion20100801.DescribeAlarms",
    }
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        _, _, body = await part("services.cloudwatch").handle_request(
            "POST", "/", headers, question, {}
        )
    found: dict[str, Any] = json.loads(body)
    return found


def complete_alarm(region: str, name: str, more: Mapping[str, Any]) -> None:
    with part("core.responses").request_scope(ACCOUNT_ID, region):
        alarm = part("services.cloudwatch")._alarms.get(name)
        if alarm is not None:
            alarm.update(more)


class GatewayRefused(Exception):
    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {answer.get('message')}")
        self.status = status
        self.answer = answer


# Functions


SILENT_START = """\
    except Exception as e:
        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")
        _real_stdout.flush()
        return
"""
TELLING_START = """\
    except Exception as e:
        handler_fn = _failing(e)
        _real_stdout.write(json.dumps({"status": "ready", "cold": True}) + "\\n")
        _real_stdout.flush()
"""


def _isolated_workers(launcher: Path, prelude: str) -> None:
    """Workers see what the zip and the Lambda runtime give them, and nothing of this process."""
    runtime = part("core.lambda_runtime")
    genuine = runtime._detect_runtime_binary

    def detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, script = genuine(name)
        if not name.startswith("python"):
            return binary, script
        # It would import botocore at each cold start, to count how deep functions call functions.
        lighter = script.replace("    _ms_install_invoke_depth()\n", "    _add_runtime()\n")
        # It would end without a word in the log when the handler cannot be imported.
        return str(launcher), prelude + lighter.replace(SILENT_START, TELLING_START, 1)

    runtime._detect_runtime_binary = detect_runtime_binary
