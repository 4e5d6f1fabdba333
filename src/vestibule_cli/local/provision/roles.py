"""Roles: one for each function from its policy file, and two for the identity pool."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from vestibule_cli.aws import Aws


@dataclass(frozen=True)
class MadeRole:
    arn: str
    trust: Any
    policies: Mapping[str, Any]


def made_roles(aws: "Aws") -> dict[str, MadeRole]:
    """All there are, by name, in one question: asked one by one they took a third of all calls."""
    answer = aws.query("iam", "GetAccountAuthorizationDetails", **{"Filter.member.1": "Role"})
    return {
        each.findtext("RoleName", ""): MadeRole(
            arn=each.findtext("Arn", ""),
            trust=_document(each, "AssumeRolePolicyDocument"),
            policies={
                policy.findtext("PolicyName", ""): _document(policy, "PolicyDocument")
                for policy in each.iterfind("RolePolicyList/member")
            },
        )
        for each in answer.iterfind(".//RoleDetailList/member")
    }


def _document(element: "Element", tag: str) -> Any:
    return json.loads(unquote(element.findtext(tag, "")))


def ensure_role(
    aws: "Aws",
    name: str,
    trust: Mapping[str, Any],
    policies: Mapping[str, Mapping[str, Any]],
    kept: MadeRole | None,
) -> str:
    """Make the role or bring it up to date, with these policies and no others; return its ARN."""
    document = json.dumps(trust)
    if kept is None:
        made = aws.query("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=document)
        kept = MadeRole(made.findtext(".//Arn", ""), trust, {})
    elif kept.trust != trust:
        aws.query("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
    for policy_name in kept.policies.keys() - policies:
        aws.query("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy_name)
    for policy_name, policy in policies.items():
        document = json.dumps(policy)
        if kept.policies.get(policy_name) != json.loads(document):
            aws.query(
                "iam",
                "PutRolePolicy",
                RoleName=name,
                PolicyName=policy_name,
                PolicyDocument=document,
            )
    return kept.arn


def delete_role(aws: "Aws", name: str, kept: MadeRole) -> None:
    for policy in kept.policies:
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
