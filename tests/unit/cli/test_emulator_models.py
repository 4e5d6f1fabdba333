"""What the emulator is told about botocore's models is what they say."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.local.emulator_internals import models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LABELS = (
    "application/json",
    "application/x-amz-json-1.0",
    "application/x-amz-json-1.1",
    "application/xml",
    "text/xml",
    "text/xml;charset=UTF-8",
    "Application/JSON; charset=utf-8",
    "application/octet-stream",
    "text/plain",
    "",
)
OTHERS = ("monitoring", "s3", "ses", "sesv2", "execute-api", "no-such-service")


@pytest.fixture
def responses() -> Iterator[Any]:
    yield from _untouched("responses", "_expected_envelope_content_type")


@pytest.fixture
def actions() -> Iterator[Any]:
    yield from _untouched("iam_actions", "request_tag_context")


def _untouched(name: str, touched: str) -> Iterator[Any]:
    module = importlib.import_module(f"{models.__package__}.names").part(f"core.{name}")
    genuine = getattr(module, touched)
    yield module
    setattr(module, touched, genuine)


@pytest.mark.parametrize("service", [*models.ENVELOPES, *OTHERS])
def test_each_answer_is_labeled_as_the_models_say(responses: Any, service: str) -> None:
    genuine: Callable[..., str | None] = responses._expected_envelope_content_type
    models.content_types_by_heart()
    ours: Callable[..., str | None] = responses._expected_envelope_content_type

    for overrides in (responses._WIRE_CT_OVERRIDE, responses._WIRE_CT_SUCCESS_OVERRIDE):
        for label in LABELS:
            assert ours(service, label, overrides) == genuine(service, label, overrides), label


def test_no_model_is_read_for_the_services_that_are_known(
    responses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.content_types_by_heart()
    monkeypatch.setattr(responses, "_service_model", pytest.fail)

    for service, label in models.ENVELOPES.items():
        assert responses.expected_error_content_type(service, label) == label


ROLE = {"RoleName": "r", "PolicyDocument": '{"Condition": {"aws:RequestTag/x": "y"}}'}


@pytest.mark.parametrize(
    ("service", "action", "body", "params"),
    [
        ("iam", "iam:CreateRole", b"Action=CreateRole", {"RoleName": "r"}),
        ("iam", "iam:CreateRole", b"", {"Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}),
        ("iam", "iam:UntagRole", b"", {"TagKeys.member.1": "k"}),
        ("iam", "iam:PutRolePolicy", b"", ROLE),
        ("lambda", "lambda:UntagResource", b"", {"tagKeys": ["a", "b"]}),
        ("ec2", "ec2:CreateTags", b"", {"Tag.1.Key": "k", "Tag.1.Value": "v"}),
        ("ec2", "ec2:CreateVpc", b"", {"TagSpecification.1.Tag.1.Key": "k"}),
        ("secretsmanager", "secretsmanager:CreateSecret", b'{"Name": "n"}', {}),
        ("ssm", "ssm:PutParameter", b'{"Tags": [{"Key": "k", "Value": "v"}]}', {}),
        ("ssm", "ssm:PutParameter", b'{"\\u0054ags": [{"Key": "k", "Value": "v"}]}', {}),
        ("logs", "logs:CreateLogGroup", json.dumps({"tags": {"k": "v"}}).encode(), {}),
        ("dynamodb", "dynamodb:UntagResource", b'{"TagKeys": ["k"]}', {}),
        ("dynamodb", "dynamodb:PutItem", b'{"Item": {"Tags": {"S": "x"}}}', {}),
        ("apigateway", "apigateway:PUT", b'{"tags": {"k": "v"}}', {}),
        ("sqs", "sqs:SendMessage", b"not JSON", {}),
    ],
)
def test_the_tags_of_a_request_are_those_that_the_models_find(
    actions: Any, service: str, action: str, body: bytes, params: dict[str, Any]
) -> None:
    genuine = actions.request_tag_context(service, action, body, params)

    models.tags_only_where_given()

    assert actions.request_tag_context(service, action, body, params) == genuine


def test_no_model_is_read_for_a_request_without_tags(
    actions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.tags_only_where_given()
    monkeypatch.setattr(actions, "_tag_operations", pytest.fail)

    for service in models.ENVELOPES:
        assert actions.request_tag_context(service, f"{service}:Any", b'{"A": 1}', {"B": "2"}) == {}
