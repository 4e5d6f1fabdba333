"""Who signs a request, and what is served without a signature."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from typing import Any

from vestibule_cli.local.emulator_internals.names import ACCOUNT_ID, part

# Served without a signature, for S3 and the gateway decide by themselves who may.
DECIDED_LATER = frozenset({"execute-api:Invoke", "lambda:InvokeFunctionUrl"})
# Except what concerns no bucket yet, which S3 here lets anybody do.
NEVER_UNSIGNED = frozenset({"s3:CreateBucket", "s3:ListAllMyBuckets"})

# As on AWS, who may do the one to a message may do the other to several.
PERMITTED_BY = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def one_root_key() -> None:
    """The emulator takes no key, the key "test" and every account number for its root's."""
    evaluator = part("core.iam_evaluator")
    genuine = evaluator.enforce

    def is_root_access_key(access_key_id: str) -> bool:
        return access_key_id == ACCOUNT_ID

    def enforce(access_key_id: str, iam_action: str, service: str, *args: Any, **named: Any) -> Any:
        if not access_key_id and evaluator._signed_request.get() is None:
            if iam_action in NEVER_UNSIGNED:
                return evaluator.AuthError("AccessDenied", "Access Denied")
            if (
                service == "s3"
                or iam_action in DECIDED_LATER
                or evaluator._served_unsigned(service, iam_action)
            ):
                return None
        permission = PERMITTED_BY.get(iam_action, iam_action)
        return genuine(access_key_id, permission, service, *args, **named)

    evaluator.is_root_access_key = is_root_access_key
    evaluator.enforce = enforce
    part("services.sts").is_root_access_key = is_root_access_key


def no_image_registry() -> None:
    """It takes container images from anybody, without a signature. Nothing here has any."""
    part("app")._is_ecr_registry_path = lambda _path: False
