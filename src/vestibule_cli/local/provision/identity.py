"""The user pool, its client and resource server. A kept pool holds people: it is never remade."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vestibule_cli.aws import found
from vestibule_cli.local.provision.compare import ProvisionError, same, verify
from vestibule_cli.local.provision.triggers import (
    PoolSurroundings,
    email_configuration,
    lambda_config,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule_cli.aws import Aws
    from vestibule_cli.stack import UserPool


@dataclass(frozen=True)
class MadePool:
    id: str
    arn: str
    client_id: str


def ensure_pool(
    aws: "Aws", name: str, pool: "UserPool", surroundings: PoolSurroundings
) -> MadePool:
    changeable = _changeable(pool, surroundings)
    pool_id = _find_pool(aws, name)
    if pool_id is None:
        pool_id = aws.json(
            "cognito-idp", "CreateUserPool", PoolName=name, **_fixed(pool), **changeable
        )["UserPool"]["Id"]
        described = {}
    else:
        described = _describe_pool(aws, pool_id)
        _update_pool(aws, name, pool, changeable, described)
    _ensure_mfa(aws, pool_id, pool)
    if not same(_described(pool, changeable), described):
        described = _describe_pool(aws, pool_id)
        verify(name, _described(pool, changeable), described)
    _ensure_resource_server(aws, pool_id, pool)
    return MadePool(
        id=pool_id,
        arn=described["Arn"],
        client_id=_ensure_client(aws, f"{name}-web", pool_id, pool),
    )


def _find_pool(aws: "Aws", name: str) -> str | None:
    pools = aws.listed("cognito-idp", "ListUserPools", "UserPools", MaxResults=60)
    return next((pool["Id"] for pool in pools if pool["Name"] == name), None)


def _attribute(name: str, *, required: bool, longest: int) -> dict[str, Any]:
    return {
        "Name": name,
        "AttributeDataType": "String",
        "DeveloperOnlyAttribute": False,
        "Mutable": True,
        "Required": required,
        "StringAttributeConstraints": {"MinLength": "0", "MaxLength": str(longest)},
    }


def _custom(name: str) -> dict[str, Any]:
    return _attribute(name, required=False, longest=256)


def _standard(name: str) -> dict[str, Any]:
    return _attribute(name, required=True, longest=2048)


def _fixed(pool: "UserPool") -> dict[str, Any]:
    """What Cognito takes when the pool is made and never again."""
    return {
        "UsernameAttributes": [pool.sign_in],
        "UsernameConfiguration": {"CaseSensitive": pool.case_sensitive},
        "Schema": [
            *(_standard(name) for name in pool.required_attributes),
            *(_custom(name) for name in pool.custom_attributes),
        ],
    }


def _changeable(pool: "UserPool", surroundings: PoolSurroundings) -> dict[str, Any]:
    return {
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": pool.password_minimum_length,
                "RequireLowercase": False,
                "RequireUppercase": False,
                "RequireNumbers": False,
                "RequireSymbols": False,
                "TemporaryPasswordValidityDays": 7,
            }
        },
        "AutoVerifiedAttributes": [pool.sign_in],
        "UserAttributeUpdateSettings": {
            "AttributesRequireVerificationBeforeUpdate": list(pool.verify_before_update)
        },
        "AccountRecoverySetting": {
            "RecoveryMechanisms": [{"Name": pool.account_recovery, "Priority": 1}]
        },
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
        "DeletionProtection": "ACTIVE",
        "UserPoolTier": "ESSENTIALS",
        "LambdaConfig": lambda_config(surroundings.trigger_arn, pool.token_event),
        "EmailConfiguration": email_configuration(surroundings),
    }


def _described(pool: "UserPool", changeable: "Mapping[str, Any]") -> "Mapping[str, Any]":
    fixed = _fixed(pool)
    return {
        "UsernameAttributes": fixed["UsernameAttributes"],
        "UsernameConfiguration": fixed["UsernameConfiguration"],
        **changeable,
        "MfaConfiguration": pool.mfa,
    }


def _describe_pool(aws: "Aws", pool_id: str) -> dict[str, Any]:
    answer = aws.json("cognito-idp", "DescribeUserPool", UserPoolId=pool_id)
    return dict(answer["UserPool"])


def _update_pool(
    aws: "Aws",
    name: str,
    pool: "UserPool",
    changeable: "Mapping[str, Any]",
    described: "Mapping[str, Any]",
) -> None:
    pool_id = described["Id"]
    _refuse_fixed_changes(name, pool, described)
    known = {each["Name"] for each in described["SchemaAttributes"]}
    added = [each for each in pool.custom_attributes if f"custom:{each}" not in known]
    if added:
        attributes = [_custom(each) for each in added]
        aws.json(
            "cognito-idp", "AddCustomAttributes", UserPoolId=pool_id, CustomAttributes=attributes
        )
    if not same(changeable, described):
        aws.json("cognito-idp", "UpdateUserPool", UserPoolId=pool_id, **changeable)


def _refuse_fixed_changes(name: str, pool: "UserPool", described: "Mapping[str, Any]") -> None:
    required = {each["Name"] for each in described["SchemaAttributes"] if each.get("Required")} - {
        "sub"
    }
    custom = {
        each["Name"].removeprefix("custom:")
        for each in described["SchemaAttributes"]
        if each["Name"].startswith("custom:")
    }
    case = described.get("UsernameConfiguration", {}).get("CaseSensitive", True)
    changed = [
        rule
        for rule, is_changed in {
            "sign_in": described["UsernameAttributes"] != [pool.sign_in],
            "case_sensitive": case != pool.case_sensitive,
            "required_attributes": required != set(pool.required_attributes),
            f"custom_attributes (without {', '.join(sorted(custom))})": not custom.issubset(
                pool.custom_attributes
            ),
        }.items()
        if is_changed
    ]
    if changed:
        raise ProvisionError(
            f"{name}: user_pool.{', user_pool.'.join(changed)} cannot change once the pool exists. "
            "Put it back, or start over with `vestibule reset`, which deletes everybody."
        )


def _ensure_mfa(aws: "Aws", pool_id: str, pool: "UserPool") -> None:
    wanted = {
        "MfaConfiguration": pool.mfa,
        "SoftwareTokenMfaConfiguration": {"Enabled": True},
    }
    if not same(wanted, aws.json("cognito-idp", "GetUserPoolMfaConfig", UserPoolId=pool_id)):
        aws.json("cognito-idp", "SetUserPoolMfaConfig", UserPoolId=pool_id, **wanted)


def _ensure_resource_server(aws: "Aws", pool_id: str, pool: "UserPool") -> None:
    server = pool.resource_server
    wanted = {
        "Identifier": server.identifier,
        "Name": server.identifier,
        "Scopes": [
            {"ScopeName": scope, "ScopeDescription": text} for scope, text in server.scopes.items()
        ],
    }
    answer = found(
        "ResourceNotFoundException",
        lambda: aws.json(
            "cognito-idp",
            "DescribeResourceServer",
            UserPoolId=pool_id,
            Identifier=server.identifier,
        ),
    )
    if answer is None:
        aws.json("cognito-idp", "CreateResourceServer", UserPoolId=pool_id, **wanted)
    elif not same(wanted, answer["ResourceServer"]):
        aws.json("cognito-idp", "UpdateResourceServer", UserPoolId=pool_id, **wanted)


def _client_settings(pool: "UserPool") -> dict[str, Any]:
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    if pool.password_flow:
        flows.append("ALLOW_USER_PASSWORD_AUTH")
    if pool.custom_auth:
        flows.append("ALLOW_CUSTOM_AUTH")
    return {
        "ExplicitAuthFlows": flows,
        "SupportedIdentityProviders": ["COGNITO"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "AccessTokenValidity": pool.token_minutes.access,
        "IdTokenValidity": pool.token_minutes.id,
        "RefreshTokenValidity": pool.refresh_token_days,
        "AuthSessionValidity": pool.auth_session_minutes,
        "TokenValidityUnits": {
            "AccessToken": "minutes",
            "IdToken": "minutes",
            "RefreshToken": "days",
        },
        "ReadAttributes": ["email_verified", *pool.client_writes],
        "WriteAttributes": list(pool.client_writes),
    }


def _ensure_client(aws: "Aws", name: str, pool_id: str, pool: "UserPool") -> str:
    wanted = _client_settings(pool)
    client_id = _find_client(aws, name, pool_id)
    if client_id is None:
        client_id = aws.json(
            "cognito-idp",
            "CreateUserPoolClient",
            UserPoolId=pool_id,
            ClientName=name,
            GenerateSecret=False,
            **wanted,
        )["UserPoolClient"]["ClientId"]
    elif same(wanted, _describe_client(aws, pool_id, client_id)):
        return client_id
    else:
        aws.json(
            "cognito-idp",
            "UpdateUserPoolClient",
            UserPoolId=pool_id,
            ClientId=client_id,
            ClientName=name,
            **wanted,
        )
    verify(name, wanted, _describe_client(aws, pool_id, client_id))
    return client_id


def _find_client(aws: "Aws", name: str, pool_id: str) -> str | None:
    clients = aws.listed(
        "cognito-idp", "ListUserPoolClients", "UserPoolClients", UserPoolId=pool_id, MaxResults=60
    )
    return next((each["ClientId"] for each in clients if each["ClientName"] == name), None)


def _describe_client(aws: "Aws", pool_id: str, client_id: str) -> Any:
    return aws.json(
        "cognito-idp", "DescribeUserPoolClient", UserPoolId=pool_id, ClientId=client_id
    )["UserPoolClient"]
