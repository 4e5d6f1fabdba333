"""What people put into Secrets Manager, and the random values of the Parameter Store.

Neither is ever overwritten, and what stack.yaml no longer names stays: it may be people's.
"""

import json
import secrets
from typing import TYPE_CHECKING

from vestibule_cli.aws import found

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws
    from vestibule_cli.stack import Parameter, Secret, Stack


def ensure_secrets(aws: "Aws", stack: "Stack", environment: str) -> dict[str, str]:
    """Make what is missing; return the ARNs by key."""
    return {
        key: _ensure_secret(aws, stack.secret(environment, key), secret)
        for key, secret in stack.secrets.items()
    }


def fill_secrets(aws: "Aws", stack: "Stack", environment: str) -> None:
    """Make up the values that the laptop brings along, where there is none yet."""
    for key, secret in stack.secrets.items():
        if secret.laptop is not None:
            _fill(aws, stack.secret(environment, key), secret.laptop)


def _ensure_secret(aws: "Aws", name: str, secret: "Secret") -> str:
    kept = found(
        "ResourceNotFoundException",
        lambda: aws.json("secretsmanager", "DescribeSecret", SecretId=name),
    )
    if kept is None:
        kept = aws.json("secretsmanager", "CreateSecret", Name=name, Description=secret.description)
    elif kept.get("Description", "") != secret.description:
        aws.json("secretsmanager", "UpdateSecret", SecretId=name, Description=secret.description)
    return str(kept["ARN"])


def _fill(aws: "Aws", name: str, field: str) -> None:
    kept = found(
        "ResourceNotFoundException",
        lambda: aws.json("secretsmanager", "GetSecretValue", SecretId=name),
    )
    # The emulator gives a secret without a value as one that has an empty one.
    if kept is None or not kept.get("SecretString"):
        value = json.dumps({field: secrets.token_urlsafe(32)})
        aws.json("secretsmanager", "PutSecretValue", SecretId=name, SecretString=value)


def ensure_parameters(aws: "Aws", stack: "Stack", environment: str) -> None:
    for key, parameter in stack.parameters.items():
        _ensure_parameter(aws, stack.parameter(environment, key), parameter)


def _ensure_parameter(aws: "Aws", name: str, parameter: "Parameter") -> None:
    kept = found("ParameterNotFound", lambda: aws.json("ssm", "GetParameter", Name=name))
    if kept is None:
        aws.json(
            "ssm",
            "PutParameter",
            Name=name,
            Description=parameter.description,
            Type="SecureString",
            # As long as the 256 bits that sign.
            Value=secrets.token_hex(32),
        )
