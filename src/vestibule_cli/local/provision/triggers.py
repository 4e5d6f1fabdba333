"""What a user pool is told about the function that its triggers call."""

from dataclasses import dataclass
from typing import Any

from vestibule_cli.local.completions.triggers.sources import unfired
from vestibule_cli.local.provision.compare import ProvisionError

# The ten that need no key of KMS and no provider. Token generation, the tenth, has a version too.
TRIGGERS = (
    "CreateAuthChallenge",
    "CustomMessage",
    "DefineAuthChallenge",
    "PostAuthentication",
    "PostConfirmation",
    "PreAuthentication",
    "PreSignUp",
    "UserMigration",
    "VerifyAuthChallengeResponse",
)


@dataclass(frozen=True)
class PoolSurroundings:
    """What a pool needs to know before it is made: all of it by name, so none has to exist yet."""

    trigger_arn: str
    mail_from: str
    mail_identity_arn: str


def lambda_config(function_arn: str, token_event: str) -> dict[str, Any]:
    """Raise ProvisionError for a trigger that nobody would fire here: never silence."""
    config: dict[str, Any] = {
        **dict.fromkeys(TRIGGERS, function_arn),
        "PreTokenGeneration": function_arn,
        "PreTokenGenerationConfig": {"LambdaVersion": token_event, "LambdaArn": function_arn},
    }
    silent = unfired(config)
    if silent:
        raise ProvisionError(
            f"nothing on this machine fires {', '.join(silent)}, which the user pool would have"
        )
    return config


def email_configuration(surroundings: PoolSurroundings) -> dict[str, str]:
    return {
        "EmailSendingAccount": "DEVELOPER",
        "SourceArn": surroundings.mail_identity_arn,
        "From": surroundings.mail_from,
    }
