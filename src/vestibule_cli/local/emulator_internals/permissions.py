"""What is asked before a call: the one place that knows all of a request, and what will run.

The emulator guesses the action that it judges from whatever a request says, the URL first; its
services read each a part of that. Here a request that says two things is refused to everybody, so
that what is judged is what runs.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from vestibule_cli.local.emulator_internals import ec2_permissions, leading_keys, signatures
from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Whose actions are parameters, of the URL or of a form.
FORMS = frozenset(
    {
        "autoscaling",
        "cloudformation",
        "documentdb",
        "ec2",
        "elasticache",
        "elasticloadbalancing",
        "iam",
        "monitoring",
        "rds",
        "ses",
        "sns",
        "sqs",
        "sts",
    }
)
# Instead of an action, for a request that is refused.
UNCLEAR = "unclear:Request"
_PARAMETER = re.compile(r"[\w.:-]+")
# Of those, the ones that take JSON too; all others ignore the header that names its action.
TARGETS = {"monitoring": "GraniteServiceVersion20100801.", "sqs": "AmazonSQS."}
_CBOR = re.compile(r"/operation/([^/?]+)")


class Unclear(Exception):
    """One reader of the request could take it for another one than the next reader does."""


@dataclass(frozen=True)
class Request:
    """As the emulator hands it on; `params` are the URL's, over those of a form."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """What a request asks for, as the service will read it."""

    service: str
    action: str | None
    body: bytes = b""
    # Of a form.
    given: Mapping[str, str] = field(default_factory=dict)


_call: ContextVar[Call | None] = ContextVar("vestibule_call", default=None)


def asked_as_on_aws() -> None:
    evaluator, actions = part("core.iam_evaluator"), part("core.iam_actions")
    action_of, tags_of = actions.extract_iam_action, actions.request_tag_context
    checks_of = actions.dynamodb_transaction_checks

    def extract_iam_action(*given: Any) -> str | None:
        _call.set(None)
        try:
            call = read(Request(*given), action_of)
        except Unclear:
            return UNCLEAR
        _call.set(call)
        return call.action

    def request_tag_context(
        service: str, iam_action: str, body: bytes, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        # Told resource by resource, without EC2's model, which takes long to read.
        if service == "ec2" and ec2_permissions.is_known(iam_action.removeprefix("ec2:")):
            return {}
        found: dict[str, Any] = tags_of(service, iam_action, body, params)
        return found

    def dynamodb_transaction_checks(*given: Any) -> list[tuple[str, str]]:
        # All parts that do the same to the same table are asked about at once.
        return list(dict.fromkeys(checks_of(*given)))

    actions.extract_iam_action = extract_iam_action
    actions.request_tag_context = request_tag_context
    actions.dynamodb_transaction_checks = dynamodb_transaction_checks
    evaluator.enforce = _enforcing(evaluator)


def _enforcing(evaluator: Any) -> Any:
    genuine = evaluator.enforce

    def enforce(  # noqa: PLR0913, PLR0917 - as the emulator calls it
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Mapping[str, Any] | None = None,
    ) -> Any:
        def ask(permission: str, arn: str, context: Mapping[str, Any]) -> Any:
            return genuine(
                access_key_id,
                permission,
                service,
                region,
                resource_arn=arn,
                service_context=dict(context),
            )

        if iam_action == UNCLEAR:
            return evaluator.check_credentials(access_key_id, service) or evaluator.AuthError(
                "AccessDenied", "The request says more than one thing, or says it where none reads."
            )
        if not access_key_id and signatures.is_decided_without(service, iam_action):
            return signatures.answer_without(iam_action)
        call = _call.get()
        if call is None or call.service != service:
            call = Call(service, iam_action)
        permission = signatures.PERMITTED_BY.get(iam_action, iam_action)
        asked_for = (permission, resource_arn, service_context or {})
        is_root = evaluator.is_root_access_key(access_key_id)
        if service == "ec2" and not is_root:
            return ec2_permissions.ask(call.given, region, asked_for, ask)
        if service == "dynamodb" and not is_root:
            return leading_keys.ask(call.action or "", call.body, asked_for, ask)
        return ask(*asked_for)

    return enforce


def read(request: Request, action_of: Callable[..., str | None]) -> Call:
    """What will run, or Unclear."""
    service, path, body, params = request.service, request.path, request.body, request.params
    as_given = (service, request.method, path, request.headers, body, params)
    if target := request.headers.get("x-amz-target", ""):
        check_target(service, target, params)
        return Call(service, _same(action_of(*as_given), target.rpartition(".")[2]), body)
    if service == "monitoring" and (cbor := _CBOR.search(path)):
        return Call(service, f"cloudwatch:{cbor[1]}")
    if service in FORMS and not (service == "ses" and path.startswith("/v2/")):
        given = read_form(request.method, body, params)
        return Call(service, _same(action_of(*as_given), given.get("Action")), given=given)
    # Method and path name the action; a parameter of that name is some other thing's.
    headers = {name: value for name, value in request.headers.items() if name != "content-type"}
    others = {name: value for name, value in params.items() if name != "Action"}
    return Call(service, action_of(service, request.method, path, headers, body, others), body)


def check_target(service: str, target: str, params: Mapping[str, Any]) -> None:
    """A header names the action: of this service, and all else is in the body."""
    if service in FORMS:
        prefixes = (TARGETS[service],) if service in TARGETS else ()
    else:
        known = part("core.router").SERVICE_PATTERNS.get(service, {})
        prefixes = tuple(known.get("target_prefixes", ()))
    if not target.startswith(prefixes) or "." not in target:
        raise Unclear
    # Those of a signature in the URL may stand there.
    if any(not name.startswith("X-Amz-") for name in params):
        raise Unclear


def read_form(method: str, body: bytes, params: Mapping[str, Any]) -> dict[str, str]:
    """Every parameter, each said once, where the service reads it.

    `params` are those of the URL, over those of the body if that is labeled as a form. Services
    read the body before the URL, whatever its label, and for POST alone.
    """
    in_body = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    if body and (method != "POST" or not in_body):
        raise Unclear
    if any(params.get(name) != values for name, values in in_body.items()):
        raise Unclear
    found = {}
    for name, values in params.items():
        value, *others = values if isinstance(values, list) else [values]
        if others or not _PARAMETER.fullmatch(name):
            raise Unclear
        found[name] = value
    return found


def _same(judged: str | None, named: str | None) -> str | None:
    # Of a service without permissions, nothing is judged but the signature.
    if judged is not None and judged.partition(":")[2] != named:
        raise Unclear
    return judged
