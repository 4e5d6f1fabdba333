"""The identity pool: who signed in may call the signed routes, and nobody else anything."""

from typing import TYPE_CHECKING, Any

from vestibule_cli.local.provision import roles
from vestibule_cli.local.provision.compare import same, verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.aws import Aws
    from vestibule_cli.local.provision.identity import MadePool


def ensure_identity_pool(aws: "Aws", name: str, pool: "MadePool", region: str) -> str:
    """Make the identity pool or bring it up to date; return its id."""
    wanted = {
        "IdentityPoolName": name,
        "AllowUnauthenticatedIdentities": False,
        "AllowClassicFlow": False,
        "CognitoIdentityProviders": [
            {
                "ProviderName": f"cognito-idp.{region}.amazonaws.com/{pool.id}",
                "ClientId": pool.client_id,
                "ServerSideTokenCheck": True,
            }
        ],
    }
    identity_pool_id = _find(aws, name)
    if identity_pool_id is None:
        identity_pool_id = str(
            aws.json("cognito-identity", "CreateIdentityPool", **wanted)["IdentityPoolId"]
        )
    elif same(wanted, _described(aws, identity_pool_id)):
        return identity_pool_id
    else:
        aws.json(
            "cognito-identity", "UpdateIdentityPool", IdentityPoolId=identity_pool_id, **wanted
        )
    verify(f"{name} (identity pool)", wanted, _described(aws, identity_pool_id))
    return identity_pool_id


def _described(aws: "Aws", identity_pool_id: str) -> dict[str, Any]:
    return aws.json("cognito-identity", "DescribeIdentityPool", IdentityPoolId=identity_pool_id)


def _find(aws: "Aws", name: str) -> str | None:
    pools = aws.listed("cognito-identity", "ListIdentityPools", "IdentityPools", MaxResults=60)
    return next((p["IdentityPoolId"] for p in pools if p["IdentityPoolName"] == name), None)


def ensure_identity_roles(
    aws: "Aws",
    name: str,
    identity_pool_id: str,
    signed_routes_arn: str,
    kept: "Mapping[str, roles.MadeRole]",
) -> None:
    policies = {
        "authenticated": {"signed-routes": roles.allow("execute-api:Invoke", [signed_routes_arn])},
        # Cognito wants both roles. Without a policy this one may do nothing.
        "unauthenticated": {},
    }
    wanted = {
        kind: roles.ensure_role(
            aws,
            f"{name}-{kind}",
            roles.identity_trust(identity_pool_id, kind),
            allowed,
            kept.get(f"{name}-{kind}"),
        )
        for kind, allowed in policies.items()
    }
    found = aws.json(
        "cognito-identity", "GetIdentityPoolRoles", IdentityPoolId=identity_pool_id
    ).get("Roles", {})
    if not same(wanted, found):
        aws.json(
            "cognito-identity",
            "SetIdentityPoolRoles",
            IdentityPoolId=identity_pool_id,
            Roles=wanted,
        )
