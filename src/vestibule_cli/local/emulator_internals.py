"""The only module that touches the emulator's private names.

Each touch is named in TOUCHED and has a test that fails by that name when the emulator changes;
on another version the stack refuses to start. All else goes through the emulator's HTTP interface.
It is long because it is the only one.
"""
# ruff: noqa: SLF001 - private names are what this module is for

from __future__ import annotations

import base64
import contextvars
import hmac
import importlib
import importlib.metadata
import json
import re
import secrets
import string
import threading
import uuid
from contextlib import contextmanager
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from vestibule_cli.local.completions import mapping
from vestibule_cli.local.completions.triggers import federation, messages
from vestibule_cli.local.completions.triggers.context import Call, answering, current
from vestibule_cli.local.completions.triggers.failures import TriggerFailed
from vestibule_cli.local.completions.triggers.firing import Outcome, lets_pool_call
from vestibule_cli.local.completions.triggers.moments import Issue
from vestibule_cli.local.completions.triggers.newcomers import newcomer
from vestibule_cli.local.mails import KEPT, Mail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
    from pathlib import Path

    from vestibule_cli.local.completions.cognito import Rules
    from vestibule_cli.local.completions.triggers.calls import Triggers

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
        "_handle_cognito_body_request",
        "_is_ecr_registry_path",
        "_state_map",
    ),
    "core.concurrency": ("run_reentrant",),
    "core.iam_actions": ("_safe_json_field", "_ses_v2_resource_arn"),
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
        "_apply_custom_message_trigger",
        "_apply_inbound_federation_trigger",
        "_apply_presignup_trigger",
        "_apply_pretoken_trigger",
        "_auth_codes",
        "_authenticate_hosted_ui_user",
        "_aws_scope_order",
        "_build_auth_result",
        "_build_session_list",
        "_challenge_sessions",
        "_deliver_cognito_email",
        "_dispatch_idp",
        "_find_pool_by_client_id",
        "_get_pool_unscoped",
        "_invoke_create_auth_challenge_trigger",
        "_invoke_define_auth_challenge_trigger",
        "_invoke_verify_auth_challenge_trigger",
        "_masked_destination",
        "_oauth2_error",
        "_oauth2_idp_response",
        "_oauth2_token",
        "_pending_user_auth",
        "_resolve_user",
        "_run_idp_handler",
        "_saml2_idp_response",
        "_send_email_otp",
        "_send_verification_email",
        "_srp_challenge",
        "_srp_salt",
        "_user_from_token",
        "handle_login_submit",
        "new_uuid",
        "secrets",
    ),
    "services.dynamodb": ("_stream_records", "_stream_seq_counter", "_stream_trimmed"),
    "services.lambda_svc": (
        "_dynamodb_stream_positions",
        "_ensure_poller",
        "_esms",
        "_execute_function_with_config_scope",
        "_execution_record_for_config",
        "_get_base_func_record_for_ref",
        "_get_func_record_for_ref",
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
PROVIDER_ANSWERS = ("/saml2/idpresponse", "/oauth2/idpresponse")
STAND_IN_SECRET = "_vestibule_stand_in_secret"  # noqa: S105 - the name of a field


class EmulatorChanged(Exception):
    """The installed emulator is not the one whose private parts are known here."""


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


def application(rules: Rules, triggers: Triggers, launcher: Path, prelude: str) -> Any:
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
    _code_mails(triggers)
    _random_codes()
    _sign_up_moments(triggers)
    _challenge_moments(triggers)
    _token_moments(triggers)
    _hosted_sign_in(triggers)
    _federated_sign_in(triggers)
    _rules_around_calls(rules)
    _gateway_answers()
    _mails_by_their_sender()
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


LOWERED_NAME = "lowered name"


def _identifiers(user: Record) -> dict[str, str]:
    """By what somebody is found. Another provider's people do not sign in by their address."""
    is_external = user.get("UserStatus") == "EXTERNAL_PROVIDER"
    kinds = ("sub",) if is_external else ("email", "phone_number", "sub")
    attributes = attributes_of(user)
    found = {kind: attributes[kind] for kind in kinds if kind in attributes}
    return {**found, LOWERED_NAME: str(user["Username"]).lower()}


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
            if user is not None and _identifiers(user).get(kind) == value:
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
                for kind, value in _identifiers(user).items():
                    self._names[kind, value] = name
        return changed


def _found_quickly() -> None:
    """The emulator walks all users, in a way that fails while somebody signs up."""
    cognito = part("services.cognito")
    genuine = cognito._resolve_user
    known: dict[str, _Addresses] = {}

    def resolve_real(pool: Record, username: str | None) -> tuple[Record | None, Answer | None]:
        if not isinstance(username, str) or pool.get("AliasAttributes"):
            found: tuple[Record | None, Answer | None] = _patiently(genuine, pool, username)
            return found
        exact = is_case_sensitive(pool)
        name = username if exact else in_lower_case(username)
        user = pool["_users"].get(name)
        if user is None:
            kinds = ["sub", *(pool.get("UsernameAttributes") or [])]
            # Names of other providers' people begin with the provider's, capitals and all.
            kinds += [] if exact else [LOWERED_NAME]
            addresses = known.setdefault(pool["Id"], _Addresses())
            user = addresses.find(pool["_users"], kinds, name)
        if user is None:
            return None, error("UserNotFoundException", "User does not exist.")
        return user, None

    def resolve_user(pool: Record, username: str | None) -> tuple[Record | None, Answer | None]:
        user, refusal = resolve_real(pool, username)
        stand_in = _played.get()
        if user is None and stand_in is not None and stand_in["Username"] == username:
            return stand_in, None
        return user, refusal

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


# Who does not exist and is to be treated as if: one name, for the length of one call.
_played: contextvars.ContextVar[Record | None] = contextvars.ContextVar("stand_in", default=None)
# The next id that the emulator draws, when somebody was told of it before.
_planned: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("planned", default=None)
_adding = threading.Lock()


def _code_mails(triggers: Triggers) -> None:
    """CustomMessage words the mails with codes. The code itself is filled in afterwards."""
    cognito = part("services.cognito")
    genuine, genuine_otp = cognito._send_verification_email, cognito._send_email_otp

    def send_verification_email(
        pool: Record, username: str, attributes: Any, code: str, attribute_name: str = "email"
    ) -> Any:
        message = triggers.code_message(pool, username, attributes)
        worded = messages.worded(pool, message)
        return genuine(worded, username, attributes, code, attribute_name=attribute_name)

    def send_email_otp(pool: Record, username: str, attributes: Any, constant: str) -> Any:
        code = new_code()
        for session in list(cognito._pending_user_auth.values()):
            if (session.get("username"), session.get("otp_code")) == (username, constant):
                session["otp_code"] = code
        source = "CustomMessage_Authentication"
        message = triggers.code_message(pool, username, attributes, source)
        if message.body is None:
            return genuine_otp(pool, username, attributes, code)
        return cognito._deliver_cognito_email(
            pool,
            attributes["email"],
            message.subject or "Your sign-in code",
            message.body.replace("{####}", code),
            type_name="CognitoEmailOtpMessage",
            extra={"Username": username},
        )

    cognito._send_verification_email = send_verification_email
    cognito._send_email_otp = send_email_otp


def _sign_up_moments(triggers: Triggers) -> None:
    cognito = part("services.cognito")
    genuine_uuid = cognito.new_uuid

    def apply_presignup_trigger(
        pool_id: str,
        client_id: str,
        username: str,
        user_attrs: Mapping[str, Any],
        trigger_source: str = "PreSignUp_ExternalProvider",
    ) -> dict[str, bool]:
        pool = cognito._get_pool_unscoped(pool_id)
        return triggers.pre_sign_up(trigger_source, pool, username, user_attrs, client_id)

    def apply_custom_message_trigger(
        pool: Record, trigger_source: str, username: str, user_attrs: Any, *_: Any, **__: Any
    ) -> dict[str, Any]:
        status = "FORCE_CHANGE_PASSWORD"
        message = triggers.message(trigger_source, pool, username, user_attrs, status)
        return {"emailSubject": message.subject, "emailMessage": message.body}

    def new_uuid() -> str:
        planned = _planned.get()
        return planned.pop() if planned else str(genuine_uuid())

    cognito._apply_presignup_trigger = apply_presignup_trigger
    cognito._apply_custom_message_trigger = apply_custom_message_trigger
    cognito.new_uuid = new_uuid


def _challenge_moments(triggers: Triggers) -> None:
    """Define, Create and Verify: the emulator's moments, Cognito's events and errors."""
    cognito = part("services.cognito")

    def define(
        pool_id: str, client_id: str, username: str, _attributes: Any, session: Record, *_: Any
    ) -> tuple[Any, None]:
        told = {"session": cognito._build_session_list(session)}
        found = triggers.challenge("DefineAuthChallenge", pool_id, client_id, username, told)
        return found, None

    def create(
        pool_id: str, client_id: str, username: str, _attributes: Any, session: Record, *_: Any
    ) -> tuple[Any, None]:
        history = cognito._build_session_list(session)
        told = {"challengeName": "CUSTOM_CHALLENGE", "session": history}
        found = triggers.challenge("CreateAuthChallenge", pool_id, client_id, username, told)
        return found, None

    def verify(
        pool_id: str,
        client_id: str,
        username: str,
        _attributes: Any,
        session: Record,
        answer: str,
        *_: Any,
    ) -> tuple[Any, None]:
        last = session["challenges"][-1] if session["challenges"] else {}
        told = {
            "privateChallengeParameters": last.get("privateChallengeParameters") or {},
            "challengeAnswer": answer,
        }
        found = triggers.challenge(
            "VerifyAuthChallengeResponse", pool_id, client_id, username, told
        )
        return found, None

    cognito._invoke_define_auth_challenge_trigger = define
    cognito._invoke_create_auth_challenge_trigger = create
    cognito._invoke_verify_auth_challenge_trigger = verify


def _token_moments(triggers: Triggers) -> None:
    """PostAuthentication before anything is issued, then PreTokenGeneration once for both."""
    cognito = part("services.cognito")
    build, token = cognito._build_auth_result, cognito._oauth2_token

    def build_auth_result(
        pool_id: str,
        client_id: str,
        user: Record,
        nonce: str = "",
        trigger_source: str = "TokenGeneration_Authentication",
        **named: Any,
    ) -> Any:
        triggers.before_tokens(pool_id, client_id, user, trigger_source)
        return build(pool_id, client_id, user, nonce, trigger_source, **named)

    def apply_pretoken_trigger(  # noqa: PLR0913 - the emulator's own arguments
        *,
        pool_id: str,
        claims: Record,
        trigger_source: str,
        client_id: str,
        username: str,
        client_metadata: Any = None,
        scope: str = "",
        **_: Any,
    ) -> dict[str, Any]:
        scopes = tuple(cognito._aws_scope_order(scope.split(), presized=False))
        issue = Issue(trigger_source, pool_id, client_id, username, scopes, client_metadata)
        return triggers.claims(issue, claims)

    def oauth2_token(*args: Any, **named: Any) -> Answer:
        try:
            with answering(Call("Token")):
                answer: Answer = token(*args, **named)
        except TriggerFailed as failure:
            answer = cognito._oauth2_error("invalid_grant", str(failure))
        return answer

    cognito._build_auth_result = build_auth_result
    cognito._apply_pretoken_trigger = apply_pretoken_trigger
    cognito._oauth2_token = oauth2_token


def _hosted_sign_in(triggers: Triggers) -> None:
    """PreAuthentication and UserMigration behind the sign-in page, whose errors it shows."""
    cognito, app = part("services.cognito"), part("app")
    authenticate, submit = cognito._authenticate_hosted_ui_user, cognito.handle_login_submit
    handle, reentrant = app._handle_cognito_body_request, part("core.concurrency").run_reentrant

    def authenticate_hosted_ui_user(pool: Record, username: str, password: str) -> Any:
        client_id = current().client_id
        try:
            triggers.before_plain_password(pool, client_id, username, password)
        except TriggerFailed as failure:
            return None, str(failure)
        return authenticate(pool, username, password)

    def handle_login_submit(*args: Any) -> Any:
        form = parse_qs(args[3].decode("utf-8", errors="replace"))
        pending = cognito._pending_user_auth.get(form.get("ua_token", [""])[0]) or {}
        client_id = form.get("client_id", [pending.get("client_id")])[0]
        try:
            with answering(Call("Login", client_id)):
                return submit(*args)
        except TriggerFailed as failure:
            return cognito._oauth2_error("invalid_request", str(failure))

    async def handle_body_request(method: str, path: str, *rest: Any) -> Any:
        """The page's answer waits for functions that call back: never on the event loop."""
        if path in ("/login", "/oauth2/login") and method == "POST":
            return await reentrant(cognito.handle_login_submit, method, path, *rest)
        if path in PROVIDER_ANSWERS:
            # Brought by a browser, unsigned: what vouches for it is in the answer itself.
            return await cognito.handle_request(method, path, *rest)
        return await handle(method, path, *rest)

    cognito._authenticate_hosted_ui_user = authenticate_hosted_ui_user
    cognito.handle_login_submit = handle_login_submit
    app._handle_cognito_body_request = handle_body_request


def _federated_sign_in(triggers: Triggers) -> None:
    """What surrounds another provider's answer. A refusal goes back to the application."""
    cognito = part("services.cognito")

    def apply_inbound_federation_trigger(  # noqa: PLR0913, PLR0917 - the emulator's own arguments
        pool_id: str, client_id: str, username: str, name: str, kind: str, attributes: Any
    ) -> dict[str, str]:
        pool = cognito._get_pool_unscoped(pool_id)
        told = {"providerName": name, "providerType": kind, "attributes": attributes}
        return triggers.inbound(pool, client_id, username, told)

    def around(genuine: Callable[..., Answer]) -> Callable[..., Answer]:
        def idp_response(*args: Any) -> Answer:
            begun = federation.begun(cognito._auth_codes, args)
            try:
                with answering(Call("Federation", begun.get("client_id"))):
                    answer = genuine(*args)
                    query = parse_qs(urlsplit(answer[1].get("Location", "")).query)
                    if ended := cognito._auth_codes.get(query.get("code", [""])[0]):
                        pool = cognito._get_pool_unscoped(ended["pool_id"])
                        _close_to_passwords(pool["_users"].get(ended["username"]))
                        triggers.federated(pool, ended["client_id"], ended["username"])
                    return answer
            except TriggerFailed as failure:
                return federation.sent_back(begun, str(failure))

        return idp_response

    cognito._apply_inbound_federation_trigger = apply_inbound_federation_trigger
    cognito._saml2_idp_response = around(cognito._saml2_idp_response)
    cognito._oauth2_idp_response = around(cognito._oauth2_idp_response)


def _close_to_passwords(user: Record | None) -> None:
    """The emulator takes any password for somebody who has none."""
    if user is not None and not user.get("_password"):
        user["_password"] = unguessable()


def unguessable() -> str:
    return secrets.token_hex(32)


def _rules_around_calls(rules: Rules) -> None:
    """The write rules and the triggers around each action, and the actions it does not know."""
    cognito = part("services.cognito")
    run, dispatch = cognito._run_idp_handler, cognito._dispatch_idp
    reentrant = part("core.concurrency").run_reentrant

    def run_idp_handler(handler: Handler, action: str, data: dict[str, Any]) -> Answer:
        try:
            answer: Answer = rules.limited(
                action,
                data,
                lambda: run(lambda given: rules.run(action, given, handler), action, data),
            )
        except TriggerFailed as failure:
            return error(failure.code, str(failure), failure.status)
        return answer

    async def dispatch_idp(action: str, data: dict[str, Any]) -> Answer:
        handler = rules.own_actions.get(action)
        answer: Awaitable[Answer] = (
            reentrant(run_idp_handler, handler, action, data) if handler else dispatch(action, data)
        )
        return await answer

    cognito._run_idp_handler = run_idp_handler
    cognito._dispatch_idp = dispatch_idp
    cognito._UNSIGNED_IDP_ACTIONS.update(rules.own_actions)


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

    def attributes(self, user: Mapping[str, Any]) -> dict[str, str]:
        return attributes_of(user)

    def add(
        self, pool: Record, username: str, attributes: Mapping[str, str], password: str, status: str
    ) -> Record:
        """A new person as a sign-up leaves one, or the one who came first."""
        username = username if is_case_sensitive(pool) else username.lower()
        with _adding:
            user = self.find(pool, username)
            if user is None:
                user = newcomer(pool, username, attributes, password or unguessable(), status)
                pool["_users"][user["Username"]] = user
                pool["EstimatedNumberOfUsers"] = len(pool["_users"])
            return user

    def session(self, token: object) -> Record | None:
        sessions = part("services.cognito")._challenge_sessions
        found: Record | None = sessions.get(token) if isinstance(token, str) else None
        return found

    @contextmanager
    def stand_in(self, username: str) -> Iterator[None]:
        nobody = {
            "Username": username,
            "Attributes": [],
            "Enabled": True,
            "UserStatus": "CONFIRMED",
            "_password": unguessable(),
        }
        token = _played.set(nobody)
        try:
            yield
        finally:
            _played.reset(token)

    def is_stand_in(self, user: Mapping[str, Any]) -> bool:
        return user is _played.get()

    def planned_name(self, pool: Record, username: str) -> str:
        if not pool.get("UsernameAttributes"):
            return username
        name = str(uuid.uuid4())
        _planned.set([name])
        return name

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


def error(code: str, message: str, status: int = 400) -> Answer:
    answer: Answer = part("core.responses").error_response_json(code, message, status)
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


# Mail


def _mails_by_their_sender() -> None:
    """Ask a policy about the identity that a mail is from; the emulator asks about every one."""
    actions = part("core.iam_actions")
    genuine = actions._ses_v2_resource_arn

    def resource_arn(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if method == "POST" and path.rstrip("/") == "/v2/email/outbound-emails":
            sender = actions._safe_json_field(body, "FromEmailAddress") or ""
            if address := parseaddr(sender)[1]:
                return f"arn:aws:ses:{region}:{account}:identity/{address}"
        arn: str = genuine(method, path, body, region, account)
        return arn

    actions._ses_v2_resource_arn = resource_arn


# Functions


class Functions:
    """The functions of the account, as the user pool calls them."""

    def may_be_called(self, arn: str, pool_arn: str) -> bool:
        record, _, _ = part("services.lambda_svc")._get_base_func_record_for_ref(arn)
        statements = ((record or {}).get("policy") or {}).get("Statement") or []
        return any(lets_pool_call(statement, pool_arn) for statement in statements)

    def call(self, arn: str, event: dict[str, Any]) -> Outcome:
        lambda_svc = part("services.lambda_svc")
        record, config, _ = lambda_svc._get_func_record_for_ref(arn)
        runnable = lambda_svc._execution_record_for_config(record, config)
        result = lambda_svc._execute_function_with_config_scope(runnable, event)
        body = result.get("body")
        if result.get("throttle"):
            return Outcome(throttled=True)
        if result.get("error"):
            return Outcome(error=str(body["errorMessage"] if isinstance(body, dict) else body))
        return Outcome(answer=body)


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
