"""What is judged is what will run; a request that says two things is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from vestibule_cli.local.emulator_internals import permissions
from vestibule_cli.local.emulator_internals.names import part

FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.0"


def read(  # noqa: PLR0913 - all that a request may say
    service: str,
    url: str = "",
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/",
    target: str = "",
    label: str = FORM,
) -> permissions.Call:
    headers = {"content-type": label} | ({"x-amz-target": target} if target else {})
    query = parse_qs(url, keep_blank_values=True)
    params = part("app")._routing_params(method, path, headers, body, query)
    request = permissions.Request(service, method, path, headers, body, params)
    return permissions.read(request, part("core.iam_actions").extract_iam_action)


@pytest.mark.parametrize("service", ["ec2", "sqs"])
def test_a_form_is_read_from_the_body_or_the_url(service: str) -> None:
    given = {"Action": "DoIt", "Id": "1", "Empty": ""}

    assert read(service, body=b"Action=DoIt&Id=1&Empty=").given == given
    assert read(service, "Action=DoIt&Id=1&Empty=", method="GET").given == given
    assert read(service, "Action=DoIt&Id=1", b"Id=1&Empty=").action == f"{service}:DoIt"


@pytest.mark.parametrize(
    "said",
    [
        {"url": "Action=CreateVpc", "body": b"Action=CreateTags", "method": "GET"},
        {"url": "Action=CreateVpc", "body": b"TagSpecification.1.Tag.1.Key=a", "method": "GET"},
        {"url": "Action=CreateVpc", "body": b"Action=CreateVpc&A=b", "method": "PUT"},
        {"url": "Action=DescribeVpcs", "body": b"Action=DeleteTags"},
        {"url": "Action=DescribeVpcs", "body": b"Action="},
        {"url": "Action=DeleteVpc&VpcId=vpc-1", "body": b"VpcId=vpc-2"},
        {"url": "Action=DeleteVpc&Action=DescribeVpcs", "method": "GET"},
        {"body": b"Action=DeleteVpc&VpcId=vpc-1&VpcId=vpc-2"},
        {"body": b"Action=DeleteVpc", "label": "text/plain"},
        {"url": "Action=DescribeVpcs", "body": b"VpcId=vpc-1", "label": "text/plain"},
        {"url": "Action=DescribeVpcs", "body": b'{"Action": "DeleteVpc"}'},
        {"body": b'{"Action": "DeleteVpc", "a": "&Action=DescribeVpcs&"}'},
        {"target": "EC2.DescribeVpcs", "body": b"Action=DeleteVpc", "label": "text/plain"},
    ],
)
@pytest.mark.parametrize("service", ["ec2", "iam", "sns", "sqs"])
def test_a_form_that_says_two_things_is_unclear(service: str, said: dict[str, Any]) -> None:
    with pytest.raises(permissions.Unclear):
        read(service, **said)


def test_a_header_names_the_action_alone() -> None:
    target = {"target": "DynamoDB_20120810.PutItem", "label": JSON}

    assert read("dynamodb", body=b"{}", **target).action == "dynamodb:PutItem"
    assert read("dynamodb", "X-Amz-Signature=a", b"{}", **target).action == "dynamodb:PutItem"
    sqs = read("sqs", body=b"{}", target="AmazonSQS.SendMessage", label=JSON, path="/1/queue")
    assert sqs.action == "sqs:SendMessage"


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("cognito-idp", {"url": "Action=SignUp", "target": "AWSCognitoIdentityProviderService.X"}),
        ("dynamodb", {"url": "Action=ListTables", "target": "DynamoDB_20120810.PutItem"}),
        ("dynamodb", {"target": "Another.PutItem"}),
        ("dynamodb", {"target": "DynamoDB_20120810"}),
        (
            "dynamodb",
            {
                "target": "DynamoDB_20120810.X",
                "body": b'{"a": "&Action=Y&"}',
                "label": "a; x-www-form-urlencoded",
            },
        ),
        ("lambda", {"target": "Another.InvokeFunctionUrl", "path": "/2015-03-31/functions"}),
        ("s3", {"target": "Another.GetObject", "method": "PUT", "path": "/bucket"}),
        ("sqs", {"url": "QueueUrl=b", "target": "AmazonSQS.SendMessage"}),
        ("sqs", {"target": "AmazonSQSx.SendMessage", "body": b"Action=PurgeQueue"}),
        ("iam", {"target": "Any.GetUser", "body": b'{"Action": "CreateUser"}', "label": JSON}),
    ],
)
def test_a_header_that_is_not_all_is_unclear(service: str, said: dict[str, Any]) -> None:
    with pytest.raises(permissions.Unclear):
        read(service, **{"label": JSON, **said})


def test_a_path_names_the_action_whatever_a_parameter_says() -> None:
    def judged(service: str, path: str, method: str = "POST", **said: Any) -> str | None:
        return read(service, "Action=InvokeFunctionUrl", path=path, method=method, **said).action

    functions = "/2015-03-31/functions"
    assert judged("lambda", functions) == "lambda:CreateFunction"
    assert judged("lambda", functions, body=b"Action=Any") == "lambda:CreateFunction"
    assert judged("s3", "/bucket", "PUT") == "s3:CreateBucket"
    assert judged("ses", "/v2/email/outbound-emails") == "ses:SendEmail"
    cbor = "/service/GraniteServiceVersion20100801/operation/DeleteAlarms"
    assert judged("monitoring", cbor) == "cloudwatch:DeleteAlarms"
