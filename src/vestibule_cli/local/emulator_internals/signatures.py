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


def is_decided_without(service: str, iam_action: str) -> bool:
    """Whether a request without a key is answered as it is, if it has no wrong signature either."""
    evaluator = part("core.iam_evaluator")
    return evaluator._signed_request.get() is None and (
        service == "s3"
        or iam_action in DECIDED_LATER | NEVER_UNSIGNED
        or evaluator._served_unsigned(service, iam_action)
    )


def answer_without(iam_action: str) -> Any:
    if iam_action in NEVER_UNSIGNED:
        return part("core.iam_evaluator").AuthError("AccessDenied", "Access Denied")
    return None


def one_root_key() -> None:
    """The emulator takes no key, the key "test" and every account number for its root's."""

    def is_root_access_key(access_key_id: str) -> bool:
        return access_key_id == ACCOUNT_ID

    part("core.iam_evaluator").is_root_access_key = is_root_access_key
    part("services.sts").is_root_access_key = is_root_access_key


def no_image_registry() -> None:
    """It takes container images from anybody, without a signature. Nothing here has any."""
    part("app")._is_ecr_registry_path = lambda _path: False
