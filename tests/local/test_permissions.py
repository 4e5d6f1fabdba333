"""By a request that says two things, nothing runs unsigned or on another permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.roles import send_raw

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.emulator
FORM = {"content-type": "application/x-www-form-urlencoded"}
POOLS = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AWSCognitoIdentityProviderService.ListUserPools",
}
VPC = "Action=CreateVpc&CidrBlock=10.78.0.0/20"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", f"/?{VPC}", b"", FORM),
        ("GET", f"/?{VPC}", b"Action=CreateTags", FORM),
        ("POST", "/", b"Action=CreateTags", FORM),
        ("POST", "/?Action=DescribeVpcs", b"Action=CreateKeyPair&KeyName=x", FORM),
        ("POST", "/", b'{"MaxResults": 1}', POOLS),
        ("POST", "/?Action=SignUp", b'{"MaxResults": 1}', POOLS),
        ("POST", "/?Action=Unsubscribe", b"Action=CreateTopic&Name=x", FORM),
        ("GET", "/2015-03-31/functions?Action=InvokeFunctionUrl", b"", {}),
        ("GET", "/2015-03-31/functions", b"", {"x-amz-target": "Any.InvokeFunctionUrl"}),
        ("PUT", "/unsigned-bucket?Action=GetObject", b"", {}),
        ("PUT", "/another-bucket", b"", {"x-amz-target": "Any.GetObject"}),
    ],
)
def test_nothing_runs_without_a_signature(
    emulator: Any, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> None:
    before = emulator.client("ec2").describe_vpcs()["Vpcs"]

    status, said = send_raw(emulator.url + path, body, method=method, headers=headers)

    assert status in {400, 401, 403}, said
    assert any(word in said for word in ("Auth", "Access", "Token", "token")), said
    assert emulator.client("ec2").describe_vpcs()["Vpcs"] == before


def test_a_message_is_not_sent_on_the_permission_to_look(emulator: Any) -> None:
    sqs, iam = emulator.client("sqs"), emulator.client("iam")
    queue = sqs.create_queue(QueueName="said-twice")["QueueUrl"]
    iam.create_user(UserName="reader-of-queues")
    iam.put_user_policy(
        UserName="reader-of-queues",
        PolicyName="look",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Action": ["sqs:GetQueueAttributes", "sqs:SendMessage"], "Resource": "*"}]}',
    )
    made = iam.create_access_key(UserName="reader-of-queues")["AccessKey"]
    keys = made["AccessKeyId"], made["SecretAccessKey"]

    def send(url: str, body: bytes) -> int:
        signed: dict[str, Any] = {"headers": FORM, "service": "sqs", "keys": keys}
        status, _ = send_raw(f"{emulator.url}/{url}", body, **signed)
        return status

    place = f"&QueueUrl={queue}"
    assert send("", b"Action=GetQueueAttributes" + place.encode()) == 200
    assert send("?Action=GetQueueAttributes", b"Action=PurgeQueue" + place.encode()) == 403
    assert send("?Action=SendMessage", b"Action=SendMessageBatch" + place.encode()) == 403
