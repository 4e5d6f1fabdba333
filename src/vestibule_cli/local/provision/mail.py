"""Who mails come from. The emulator takes an identity for proven; AWS asks its owner."""

from typing import TYPE_CHECKING

from vestibule_cli.aws import found

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws


def ensure_sender(aws: "Aws", address: str) -> None:
    found(
        "AlreadyExistsException",
        lambda: aws.rest("ses", "POST", "/v2/email/identities", {"EmailIdentity": address}),
    )


def identity_arn(region: str, account_id: str, identity: str) -> str:
    return f"arn:aws:ses:{region}:{account_id}:identity/{identity}"
