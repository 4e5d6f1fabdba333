"""Where the stack is, and what an operator may do there to set a stage."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from vestibule_cli.demo.calls import Answer, call, is_loopback
from vestibule_cli.demo.codes import Inbox, MailQueue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vestibule_cli.demo.codes import Codes


@cache
def _session() -> boto3.Session:
    """No profile and no file of the person's: neither is about this stack."""
    nothing, nowhere = (None, None, None, None), (None, None, os.devnull, None)
    variables = {"profile": nothing, "config_file": nowhere, "credentials_file": nowhere}
    return boto3.Session(botocore_session=botocore.session.Session(variables))


@dataclass(frozen=True, slots=True)
class Place:
    """The running stack's addresses, as `vestibule outputs` gives them."""

    api_url: str
    signed_url: str
    inbox_url: str
    aws_endpoint_url: str
    region: str
    user_pool_id: str
    client_id: str
    identity_pool_id: str
    table_name: str
    keys: Mapping[str, Any]
    credentials: Mapping[str, str]
    codes: Codes
    mail_domain: str = "example.com"
    """Of the made-up people's addresses."""
    patience: float = 10.0
    """Seconds within which whatever is to happen has happened."""
    is_on_aws: bool = False

    @classmethod
    def from_outputs(cls, outputs: Mapping[str, Any], credentials: Mapping[str, str]) -> Place:
        """`credentials` are the operator's, named as boto3 names them."""
        return cls(
            api_url=outputs["api_url"],
            signed_url=outputs["signed_url"],
            inbox_url=outputs["inbox_url"],
            aws_endpoint_url=outputs["aws_endpoint_url"],
            region=outputs["region"],
            user_pool_id=outputs["user_pool_id"],
            client_id=outputs["user_pool_client_id"],
            identity_pool_id=outputs["identity_pool_id"],
            table_name=outputs["table_name"],
            keys=call("GET", outputs["jwks_url"]).body,
            credentials=credentials,
            codes=Inbox(outputs["inbox_url"]),
        )

    @classmethod
    def on_aws(
        cls,
        outputs: Mapping[str, Any],
        credentials: Mapping[str, str],
        mail_queue: str,
        mail_domain: str,
    ) -> Place:
        """Where people's mails go to a domain whose mails a queue hears of."""
        place = cls.from_outputs(outputs, credentials)
        codes = MailQueue(place.operator("sqs"), mail_queue)
        return replace(place, codes=codes, mail_domain=mail_domain, patience=90.0, is_on_aws=True)

    def api(self, method: str, path: str, token: str | None = None, **sent: Any) -> Answer:
        return call(method, f"{self.api_url}{path}", token=token, **sent)

    def operator(self, service: str) -> Any:
        """A boto3 client with the operator's own rights."""
        return self.client(service, **self.credentials)

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that takes nothing from the person's own AWS settings and proxies."""
        # A proxy has no way to this machine's loopback.
        config = Config(proxies={}) if is_loopback(self.aws_endpoint_url) else Config()
        merged = config.merge(options.pop("config", Config()))
        place = {"region_name": self.region, "endpoint_url": self.aws_endpoint_url or None}
        return _session().client(service, config=merged, **{**options, **place})  # type: ignore[call-overload]

    def give_role(self, user_id: str, role: str) -> None:
        """Give somebody a role, as an operator does for the first admin of all."""
        self.operator("dynamodb").update_item(
            TableName=self.table_name,
            Key={"pk": {"S": f"USER#{user_id}"}, "sk": {"S": "PROFILE"}},
            UpdateExpression="SET #role = :role ADD version :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#role": "role"},
            ExpressionAttributeValues={":role": {"S": role}, ":one": {"N": "1"}},
        )

    @contextmanager
    def short_lived_client(self) -> Iterator[str]:
        """A client of the same pool whose access tokens live one second."""
        cognito = self.operator("cognito-idp")
        made = cognito.create_user_pool_client(
            UserPoolId=self.user_pool_id,
            ClientName=f"demo-short-lived-{time.time_ns()}",
            AccessTokenValidity=1,
            TokenValidityUnits={"AccessToken": "seconds"},
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        client_id = made["UserPoolClient"]["ClientId"]
        try:
            yield client_id
        finally:
            cognito.delete_user_pool_client(UserPoolId=self.user_pool_id, ClientId=client_id)

    @contextmanager
    def foreign_pool(self) -> Iterator[tuple[str, str]]:
        """Another user pool with a client: its tokens are real, and strangers here."""
        cognito = self.operator("cognito-idp")
        pool = cognito.create_user_pool(PoolName=f"demo-foreign-{time.time_ns()}")
        pool_id = pool["UserPool"]["Id"]
        try:
            client = cognito.create_user_pool_client(
                UserPoolId=pool_id,
                ClientName="demo-foreign",
                ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            )
            yield pool_id, client["UserPoolClient"]["ClientId"]
        finally:
            cognito.delete_user_pool(UserPoolId=pool_id)

    def foreign_token(self, pool_id: str, client_id: str) -> str:
        cognito = self.operator("cognito-idp")
        password = "Not-from-here-1"  # noqa: S105 - lives as long as the foreign pool, some seconds
        cognito.admin_create_user(UserPoolId=pool_id, Username="stranger", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username="stranger", Password=password, Permanent=True
        )
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=pool_id,
            ClientId=client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "stranger", "PASSWORD": password},
        )
        return str(signed_in["AuthenticationResult"]["AccessToken"])
