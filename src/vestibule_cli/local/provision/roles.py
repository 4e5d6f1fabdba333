"""Roles: one for each function from its policy file, and two for the identity pool."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from vestibule_cli.aws import found
from vestibule_cli.local.provision.compare import same

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws


def ensure_role(
    aws: "Aws",
    name: str,
    trust: Mapping[str, Any],
    policies: Mapping[str, Mapping[str, Any]],
) -> str:
    """Make the role or bring it up to date, with these policies and no others; return its ARN."""
    document = json.dumps(trust)
    role = found("NoSuchEntity", lambda: aws.query("iam", "GetRole", RoleName=name))
    if role is None:
        role = aws.query("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)
    elif not same(trust, json.loads(unquote(role.findtext(".//AssumeRolePolicyDocument", "")))):
        aws.query("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
    for policy_name in _policy_names(aws, name) - set(policies):
        aws.query("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy_name)
    for policy_name, policy in policies.items():
        aws.query(
            "iam",
            "PutRolePolicy",
            RoleName=name,
            PolicyName=policy_name,
            PolicyDocument=json.dumps(policy),
        )
    return role.findtext(".//Arn", "")


def _policy_names(aws: "Aws", role: str) -> set[str]:
    answer = aws.query("iam", "ListRolePolicies", RoleName=role)
    return {member.text or "" for member in answer.iterfind(".//PolicyNames/member")}


def delete_role(aws: "Aws", name: str) -> None:
    for policy in _policy_names(aws, name):
        aws.query("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
    aws.query("iam", "DeleteRole", RoleName=name)


def lambda_trust() -> dict[str, Any]:
    return _trust({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")


def identity_trust(identity_pool_id: str, kind: str) -> dict[str, Any]:
    """`kind` is `authenticated` or `unauthenticated`."""
    return _trust(
        {"Federated": "cognito-identity.amazonaws.com"},
        "sts:AssumeRoleWithWebIdentity",
        {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool_id},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
        },
    )


def _trust(
    principal: Mapping[str, str], action: str, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


def allow(action: str, resources: Sequence[str]) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": [action], "Resource": list(resources)}
    return {"Version": "2012-10-17", "Statement": [statement]}
