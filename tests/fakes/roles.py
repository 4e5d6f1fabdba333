"""A role of a test's own on a running stack, with the policy of one of its functions."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vestibule_cli.demo.place import Place


@dataclass(frozen=True)
class Rights:
    """Somebody's credentials, as a function finds them in its environment."""

    variables: Mapping[str, str] = field(repr=False)


def deployed_policy(place: Place, function: str) -> dict[str, Any]:
    """With ARNs, of the function with this name."""
    configuration = place.operator("lambda").get_function_configuration(FunctionName=function)
    iam, role = place.operator("iam"), configuration["Role"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: dict[str, Any] = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return document


class Role:
    """The stack's own role stays as it is."""

    def __init__(self, place: Place, function: str) -> None:
        self._place = place
        self._iam = place.operator("iam")
        self._document = deployed_policy(place, function)
        self._name = f"probe-{function}-{secrets.token_hex(3)}"[-64:]
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        made = self._iam.create_role(
            RoleName=self._name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        self.allow()
        assumed = place.operator("sts").assume_role(
            RoleArn=made["Role"]["Arn"], RoleSessionName="probe"
        )
        self._clients: dict[str, Any] = {}
        given = assumed["Credentials"]
        self.rights = Rights(
            {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        )

    def allow(self, *, but: str | None = None) -> None:
        kept = [each for each in self._document["Statement"] if each["Sid"] != but]
        assert but is None or len(kept) == len(self._document["Statement"]) - 1
        self._iam.put_role_policy(
            RoleName=self._name,
            PolicyName="policy",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": kept}),
        )

    @contextmanager
    def without(self, sid: str) -> Iterator[None]:
        self.allow(but=sid)
        try:
            yield
        finally:
            self.allow()

    def resources(self, sid: str) -> list[str]:
        (found,) = [each for each in self._document["Statement"] if each["Sid"] == sid]
        return list(found["Resource"])

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.rights.variables.values())

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(  # type: ignore[call-overload] # any service
                service,
                endpoint_url=self._place.aws_endpoint_url,
                region_name=self._place.region,
                config=Config(retries={"total_max_attempts": 1}),
                **{name.lower(): value for name, value in self.rights.variables.items()},
            )
        return self._clients[service]

    def remove(self) -> None:
        for client in self._clients.values():
            client.close()
        self._iam.delete_role_policy(RoleName=self._name, PolicyName="policy")
        self._iam.delete_role(RoleName=self._name)


def is_denied(work: Callable[[], object]) -> bool:
    try:
        work()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "AccessDenied" in code or code in {"AccessDenied", "UnauthorizedOperation"}
    return False


def send_raw(  # noqa: PLR0913 - all that a request may say
    url: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    service: str = "",
    keys: tuple[str, ...] | None = None,
) -> tuple[int, str]:
    """Send what no SDK would, signed for a service if keys are given."""
    request = AWSRequest(method, url, data=body, headers=dict(headers or {}))
    if keys:
        SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(request)
    made = urllib.request.Request(url, body or None, dict(request.headers), method=method)  # noqa: S310 - a stack of ours
    try:
        with urllib.request.urlopen(made, timeout=20) as answer:  # noqa: S310 - as above
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
