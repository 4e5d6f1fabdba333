"""What the emulator looks up in botocore's service models, without reading them where it can.

Importing botocore and reading a dozen models took a fifth of a start. The answers stay the same:
where it is not plain what the models say, they are read as before.
"""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vestibule_cli.local.emulator_internals.names import part

if TYPE_CHECKING:
    from collections.abc import Mapping

# How the services that the stack calls label their answers.
ENVELOPES = {
    "apigateway": "application/json",
    "cognito-identity": "application/x-amz-json-1.1",
    "cognito-idp": "application/x-amz-json-1.1",
    "dynamodb": "application/x-amz-json-1.0",
    "ec2": "text/xml;charset=UTF-8",
    "events": "application/x-amz-json-1.1",
    "iam": "text/xml",
    "lambda": "application/json",
    "logs": "application/x-amz-json-1.1",
    "secretsmanager": "application/x-amz-json-1.1",
    "sqs": "application/x-amz-json-1.0",
    "ssm": "application/x-amz-json-1.1",
    "sts": "text/xml",
}
# `Tags`, `tags`, `TagKeys` and the parameters of queries that carry tags; JSON may spell letters
# by their numbers.
_TAG_IN_JSON = re.compile(rb"[Tt]ag|\\u")
_TAG_IN_NAME = re.compile("[Tt]ag")


def content_types_by_heart() -> None:
    responses = part("core.responses")
    genuine, family_of = responses._expected_envelope_content_type, responses._family_of

    def expected(service: str, emitted: str, overrides: Mapping[str, str]) -> str | None:
        family = family_of(emitted.split(";", 1)[0].strip().lower())
        if family is None:  # a payload: no model says anything about those
            return None
        known = ENVELOPES.get(service)
        if known is None or service in overrides or family is not family_of(known.split(";")[0]):
            found: str | None = genuine(service, emitted, overrides)
            return found
        return known

    responses._expected_envelope_content_type = expected


def tags_only_where_given() -> None:
    """Models say which operations take tags: no matter for a request that gives none."""
    actions = part("core.iam_actions")
    genuine = actions.request_tag_context

    def request_tag_context(
        service: str, iam_action: str, body: bytes, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        # The gateway's actions are HTTP verbs, which no operation is called.
        if service == "apigateway" or not _may_give_tags(body, params):
            return {}
        found: dict[str, Any] = genuine(service, iam_action, body, params)
        return found

    actions.request_tag_context = request_tag_context


def _may_give_tags(body: bytes, params: Mapping[str, Any]) -> bool:
    in_body = body[:1] == b"{" and _TAG_IN_JSON.search(body)
    return bool(in_body) or any(map(_TAG_IN_NAME.search, params))
